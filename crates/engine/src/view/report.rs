//! What the terminal prints, one object per line: the shapes that scripts rely on, in `snake_case`.

use serde::Serialize;

use super::Problem;
use super::history::UploadState;

/// What a file is, without importing it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// As given.
    pub path: String,
    /// The name inside, of a recording in a zip archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Whether it could be read as a recording.
    pub ok: bool,
    /// Which of several activities in one file; absent where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// What it says, when `ok`.
    #[serde(flatten)]
    pub facts: Option<Facts>,
    /// Why not, when not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// What a readable file says of one activity (or course, settings …).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// `fit`, `gpx` or `tcx`.
    pub format: String,
    /// `activity`, `course`, `settings`, `monitoring`, `route`, `waypoints`, `track` …
    pub kind: String,
    /// One of the sport names.
    pub sport: String,
    /// RFC 3339, UTC: the first session's start, else the first timed point.
    pub start: Option<String>,
    /// Seconds east of UTC at that date and place.
    pub utc_offset_s: Option<i32>,
    /// From first to last moment.
    pub elapsed_s: Option<f64>,
    /// Without pauses.
    pub timer_s: Option<f64>,
    /// Metres.
    pub distance_m: Option<f64>,
    /// Metres climbed.
    pub ascent_m: Option<f64>,
    /// Record messages, trkpt or Trackpoint, as the file has them.
    pub points: u32,
    /// Of these, those with a position.
    pub positions: u32,
    /// Laps.
    pub laps: u32,
    /// Sessions: more than one for multisport.
    pub sessions: u32,
    /// Maker of the recording device.
    pub manufacturer: Option<String>,
    /// Its model.
    pub product: Option<String>,
    /// Its serial number.
    pub serial: Option<u64>,
    /// Which columns occur: `hr`, `cadence`, `power`, `temperature`, `speed`, `elevation`, `distance`.
    pub has: Vec<&'static str>,
    /// What had to be skipped, in words.
    pub skipped: Vec<String>,
}

/// One FIT message by its profile name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageReport {
    /// As given.
    pub path: String,
    /// The message's profile name.
    pub message: String,
    /// Its fields in the file's order.
    pub fields: Vec<FieldReport>,
}

/// One field of a FIT message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldReport {
    /// The field's profile name.
    pub name: String,
    /// Its value, scaled, as text.
    pub value: String,
    /// Its unit; empty where it has none.
    pub units: String,
}

/// One activity of the library with its uploads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActivityReport {
    /// The library's number of it.
    pub id: i64,
    /// One of the sport names.
    pub sport: String,
    /// The file's own name for it: untrusted text.
    pub name: Option<String>,
    /// RFC 3339, UTC.
    pub start: Option<String>,
    /// Seconds east of UTC at that date and place.
    pub utc_offset_s: Option<i32>,
    /// From first to last moment.
    pub elapsed_s: Option<f64>,
    /// Without pauses.
    pub timer_s: Option<f64>,
    /// Metres.
    pub distance_m: Option<f64>,
    /// Metres climbed.
    pub ascent_m: Option<f64>,
    /// `fit`, `gpx` or `tcx`.
    pub format: String,
    /// Of the original file, hexadecimal.
    pub sha256: String,
    /// Which of several activities in that file, from 0.
    pub part: u32,
    /// The original, below the data folder.
    pub original: String,
    /// Whether something had to be skipped to read it.
    pub damaged: bool,
    /// The activity that this one is a likely twin of.
    pub twin_of: Option<i64>,
    /// One per account.
    pub uploads: Vec<UploadReport>,
}

/// One upload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UploadReport {
    /// The library's number of it.
    pub id: i64,
    /// Of which activity.
    pub activity: i64,
    /// To which account.
    pub account: i64,
    /// `map-my-tracks` or `trek-point`.
    pub service: String,
    /// Where it stands.
    pub state: UploadState,
    /// Why, in words; empty when there is nothing to say.
    pub reason: String,
    /// RFC 3339: when it is tried next.
    pub due: Option<String>,
    /// What the service calls it.
    pub remote_id: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
    /// What happened to it, oldest first; only where one activity is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub story: Option<Vec<StoryReport>>,
}

/// One line of an upload's story.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoryReport {
    /// RFC 3339, UTC.
    pub at: String,
    /// The state it came to.
    pub state: UploadState,
    /// What happened, in words.
    pub what: String,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exported {
    /// The library's number of the activity.
    pub activity: i64,
    /// Where it was written.
    pub path: String,
    /// The name inside, where `path` is a zip archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// What the format could not carry, in words.
    pub left_out: Vec<String>,
}

/// One activity of a recording, written in another format.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Converted {
    /// What was read, as given.
    pub from: String,
    /// Where it was written.
    pub path: String,
    /// Which of several activities in one file; absent where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// What the format could not carry, in words.
    pub left_out: Vec<String>,
    /// What had to be skipped to read it, in words.
    pub skipped: Vec<String>,
}

/// One connected device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceReport {
    /// Stable name of the device.
    pub id: String,
    /// Model, label or folder name: untrusted text.
    pub name: String,
    /// `garmin`, `recordings` or `folder`.
    pub kind: &'static str,
    /// Where it is.
    pub place: String,
    /// Recordings on it.
    pub recordings: Option<u32>,
    /// Of these, those not looked at yet.
    pub new: Option<u32>,
    /// What the maker's devices want one to know.
    pub note: Option<String>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountReport {
    /// The library's number of it.
    pub id: i64,
    /// `map-my-tracks` or `trek-point`.
    pub service: String,
    /// Who it is, as far as the service tells: untrusted text.
    pub label: String,
    /// The service's own id of the user.
    pub remote_id: Option<String>,
    /// `connected`, `needs_sign_in`, `paused` or `signed_out`.
    pub state: &'static str,
    /// Why, in words; empty when there is nothing to say.
    pub reason: String,
    /// RFC 3339.
    pub signed_in: String,
    /// Activities kept before, which are not queued for it.
    pub earlier: u32,
}

/// One thing that happened while devices were read or uploads were sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Notice {
    /// A recording was taken in.
    TakenIn {
        /// Where it was.
        path: String,
        /// The activities it holds, by the library's numbers.
        activities: Vec<i64>,
        /// Whether the library had it before.
        known: bool,
    },
    /// A file is no activity.
    Ignored {
        /// Where it is.
        path: String,
        /// What it is instead, in words.
        what: String,
    },
    /// A file could not be taken in, or only with damage.
    Trouble {
        /// Where it is.
        path: String,
        /// Why, and what to do.
        error: Problem,
    },
    /// A device could not be read.
    DeviceTrouble {
        /// Which.
        device: String,
        /// Why, and what to do.
        error: Problem,
    },
    /// A sign-in that was renewed could not be stored before the end.
    SignInTrouble {
        /// At which service.
        service: String,
        /// Why, and what to do.
        error: Problem,
    },
    /// An upload came to a new state.
    Upload {
        /// The library's number of it.
        id: i64,
        /// Of which activity.
        activity: i64,
        /// To which service.
        service: String,
        /// Where it stands.
        state: UploadState,
        /// Why, in words.
        reason: String,
        /// What the service calls it.
        remote_id: Option<String>,
    },
}

/// One finding of the doctor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What was looked at: `keyring`, `disk`, `library` …
    pub subject: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// One sentence.
    pub what: String,
    /// What to do; empty when nothing is.
    pub hint: String,
}

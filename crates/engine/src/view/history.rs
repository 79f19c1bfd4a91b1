//! History by page, and one activity whole.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Problem;

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum UploadState {
    /// Due now or later.
    Waiting,
    /// On the way.
    Sending,
    /// Accepted; the service still works on it.
    Processing,
    /// There, sent by us.
    Sent,
    /// There before we sent it.
    Existing,
    /// The service said no.
    Refused,
    /// It may or may not have arrived.
    Unsure,
    /// Waits for the user's word.
    Held,
    /// The user said: not this one.
    Dismissed,
}

/// One upload: an activity on its way to an account.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct UploadView {
    /// The library's number of it.
    pub id: u32,
    /// Of which activity.
    pub activity: u32,
    /// `map-my-tracks` or `trek-point`.
    pub service: String,
    /// To which account.
    pub account: u32,
    /// Where it stands.
    pub state: UploadState,
    /// Why, in words; empty when there is nothing to say.
    pub reason: String,
    /// When it is tried next.
    pub due_at: Option<f64>,
    /// What the service calls it.
    pub remote_id: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
    /// When the state last changed.
    pub changed_at: f64,
}

/// One line of an upload's story.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct StoryLine {
    /// When.
    pub at: f64,
    /// The state it came to.
    pub state: UploadState,
    /// What happened, in words; may quote the service as text.
    pub what: String,
}

/// One line of history.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct HistoryRow {
    /// The library's number of it.
    pub id: u32,
    /// One of the sport names, `snake_case`.
    pub sport: String,
    /// The activity's own name, where the file has one: untrusted text.
    pub name: Option<String>,
    /// UTC.
    pub start: Option<f64>,
    /// Seconds east of UTC at that date and place; null: unknown.
    pub utc_offset_s: Option<i32>,
    /// Metres.
    pub distance_m: Option<f64>,
    /// From first to last moment.
    pub elapsed_s: Option<f64>,
    /// Without pauses.
    pub timer_s: Option<f64>,
    /// Metres climbed.
    pub ascent_m: Option<f64>,
    /// A simplified line for the thumbnail: x, y pairs in 0..=100, y downwards; empty without positions.
    pub outline: Vec<u8>,
    /// Whether something had to be skipped to read it.
    pub damaged: bool,
    /// The activity that this one is a likely twin of.
    pub twin_of: Option<u32>,
    /// One per account.
    pub uploads: Vec<UploadView>,
}

/// What history is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export)]
pub struct HistoryFilter {
    /// Part of the name, the sport or the original file's name.
    pub search: String,
    /// One of the sport names.
    pub sport: Option<String>,
    /// Only activities with an upload in this state.
    pub state: Option<UploadState>,
    /// Started at or after.
    pub from: Option<f64>,
    /// Started before.
    pub to: Option<f64>,
}

/// A page of history, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct HistoryPage {
    /// The rows.
    pub rows: Vec<HistoryRow>,
    /// Give it back for the next page; null at the end.
    pub next: Option<String>,
    /// How many the filter finds in all.
    pub total: u32,
    /// Totals of the months that occur on this page.
    pub months: Vec<MonthTotal>,
}

/// What a month adds up to, under the filter.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MonthTotal {
    /// `2026-11`, by the activities' own local time; empty for activities without a start.
    pub month: String,
    /// How many.
    pub activities: u32,
    /// Metres.
    pub distance_m: f64,
    /// Without pauses.
    pub timer_s: f64,
}

/// One activity, read again from its original.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ActivityDetail {
    /// What the list shows.
    pub row: HistoryRow,
    /// Where the original lies, below the library folder.
    pub original: String,
    /// Its size in bytes.
    pub original_bytes: f64,
    /// `fit`, `gpx` or `tcx`.
    pub format: String,
    /// Maker and model, where the file tells: untrusted text.
    pub recorded_by: Option<String>,
    /// Points in the file.
    pub points: u32,
    /// Laps in the file's order.
    pub laps: Vec<LapView>,
    /// At most 2,000 points, evenly thinned, for map and charts.
    pub series: Series,
    /// What had to be skipped, in words.
    pub skipped: Vec<String>,
    /// Why the points cannot be shown (original missing or unreadable).
    pub problem: Option<Problem>,
    /// Each upload's story, oldest line first, in the order of `row.uploads`.
    pub stories: Vec<Vec<StoryLine>>,
}

/// One lap.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct LapView {
    /// UTC.
    pub start: Option<f64>,
    /// Without pauses.
    pub timer_s: Option<f64>,
    /// Metres.
    pub distance_m: Option<f64>,
    /// Beats per minute.
    pub average_hr: Option<f64>,
}

/// Columns of equal length; a value that is not there is null, a column that is not there is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Series {
    /// Seconds since the start.
    pub elapsed_s: Vec<Option<f64>>,
    /// Metres since the start.
    pub distance_m: Vec<Option<f64>>,
    /// Degrees north.
    pub latitude: Vec<Option<f64>>,
    /// Degrees east.
    pub longitude: Vec<Option<f64>>,
    /// Metres above sea level.
    pub elevation_m: Vec<Option<f64>>,
    /// Beats per minute.
    pub heart_rate: Vec<Option<f64>>,
    /// Metres per second: the file's own, else from positions and times.
    pub speed: Vec<Option<f64>>,
    /// Revolutions or steps per minute.
    pub cadence: Vec<Option<f64>>,
    /// Watts.
    pub power: Vec<Option<f64>>,
}

/// A file that was saved, and what its format could not carry.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Saved {
    /// Where it was saved.
    pub path: String,
    /// One sentence each.
    pub left_out: Vec<String>,
}

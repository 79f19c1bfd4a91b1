//! What is live: devices, services, accounts, the queue, and what needs the user.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Problem;
use super::history::UploadState;

/// The whole live state at one moment; the newest replaces the last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Snapshot {
    /// Rises with each snapshot; a smaller one than the last shown is dropped.
    pub revision: u32,
    /// Rises when history would answer differently: time to ask for the page again.
    pub library_revision: u32,
    /// Devices that are connected now, and folders that are watched.
    pub devices: Vec<DeviceView>,
    /// Both services, in the order the window lists them.
    pub services: Vec<ServiceView>,
    /// How many uploads are in which state, over all accounts.
    pub queue: QueueCounts,
    /// Uploads that are on their way now, at most one per account.
    pub sending: Vec<SendingView>,
    /// What needs the user, most urgent first. The rail's badge is its length.
    pub needs: Vec<Need>,
    /// Activities in the library.
    pub activities: u32,
    /// What stops the whole engine (disk full, library unreadable), if anything does.
    pub trouble: Option<Problem>,
}

/// How far one upload has got.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SendingView {
    /// The library's number of it.
    pub upload: u32,
    /// How much of it has left this computer: 0 to 1.
    pub share: f64,
}

/// One connected device or watched folder.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct DeviceView {
    /// Stable name of the device across plug-ins.
    pub id: String,
    /// Model, volume label or folder name: untrusted text.
    pub name: String,
    /// Where it is mounted.
    pub place: String,
    /// Whether it is a folder the user named (it is never "unplugged").
    pub is_folder: bool,
    /// What is going on with it.
    pub state: DeviceState,
    /// Recordings found in the last look.
    pub found: u32,
    /// Activities taken in since it was plugged in.
    pub taken_in: u32,
    /// Files that are no activities (settings, courses, monitoring).
    pub ignored: u32,
    /// Files that could not be taken in, each with its reason; the newest 50.
    pub problems: Vec<FileProblem>,
    /// Activities that wait for the answer to "how far back?"; the question is open while this is not null.
    pub asks: Option<FirstPlug>,
    /// What the athlete chose for this device.
    pub choice: Option<Choice>,
    /// Nothing on it is open, and nothing new is left to copy.
    pub safe_to_unplug: bool,
}

/// What is going on with one device.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase", tag = "is")]
#[ts(export)]
pub enum DeviceState {
    /// Holds recordings, but isn't known as a GPS device: it is used after a yes.
    Offered,
    /// The user said no to it.
    Refused,
    /// Its folders are being listed.
    Looking,
    /// New recordings are being copied.
    #[serde(rename_all = "camelCase")]
    Copying {
        /// New recordings copied and read so far.
        done: u32,
        /// New recordings in all.
        of: u32,
        /// Over the last seconds.
        bytes_per_second: f64,
        /// Estimate; null while unknown.
        seconds_left: Option<f64>,
    },
    /// Everything on it is taken in. Files that are still being written are counted here.
    #[serde(rename_all = "camelCase")]
    UpToDate {
        /// Files that were still changing at the last look; they are looked at again.
        still_written: u32,
    },
    /// It cannot be read.
    Trouble {
        /// Why, and what to do.
        problem: Problem,
    },
}

/// The question of a first plug-in: how many activities each answer would send.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct FirstPlug {
    /// Activities on it in all.
    pub all: u32,
    /// Of these, those of the last 30 days.
    pub last_30_days: u32,
    /// The oldest activity's start.
    pub oldest: Option<f64>,
}

/// How far back a device's or an account's activities are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Choice {
    /// Everything.
    All,
    /// What started within 30 days before the choice, and everything later.
    Last30Days,
    /// Only what is recorded after the choice.
    OnlyNew,
}

/// A file that was not taken in, and why.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct FileProblem {
    /// Path below the device: untrusted text.
    pub path: String,
    /// What is wrong with it, and what to do.
    pub problem: Problem,
}

/// One service, and the account signed in to it, if any.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ServiceView {
    /// `map-my-tracks` or `trek-point`.
    pub id: String,
    /// "Map My Tracks" or "Trek Point".
    pub name: String,
    /// What is still missing before one can sign in; empty when set up.
    pub missing: Vec<String>,
    /// Whether this service needs a client secret.
    pub wants_secret: bool,
    /// Whether the client secret is in the secret store.
    pub has_secret: bool,
    /// Where the redirect will arrive: to be registered at the service.
    pub redirect_uris: Vec<String>,
    /// Where to get a client id.
    pub register_at: String,
    /// Whether the contract with this service rests on assumptions.
    pub partly_assumed: bool,
    /// A sign-in is under way in the browser.
    pub signing_in: bool,
    /// Why the last sign-in or sign-out did not work.
    pub problem: Option<Problem>,
    /// Who is signed in.
    pub account: Option<AccountView>,
}

/// One sign-in at a service.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct AccountView {
    /// The library's number of it.
    pub id: u32,
    /// `map-my-tracks` or `trek-point`.
    pub service: String,
    /// Who it is, as far as the service tells: untrusted text.
    pub label: String,
    /// Since when.
    pub signed_in_at: f64,
    /// `private` or `public`, where the service takes a visibility.
    pub visibility: Option<String>,
    /// What it may do, in the service's scope words.
    pub scopes: Vec<String>,
    /// How it is.
    pub state: AccountState,
    /// Activities that were kept before this sign-in and are not queued for it.
    pub earlier: u32,
    /// Uploads of this account by state.
    pub queue: QueueCounts,
}

/// How an account is.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase", tag = "is")]
#[ts(export)]
pub enum AccountState {
    /// Signed in; uploads run.
    Connected,
    /// Uploads wait until the user has signed in again.
    NeedsSignIn {
        /// Why.
        problem: Problem,
    },
    /// Uploads wait: throttled, unreachable or blocked.
    Paused {
        /// Why.
        problem: Problem,
        /// When it goes on by itself; null: when the user says so.
        until: Option<f64>,
    },
}

/// How many uploads are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct QueueCounts {
    /// Due now or later.
    pub waiting: u32,
    /// On the way.
    pub sending: u32,
    /// Accepted; the service still works on it.
    pub processing: u32,
    /// There, sent by us.
    pub sent: u32,
    /// There before we sent it.
    pub existing: u32,
    /// The service said no.
    pub refused: u32,
    /// It may or may not have arrived.
    pub unsure: u32,
    /// Waits for the user's word.
    pub held: u32,
    /// The user said: not this one.
    pub dismissed: u32,
}

/// Something that needs the user: one sentence and one button.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Need {
    /// What it is and what to do.
    pub problem: Problem,
    /// What the button does.
    pub action: NeedAction,
}

/// What the button beside a need does.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase", tag = "is")]
#[ts(export)]
pub enum NeedAction {
    /// Answer "use this device?".
    ApproveDevice {
        /// Which.
        device: String,
    },
    /// Answer "how far back?".
    ChooseFor {
        /// Which device.
        device: String,
    },
    /// Sign in to a service (again).
    SignIn {
        /// Which.
        service: String,
    },
    /// Look at uploads that were refused or are unsure.
    #[serde(rename_all = "camelCase")]
    ShowUploads {
        /// The history filter's state word.
        state: UploadState,
    },
    /// Open the settings of a service.
    SetUp {
        /// Which.
        service: String,
    },
}

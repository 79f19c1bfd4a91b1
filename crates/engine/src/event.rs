//! Everything that can wake the engine: one closed list.

use std::path::PathBuf;

use device::Device;
use jiff::Timestamp;
use library::{IfOther, SignIn, UploadId};
use service::{
    Outcome, RemoteActivity, Secret, ServiceId, SignInError, SignOutError, SignedIn, SignedOut,
};
use tokio::sync::oneshot;

use crate::intake::Found;
use crate::view::{Choice, Problem, ServiceSettings};

/// What a command comes to: done, perhaps with a remark for the user; or why not.
pub(crate) type Answer = Result<Option<String>, Problem>;

/// Everything that can happen.
pub(crate) enum Event {
    /// Somebody wants something.
    Asked {
        command: Command,
        answer: oneshot::Sender<Answer>,
    },
    /// What is connected now; the whole list.
    Devices(Vec<Device>),
    /// A look at a device found something. `look` tells late words of an earlier look from those of this one.
    Found {
        device: String,
        look: u64,
        found: Found,
    },
    /// Bytes of an upload that were handed to the network.
    Progress {
        upload: UploadId,
        sent: u64,
        of: u64,
    },
    /// A file was sent, or not; or a processing upload was looked at.
    Answered {
        service: ServiceId,
        upload: UploadId,
        outcome: Outcome,
    },
    /// A file could not be made ready for sending.
    Unsendable {
        service: ServiceId,
        upload: UploadId,
        problem: Problem,
    },
    /// A service's list was read, or not.
    Listed {
        service: ServiceId,
        /// Of which of the lane's clients.
        by: u32,
        /// When it was asked for, and when it came.
        asked_at: Timestamp,
        came_at: Timestamp,
        list: Result<Vec<RemoteActivity>, Outcome>,
    },
    /// Somebody came back from the browser, or nobody did. The tokens are set apart until it is decided who may come in.
    SignedIn {
        service: ServiceId,
        result: Result<SignedIn, SignInError>,
        answer: oneshot::Sender<Answer>,
    },
    /// The tokens of who signed in are in the place of the account's, or could not be put there.
    Admitted {
        service: ServiceId,
        who: (SignIn, IfOther),
        result: Result<(), SignInError>,
        answer: oneshot::Sender<Answer>,
    },
    /// Who signed in may not come in, and is signed out again.
    TurnedAway {
        service: ServiceId,
        problem: Problem,
        answer: oneshot::Sender<Answer>,
    },
    /// A sign-out ended.
    SignedOut {
        service: ServiceId,
        result: Result<SignedOut, SignOutError>,
        answer: oneshot::Sender<Answer>,
    },
    /// The secret store was asked whether it has a client secret, or was given one.
    ClientSecret {
        service: ServiceId,
        stored: Result<bool, Problem>,
        answer: Option<oneshot::Sender<Answer>>,
    },
    /// Time to end.
    Quit,
}

/// Everything that can be asked of the engine.
pub enum Command {
    /// Whether a volume that merely holds recordings is used.
    ApproveDevice {
        /// Its id.
        device: String,
        /// The answer.
        yes: bool,
    },
    /// How far back a device's activities are sent.
    Choose {
        /// Its id.
        device: String,
        /// The answer.
        choice: Choice,
    },
    /// Watch a folder.
    AddFolder {
        /// Absolute.
        path: PathBuf,
    },
    /// Watch it no longer; what came from it stays.
    RemoveFolder {
        /// As it was named.
        path: PathBuf,
    },
    /// Look at every device again.
    LookAgain,
    /// Take in a device or folder, connected or not watched; never seen before, everything on it is sent.
    TakeIn {
        /// Its root.
        path: PathBuf,
        /// Of a device never seen before, only what started then or later.
        since: Option<Timestamp>,
    },
    /// Take in files and folders as they are, also deleted and unfinished ones.
    Import {
        /// Files or folders.
        paths: Vec<PathBuf>,
    },
    /// Sign in, in the user's browser.
    SignIn {
        /// Where.
        service: ServiceId,
    },
    /// Give up a sign-in that is under way.
    CancelSignIn {
        /// Where.
        service: ServiceId,
    },
    /// Sign out and revoke.
    SignOut {
        /// Which account.
        account: AccountName,
    },
    /// Queue activities that were kept before the account was there.
    SendEarlier {
        /// The library's number of the account.
        account: i64,
        /// How far back.
        choice: Choice,
    },
    /// Make uploads due now.
    Retry(Retry),
    /// Keep an upload until it is released.
    Hold {
        /// The library's number of it.
        upload: i64,
    },
    /// Let a held upload go.
    Release {
        /// The library's number of it.
        upload: i64,
    },
    /// Never send it.
    Dismiss {
        /// The library's number of it.
        upload: i64,
    },
    /// Take an activity out of the library; nothing changes at a service.
    DeleteActivity {
        /// The library's number of it.
        id: i64,
    },
    /// Write a service's settings, and its client secret if one is given.
    SaveService {
        /// What `config.toml` will say.
        settings: ServiceSettings,
        /// For the secret store.
        secret: Option<Secret>,
    },
    /// Put a client secret into the secret store.
    SetClientSecret {
        /// Whose.
        service: ServiceId,
        /// As the service gave it.
        secret: Secret,
    },
    /// Whether later uploads are public.
    SetVisibility {
        /// The library's number of the account.
        account: i64,
        /// `private` or `public`.
        visibility: String,
    },
}

/// How an account is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountName {
    /// The library's number of it.
    Id(i64),
    /// The id of the service where it is signed in.
    Service(String),
}

/// Which uploads are made due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// One.
    Upload(i64),
    /// Every waiting, refused and unsure one.
    All,
}

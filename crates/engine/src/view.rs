//! Everything that a window or a terminal may know. The only types that are serialised; they hold no secret.
//!
//! Numbers are SI; a time is whole milliseconds since 1970 UTC as `f64` (exact far beyond any date); absent is `null`.
//! Text that a device, a file or a service wrote is shown as text, never as markup.

mod history;
mod live;
mod report;
mod settings;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use history::*;
pub use live::*;
pub use report::*;
pub use settings::*;

/// What went wrong, for a person: a stable code, one sentence what, one sentence what now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Problem {
    /// Stable and machine-readable, `snake_case`.
    pub code: String,
    /// One sentence: what is wrong, naming the file or the service.
    pub title: String,
    /// One sentence: what to do now.
    pub hint: String,
}

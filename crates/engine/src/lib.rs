//! Moves activities from device to service, and owns the only state. Knows neither window nor terminal.
//!
//! One thread runs one loop over one closed list of events (`event::Event`); copying, reading and the network happen
//! elsewhere and come back as events. What a window or a terminal may know leaves as [`view`] types: the live state as
//! [`view::Snapshot`], everything else by asking an [`Archive`].
#![forbid(unsafe_code)]

mod accounts;
mod archive;
mod browser;
mod checks;
mod client_secret;
mod clock;
mod config;
mod convert;
mod detail;
mod device_wishes;
mod devices;
pub mod doctor;
mod event;
mod export;
mod files;
pub mod inspect;
mod intake;
mod keeping;
mod lane;
mod looking;
mod network;
mod present;
mod problem;
mod reconcile;
mod rows;
mod schedule;
mod secrets;
mod sending;
#[cfg(test)]
mod set_aside_tests;
mod settings;
mod signing_in;
#[cfg(test)]
#[cfg(unix)]
mod sim;
mod start;
mod state;
mod step;
mod trial;
mod unzipped;
mod upload_wishes;
mod verdict;
pub mod view;

pub use accounts::service_id as service;
pub use archive::Archive;
pub use browser::open_in_browser;
pub use clock::Clock;
pub use convert::convert;
pub use devices::connected;
pub use event::{AccountName, Command, Retry};
pub use export::ExportFormat;
pub use problem::{no_such_account, no_such_activity, no_such_path, no_such_service};
pub use secrets::{SecretsPlace, keep_memory_private};
pub use service::{Secret, ServiceId};
pub use start::{Connected, Engine, EngineOptions};
pub use trial::was_a_trial;

use view::Problem;

/// The platform's folder for Trackdock's data: the same for the window and the terminal.
///
/// # Errors
/// Code `data_folder` when the user has no home folder.
pub fn default_data_dir() -> Result<std::path::PathBuf, Problem> {
    directories::ProjectDirs::from("app", "Trackdock", "Trackdock")
        .map(|folders| folders.data_local_dir().to_owned())
        .ok_or_else(|| {
            Problem::new(
                "data_folder",
                "This user has no home folder to keep the library in.",
                "Name a folder with --data-dir.",
            )
        })
}

/// Writes log lines to stderr, never to stdout: as `RUST_LOG` says, else by the `usual` directives.
pub fn log_to_stderr(usual: &str) {
    use std::io::IsTerminal as _;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;

    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .with(tracing_subscriber::filter::filter_fn(may_log))
        .init();
}

/// Whether a log line may be written, whatever level was asked for: our own, and of libraries only what is meant for people.
/// What the others say beside it, of requests, headers and messages to the keyring, may hold a secret.
fn may_log(line: &tracing::Metadata<'_>) -> bool {
    const OURS: [&str; 7] = [
        "trackdock",
        "shell",
        "engine",
        "service",
        "library",
        "device",
        "track",
    ];
    let library = line.target().split("::").next().unwrap_or_default();
    let is_ours = OURS
        .iter()
        .any(|own| library == *own || library.starts_with("trackdock_"));
    is_ours || *line.level() <= tracing::Level::INFO
}

/// A service's name for people, from its id; an unknown id is shown as it is.
#[must_use]
pub fn service_name(id: &str) -> &str {
    ServiceId::ALL
        .into_iter()
        .find(|service| service.name() == id)
        .map_or(id, |service| service.display())
}

/// "1 activity", "2 activities".
#[must_use]
pub fn counted(number: u64, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

//! The app takes the same global options as the terminal program.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use engine::SecretsPlace;
use engine::view::Problem;

/// Plug in your watch or bike computer: every new activity is kept, and sent where it belongs.
#[derive(Debug, Parser)]
#[command(name = "trackdock", version)]
pub(crate) struct Arguments {
    /// Where the library and its settings lie [default: the platform's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Where sign-ins are kept
    #[arg(long, value_enum, default_value = "keyring")]
    pub(crate) secrets: Secrets,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Secrets {
    /// The desktop's keyring.
    Keyring,
    /// Memory only; gone when the window closes.
    Session,
    /// A file that only you can read, in the data folder.
    File,
}

impl From<Secrets> for SecretsPlace {
    fn from(secrets: Secrets) -> Self {
        match secrets {
            Secrets::Keyring => Self::Keyring,
            Secrets::Session => Self::Session,
            Secrets::File => Self::File,
        }
    }
}

impl Arguments {
    pub(crate) fn data_dir(&self) -> Result<PathBuf, Problem> {
        self.data_dir
            .clone()
            .map_or_else(engine::default_data_dir, Ok)
    }
}

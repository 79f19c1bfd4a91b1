//! The command line as typed; what it means is decided elsewhere.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use engine::SecretsPlace;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Takes activities off GPS devices, keeps them, and sends them where they belong.
#[derive(Debug, Parser)]
#[command(name = "trackdock-cli", version)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that stand before or after the command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Where the library and its settings lie [default: the platform's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Where sign-ins are kept
    #[arg(long, global = true, value_enum, default_value = "keyring")]
    pub(crate) secrets: Secrets,
    /// One JSON object per item and line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// More on stderr; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Secrets {
    /// The desktop's keyring.
    Keyring,
    /// Memory only; gone when the command ends.
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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell what a file is, without importing it
    Inspect {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Every FIT message by its name
        #[arg(long)]
        messages: bool,
    },
    /// Take files or folders into the library
    Import {
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Show what is connected
    Devices,
    /// Take in everything new, send everything due
    Sync {
        /// A device or folder to take in; everything on it, the first time
        #[arg(long = "device", value_name = "PATH")]
        devices: Vec<PathBuf>,
        /// Of a device never seen before, send only what started on this date or later
        #[arg(long, value_name = "DATE", value_parser = date)]
        since: Option<Timestamp>,
        /// Stay, and go on when a device is plugged in
        #[arg(long)]
        watch: bool,
    },
    /// List the library
    History {
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Option<engine::view::UploadState>,
        #[arg(long)]
        sport: Option<String>,
        /// Started on this date or later
        #[arg(long, value_name = "DATE", value_parser = date)]
        from: Option<Timestamp>,
        /// Started before this date
        #[arg(long, value_name = "DATE", value_parser = date)]
        to: Option<Timestamp>,
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Show one activity, with every upload and its story
    Show { id: i64 },
    /// Write activities out of the library
    Export {
        #[arg(required_unless_present = "all", value_name = "ID")]
        ids: Vec<i64>,
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// What to write; `original` is the bytes as they came from the device
        #[arg(long, value_name = "FORMAT", value_parser = formats(), default_value = "original")]
        format: String,
        /// A file for one activity, a folder for several, or a .zip for any number
        #[arg(long, value_name = "PATH")]
        out: PathBuf,
    },
    /// Turn a recording into another format, without the library
    Convert {
        #[arg(value_name = "IN")]
        from: PathBuf,
        /// Its ending says the format: .gpx, .tcx, .fit, .geojson, .kml or .csv
        #[arg(value_name = "OUT")]
        to: PathBuf,
    },
    /// List the accounts
    Accounts,
    /// Sign in to a service, in your browser
    Login {
        #[arg(value_name = "SERVICE", value_parser = ["map-my-tracks", "trek-point"])]
        service: String,
        /// Read the client secret from stdin: one line
        #[arg(long)]
        client_secret_stdin: bool,
        /// Also queue what was kept before this sign-in
        #[arg(long)]
        earlier: bool,
    },
    /// Sign out, and revoke the sign-in at the service
    Logout {
        /// Its id or the service's name
        #[arg(value_name = "ACCOUNT")]
        account: String,
    },
    /// List the uploads that are not done
    Queue,
    /// Put an upload on hold
    Hold { id: i64 },
    /// Never send this upload
    Dismiss { id: i64 },
    /// Make waiting, refused and unsure uploads due now
    Retry {
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<i64>,
        #[arg(long)]
        all: bool,
    },
    /// Look for what is wrong, and say what to do
    Doctor,
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(engine::ExportFormat::names())
}

/// A date (midnight here) or an RFC 3339 time.
fn date(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    text.parse::<Date>()
        .and_then(|date| date.to_zoned(TimeZone::system()))
        .map(|zoned| zoned.timestamp())
        .map_err(|_| "write a date as 2026-11-20, or a time as 2026-11-20T06:30:00Z".to_owned())
}

fn state(text: &str) -> Result<engine::view::UploadState, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|_| {
        "one of waiting, sending, processing, sent, existing, refused, unsure, held, dismissed"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_options_stand_before_or_after() {
        for line in [
            ["trackdock-cli", "--json", "--secrets", "file", "history"],
            ["trackdock-cli", "history", "--json", "--secrets", "file"],
        ] {
            let arguments = Arguments::try_parse_from(line).unwrap();
            assert!(arguments.global.json);
            assert_eq!(arguments.global.secrets, Secrets::File);
        }
    }

    #[test]
    fn dates_are_days_or_moments() {
        assert!(date("2026-11-20").is_ok());
        assert_eq!(
            date("2026-11-20T06:30:00Z").unwrap().as_second(),
            1_795_156_200
        );
        assert!(date("yesterday").is_err());
    }

    #[test]
    fn states_are_the_words_of_the_queue() {
        assert_eq!(state("unsure").unwrap(), engine::view::UploadState::Unsure);
        assert!(state("done").is_err());
    }

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}

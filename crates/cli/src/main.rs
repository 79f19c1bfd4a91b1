//! Trackdock without a window: the same engine, driven from a terminal or a script.

mod args;
mod output;
mod reading;
mod text;
mod working;

use std::process::ExitCode;

use args::{Arguments, Command, Global};
use clap::Parser as _;
use clap::error::ErrorKind;
use engine::view::Problem;
use output::Output;

/// How a command ended, for the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Everything is done; uploads that merely wait are no failure.
    Done,
    /// Some of it failed, or needs the user.
    Partly,
}

impl End {
    /// `Partly` when anything was.
    pub(crate) fn of(all_well: bool) -> Self {
        if all_well { Self::Done } else { Self::Partly }
    }
}

fn main() -> ExitCode {
    engine::keep_memory_private();
    if engine::was_a_trial() {
        return ExitCode::SUCCESS;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return wrong_use(&error),
    };
    log_to_stderr(arguments.global.verbose);
    let output = Output {
        json: arguments.global.json,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output.note(&format!(
                "This computer refuses to start what Trackdock needs: {error}."
            ));
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(run(arguments.command, &arguments.global, output)) {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::Partly) => ExitCode::from(1),
        Err(problem) => {
            output.problem(&problem);
            ExitCode::from(1)
        }
    }
}

async fn run(command: Command, global: &Global, output: Output) -> Result<End, Problem> {
    let data_dir = match &global.data_dir {
        Some(folder) => folder.clone(),
        None => engine::default_data_dir()?,
    };
    match command {
        Command::Inspect {
            files,
            messages: false,
        } => Ok(reading::inspect(&files, output)),
        Command::Inspect {
            files,
            messages: true,
        } => Ok(reading::messages(&files, output)),
        Command::Devices => reading::devices(&data_dir, output),
        Command::History {
            state,
            sport,
            from,
            to,
            search,
            limit,
        } => {
            let filter = reading::filter(state, sport, from, to, search);
            reading::history(&data_dir, &filter, limit, output)
        }
        Command::Show { id } => reading::show(&data_dir, id, output),
        Command::Export {
            ids,
            all,
            format,
            out,
        } => reading::export(&data_dir, ids, all, &format, out, output).await,
        Command::Convert { from, to } => reading::convert(&from, &to, output),
        Command::Accounts => reading::accounts(&data_dir, output),
        Command::Queue => reading::queue(&data_dir, output),
        Command::Doctor => reading::doctor(&data_dir, global.secrets.into(), output).await,
        working => working::run(working, &data_dir, global.secrets.into(), output).await,
    }
}

/// Says what is wrong with the command line; help and version are no errors.
fn wrong_use(error: &clap::Error) -> ExitCode {
    // Where stdout and stderr are closed there is nobody to tell.
    let _ = error.print();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        let title = error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned();
        let hint = "Run `trackdock-cli help` for the commands and their options.".into();
        Output { json: true }.problem(&Problem {
            code: "usage".into(),
            title,
            hint,
        });
    }
    ExitCode::from(2)
}

/// Warnings by default; `RUST_LOG` or `-v` for more. Never on stdout.
fn log_to_stderr(verbose: u8) {
    engine::log_to_stderr(match verbose {
        0 => "warn",
        1 => "info,hyper=warn,reqwest=warn",
        _ => "debug,hyper=info,h2=info,rustls=info,reqwest=info",
    });
}

//! Commands that change something: they need the data folder for themselves.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::view::{Choice, DeviceState, Need, NeedAction, Notice, Problem, Snapshot, UploadState};
use engine::{
    AccountName, Archive, Connected, Engine, EngineOptions, Retry, Secret, SecretsPlace, ServiceId,
};
use jiff::Timestamp;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::End;
use crate::args::Command;
use crate::output::{Output, one_line};
use crate::text;

/// `sync` stays while anything falls due within this.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) async fn run(
    command: Command,
    data_dir: &Path,
    secrets: SecretsPlace,
    output: Output,
) -> Result<End, Problem> {
    if uses_secrets(&command, data_dir)? {
        refuse_session(secrets)?;
    }
    if let Command::Sync {
        devices,
        since,
        watch,
    } = command
    {
        let connected = if devices.is_empty() {
            Connected::Watched
        } else {
            Connected::Nothing
        };
        let bench = Bench::start(data_dir, secrets, connected, true, output)?;
        return sync(devices, since, watch, bench).await;
    }
    let bench = Bench::quiet(data_dir, secrets, output)?;
    let marked = match command {
        Command::Import { paths } => return import(paths, bench).await,
        Command::Login {
            service,
            client_secret_stdin,
            earlier,
        } => {
            let secret = client_secret_stdin.then(read_secret).transpose()?;
            return login(&service, secret, earlier, bench).await;
        }
        Command::Logout { account } => {
            let by_name = |_| AccountName::Service(account.clone());
            engine::Command::SignOut {
                account: account.parse().map_or_else(by_name, AccountName::Id),
            }
        }
        Command::Hold { id } => engine::Command::Hold { upload: id },
        Command::Dismiss { id } => engine::Command::Dismiss { upload: id },
        Command::Retry { id, .. } => engine::Command::Retry(id.map_or(Retry::All, Retry::Upload)),
        reading => unreachable!("{reading:?} only reads and is run elsewhere"),
    };
    bench.ask(marked).await
}

/// Whether a command needs a sign-in that an earlier command made, or makes one for a later.
fn uses_secrets(command: &Command, data_dir: &Path) -> Result<bool, Problem> {
    match command {
        Command::Login { .. } | Command::Logout { .. } => Ok(true),
        Command::Sync { .. } => has_accounts(data_dir),
        _ => Ok(false),
    }
}

/// A running engine, and what it tells while it works.
struct Bench {
    engine: Engine,
    notices: mpsc::UnboundedReceiver<Notice>,
    output: Output,
}

impl Bench {
    /// An engine that neither looks for devices nor sends anything by itself.
    fn quiet(data_dir: &Path, secrets: SecretsPlace, output: Output) -> Result<Self, Problem> {
        Self::start(data_dir, secrets, Connected::Nothing, false, output)
    }

    fn start(
        data_dir: &Path,
        secrets: SecretsPlace,
        connected: Connected,
        sends: bool,
        output: Output,
    ) -> Result<Self, Problem> {
        let (tell, notices) = mpsc::unbounded_channel();
        let open = move |address: &str| {
            output.note(&format!(
                "Opening your browser. If nothing opens, go to:\n{address}"
            ));
            engine::open_in_browser(address);
        };
        let options = EngineOptions {
            data_dir: data_dir.to_owned(),
            secrets,
            connected,
            sends,
            open: Arc::new(open),
            notices: Some(tell),
            ask_first: false,
        };
        Ok(Self {
            engine: Engine::start(options)?,
            notices,
            output,
        })
    }

    /// One command, and what came of it.
    async fn ask(self, command: engine::Command) -> Result<End, Problem> {
        let answer = self.engine.ask(command).await?;
        match answer {
            // A remark is for people; scripts see the state that it comes to.
            Some(remark) if self.output.json => self.output.note(&remark),
            Some(remark) => self.output.say(&remark),
            None => self.output.say("Done."),
        }
        self.engine.stop().await;
        Ok(End::Done)
    }

    /// Prints what happens until nothing is under way or due soon; tells whether all of it went well.
    async fn work(&mut self, for_ever: bool) -> bool {
        let mut all_well = true;
        let quiet = self.engine.settled(PATIENCE);
        let asked_to_end = asked_to_end();
        tokio::pin!(quiet, asked_to_end);
        loop {
            tokio::select! {
                notice = self.notices.recv() => match notice {
                    Some(notice) => all_well &= print(&notice, self.output),
                    // The engine has ended.
                    None => break,
                },
                () = &mut quiet, if !for_ever => break,
                () = &mut asked_to_end => break,
            }
        }
        all_well & self.print_rest()
    }

    /// Prints what has happened; tells whether all of it went well.
    fn print_rest(&mut self) -> bool {
        let mut all_well = true;
        while let Ok(notice) = self.notices.try_recv() {
            all_well &= print(&notice, self.output);
        }
        all_well
    }

    /// Ends the engine, and prints what it says at its end.
    async fn end(&mut self) -> bool {
        self.engine.stop().await;
        self.print_rest()
    }
}

/// The user asks for it, or the system, which is shutting down.
pub(crate) async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut terminated) = signal(SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn print(notice: &Notice, output: Output) -> bool {
    output.item(notice, text::notice);
    !matches!(
        notice,
        Notice::Trouble { .. }
            | Notice::DeviceTrouble { .. }
            | Notice::SignInTrouble { .. }
            // An unsure one is looked for first; what stays unsure is among the needs at the end.
            | Notice::Upload {
                state: UploadState::Refused,
                ..
            }
    )
}

async fn import(paths: Vec<PathBuf>, mut bench: Bench) -> Result<End, Problem> {
    let mut all_well = true;
    let missing: Vec<PathBuf> = paths
        .iter()
        .filter(|path| !path.exists())
        .cloned()
        .collect();
    for path in &missing {
        all_well = false;
        bench.output.problem(&engine::no_such_path(path));
    }
    let paths: Vec<PathBuf> = paths
        .into_iter()
        .filter(|path| !missing.contains(path))
        .collect();
    bench.engine.ask(engine::Command::Import { paths }).await?;
    all_well &= bench.work(false).await;
    all_well &= bench.engine.snapshot().trouble.is_none();
    all_well &= bench.end().await;
    Ok(End::of(all_well))
}

async fn sync(
    devices: Vec<PathBuf>,
    since: Option<Timestamp>,
    watch: bool,
    mut bench: Bench,
) -> Result<End, Problem> {
    let mut all_well = true;
    for path in devices {
        if let Err(problem) = bench
            .engine
            .ask(engine::Command::TakeIn { path, since })
            .await
        {
            all_well = false;
            bench.output.problem(&problem);
        }
    }
    all_well &= bench.work(watch).await;
    let snapshot = bench.engine.snapshot();
    all_well &= bench.end().await;
    for need in &snapshot.needs {
        let hint = hint_here(need, &snapshot);
        let line = format!("{} {hint}", need.problem.title);
        bench.output.note(&one_line(&line));
    }
    if let Some(trouble) = &snapshot.trouble {
        bench
            .output
            .note(&one_line(&format!("{} {}", trouble.title, trouble.hint)));
    }
    bench.output.say(&text::summary(&snapshot));
    Ok(End::of(all_well && !needs_user(&snapshot)))
}

/// What to do about a need without a window.
fn hint_here(need: &Need, snapshot: &Snapshot) -> String {
    let place = |id: &str| {
        let found = snapshot.devices.iter().find(|device| device.id == id);
        found.map(|device| device.place.as_str())
    };
    match &need.action {
        NeedAction::ApproveDevice { device } | NeedAction::ChooseFor { device } => {
            match place(device) {
                Some(place) => format!(
                    "`trackdock-cli sync --device {}` takes in and sends everything on it; with `--since DATE`, what is newer.",
                    quoted(place)
                ),
                None => need.problem.hint.clone(),
            }
        }
        NeedAction::SignIn { service } | NeedAction::SetUp { service } => {
            format!("Run `trackdock-cli login {service}`; everything waits, and nothing is lost.")
        }
        NeedAction::ShowUploads { .. } => {
            "`trackdock-cli queue` lists them with the reasons; then `retry` or `dismiss`.".into()
        }
    }
}

/// A path as one word of a shell, whatever the device is called: the line is there to be copied.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// What waits merely waits; a sign-in, a choice or a broken device needs somebody.
fn needs_user(snapshot: &Snapshot) -> bool {
    !snapshot.needs.is_empty()
        || snapshot.trouble.is_some()
        || snapshot
            .devices
            .iter()
            .any(|device| matches!(device.state, DeviceState::Trouble { .. }))
}

async fn login(
    service: &str,
    secret: Option<Secret>,
    earlier: bool,
    bench: Bench,
) -> Result<End, Problem> {
    let Some(service) = ServiceId::ALL.into_iter().find(|id| id.name() == service) else {
        return Err(engine::no_such_service(service));
    };
    if let Some(secret) = secret {
        bench
            .engine
            .ask(engine::Command::SetClientSecret { service, secret })
            .await?;
    }
    bench
        .engine
        .ask(engine::Command::SignIn { service })
        .await?;
    let archive = bench.engine.archive()?;
    let account = signed_in(&archive, service)?;
    if earlier {
        bench
            .engine
            .ask(engine::Command::SendEarlier {
                account: account.id,
                choice: Choice::All,
            })
            .await?;
    }
    let account = signed_in(&archive, service)?;
    bench.output.item(&account, text::signed_in);
    bench.engine.stop().await;
    Ok(End::Done)
}

fn signed_in(
    archive: &Archive,
    service: ServiceId,
) -> Result<engine::view::AccountReport, Problem> {
    archive
        .account_reports()?
        .into_iter()
        .find(|account| account.service == service.name() && account.state != "signed_out")
        .ok_or_else(|| engine::no_such_account(service.name()))
}

/// One UTF-8 line without its newline.
fn read_secret() -> Result<Secret, Problem> {
    let unreadable = |what: &str| Problem {
        code: "client_secret".into(),
        title: format!("The client secret cannot be read from stdin: {what}."),
        hint: "Give it as one line of UTF-8 text.".into(),
    };
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| unreadable(&error.to_string()))?;
    let secret = line.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        return Err(unreadable("it is empty"));
    }
    Ok(Secret::new(secret.to_owned()))
}

fn has_accounts(data_dir: &Path) -> Result<bool, Problem> {
    let accounts = match Archive::open(data_dir)? {
        Some(archive) => archive.account_reports()?,
        None => Vec::new(),
    };
    Ok(accounts.iter().any(|account| account.state != "signed_out"))
}

/// A sign-in that lives in memory would be gone before the next command.
fn refuse_session(secrets: SecretsPlace) -> Result<(), Problem> {
    if secrets != SecretsPlace::Session {
        return Ok(());
    }
    Err(Problem {
        code: "session_secrets".into(),
        title: "With `--secrets session` a sign-in ends with this command, so the next one could not use it.".into(),
        hint: "Use `--secrets keyring`, or `--secrets file` to keep it in a file that only you can read.".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_device_is_one_word_of_a_shell() {
        for path in ["/media/me/GARMIN", "/media/it's; $(id) `id`", "'"] {
            let line = format!("printf %s {}", quoted(path));
            let shell = std::process::Command::new("sh")
                .args(["-c", &line])
                .output();
            assert_eq!(shell.unwrap().stdout, path.as_bytes());
        }
    }
}

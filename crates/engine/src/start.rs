//! Starts the engine and is the handle to it: ask, watch, wait, quit.

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};

use crate::archive::Archive;
use crate::clock;
use crate::config::Config;
use crate::event::{Answer, Command, Event};
use crate::export::ExportFormat;
use crate::inspect::broke_the_reader;
use crate::network::Network;
use crate::problem::words;
use crate::secrets::{self, SecretsPlace};
use crate::settings;
use crate::state::{Outside, Parts, State};
use crate::view::{Notice, Problem, Saved, Settings, Snapshot};

/// Which devices the engine looks at by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connected {
    /// Those that are plugged in, and the folders of the configuration.
    Watched,
    /// None but those it is told of.
    Nothing,
}

/// Opens an address in the user's browser.
pub(crate) type Opener = Arc<dyn Fn(&str) + Send + Sync>;

/// How an engine is started.
pub struct EngineOptions {
    /// Library, configuration and lock lie here.
    pub data_dir: PathBuf,
    /// Where sign-ins are kept.
    pub secrets: SecretsPlace,
    /// Which devices it looks at by itself.
    pub connected: Connected,
    /// Whether it sends what is due; else it only marks.
    pub sends: bool,
    /// Opens the browser.
    pub open: Opener,
    /// Told what happens, item by item.
    pub notices: Option<mpsc::UnboundedSender<Notice>>,
    /// Whether a device that is new asks how far back before anything of it is sent.
    pub ask_first: bool,
}

/// Whether the engine has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pulse {
    /// Something is under way.
    pub(crate) busy: bool,
    /// When the next thing falls due by itself.
    pub(crate) due: Option<Timestamp>,
}

/// A running engine. Dropping it ends the loop; uploads that are on the way are then of unknown outcome, as after a crash.
pub struct Engine {
    inbox: Sender<Event>,
    snapshots: watch::Receiver<Snapshot>,
    pulse: watch::Receiver<Pulse>,
    data_dir: PathBuf,
    secrets: SecretsPlace,
    /// The library's notes of what is being read: what a page reads when the engine ends in order has not ended it.
    attempts: library::Attempts,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Engine {
    /// Takes the data folder, opens the library and starts the loop.
    ///
    /// # Errors
    /// Code `in_use` when another engine has the folder; codes of the configuration and the library.
    pub fn start(options: EngineOptions) -> Result<Self, Problem> {
        create_folder(&options.data_dir)?;
        let config = Config::read(&options.data_dir)?;
        let mut library = library::Library::open(&options.data_dir)?;
        let clock = clock::system();
        library.recover(clock())?;
        let attempts = library.attempts();
        let runtime = Network::start()?;
        let (inbox, events) = channel();
        let (publish, snapshots) = watch::channel(Snapshot::default());
        let (beat, pulse) = watch::channel(Pulse {
            busy: true,
            due: None,
        });
        let store = secrets::store(options.secrets, &options.data_dir);
        let (data_dir, secrets) = (options.data_dir.clone(), options.secrets);
        let parts = Parts {
            options,
            config,
            library,
            outside: Outside::real(clock),
            runtime,
            store,
            inbox: inbox.clone(),
            publish,
            beat,
        };
        let state = State::new(parts)?;
        let thread = std::thread::Builder::new()
            .name("engine".into())
            .spawn(move || state.run(&events))
            .map_err(|error| Problem::no_threads(&error))?;
        Ok(Self {
            inbox,
            snapshots,
            pulse,
            data_dir,
            secrets,
            attempts,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Asks for something and waits until it is done; a remark for the user may come back.
    ///
    /// # Errors
    /// Why it was not done. Code `stopped` when the engine has ended.
    pub async fn ask(&self, command: Command) -> Answer {
        let (answer, answered) = oneshot::channel();
        let stopped = || Problem::new("stopped", "Trackdock is ending.", "Start it again.");
        self.inbox
            .send(Event::Asked { command, answer })
            .map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    /// The live state now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshots.borrow().clone()
    }

    /// The live state as it changes; only the newest is kept.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Snapshot> {
        self.snapshots.clone()
    }

    /// Everything that is not live: history, one activity, exports.
    ///
    /// # Errors
    /// The library cannot be read.
    pub fn archive(&self) -> Result<Archive, Problem> {
        Archive::open_within(&self.data_dir, &self.attempts)?.ok_or_else(|| {
            Problem::new(
                "no_library",
                "The library is not there any more.",
                "Start Trackdock again.",
            )
        })
    }

    /// Saves an activity under the path that the user chose. Reading and writing may take their time, and hold up nobody.
    ///
    /// # Errors
    /// As [`Archive::save`].
    pub async fn save(
        &self,
        id: i64,
        format: ExportFormat,
        path: PathBuf,
    ) -> Result<Saved, Problem> {
        let archive = self.archive()?;
        let saved = tokio::task::spawn_blocking(move || archive.save(id, format, &path)).await;
        saved.map_err(|_| broke_the_reader("The original"))?
    }

    /// What the settings screen shows.
    ///
    /// # Errors
    /// Code `config` when the file cannot be read.
    pub fn settings(&self) -> Result<Settings, Problem> {
        settings::read(&self.data_dir, self.secrets)
    }

    /// Waits until nothing is under way and nothing falls due within `patience`.
    pub fn settled(&self, patience: Duration) -> impl Future<Output = ()> + Send + 'static {
        let mut pulse = self.pulse.clone();
        let now = clock::system();
        async move {
            let soon = |beat: &Pulse| {
                beat.due
                    .is_some_and(|due| due <= clock::later(now(), patience))
            };
            // An engine that has ended is settled.
            let _ = pulse.wait_for(|beat| !beat.busy && !soon(beat)).await;
        }
    }

    /// Tells the loop to end, and waits for it.
    pub async fn stop(&self) {
        self.quit();
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            // A loop that panicked has ended too, and said so on stderr.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    /// Tells the loop to end.
    pub fn quit(&self) {
        // It may have ended before.
        let _ = self.inbox.send(Event::Quit);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.quit();
    }
}

/// Makes the data folder, for its owner only.
fn create_folder(folder: &std::path::Path) -> Result<(), Problem> {
    library::make_folder(folder).map_err(|error| {
        Problem::new(
            "data_folder",
            format!(
                "The data folder {} cannot be made: {}.",
                folder.display(),
                words(&error)
            ),
            "Choose another with --data-dir, or check who owns the folder above it.",
        )
    })
}

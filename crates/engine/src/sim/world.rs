//! One simulated world: the engine's loop without its thread, both services, a device, a keyring, and the time, which passes only
//! when it is told to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use fastrand::Rng;
use jiff::Timestamp;
use library::{AccountRow, ActivityId, Library};
use played_disk::PlayedDisk;
use service::{Client, SecretStore, ServiceId, SignedIn, Transport};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot, watch};

use super::files::BEGINNING_MS;
use super::owed::Owed;
use super::power::Committed;
use super::services::Services;
use super::store::Store;
use crate::clock::{Clock, Moments};
use crate::config::Config;
use crate::event::{Answer, Command, Event};
use crate::intake::Found;
use crate::lane::ClientSecret;
use crate::network::Network;
use crate::secrets::SecretsPlace;
use crate::start::{Connected, EngineOptions, Pulse};
use crate::state::{Outside, Parts, State};
use crate::view::{Notice, Snapshot};

const CONFIG: &str = "[service.map-my-tracks]\nclient_id = \"m\"\nbase = \"http://127.0.0.1:9/api3\"\n\
    [service.trek-point]\nclient_id = \"t\"\noauth_base = \"http://127.0.0.1:9\"\n";
/// Times that all tasks that can go on are let go on, before it is taken for granted that they wait.
const YIELDS: usize = 16;

/// The program, as long as it runs.
pub(super) struct Program {
    pub(super) state: State,
    pub(super) events: Receiver<Event>,
    pub(super) notices: mpsc::UnboundedReceiver<Notice>,
    /// What the end came before.
    pub(super) withheld: Vec<Event>,
    pub(super) runtime: Runtime,
    _inbox: Sender<Event>,
}

pub(super) struct World {
    pub(super) rng: Rng,
    pub(super) services: Arc<Services>,
    pub(super) store: Arc<Store>,
    elapsed_ms: Arc<AtomicU64>,
    /// The moment from which on time passes.
    began: Instant,
    /// How far the computer's clock is off.
    skew_ms: Arc<AtomicI64>,
    folder: tempfile::TempDir,
    pub(super) disk: Arc<PlayedDisk>,
    /// When the disk is well again.
    pub(super) mended_at_ms: Option<u64>,
    pub(super) program: Option<Program>,
    /// What must be there after the next start.
    pub(super) committed: Option<Committed>,
    /// Activities that were told as taken in.
    pub(super) told: BTreeSet<i64>,
    /// Uploads that must be there.
    pub(super) owed: Owed,
    /// The activity that is being deleted.
    pub(super) deletes: Option<ActivityId>,
    /// The device is watched; else the athlete says each time that it is to be taken in.
    pub(super) is_watched: bool,
    /// In how many turns the program dies; 0: it does not.
    pub(super) dies_in: u32,
    /// After so many files of a look the cable is pulled; 0: it is not.
    pub(super) pulled_in: u32,
    /// It was, and the program has not been told yet.
    pub(super) is_pulled: bool,
    /// Recordings that are finished while they are looked at.
    pub(super) growing: Arc<Mutex<Vec<usize>>>,
    /// Whether there ever was one.
    pub(super) has_grown: bool,
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let elapsed_ms = Arc::new(AtomicU64::new(0));
        let store = Arc::new(Store::default());
        let services = Services::new(seed, Arc::clone(&elapsed_ms), Arc::clone(&store));
        let mut rng = Rng::with_seed(seed);
        let is_watched = rng.bool();
        let folder = folder();
        for name in ["data", "device", "aside"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for (path, bytes) in empty_library() {
            std::fs::write(folder.path().join("data").join(path), bytes).unwrap();
        }
        let at = |name| folder.path().join(name);
        let mut world = World {
            disk: PlayedDisk::new(&at("data"), &at("aside"), seed),
            rng,
            services: Arc::new(services),
            store,
            elapsed_ms,
            began: Instant::now(),
            skew_ms: Arc::default(),
            folder,
            mended_at_ms: None,
            program: None,
            committed: None,
            told: BTreeSet::new(),
            owed: Owed::default(),
            deletes: None,
            is_watched,
            dies_in: 0,
            pulled_in: 0,
            is_pulled: false,
            growing: Arc::default(),
            has_grown: false,
        };
        if is_watched && world.rng.u8(0..3) == 0 {
            // It is plugged in later.
            std::fs::rename(world.device(), world.away()).unwrap();
        }
        world.store.put("client-secret:map-my-tracks", "s");
        world.boot();
        world
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn device(&self) -> PathBuf {
        self.folder.path().join("device")
    }

    /// Where the device is meanwhile.
    pub(super) fn away(&self) -> PathBuf {
        self.folder.path().join("away")
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.elapsed_ms.load(Ordering::Relaxed)
    }

    fn clock(&self) -> Clock {
        let (elapsed, skew) = (Arc::clone(&self.elapsed_ms), Arc::clone(&self.skew_ms));
        Arc::new(move || {
            let elapsed = i64::try_from(elapsed.load(Ordering::Relaxed)).unwrap();
            let now = BEGINNING_MS + elapsed + skew.load(Ordering::Relaxed);
            Timestamp::from_millisecond(now).unwrap()
        })
    }

    fn moments(&self) -> Moments {
        let (elapsed, began) = (Arc::clone(&self.elapsed_ms), self.began);
        Arc::new(move || began + Duration::from_millis(elapsed.load(Ordering::Relaxed)))
    }

    /// The program starts, as [`crate::Engine::start`] does it.
    pub(super) fn boot(&mut self) {
        let clock = self.clock();
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let library = self.open(&clock);
        let dice = std::sync::Mutex::new(self.rng.fork());
        let carrier: Arc<dyn Transport> = Arc::clone(&self.services) as _;
        let (inbox, events) = channel();
        let (tell, notices) = mpsc::unbounded_channel();
        let state = State::new(Parts {
            options: EngineOptions {
                data_dir: self.data(),
                secrets: SecretsPlace::Session,
                connected: Connected::Nothing,
                sends: true,
                open: Arc::new(|_| {}),
                notices: Some(tell),
                ask_first: false,
            },
            config: Config {
                path: self.data().join("config.toml"),
                ..config().clone()
            },
            library,
            outside: Outside {
                clock,
                moments: self.moments(),
                dice: Arc::new(move || dice.lock().unwrap().f64()),
                sleep: self.settling(),
                // Whatever ends the program here, it is not a file.
                trial: Arc::new(|_| true),
                connect: Arc::new(move |id, settings, store, locks| {
                    Client::over(id, settings, store, locks, Arc::clone(&carrier))
                }),
            },
            runtime: Network::of(runtime.handle()),
            store: Arc::clone(&self.store) as Arc<dyn SecretStore>,
            inbox: inbox.clone(),
            publish: watch::channel(Snapshot::default()).0,
            beat: watch::channel(Pulse {
                busy: true,
                due: None,
            })
            .0,
        });
        self.program = Some(Program {
            state: state.unwrap(),
            events,
            notices,
            withheld: Vec::new(),
            runtime,
            _inbox: inbox,
        });
        self.services.trace("starts".into());
        self.note_kept();
        if self.is_watched {
            self.plug_in();
        }
    }

    pub(super) fn library(&self) -> &Library {
        &self.program.as_ref().unwrap().state.library
    }

    /// What is known of the only client secret that there is.
    pub(super) fn client_secret(&self) -> &ClientSecret {
        let lanes = &self.program.as_ref().unwrap().state.lanes;
        let lane = lanes.iter().find(|lane| lane.settings.wants_secret());
        &lane.unwrap().secret
    }

    /// The account at a service, where somebody was ever signed in there.
    pub(super) fn account(&self, id: ServiceId) -> Option<AccountRow> {
        let mut all = self.library().accounts().unwrap().into_iter();
        all.find(|account| account.service == id.name())
    }

    /// Tells the program to do something; whether that went well, where it says so at once.
    pub(super) fn command(&mut self, command: Command) -> bool {
        let (answer, told) = oneshot::channel();
        self.handle(Event::Asked { command, answer });
        self.went_well(told)
    }

    /// Whether what the program was told is done by now.
    fn went_well(&mut self, mut told: oneshot::Receiver<Answer>) -> bool {
        let state = &mut self.program.as_mut().unwrap().state;
        for (answer, done) in state.replies.drain(..) {
            // Most of them nobody waits for.
            let _ = answer.send(done);
        }
        told.try_recv().is_ok_and(|done| done.is_ok()) && !self.disk.is_off()
    }

    pub(super) fn handle(&mut self, event: Event) {
        self.program.as_mut().unwrap().state.handle(event);
        if !self.disk.is_off() {
            self.note_kept();
        }
    }

    /// The athlete signs in, and the browser has come back.
    pub(super) fn sign_in(&mut self, id: ServiceId) {
        self.services.sign_in(id);
        self.services.may_be_early();
        let who = SignedIn {
            remote_id: Some("42".into()),
            label: Some("ann".into()),
            scopes: Vec::new(),
        };
        let (answer, told) = oneshot::channel();
        let state = &mut self.program.as_mut().unwrap().state;
        drop(state.lane(id).unwrap().begin_sign_in());
        self.handle(Event::SignedIn {
            service: id,
            result: Ok(who),
            answer,
        });
        // Its tokens are in their place already; the program only has to find that.
        self.turn();
        if self.went_well(told) {
            self.services.is_signed_in(id);
        }
    }

    pub(super) fn jump(&mut self, ms: i64) {
        self.skew_ms.fetch_add(ms, Ordering::Relaxed);
        self.services.may_be_early();
        self.services.clock_was_set();
    }

    /// Lets so much time pass, and everything happen that falls due in it.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now_ms() + ms;
        loop {
            if self.turn() {
                continue;
            }
            let now = self.now_ms();
            let program = self.program.as_ref().unwrap();
            let due = program.state.wakes_in().map(|wait| {
                let wait = u64::try_from(wait.as_millis()).unwrap();
                now.saturating_add(wait.max(5))
            });
            // While something is under way its answer comes first, or its timer gives it up; what else is due can wait so long.
            let due = if self.is_on_the_line() {
                Some(now + 5_000)
            } else {
                due
            };
            let others = [self.services.next_deadline(), self.mended_at_ms];
            let next = [due, Some(end)].into_iter().chain(others);
            let next = next.flatten().min().unwrap();
            if next >= end {
                self.advance(end.saturating_sub(now));
                return;
            }
            self.advance(next - now);
        }
    }

    fn is_on_the_line(&self) -> bool {
        let lanes = &self.program.as_ref().unwrap().state.lanes;
        lanes.iter().any(crate::lane::Lane::is_busy)
    }

    /// Time passes for the world around the program.
    pub(super) fn let_pass(&mut self, ms: u64) {
        let now = self.elapsed_ms.fetch_add(ms, Ordering::Relaxed) + ms;
        if self.mended_at_ms.is_some_and(|mended| mended <= now) {
            self.mend();
        }
        self.services.take_late();
    }

    fn advance(&mut self, ms: u64) {
        self.let_pass(ms);
        let runtime = &self.program.as_ref().unwrap().runtime;
        runtime.block_on(tokio::time::advance(Duration::from_millis(ms)));
    }

    /// One turn of the loop; whether something happened in it.
    fn turn(&mut self) -> bool {
        let program = self.program.as_mut().unwrap();
        let missed = program.state.missed_device;
        program.state.work();
        let asks_again = missed && !program.state.missed_device;
        if self.has_gone() {
            return true;
        }
        if asks_again {
            self.plug_in();
        }
        let mut happened = asks_again;
        // A look has the loop to itself: it and the loop take turns, and nothing else happens meanwhile.
        while self.is_copying() {
            let program = self.program.as_mut().unwrap();
            let event = program.next_event();
            happened = true;
            // Only here the copy stands still, so that the power is seen to be gone at the same place each time.
            if stands_still(&event) && self.disk.is_off() {
                program.withheld.push(event);
                self.cut();
                return true;
            }
            self.come_to_pull(&event);
            self.handle_copied(event);
            if self.dies_in == 1 {
                self.die();
                return true;
            }
        }
        if std::mem::take(&mut self.is_pulled) {
            self.plug_in();
        }
        if self.has_gone() {
            return true;
        }
        let program = self.program.as_mut().unwrap();
        program.runtime.block_on(async {
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
        });
        while let Ok(event) = self.program.as_ref().unwrap().events.try_recv() {
            // Death between an answer and its being written down.
            if self.dies_in == 1 {
                self.die();
                return true;
            }
            self.handle(event);
            self.come_closer();
            if self.has_gone() {
                return true;
            }
            happened = true;
        }
        if self.dies_in == 1 && self.is_on_the_line() {
            self.die();
            return true;
        }
        happened
    }

    /// Handles what a look has found. Where the loop ends the look by it, its thread ends, too, before anything else happens.
    fn handle_copied(&mut self, event: Event) {
        let waits = is_found(&event, |found| {
            matches!(found, Found::File { .. } | Found::StillWritten { .. })
        });
        self.handle(event);
        self.come_closer();
        let mut is_ending = waits && !self.is_copying();
        while is_ending {
            let event = self.program.as_ref().unwrap().next_event();
            is_ending = !is_found(&event, |found| matches!(found, Found::Ended { .. }));
            self.handle(event);
        }
    }

    /// Whether the power has gone meanwhile; then it is back, and the program has started again.
    pub(super) fn has_gone(&mut self) -> bool {
        let has_gone = self.disk.is_off();
        if has_gone {
            self.cut();
        }
        has_gone
    }

    fn is_copying(&self) -> bool {
        self.program.as_ref().unwrap().state.is_copying()
    }

    /// Death comes closer.
    fn come_closer(&mut self) {
        let left = self.dies_in.saturating_sub(1);
        self.dies_in = left.max(u32::from(self.dies_in > 0));
    }
}

/// Whether a copy waits for the loop with this, or has ended.
pub(super) fn stands_still(event: &Event) -> bool {
    is_found(event, |found| {
        !matches!(
            found,
            Found::Listed { .. } | Found::CutOff | Found::Gone { .. } | Found::PassedOver { .. }
        )
    })
}

fn is_found(event: &Event, which: impl Fn(&Found) -> bool) -> bool {
    matches!(event, Event::Found { found, .. } if which(found))
}

/// Read once, because that takes long.
fn config() -> &'static Config {
    static READ: OnceLock<Config> = OnceLock::new();
    READ.get_or_init(|| Config::parse(PathBuf::new(), CONFIG).unwrap())
}

/// The files of a library that is new: made once, because that takes as long as the rest of a world.
fn empty_library() -> &'static [(String, Vec<u8>)] {
    static FILES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let folder = folder();
        drop(Library::open(folder.path()).unwrap());
        let entries = std::fs::read_dir(folder.path())
            .unwrap()
            .map(Result::unwrap);
        let files = entries.filter(|entry| entry.path().is_file());
        let read = |entry: std::fs::DirEntry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        };
        files.map(read).collect()
    })
}

/// A folder in memory where there is such a thing.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

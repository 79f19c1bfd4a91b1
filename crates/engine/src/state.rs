//! The loop: one thread owns everything and turns each event into changes of the library, new work, and a new snapshot.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use library::Library;
use service::{Client, SecretStore, ServiceId, Settings};

use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::{self, Clock, Dice, Moments};
use crate::config::{Config, Timing};
use crate::devices::DeviceEntry;
use crate::event::{Answer, Command, Event};
use crate::intake::{self, Sleep};
use crate::lane::Lane;
use crate::network::Network;
use crate::start::{Connected, EngineOptions, Opener, Pulse};
use crate::trial::{self, Trial};
use crate::view::{Notice, Problem, Snapshot};

/// Snapshots leave at most this often: a hundred events in a row are one picture.
const SNAPSHOT_GAP: Duration = Duration::from_millis(80);
/// Events that are dealt with before the next snapshot.
const EVENTS_AT_ONCE: usize = 256;
/// So long the end waits for tokens that are being traded.
const TRADING: Duration = Duration::from_secs(5);
/// A clock that stands still must not make the loop spin.
const SHORTEST_SLEEP: Duration = Duration::from_millis(5);
/// How long nothing new is begun after our own disk or database failed.
const REST: Duration = Duration::from_secs(5);
/// Sent with every request, as services ask for (CONTRACTS.md §1.2).
const USER_AGENT: &str = concat!("Trackdock/", env!("CARGO_PKG_VERSION"));
/// What the library says when something has gone or moved on meanwhile: no failure.
const MOVED_ON: [&str; 5] = [
    "not_found",
    "not_possible",
    "account_busy",
    "not_connected",
    "being_sent",
];
/// The loop looks up at least this often, whatever the clock does.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What the loop is made of.
pub(crate) struct Parts {
    pub(crate) options: EngineOptions,
    pub(crate) config: Config,
    pub(crate) library: Library,
    pub(crate) outside: Outside,
    pub(crate) runtime: Network,
    pub(crate) store: Arc<dyn SecretStore>,
    pub(crate) inbox: Sender<Event>,
    pub(crate) publish: watch::Sender<Snapshot>,
    pub(crate) beat: watch::Sender<Pulse>,
}

/// The world as it is given in.
pub(crate) struct Outside {
    pub(crate) clock: Clock,
    pub(crate) moments: Moments,
    pub(crate) dice: Dice,
    /// Passes the time of a look.
    pub(crate) sleep: Sleep,
    /// Reads a file that is under suspicion.
    pub(crate) trial: Trial,
    /// Makes the client of one service.
    pub(crate) connect: Connect,
}

impl Outside {
    /// The world as it is, but for the clock.
    pub(crate) fn real(clock: Clock) -> Self {
        Self {
            clock,
            moments: clock::moments(),
            dice: Arc::new(clock::dice),
            sleep: Arc::new(intake::sleep),
            trial: Arc::new(trial::goes_well),
            connect: Arc::new(|service, settings, store, lock_dir| {
                Client::new(service, settings, store, lock_dir, USER_AGENT)
            }),
        }
    }
}

/// What makes a client: of which service, how it is set, where the secrets are, and where its lock file lies.
pub(crate) type Connect =
    Arc<dyn Fn(ServiceId, Settings, Arc<dyn SecretStore>, PathBuf) -> Client + Send + Sync>;

/// Everything the engine knows. Only its own thread touches it.
pub(crate) struct State {
    pub(crate) data_dir: PathBuf,
    pub(crate) library: Library,
    pub(crate) clock: Clock,
    moments: Moments,
    pub(crate) dice: Dice,
    pub(crate) wait: Sleep,
    pub(crate) trial: Trial,
    pub(crate) connect: Connect,
    pub(crate) timing: Timing,
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) connected: Connected,
    pub(crate) sends: bool,
    pub(crate) ask_first: bool,
    pub(crate) open: Opener,
    pub(crate) store: Arc<dyn SecretStore>,
    pub(crate) runtime: Network,
    pub(crate) inbox: Sender<Event>,
    pub(crate) watch: Option<device::Watch>,
    /// Until the first list of devices has come, there is something to wait for.
    pub(crate) devices_known: bool,
    pub(crate) devices: BTreeMap<String, DeviceEntry>,
    /// Counts the looks, so that late words of an earlier one are told apart.
    pub(crate) looks: u64,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) trouble: Option<Problem>,
    /// After a failure of our own disk or database nothing new is begun before this.
    rest: Option<Instant>,
    /// Answers that could not be written down yet.
    pub(crate) unsettled: Vec<Event>,
    /// A device could not be remembered: the list of devices is asked for again.
    pub(crate) missed_device: bool,
    notices: Option<mpsc::UnboundedSender<Notice>>,
    publish: watch::Sender<Snapshot>,
    beat: watch::Sender<Pulse>,
    published: Option<Instant>,
    /// Something happened since the last snapshot.
    stale: bool,
    /// Answers that leave after the snapshot which shows what they speak of.
    pub(crate) replies: Vec<(oneshot::Sender<Answer>, Answer)>,
}

impl State {
    pub(crate) fn new(parts: Parts) -> Result<Self, Problem> {
        let Parts {
            options,
            config,
            library,
            outside,
            runtime,
            store,
            inbox,
            publish,
            beat,
        } = parts;
        let mut state = Self {
            data_dir: options.data_dir,
            library,
            clock: outside.clock,
            moments: outside.moments,
            dice: outside.dice,
            wait: outside.sleep,
            trial: outside.trial,
            connect: outside.connect,
            timing: config.timing,
            folders: config.folders.clone(),
            connected: options.connected,
            sends: options.sends,
            ask_first: options.ask_first,
            open: options.open,
            store,
            runtime,
            inbox,
            watch: None,
            devices_known: options.connected == Connected::Nothing,
            devices: BTreeMap::new(),
            looks: 0,
            lanes: Vec::new(),
            trouble: None,
            rest: None,
            unsettled: Vec::new(),
            missed_device: false,
            notices: options.notices,
            publish,
            beat,
            published: None,
            stale: true,
            replies: Vec::new(),
        };
        for (id, settings) in config.services {
            state.open_lane(id, settings)?;
        }
        if state.connected == Connected::Watched {
            state.start_watching()?;
        }
        Ok(state)
    }

    /// Runs until told to quit.
    pub(crate) fn run(mut self, events: &Receiver<Event>) {
        let mut going = true;
        while going {
            self.work();
            self.publish();
            match events.recv_timeout(self.sleep()) {
                Ok(event) => going = self.handle(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => going = false,
            }
            // What else has come is dealt with before the next picture is drawn.
            for event in events.try_iter().take(EVENTS_AT_ONCE) {
                going &= self.handle(event);
            }
            self.stale = true;
        }
        self.end();
    }

    /// False when the loop is to end.
    pub(crate) fn handle(&mut self, event: Event) -> bool {
        match event {
            Event::Asked { command, answer } => self.asked(command, answer),
            Event::Devices(devices) => self.devices_changed(devices),
            Event::Found {
                device,
                look,
                found,
            } => self.found(&device, look, found),
            Event::Progress { upload, sent, of } => self.progressed(upload, sent, of),
            Event::Answered {
                service,
                upload,
                outcome,
            } => self.answered(service, upload, outcome),
            Event::Unsendable {
                service,
                upload,
                problem,
            } => self.unsendable(service, upload, problem),
            Event::Listed {
                service,
                by,
                asked_at,
                came_at,
                list,
            } => self.listed(service, by, [asked_at, came_at], list),
            Event::SignedIn {
                service,
                result,
                answer,
            } => self.signed_in(service, result, answer),
            Event::Admitted {
                service,
                who,
                result,
                answer,
            } => self.admitted(service, &who, result, answer),
            Event::TurnedAway {
                service,
                problem,
                answer,
            } => self.sign_in_ended(service, Err(problem), answer),
            Event::SignedOut {
                service,
                result,
                answer,
            } => self.signed_out(service, result, answer),
            Event::ClientSecret {
                service,
                stored,
                answer,
            } => self.client_secret_stored(service, stored, answer),
            Event::Quit => return false,
        }
        true
    }

    fn asked(&mut self, command: Command, answer: oneshot::Sender<Answer>) {
        let done = match command {
            Command::SignIn { service } => return self.sign_in(service, answer),
            Command::SignOut { account } => return self.sign_out(&account, answer),
            Command::SetClientSecret { service, secret } => {
                return self.set_client_secret(service, secret, answer);
            }
            Command::SaveService { settings, secret } => match self.save_service(&settings) {
                Ok(service) => match secret {
                    Some(secret) => return self.set_client_secret(service, secret, answer),
                    None => Ok(None),
                },
                Err(problem) => Err(problem),
            },
            Command::ApproveDevice { device, yes } => self.approve_device(&device, yes),
            Command::Choose { device, choice } => self.choose(&device, choice),
            Command::AddFolder { path } => self.add_folder(path),
            Command::RemoveFolder { path } => self.remove_folder(&path),
            Command::LookAgain => self.look_again(),
            Command::TakeIn { path, since } => self.take_in(&path, since),
            Command::Import { paths } => self.import(&paths),
            Command::CancelSignIn { service } => self.cancel_sign_in(service),
            Command::SendEarlier { account, choice } => self.send_earlier(account, choice),
            Command::Retry(what) => {
                self.secret_store_may_be_open();
                self.retry(what)
            }
            Command::Hold { upload } => self.hold(upload),
            Command::Release { upload } => self.release(upload),
            Command::Dismiss { upload } => self.dismiss(upload),
            Command::DeleteActivity { id } => self.delete_activity(id),
            Command::SetVisibility {
                account,
                visibility,
            } => self.set_visibility(account, &visibility),
        };
        self.reply(answer, done);
    }

    /// Starts whatever can be started now.
    pub(crate) fn work(&mut self) {
        if self.rest.is_some_and(|until| until > self.moment()) {
            return;
        }
        self.rest = None;
        let mut unsettled = std::mem::take(&mut self.unsettled).into_iter();
        for event in unsettled.by_ref() {
            self.handle(event);
            if self.rest.is_some() {
                // The disk does not take it yet, and whatever else came of anything would have to wait as well.
                self.unsettled.extend(unsettled);
                return;
            }
        }
        if std::mem::take(&mut self.missed_device)
            && let Some(watch) = &self.watch
        {
            watch.rescan();
        }
        self.look_at_devices();
        self.ask_for_unread_secrets();
        if self.sends {
            self.send_what_is_due();
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// This moment, for waits that no set clock may change.
    pub(crate) fn moment(&self) -> Instant {
        (self.moments)()
    }

    /// What keeps the engine busy, and when it wakes by itself. What our own disk holds up is not waited for.
    fn pulse(&self) -> Pulse {
        let is_held_up = self.trouble.is_some();
        let looking = |entry: &DeviceEntry| entry.look.is_some() || !is_held_up && entry.is_busy();
        let working = !self.devices_known || self.devices.values().any(looking);
        let sending = self.lanes.iter().any(Lane::is_busy);
        let due = if self.sends && !is_held_up {
            self.next_due()
        } else {
            None
        };
        Pulse {
            busy: working || sending,
            due,
        }
    }

    fn sleep(&self) -> Duration {
        if self.stale {
            SNAPSHOT_GAP
        } else {
            let wait = self.wakes_in().unwrap_or(LONGEST_SLEEP);
            wait.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
        }
    }

    /// How long nothing is to be done; nothing: until something happens.
    pub(crate) fn wakes_in(&self) -> Option<Duration> {
        if let Some(rest) = self.rest {
            return Some(rest.saturating_duration_since(self.moment()));
        }
        let due = if self.sends { self.next_due() } else { None };
        let due = due.map(|due| until(self.now(), due));
        let waits = [due, self.next_look(), self.next_ask()];
        waits.into_iter().flatten().min()
    }

    /// Sends a new snapshot if there is something new and the last is old enough, or somebody waits for an answer.
    fn publish(&mut self) {
        let moment = self.moment();
        let recent = self
            .published
            .is_some_and(|at| moment.duration_since(at) < SNAPSHOT_GAP);
        if !self.stale || (recent && self.replies.is_empty()) {
            return;
        }
        let pulse = self.pulse();
        let mut next = self.snapshot();
        self.published = Some(moment);
        self.stale = false;
        self.publish.send_if_modified(|last| {
            next.revision = last.revision;
            if next == *last {
                return false;
            }
            next.revision = last.revision.wrapping_add(1);
            *last = next;
            true
        });
        // After the snapshot, so that who waits for rest finds it there.
        self.beat
            .send_if_modified(|last| std::mem::replace(last, pulse) != pulse);
        for (answer, done) in self.replies.drain(..) {
            // Whoever asked may have gone.
            let _ = answer.send(done);
        }
    }

    pub(crate) fn reply(&mut self, answer: oneshot::Sender<Answer>, done: Answer) {
        self.replies.push((answer, done));
    }

    /// Tells one thing that happened, if anybody wants to know.
    pub(crate) fn tell(&self, notice: Notice) {
        if let Some(notices) = &self.notices {
            // Whoever wanted to know may have gone.
            let _ = notices.send(notice);
        }
    }

    /// Keeps a failure of our own disk or database in sight until something works again, and rests for a while: without
    /// that, a full disk would be tried many times a second.
    pub(crate) fn checked<T>(&mut self, result: Result<T, library::Error>) -> Result<T, Problem> {
        match result {
            Ok(value) => {
                if self.rest.is_none() {
                    self.trouble = None;
                }
                Ok(value)
            }
            Err(error) if MOVED_ON.contains(&error.code()) => {
                tracing::debug!("{error}");
                Err(error.into())
            }
            Err(error) => {
                tracing::error!("{error}");
                let problem = Problem::from(error);
                self.trouble = Some(problem.clone());
                self.rest = Some(self.moment() + REST);
                Err(problem)
            }
        }
    }

    /// As [`State::checked`], where the reason is of no use.
    pub(crate) fn check<T>(&mut self, result: Result<T, library::Error>) -> Option<T> {
        self.checked(result).ok()
    }

    /// As [`State::checked`]; nothing when what was asked for is gone or has moved on.
    pub(crate) fn still_there<T>(
        &mut self,
        result: Result<T, library::Error>,
    ) -> Result<Option<T>, Problem> {
        match self.checked(result) {
            Ok(value) => Ok(Some(value)),
            Err(problem) if MOVED_ON.contains(&problem.code.as_str()) => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    pub(crate) fn lane(&mut self, service: ServiceId) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.service == service)
    }

    fn end(self) {
        for entry in self.devices.values() {
            entry.stop();
        }
        // The answer to a refresh that is lost costs the sign-in.
        let until = (self.moments)() + TRADING;
        while self.lanes.iter().any(|lane| lane.client.is_trading()) && (self.moments)() < until {
            std::thread::sleep(SHORTEST_SLEEP);
        }
        self.save_tokens();
        drop(self.watch);
        self.runtime.end(Duration::from_millis(500));
    }
}

/// The wait until `then`; nothing when it has passed.
pub(crate) fn until(now: Timestamp, then: Timestamp) -> Duration {
    then.duration_since(now)
        .max(SignedDuration::ZERO)
        .try_into()
        .unwrap_or_default()
}

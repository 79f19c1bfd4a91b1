//! A file that ends whoever reads it: tried once a day, and nothing else is held up by it. The time is given in, and so are the
//! trial and the service.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use library::{HistoryRow, Library, State as UploadState};
use service::{
    Carried, Carrying, Client, Reply, Secret, SecretStore as _, ServiceId, SessionStore, SignedIn,
    Transport,
};
use tokio::sync::{mpsc, oneshot, watch};
use track::{Kind, Track};

use crate::clock::later;
use crate::config::Config;
use crate::event::Event;
use crate::inspect::SET_ASIDE;
use crate::network::Network;
use crate::secrets::SecretsPlace;
use crate::start::{Connected, EngineOptions, Pulse};
use crate::state::{Outside, Parts, State};
use crate::view::{Notice, Snapshot};

const CONFIG: &str =
    "[service.map-my-tracks]\nclient_id = \"m\"\nbase = \"http://127.0.0.1:9/api3\"\n";
const DAY: Duration = Duration::from_secs(24 * 3600);
const MINUTE: Duration = Duration::from_secs(60);

/// A service that takes everything, and counts.
#[derive(Default)]
struct Takes(AtomicUsize);

impl Transport for Takes {
    fn carry(&self, _: Carried) -> Carrying<'_> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let reply = Reply {
            status: 200,
            body: format!("{{\"activity_id\":{number}}}").into_bytes(),
            ..Reply::default()
        };
        Box::pin(std::future::ready(Ok(reply)))
    }
}

/// A loop that runs when it is told to, a folder of two rides, and a service.
struct World {
    folder: tempfile::TempDir,
    state: State,
    events: Receiver<Event>,
    notices: mpsc::UnboundedReceiver<Notice>,
    elapsed_s: Arc<AtomicU64>,
    service: Arc<Takes>,
    /// How often something was tried.
    trials: Arc<AtomicUsize>,
    /// The reader was mended: trials go well.
    is_mended: Arc<AtomicBool>,
}

fn beginning() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

/// A ride of so many days ago.
fn ride(days_ago: i64) -> Vec<u8> {
    let track = Track {
        kind: Kind::Activity,
        start: Some(beginning() - SignedDuration::from_hours(24 * days_ago)),
        elapsed_s: Some(60.0),
        ..Track::default()
    };
    track::write_fit(&track).bytes
}

/// The older one comes first, on the device and in the queue.
const BAD: (&str, i64) = ("1.fit", 9);
const SOUND: (&str, i64) = ("2.fit", 5);

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("rides")).unwrap();
        for (name, days_ago) in [BAD, SOUND] {
            let path = folder.path().join("rides").join(name);
            std::fs::write(&path, ride(days_ago)).unwrap();
            let file = std::fs::File::options().write(true).open(path).unwrap();
            let earlier = beginning() - SignedDuration::from_hours(1);
            file.set_modified(earlier.into()).unwrap();
        }
        let (elapsed_s, service) = (Arc::new(AtomicU64::new(0)), Arc::new(Takes::default()));
        let (trials, is_mended) = (Arc::default(), Arc::default());
        let (inbox, events) = channel();
        let (tell, notices) = mpsc::unbounded_channel();
        let data_dir = folder.path().join("data");
        let outside = outside(&elapsed_s, &service, &trials, &is_mended);
        let state = State::new(Parts {
            options: EngineOptions {
                data_dir: data_dir.clone(),
                secrets: SecretsPlace::Session,
                connected: Connected::Nothing,
                sends: true,
                open: Arc::new(|_| {}),
                notices: Some(tell),
                ask_first: false,
            },
            config: Config::parse(data_dir.join("config.toml"), CONFIG).unwrap(),
            library: Library::open(&data_dir).unwrap(),
            outside,
            runtime: Network::start().unwrap(),
            store: Arc::new(signed_in()),
            inbox,
            publish: watch::channel(Snapshot::default()).0,
            beat: watch::channel(Pulse {
                busy: true,
                due: None,
            })
            .0,
        });
        World {
            folder,
            state: state.unwrap(),
            events,
            notices,
            elapsed_s,
            service,
            trials,
            is_mended,
        }
    }

    /// The bad ride's note is what is left when the program has ended twice in the middle of it.
    fn ends_twice(&self) {
        let mut staged = self.state.library.staging().stage().unwrap();
        staged.write_all(&ride(BAD.1)).unwrap();
        let hash = *staged.finish().unwrap().sha256();
        let name: String = hash.map(|byte| format!("{byte:02x}")).concat();
        let note = self.folder.path().join("data/reading").join(name);
        std::fs::write(note, "..").unwrap();
    }

    fn sign_in(&mut self) {
        let who = SignedIn {
            remote_id: Some("42".into()),
            label: Some("ann".into()),
            scopes: Vec::new(),
        };
        let lane = self.state.lane(ServiceId::MapMyTracks).unwrap();
        drop(lane.begin_sign_in());
        self.state.handle(Event::SignedIn {
            service: ServiceId::MapMyTracks,
            result: Ok(who),
            answer: oneshot::channel().0,
        });
    }

    fn plug_in(&mut self) {
        let rides = device::folder(&self.folder.path().join("rides")).unwrap();
        self.state.handle(Event::Devices(vec![rides]));
    }

    /// Lets everything happen that is due.
    fn settle(&mut self) {
        loop {
            self.state.work();
            let looks = self.state.devices.values().any(|entry| entry.is_busy());
            if !looks && !self.state.lanes.iter().any(crate::lane::Lane::is_busy) {
                return;
            }
            // A thread answers in any case; this only keeps a broken one from hanging the test for ever.
            let event = self.events.recv_timeout(Duration::from_secs(60)).unwrap();
            self.state.handle(event);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.elapsed_s.fetch_add(time.as_secs(), Ordering::Relaxed);
        self.settle();
    }

    fn trials(&self) -> usize {
        self.trials.load(Ordering::Relaxed)
    }

    fn sent(&self) -> usize {
        self.service.0.load(Ordering::Relaxed)
    }

    /// The activities, by how many days ago they were.
    fn history(&self) -> BTreeMap<i64, HistoryRow> {
        let page = self
            .state
            .library
            .history(&library::Filter::default(), None, 10);
        let days_ago = |row: &HistoryRow| {
            let start = row.activity.start.unwrap();
            beginning().duration_since(start).as_hours() / 24
        };
        let rows = page.unwrap().rows.into_iter();
        rows.map(|row| (days_ago(&row), row)).collect()
    }

    fn days(&self) -> Vec<i64> {
        self.history().into_keys().collect()
    }

    fn upload(&self, days_ago: i64) -> library::UploadRow {
        self.history()[&days_ago].uploads[0].clone()
    }

    /// The files that trouble was told of, and its codes.
    fn troubles(&mut self) -> Vec<(String, String)> {
        let mut told = Vec::new();
        while let Ok(notice) = self.notices.try_recv() {
            if let Notice::Trouble { path, error } = notice {
                told.push((path, error.code));
            }
        }
        told
    }
}

fn outside(
    elapsed_s: &Arc<AtomicU64>,
    service: &Arc<Takes>,
    trials: &Arc<AtomicUsize>,
    is_mended: &Arc<AtomicBool>,
) -> Outside {
    let passed = |elapsed_s: &Arc<AtomicU64>| {
        let elapsed_s = Arc::clone(elapsed_s);
        move || Duration::from_secs(elapsed_s.load(Ordering::Relaxed))
    };
    let (time, moment, began) = (passed(elapsed_s), passed(elapsed_s), Instant::now());
    let (trials, is_mended) = (Arc::clone(trials), Arc::clone(is_mended));
    let carrier: Arc<dyn Transport> = Arc::clone(service) as _;
    Outside {
        moments: Arc::new(move || began + moment()),
        dice: Arc::new(|| 0.5),
        sleep: Arc::new(|_, _| {}),
        trial: Arc::new(move |path: &Path| {
            // Whatever is tried is the bad one, whole.
            assert_eq!(std::fs::read(path).unwrap(), ride(BAD.1));
            trials.fetch_add(1, Ordering::Relaxed);
            is_mended.load(Ordering::Relaxed)
        }),
        connect: Arc::new(move |id, settings, store, locks: PathBuf| {
            Client::over(id, settings, store, locks, Arc::clone(&carrier))
        }),
        ..Outside::real(Arc::new(move || later(beginning(), time())))
    }
}

/// A keyring in which somebody is signed in.
fn signed_in() -> SessionStore {
    let store = SessionStore::new();
    let token = r#"{"access_token":"t","refresh_token":null,"expires_at":null,"scopes":[]}"#;
    for (key, secret) in [
        ("account:map-my-tracks", token),
        ("client-secret:map-my-tracks", "s"),
    ] {
        store.set(key, &Secret::new(secret)).unwrap();
    }
    store
}

#[test]
fn what_ends_a_trial_on_a_device_is_tried_once_a_day_and_holds_nothing_up() {
    let mut world = World::new();
    world.sign_in();
    world.ends_twice();
    world.plug_in();
    world.settle();
    // The sound one behind it has come in, and was sent.
    assert_eq!(world.days(), [SOUND.1]);
    assert_eq!(world.upload(SOUND.1).state, UploadState::Sent);
    assert_eq!(world.troubles(), [(BAD.0.to_owned(), SET_ASIDE.to_owned())]);
    assert_eq!(world.trials(), 1);

    world.pass(DAY - MINUTE);
    assert_eq!(world.trials(), 1);
    world.pass(MINUTE);
    assert_eq!(world.trials(), 2);
    assert_eq!(world.days(), [SOUND.1]);
    world.is_mended.store(true, Ordering::Relaxed);
    world.pass(DAY - MINUTE);
    assert_eq!(world.trials(), 2);
    world.pass(MINUTE);
    assert_eq!(world.trials(), 3);
    assert_eq!(world.days(), [SOUND.1, BAD.1]);
    assert_eq!(world.upload(BAD.1).state, UploadState::Sent);
    assert_eq!(world.sent(), 2);
    world.pass(DAY);
    assert_eq!(world.trials(), 3, "it is a file like others now");
}

#[test]
fn what_ends_a_trial_as_an_upload_is_tried_once_a_day_and_holds_nothing_up() {
    let mut world = World::new();
    world.sign_in();
    world.state.sends = false;
    world.plug_in();
    world.settle();
    assert_eq!(world.days(), [SOUND.1, BAD.1]);
    world.ends_twice();
    world.state.sends = true;
    world.settle();
    assert_eq!(world.trials(), 1);
    // Nothing left, and it is no failure of the service's either: the next one goes as soon as it may.
    assert_eq!(world.sent(), 0);
    world.pass(MINUTE);
    assert_eq!(world.upload(SOUND.1).state, UploadState::Sent);
    assert_eq!(world.sent(), 1);
    let bad = world.upload(BAD.1);
    assert_eq!(
        (bad.state, bad.reason_code.as_str()),
        (UploadState::Waiting, SET_ASIDE)
    );
    assert_eq!(bad.due_at, Some(later(beginning(), DAY)));

    world.pass(DAY - 2 * MINUTE);
    assert_eq!(world.trials(), 1);
    world.pass(MINUTE);
    assert_eq!(world.trials(), 2);
    assert_eq!(world.sent(), 1);
    world.is_mended.store(true, Ordering::Relaxed);
    world.pass(DAY);
    assert_eq!(world.trials(), 3);
    assert_eq!(world.upload(BAD.1).state, UploadState::Sent);
    assert_eq!(world.sent(), 2);
}

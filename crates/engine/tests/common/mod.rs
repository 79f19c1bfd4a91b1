//! A data folder, a folder of rides, both services in the sandbox, and an engine that can be ended and started again.
#![allow(dead_code, reason = "each test file uses its own part of this")]

#[path = "../../../../tests/common/ports.rs"]
mod ports;
#[path = "../../../../tests/common/skipped.rs"]
mod skipped;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::view::{
    ActivityReport, Choice, DeviceView, HistoryFilter, Problem, ServiceView, UploadReport,
    UploadState,
};
use engine::{Command, Connected, Engine, EngineOptions, Secret, SecretsPlace, ServiceId};
use jiff::{SignedDuration, Timestamp};
use ports::quiet_ports;
use sandbox::{Clients, Harm, Options, Sandbox, ServiceName};
use skipped::skipped;
use track::{Kind, Point, Position, Sport, Track};

/// Each service, and what it calls the endpoint that takes an activity.
pub(crate) const SERVICES: [(ServiceId, ServiceName, &str); 2] = [
    (
        ServiceId::MapMyTracks,
        ServiceName::MapMyTracks,
        "uploadActivity",
    ),
    (
        ServiceId::TrekPoint,
        ServiceName::TrekPoint,
        "activities.create",
    ),
];

/// Our rides are longer than anybody else's.
const DISTANCE_M: f64 = 7_000_000.0;
/// Nothing here takes longer, also on a busy computer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A status in place of an answer, for one that asks to wait.
pub(crate) fn status(status: u16, retry_after_s: Option<u32>) -> Harm {
    Harm::Status {
        status,
        retry_after_s,
        retry_after_date: false,
        body: None,
    }
}

pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) sandbox: Sandbox,
    engine: Option<Engine>,
    runtime: tokio::runtime::Runtime,
    ports: [u16; 2],
}

impl Home {
    /// A world whose engine runs and, as the window's does, asks before anything of a new device is sent.
    pub(crate) fn new() -> Home {
        let mut home = Home::at_rest();
        home.start(Connected::Watched);
        home
    }

    /// The same with nothing running yet.
    pub(crate) fn at_rest() -> Home {
        let ports: [u16; 2] = quiet_ports();
        let uri = |at: usize| format!("http://127.0.0.1:{}/x", ports[at]);
        let sandbox = Sandbox::start(Options {
            clients: Clients {
                redirect_uris: vec![
                    (ServiceName::MapMyTracks, uri(0)),
                    (ServiceName::TrekPoint, uri(1)),
                ],
                ..Clients::default()
            },
            ..Options::default()
        })
        .unwrap();
        sandbox.switch(|switches| {
            switches.consent = sandbox::Consent::Allow;
            switches.processing_ms = Some(0);
        });
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let home = Home {
            folder,
            sandbox,
            engine: None,
            runtime,
            ports,
        };
        fs::create_dir(home.path("data")).unwrap();
        fs::create_dir(home.path("rides")).unwrap();
        fs::write(home.path("data/config.toml"), home.config()).unwrap();
        home
    }

    fn config(&self) -> String {
        let (sandbox, clients) = (&self.sandbox, self.sandbox.clients());
        let [mmt, tp] = self.ports;
        format!(
            "folders = [\"{}\"]\n\
             [service.map-my-tracks]\nbase = \"{}\"\nclient_id = \"{}\"\nredirect_uris = [\"http://127.0.0.1:{mmt}/x\"]\nmin_gap_ms = 5\n\
             [service.trek-point]\noauth_base = \"{}\"\napi_base = \"{}\"\nclient_id = \"{}\"\nredirect_uris = [\"http://127.0.0.1:{tp}/x\"]\nmin_gap_ms = 5\n\
             [timing]\nsettle_ms = 50\nlook_again_ms = 100\npoll_first_ms = 50\n",
            self.path("rides").display(),
            sandbox.mmt_base(),
            clients.map_my_tracks_id,
            sandbox.tp_oauth_base(),
            sandbox.tp_api_base(),
            clients.trek_point_id,
        )
    }

    pub(crate) fn start(&mut self, connected: Connected) {
        let browse = |address: &str| {
            let mut curl = Program::new("curl");
            curl.args(["--silent", "--location", "--output", "/dev/null", address]);
            let mut child = curl.stdin(Stdio::null()).spawn().unwrap();
            std::thread::spawn(move || child.wait());
        };
        let options = EngineOptions {
            data_dir: self.path("data"),
            secrets: SecretsPlace::File,
            connected,
            sends: true,
            open: Arc::new(browse),
            notices: None,
            ask_first: true,
        };
        self.engine = Some(Engine::start(options).unwrap());
    }

    /// Ends the engine, whatever is under way.
    pub(crate) fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            self.runtime.block_on(engine.stop());
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    pub(crate) fn ask(&self, command: Command) -> Result<Option<String>, Problem> {
        self.runtime.block_on(self.engine().ask(command))
    }

    /// The same without waiting for what comes of it.
    pub(crate) fn begin(&self, command: Command) {
        let asked = self.engine().ask(command);
        let asked = async { tokio::time::timeout(Duration::from_millis(1), asked).await };
        assert!(self.runtime.block_on(asked).is_err(), "it is done already");
    }

    /// Waits until nothing is under way or due within two seconds.
    pub(crate) fn settle(&self) {
        let settled = self.engine().settled(Duration::from_secs(2));
        let settled = async { tokio::time::timeout(PATIENCE, settled).await };
        self.runtime.block_on(settled).unwrap();
    }

    pub(crate) fn sign_in(&self, service: ServiceId) {
        if service == ServiceId::MapMyTracks {
            let secret = self.sandbox.clients().map_my_tracks_secret.clone();
            let secret = Secret::new(secret);
            self.ask(Command::SetClientSecret { service, secret })
                .unwrap();
        }
        self.ask(Command::SignIn { service }).unwrap();
    }

    /// Puts a ride of so many days ago into the folder, old enough to be taken at the first look.
    pub(crate) fn put(&self, days_ago: u32) -> Vec<u8> {
        let bytes = fit(days_ago);
        self.put_bytes(&format!("rides/{days_ago}.fit"), &bytes);
        bytes
    }

    pub(crate) fn put_bytes(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        let earlier = now() - SignedDuration::from_hours(2);
        file.set_modified(earlier.into()).unwrap();
    }

    /// The folder of rides as a device; it has been looked at.
    pub(crate) fn rides(&self) -> DeviceView {
        let place = self.path("rides").canonicalize().unwrap();
        self.device(&place)
    }

    pub(crate) fn device(&self, place: &Path) -> DeviceView {
        self.until("the device is there", || {
            let devices = self.engine().snapshot().devices;
            devices
                .into_iter()
                .find(|device| Path::new(&device.place) == place)
        })
    }

    pub(crate) fn service(&self, id: ServiceId) -> ServiceView {
        let services = self.engine().snapshot().services;
        services
            .into_iter()
            .find(|service| service.id == id.name())
            .unwrap()
    }

    /// Waits for something.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, found: impl Fn() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = found() {
                return found;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "not within {PATIENCE:?}: {what}; {:#?}",
                self.engine().snapshot()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Our rides in the library, newest first. Somebody else's volume may be mounted on this computer.
    pub(crate) fn history(&self) -> Vec<ActivityReport> {
        let archive = self.engine().archive().unwrap();
        let all = archive.reports(&HistoryFilter::default(), None, 1_000);
        let is_ours = |row: &ActivityReport| row.distance_m.is_none_or(|m| m >= DISTANCE_M);
        all.unwrap().0.into_iter().filter(is_ours).collect()
    }

    /// The uploads of the newest activity to a service.
    pub(crate) fn upload(&self, service: ServiceId) -> UploadReport {
        let rows = self.history();
        let uploads = rows.into_iter().flat_map(|row| row.uploads);
        uploads
            .into_iter()
            .find(|upload| upload.service == service.name())
            .unwrap()
    }

    /// Puts one ride into the folder, and lets everything on it be sent.
    pub(crate) fn send_one(&self) -> Vec<u8> {
        let bytes = self.put(3);
        self.choose_all();
        bytes
    }

    pub(crate) fn choose_all(&self) {
        self.ask(Command::LookAgain).unwrap();
        self.until("the question", || self.rides().asks);
        let (device, choice) = (self.rides().id, Choice::All);
        self.ask(Command::Choose { device, choice }).unwrap();
    }

    /// The states of all uploads to a service, newest activity first.
    pub(crate) fn states(&self, service: ServiceId) -> Vec<UploadState> {
        let rows = self.history();
        let uploads = rows.iter().flat_map(|row| &row.uploads);
        uploads
            .filter(|upload| upload.service == service.name())
            .map(|upload| upload.state)
            .collect()
    }

    /// What a service was sent, in order.
    pub(crate) fn received(&self, service: ServiceName) -> Vec<Vec<u8>> {
        let uploads = self.sandbox.uploads();
        let own = uploads
            .iter()
            .filter(|upload| upload.service == service && !upload.existing);
        own.map(|upload| self.sandbox.bytes(upload.n).unwrap().to_vec())
            .collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A volume of memory, gone when this is dropped.
pub(crate) struct Volume(pub(crate) PathBuf);

impl Volume {
    /// None where this user may not mount; that is said loudly.
    pub(crate) fn mount(place: &Path, size: &str) -> Option<Volume> {
        std::fs::create_dir_all(place).unwrap();
        let mut mount = Program::new("mount");
        mount.args([
            "-t",
            "tmpfs",
            "-o",
            &format!("size={size}"),
            "trackdock-test",
        ]);
        mount.arg(place);
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Volume(place.canonicalize().unwrap()));
        }
        skipped("volumes of memory", "this user may not mount them");
        None
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // A volume that stays is seen by whoever looks; the test has said what it had to.
        let _ = Program::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the engine under test goes by the same clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// A small ride that began so many days and a half ago.
pub(crate) fn fit(days_ago: u32) -> Vec<u8> {
    // The same bytes at each call of a day.
    let midnight = now().as_second() / 86_400 * 86_400;
    let start = Timestamp::from_second(midnight - 43_200 - i64::from(days_ago) * 86_400).unwrap();
    let mut track = Track {
        kind: Kind::Activity,
        sport: Sport::Cycling,
        start: Some(start),
        elapsed_s: Some(119.0),
        timer_s: Some(119.0),
        distance_m: Some(DISTANCE_M + f64::from(days_ago)),
        ..Track::default()
    };
    for second in 0..120_u32 {
        let along = f64::from(second) * 0.000_05;
        track.points.push(Point {
            time: Some(start + SignedDuration::from_secs(second.into())),
            position: Position::new(40.0 + f64::from(days_ago) * 0.01 + along, 11.0 + along),
            ..Point::default()
        });
    }
    track::write_fit(&track).bytes
}

//! A home of its own for each test: a data folder, a sandbox of both services, a device, and the program as users start it.
#![allow(dead_code, reason = "each test file uses its own part of this")]

#[path = "../../../../tests/common/ports.rs"]
mod ports;
#[path = "../../../../tests/common/skipped.rs"]
pub(crate) mod skipped;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use ports::quiet_ports;
use sandbox::{Clients, Options, Sandbox, ServiceName};
use skipped::skipped;
use track::{Kind, Point, Position, Sport, Track};

/// Both services' names as the program knows them.
pub(crate) const SERVICES: [&str; 2] = ["map-my-tracks", "trek-point"];
/// The same as the sandbox names them, in the same order.
pub(crate) const BOTH: [ServiceName; 2] = [ServiceName::MapMyTracks, ServiceName::TrekPoint];

/// One test's world.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    data: PathBuf,
    pub(crate) sandbox: Sandbox,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) lines: Vec<serde_json::Value>,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Home {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Home::with(folder, data)
    }

    /// As [`Home::new`], with the data folder on another file system.
    pub(crate) fn on(disk: &Path) -> Home {
        Home::with(tempfile::tempdir().unwrap(), disk.join("data"))
    }

    fn with(folder: tempfile::TempDir, data: PathBuf) -> Home {
        let ports: [u16; 2] = quiet_ports();
        let uri = |port: u16, service: &str| format!("http://127.0.0.1:{port}/{service}");
        let clients = Clients {
            redirect_uris: vec![
                (ServiceName::MapMyTracks, uri(ports[0], SERVICES[0])),
                (ServiceName::TrekPoint, uri(ports[1], SERVICES[1])),
            ],
            ..Clients::default()
        };
        let sandbox = Sandbox::start(Options {
            clients,
            ..Options::default()
        })
        .unwrap();
        sandbox.switch(|switches| switches.consent = sandbox::Consent::Allow);
        let home = Home {
            folder,
            data,
            sandbox,
        };
        fs::create_dir(home.data()).unwrap();
        fs::write(home.data().join("config.toml"), home.config(ports)).unwrap();
        let browser = home.path("browser");
        fs::write(
            &browser,
            "#!/bin/sh\nexec curl --silent --location --output /dev/null \"$1\"\n",
        )
        .unwrap();
        fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir_all(home.path("device/GARMIN/Activity")).unwrap();
        home
    }

    fn config(&self, ports: [u16; 2]) -> String {
        let (sandbox, clients) = (&self.sandbox, self.sandbox.clients());
        format!(
            "[service.map-my-tracks]\nbase = \"{}\"\nclient_id = \"{}\"\nredirect_uris = [\"http://127.0.0.1:{}/map-my-tracks\"]\nmin_gap_ms = 5\n\
             [service.trek-point]\noauth_base = \"{}\"\napi_base = \"{}\"\nclient_id = \"{}\"\nredirect_uris = [\"http://127.0.0.1:{}/trek-point\"]\nmin_gap_ms = 5\n\
             [timing]\nsettle_ms = 50\nlook_again_ms = 100\npoll_first_ms = 50\n",
            sandbox.mmt_base(),
            clients.map_my_tracks_id,
            ports[0],
            sandbox.tp_oauth_base(),
            sandbox.tp_api_base(),
            clients.trek_point_id,
            ports[1],
        )
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// A further data folder, on the same file system.
    pub(crate) fn beside_data(&self, number: u32) -> PathBuf {
        self.data.with_file_name(format!("data-{number}"))
    }

    pub(crate) fn device(&self) -> PathBuf {
        self.path("device")
    }

    /// The program, ready to run with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_in(&self.data(), arguments)
    }

    /// As [`Home::command`], with another data folder.
    pub(crate) fn command_in(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = self.plain_command_in(data, arguments);
        command.arg("--json");
        command
    }

    /// As [`Home::command_in`], as people run it: without `--json`.
    pub(crate) fn plain_command_in(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trackdock-cli"));
        command
            .args(["--secrets", "file", "--data-dir"])
            .arg(data)
            .args(arguments)
            .env("BROWSER", self.path("browser"))
            .env("HOME", self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments))
    }

    /// As [`Home::run`], and it must have gone well.
    pub(crate) fn well(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:#?}");
        ended.lines
    }

    /// Signs in to both services.
    pub(crate) fn sign_in(&self) {
        let secret = self.path("secret");
        fs::write(
            &secret,
            format!("{}\n", self.sandbox.clients().map_my_tracks_secret),
        )
        .unwrap();
        let mut login = self.command(&["login", "map-my-tracks", "--client-secret-stdin"]);
        login.stdin(fs::File::open(secret).unwrap());
        let ended = ended(login);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        self.well(&["login", "trek-point"]);
    }

    /// Puts a file on the device, old enough to be taken at the first look.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        self.put_at(Path::new(name), bytes);
    }

    /// As [`Home::put`], for names that are no text.
    pub(crate) fn put_at(&self, name: &Path, bytes: &[u8]) {
        let path = self.device().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let hour_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(hour_ago)
            .unwrap();
    }

    pub(crate) fn sync(&self) -> Ended {
        self.run(&["sync", "--device", self.device().to_str().unwrap()])
    }

    /// What the sandbox kept at one service, as bytes.
    pub(crate) fn received(&self, service: ServiceName) -> Vec<Vec<u8>> {
        let uploads = self.sandbox.uploads();
        let own = uploads
            .iter()
            .filter(|upload| upload.service == service && !upload.existing);
        own.map(|upload| self.sandbox.bytes(upload.n).unwrap().to_vec())
            .collect()
    }

    /// How often one service got this file whole, also when it had it already.
    pub(crate) fn came(&self, service: ServiceName, bytes: &[u8]) -> usize {
        let uploads = self.sandbox.uploads();
        let own = uploads.iter().filter(|upload| upload.service == service);
        own.filter(|upload| self.sandbox.bytes(upload.n).unwrap() == bytes)
            .count()
    }
}

/// Runs to the end; every line of stdout must be one JSON object.
pub(crate) fn ended(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        lines: objects(&String::from_utf8(output.stdout).unwrap()),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What was said with `--json`.
pub(crate) fn objects(text: &str) -> Vec<serde_json::Value> {
    let object = |line: &str| {
        let value: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        assert!(value.is_object(), "{line}");
        value
    };
    text.lines().map(object).collect()
}

/// Starts it and leaves it running.
pub(crate) fn started(mut command: Command) -> Child {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A small ride of its own for each number: another start, another place.
pub(crate) fn ride(number: u32) -> Track {
    let start = Timestamp::from_second(1_780_000_000 + i64::from(number) * 86_400).unwrap();
    let mut track = Track {
        kind: Kind::Activity,
        sport: Sport::Cycling,
        start: Some(start),
        ..Track::default()
    };
    for second in 0..120 {
        let along = f64::from(second) * 0.000_05;
        track.points.push(Point {
            time: Some(start + jiff::SignedDuration::from_secs(second.into())),
            position: Position::new(47.0 + f64::from(number) * 0.01 + along, 11.0 + along),
            elevation_m: Some(600.0 + f64::from(second % 20)),
            heart_rate_bpm: Some(120.0 + f64::from(second % 30)),
            ..Point::default()
        });
    }
    track.elapsed_s = Some(119.0);
    track.timer_s = Some(119.0);
    track.distance_m = Some(800.0 + f64::from(number));
    track
}

pub(crate) fn fit(number: u32) -> Vec<u8> {
    track::write_fit(&ride(number)).bytes
}

/// A zip archive with these files.
pub(crate) fn zipped(path: &Path, files: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// The corpus of real recordings beside the checkout, where it is there; else a loud line.
pub(crate) fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TRACKDOCK_CORPUS").map_or(beside, PathBuf::from);
    if folder.join("truth.json").exists() {
        return folder.canonicalize().ok();
    }
    skipped(
        "real recordings",
        format!("no corpus at {}; set TRACKDOCK_CORPUS", folder.display()),
    );
    None
}

//! A device on a disk that can be pulled out, a program that reads it, and what must hold whenever it was pulled.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::{Ended, Home, fit, objects, ride};
use crate::fat::{Disk, unmount_lazily};

/// Points of the one long recording: several MB of FIT.
const LONG: u32 = 100_000;
/// Short rides beside it.
const SHORT: u32 = 11;
/// Where the disk is mounted while it is filled; the program has nothing to do with that.
const FILLING: &str = "/run/filling";
/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

const GARMIN_DEVICE_XML: &str = "<?xml version=\"1.0\"?>\n\
    <Device xmlns=\"http://www.garmin.com/xmlschemas/GarminDevice/v2\">\
    <Model><PartNumber>006-B3121-00</PartNumber><SoftwareVersion>975</SoftwareVersion><Description>Edge 530</Description></Model>\
    <Id>3900000042</Id>\
    <MassStorageMode><DataType><Name>FIT_TYPE_4</Name><File><Specification><Identifier>FIT</Identifier></Specification>\
    <Location><Path>GARMIN/Activity</Path><FileExtension>FIT</FileExtension></Location>\
    <TransferDirection>OutputFromUnit</TransferDirection></File></DataType></MassStorageMode></Device>\n";

/// Whether this runs where it may harm disks; says so loudly where not.
pub(crate) fn own_kernel() -> bool {
    let is_own = std::env::var_os("TRACKDOCK_UML").is_some();
    if !is_own {
        eprintln!("\n*** SKIPPED: this takes a kernel of its own: ./dev uml ***\n");
    }
    is_own
}

/// How many moments are tried of the main way, by the bytes that were read; half as many more come by the time.
pub(crate) fn moments() -> u32 {
    let given = std::env::var("TRACKDOCK_UML_MOMENTS").ok();
    given.and_then(|given| given.parse().ok()).unwrap_or(50)
}

/// How many moments are tried of each other way.
pub(crate) fn fewer_moments() -> u32 {
    (moments() / 5).max(1)
}

/// A number from 0 to 1 that is always the same for a moment.
pub(crate) fn chance(number: u32) -> f64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9);
    f64::from(mixed ^ (mixed >> 15)) / f64::from(u32::MAX)
}

/// When a run is harmed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    /// So many bytes have been read off the disk.
    Read(u64),
    /// It has run for so long.
    After(Duration),
}

/// A device, and all that was ever recorded on it.
pub(crate) struct World {
    pub(crate) home: Home,
    pub(crate) rides: BTreeSet<Vec<u8>>,
}

impl World {
    /// A device without recordings.
    pub(crate) fn empty() -> World {
        let home = Home::new();
        let world = World {
            home,
            rides: BTreeSet::new(),
        };
        let disk = Disk::plugged_in();
        disk.format();
        disk.mount(&world.home.device());
        let xml = GARMIN_DEVICE_XML.as_bytes();
        world.home.put("GARMIN/GarminDevice.xml", xml);
        assert!(unmount_lazily(&world.home.device()));
        world
    }

    /// A device with short rides, and one of a day.
    pub(crate) fn of_many_rides() -> World {
        let mut world = World::empty();
        world.record(SHORT / 2);
        world.record_for_long(0);
        world.record(SHORT - SHORT / 2);
        world
    }

    /// Puts a ride of a day on the device, another for each number.
    pub(crate) fn record_for_long(&mut self, number: u32) {
        self.fill(vec![long_ride(SHORT + number)]);
    }

    /// Puts new rides on the device, where no program sees it.
    pub(crate) fn record(&mut self, count: u32) {
        let from = u32::try_from(self.rides.len()).unwrap();
        self.fill((from..from + count).map(|n| fit(100 + n)).collect());
    }

    fn fill(&mut self, rides: Vec<Vec<u8>>) {
        let at = Path::new(FILLING);
        fs::create_dir_all(at).unwrap();
        while unmount_lazily(&self.home.device()) {}
        let disk = Disk::plugged_in();
        disk.mount(at);
        let folder = at.join("GARMIN/Activity");
        fs::create_dir_all(&folder).unwrap();
        for ride in rides {
            let path = folder.join(format!("{}.fit", self.rides.len()));
            fs::write(&path, &ride).unwrap();
            let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(long_ago).unwrap();
            self.rides.insert(ride);
        }
        nix::unistd::sync();
        assert!(unmount_lazily(at));
    }

    /// Clears away what was mounted before, and plugs the device in.
    pub(crate) fn plug_in(&self) -> Disk {
        while unmount_lazily(&self.home.device()) {}
        let disk = Disk::plugged_in();
        disk.mount(&self.home.device());
        disk
    }

    /// A new data folder, of a program that does not wait long for files to be finished.
    pub(crate) fn library(&self, name: &str) -> PathBuf {
        let data = self.home.path(name);
        fs::create_dir(&data).unwrap();
        let timing = "[timing]\nsettle_ms = 50\nlook_again_ms = 100\n";
        fs::write(data.join("config.toml"), timing).unwrap();
        data
    }

    fn ask(&self, data: &Path, word: &str) -> Ended {
        let ended = crate::common::ended(self.home.command_in(data, &[word]));
        assert!(!ended.stderr.contains("panicked"), "{ended:#?}");
        ended
    }

    /// The activities in the library.
    pub(crate) fn kept(&self, data: &Path) -> usize {
        self.ask(data, "history").lines.len()
    }

    /// Whatever happened: it said how it ended, and if that was well, everything is kept.
    #[track_caller]
    pub(crate) fn nothing_is_wrong(&self, data: &Path, said: &Ended) {
        self.library_is_sound(data, said);
        if said.code == Some(0) {
            let kept = self.kept(data);
            assert_eq!(kept, self.rides.len(), "not all went well: {said:#?}");
        }
    }

    /// What it said is true, and what is kept is what the device had.
    #[track_caller]
    pub(crate) fn library_is_sound(&self, data: &Path, said: &Ended) {
        assert!(matches!(said.code, Some(0 | 1)), "{said:#?}");
        assert!(!said.stderr.contains("panicked"), "{said:#?}");
        let rows = self.ask(data, "history").lines;
        let ids: BTreeSet<i64> = rows.iter().filter_map(|row| row["id"].as_i64()).collect();
        let taken_in = said.lines.iter().filter(|line| line["event"] == "taken_in");
        let claimed = taken_in.flat_map(|line| line["activities"].as_array().unwrap());
        for id in claimed {
            let is_there = ids.contains(&id.as_i64().unwrap());
            assert!(is_there, "{id} is not in the library: {said:#?}");
        }
        let kept = originals(data);
        let are_whole = kept.is_subset(&self.rides);
        assert!(are_whole, "an original is not the device's: {said:#?}");
        assert_eq!(kept.len(), rows.len(), "{rows:#?}");
        let doctor = self.ask(data, "doctor").lines;
        let fault = doctor
            .iter()
            .find(|line| line["subject"] == "library" && line["ok"] != true);
        assert!(fault.is_none(), "{fault:#?} after {said:#?}");
    }

    /// In the end the library is whole, and so is what is on the device.
    #[track_caller]
    pub(crate) fn everything_is_kept_once(&self, data: &Path) {
        let rows = self.ask(data, "history").lines;
        let starts: BTreeSet<&str> = rows
            .iter()
            .filter_map(|row| row["start"].as_str())
            .collect();
        assert_eq!(
            (starts.len(), rows.len()),
            (self.rides.len(), self.rides.len()),
            "{rows:#?}"
        );
        assert!(originals(data) == self.rides);
        let doctor = self.ask(data, "doctor");
        assert_eq!(doctor.code, Some(0), "{doctor:#?}");
        let on_device: BTreeSet<Vec<u8>> = files(&self.home.device().join("GARMIN/Activity"));
        assert!(on_device == self.rides, "the device itself has changed");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The next world formats the same disk, also after one that came to an end while it was filled.
        for at in [&self.home.device(), Path::new(FILLING)] {
            while unmount_lazily(at) {}
        }
    }
}

/// A ride of a day, at one point a second.
fn long_ride(number: u32) -> Vec<u8> {
    let mut track = ride(number);
    let first = track.points.get(0).unwrap();
    let point = |second: u32| {
        let along = f64::from(second) * 0.000_01;
        let mut point = first;
        point.time = first
            .time
            .map(|time| time + jiff::SignedDuration::from_secs(second.into()));
        point.position = track::Position::new(47.0 + along, 11.0 + along);
        point.heart_rate_bpm = Some(f64::from(100 + second % 60));
        point
    };
    track.points = (0..LONG).map(point).collect();
    track.elapsed_s = Some(f64::from(LONG - 1));
    track.timer_s = track.elapsed_s;
    track::write_fit(&track).bytes
}

/// Every original in a library; none of them twice.
fn originals(data: &Path) -> BTreeSet<Vec<u8>> {
    files(&data.join("originals"))
}

/// The contents of all files below a folder, of which no two may be the same.
fn files(folder: &Path) -> BTreeSet<Vec<u8>> {
    let mut contents = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue; // not made yet
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                assert!(
                    contents.insert(fs::read(&path).unwrap()),
                    "{} is there twice",
                    path.display()
                );
            }
        }
    }
    contents
}

/// The program at work.
pub(crate) struct Running {
    child: Child,
    began: Instant,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    pub(crate) fn start(world: &World, mut command: Command) -> Running {
        let (stdout, stderr) = (world.home.path("stdout"), world.home.path("stderr"));
        command
            .stdout(fs::File::create(&stdout).unwrap())
            .stderr(fs::File::create(&stderr).unwrap());
        let began = Instant::now();
        let child = command.spawn().unwrap();
        Running {
            child,
            began,
            stdout,
            stderr,
        }
    }

    /// Waits until something holds; false when the program ended before, or the time is over.
    pub(crate) fn wait_until(&mut self, patience: Duration, holds: impl Fn() -> bool) -> bool {
        let began = Instant::now();
        while began.elapsed() < patience && self.child.try_wait().unwrap().is_none() {
            if holds() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        false
    }

    /// Waits for its moment; false when the program has ended before.
    pub(crate) fn wait_for(&mut self, when: When, disk: &Disk) -> bool {
        let (began, before) = (Instant::now(), disk.read().unwrap_or_default());
        self.wait_until(PATIENCE, || match when {
            When::Read(bytes) => disk.read().is_some_and(|read| read - before >= bytes),
            When::After(time) => began.elapsed() >= time,
        })
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(
            Pid::from_raw(i32::try_from(self.child.id()).unwrap()),
            signal,
        )
        .unwrap();
    }

    /// What it has said until now, as if it had ended with trouble.
    pub(crate) fn so_far(&self) -> Ended {
        let stdout = fs::read_to_string(&self.stdout).unwrap();
        // The last line may be written just now.
        let whole = stdout.rfind('\n').map_or("", |end| &stdout[..end]);
        Ended {
            code: Some(1),
            lines: objects(whole),
            stderr: fs::read_to_string(&self.stderr).unwrap(),
        }
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Ended {
                    code: status.code(),
                    ..self.so_far()
                };
            }
            if began.elapsed() > PATIENCE {
                self.signal(Signal::SIGKILL);
                panic!(
                    "it hangs, {} s after its start: {:#?}",
                    self.began.elapsed().as_secs(),
                    self.so_far()
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Counts the moments that were tried; a failed one does not keep the others from being tried.
pub(crate) struct Score {
    name: &'static str,
    /// The share of the moments that must come while the program is at work.
    share: f64,
    passed: u32,
    midway: u32,
    failed: Vec<String>,
}

impl Score {
    /// A moment that comes when the program has ended harms nothing, and passes. One that comes midway is wanted at the least.
    pub(crate) fn new(name: &'static str, share: f64) -> Score {
        Score {
            name,
            share,
            passed: 0,
            midway: 0,
            failed: Vec::new(),
        }
    }

    /// Tries a moment; it tells whether the program was at work.
    pub(crate) fn moment(&mut self, what: &str, tried: impl FnOnce() -> bool) {
        match catch_unwind(AssertUnwindSafe(tried)) {
            Ok(midway) => {
                self.passed += 1;
                self.midway += u32::from(midway);
            }
            Err(_) => {
                eprintln!("FAILED: {}: {what}", self.name);
                self.failed.push(what.to_owned());
            }
        }
    }

    /// Says how many moments passed, in words that `./dev uml` adds up.
    #[track_caller]
    pub(crate) fn end(self) {
        eprintln!(
            "moments: {} passed, {} failed: {}, {} of them in the middle of the work",
            self.passed,
            self.failed.len(),
            self.name,
            self.midway
        );
        assert!(self.failed.is_empty(), "{:#?}", self.failed);
        let enough = (f64::from(self.passed) * self.share).max(1.0);
        assert!(
            f64::from(self.midway) >= enough,
            "only {} of {} came in the middle of the work",
            self.midway,
            self.passed
        );
    }
}

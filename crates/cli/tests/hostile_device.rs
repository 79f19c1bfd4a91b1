//! A device that lies, lures and blocks, taken in by the real program: nothing outside of it is opened, nothing hangs, every
//! sound activity arrives, and no name steers the terminal or chooses a place in the library.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;
#[path = "common/watch.rs"]
mod watch;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use common::skipped::partly_skipped;
use common::{BOTH, Home, fit, ride};
use sandbox::{Fault, Harm};
use serde_json::{Value, json};
use watch::Watch;

/// What nobody may ever see: it lies outside of the device, and in the program's environment.
const CANARY: &str = "canary-4b1d";
/// The longest that any command may take here. None waits for anything but itself.
const SOON: Duration = Duration::from_secs(20);

/// Names of sound recordings, as bytes: each holds a ride of its own.
fn names() -> Vec<Vec<u8>> {
    let texts = [
        "plain.fit",
        "new\nline.fit",
        "x\nactivity 1 to Map My Tracks: sent.fit",
        "over\rwrite.fit",
        "tab\tbell\x07.fit",
        "\x1b[31mred\x1b]0;title\x07.fit",
        "\u{9b}31mc1\u{85}.fit",
        "delete\x7f.fit",
        "\u{202e}tif.\u{2066}x\u{2069}.fit",
        "line\u{2028}separator.fit",
        "-rf.fit",
        "--data-dir=x.fit",
        "a..b.fit",
        "x..\\..\\up.fit",
        "C:\\x.fit",
        " lead and trail .fit",
        "dots...fit",
        "case.fit",
        "CASE.FIT",
        "Case.Fit",
        "CON.fit",
        "nul.FIT",
        "COM1.x.fit",
        "é.fit",
        "e\u{301}.fit",
        "%n%s%00.fit",
        "$(touch pwned);`id`.fit",
        "<img src=x onerror=alert(1)>.fit",
        "\"><svg onload=alert(1)>.fit",
        "javascript:alert(1).fit",
        "{{7*7}}${7*7}.fit",
        "folder \t\n/dir./trail .fit",
    ];
    let mut names: Vec<Vec<u8>> = texts.map(|text| text.as_bytes().to_vec()).to_vec();
    names.push(b"bad\xff\xfe\xc3.fit".to_vec());
    names.push(format!("abc{}.fit", "🏃".repeat(62)).into_bytes());
    assert_eq!(names.last().unwrap().len(), 255);
    names
}

/// What activities call themselves in their files.
const TITLES: [&str; 7] = [
    "../../../../outside/title",
    "/etc/passwd",
    "t\nactivity 9 to Trek Point: sent",
    "\u{202e}eltit\u{2069}",
    "<script>window.__hit=1</script>",
    "</title><script>window.__hit=1</script>",
    "CON",
];

/// A home with that device, and a watch over everything that may not be opened.
struct World {
    home: Home,
    watch: Watch,
    /// Every sound recording's bytes.
    sound: BTreeSet<Vec<u8>>,
}

impl World {
    fn new() -> World {
        let home = Home::new();
        let mut sound = BTreeSet::new();
        for (number, name) in (0..).zip(names()) {
            let path = Path::new("GARMIN/Activity").join(OsStr::from_bytes(&name));
            home.put_at(&path, &fit(number));
            sound.insert(fit(number));
        }
        for (number, title) in (500..).zip(TITLES) {
            let mut track = ride(number);
            track.name = Some(title.to_owned());
            let gpx = track::write_gpx(&track).bytes;
            home.put(&format!("GARMIN/Activity/title-{number}.gpx"), &gpx);
            sound.insert(gpx);
            let mut track = ride(number + 50);
            track.source.product = Some(title.to_owned());
            let fit = track::write_fit(&track).bytes;
            home.put(&format!("GARMIN/Activity/product-{number}.fit"), &fit);
            sound.insert(fit);
        }
        let watch = traps(&home);
        World { home, watch, sound }
    }

    fn activities(&self) -> PathBuf {
        self.home.device().join("GARMIN/Activity")
    }

    /// Runs the program with these words, after `--json` or not; it must end soon, and speak in plain letters.
    fn run(&self, json: bool, data: &Path, words: &[&str]) -> Output {
        let mut command = if json {
            self.home.command_in(data, words)
        } else {
            self.home.plain_command_in(data, words)
        };
        let began = Instant::now();
        let output = command.env("TRACKDOCK_CANARY", CANARY).output().unwrap();
        assert!(
            began.elapsed() < SOON,
            "{words:?} took {:?}",
            began.elapsed()
        );
        for said in [&output.stdout, &output.stderr] {
            let text = String::from_utf8(said.clone()).unwrap();
            assert_eq!(steering(&text), Vec::<char>::new(), "{words:?}: {text}");
            assert!(!text.contains(CANARY), "{words:?}: {text}");
            assert!(!text.contains("panicked"), "{words:?}: {text}");
        }
        assert_eq!(
            self.watch.seen(),
            Vec::<String>::new(),
            "{words:?} opened what is none of its business"
        );
        output
    }

    /// The library holds the sound recordings and nothing else, under plain names of its own.
    fn library_is_plain(&self, data: &Path) {
        let mut kept = BTreeSet::new();
        for (path, bytes) in files(&data.join("originals")) {
            let name = path.strip_prefix(data).unwrap().to_str().unwrap();
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
            assert!(name.chars().all(plain) && !name.contains(".."), "{name}");
            assert!(name.starts_with("originals/20"), "{name}");
            kept.insert(bytes);
        }
        assert!(kept == self.sound, "{} of {}", kept.len(), self.sound.len());
        for (path, bytes) in files(data) {
            let there = bytes
                .windows(CANARY.len())
                .any(|part| part == CANARY.as_bytes());
            assert!(!there, "the canary is in {}", path.display());
        }
        assert_eq!(self.watch.seen(), Vec::<String>::new());
    }
}

/// Links to a secret outside and round in circles, and nodes that block or act when they are opened.
fn traps(home: &Home) -> Watch {
    let (outside, on) = (home.path("outside"), home.device().join("GARMIN/Activity"));
    fs::create_dir(&outside).unwrap();
    // A sound activity: whoever reads it keeps it and sends it.
    let mut secret = ride(999);
    secret.source.product = Some(CANARY.to_owned());
    fs::write(outside.join("secret.fit"), track::write_fit(&secret).bytes).unwrap();
    for (name, target) in [
        ("trap-absolute.fit", outside.join("secret.fit")),
        ("trap-relative.fit", "../../../outside/secret.fit".into()),
        ("trap-inside.fit", "plain.fit".into()),
        ("trap-dangling.fit", "/nowhere/at/all.fit".into()),
        ("trap-self.fit", "trap-self.fit".into()),
        ("trap-environ.fit", "/proc/self/environ".into()),
        ("trap-stdin.fit", "/dev/stdin".into()),
        ("trap-zero.fit", "/dev/zero".into()),
        ("trap-folder", outside.clone()),
        ("trap-folder.fit", outside.clone()),
        ("trap-loop", ".".into()),
        ("trap-up", "..".into()),
        ("trap-root", "/".into()),
    ] {
        symlink(target, on.join(name)).unwrap();
    }
    drop(std::os::unix::net::UnixListener::bind(on.join("trap-socket.fit")).unwrap());
    let mut watch = Watch::new();
    for (name, kind) in [
        ("trap-pipe.fit", &["p"][..]),
        ("trap-zero-node.fit", &["c", "1", "5"]),
        ("trap-loop-node.fit", &["b", "7", "0"]),
    ] {
        let path = on.join(name);
        let made = Command::new("mknod")
            .arg(&path)
            .args(kind)
            .output()
            .unwrap();
        if made.status.success() {
            watch.over(&path);
        } else {
            assert_ne!(kind, ["p"], "no pipe can be made");
            partly_skipped("device nodes on a device", "mknod needs root");
        }
    }
    watch.over(&outside);
    watch.over(&outside.join("secret.fit"));
    watch
}

/// What a terminal would obey, or what would look like another line: everything but line ends of our own.
fn steering(text: &str) -> Vec<char> {
    let obeyed = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    text.chars().filter(obeyed).collect()
}

/// A service's own words, in place of what it would say.
fn answer(status: u16, body: Value) -> Harm {
    Harm::Status {
        status,
        retry_after_s: None,
        retry_after_date: false,
        body: Some(body),
    }
}

/// Every file below a folder, links not followed, nothing opened.
fn names_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            all.extend(names_below(&entry.path()));
        } else if kind.is_file() {
            all.push(entry.path());
        }
    }
    all
}

/// The same, with what is in them.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let names = names_below(folder);
    let read = names.into_iter().map(|path| {
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    });
    read.collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_sound_activity_arrives_and_nothing_else_is_opened() {
    let world = World::new();
    let home = &world.home;
    home.sign_in();
    let device = home.device();
    let sync = ["sync", "--device", device.to_str().unwrap()];
    let ended = world.run(true, &home.data(), &sync);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let said = text(&ended.stdout);
    assert!(
        !said.contains("trap-"),
        "a trap was taken for a recording: {said}"
    );
    let taken = said.lines().filter(|line| line.contains("taken_in"));
    assert_eq!(taken.count(), world.sound.len());
    for service in BOTH {
        let received = home.received(service);
        assert_eq!(received.len(), world.sound.len(), "{service:?}");
        let received: BTreeSet<Vec<u8>> = received.into_iter().collect();
        let converted = received.difference(&world.sound).count();
        assert_eq!(converted, 0, "{service:?} got what was not on the device");
    }
    for upload in home.sandbox.uploads() {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        assert!(upload.file_name.chars().all(plain), "{}", upload.file_name);
    }
    world.library_is_plain(&home.data());

    // Nothing is new at the second plug-in, however alike the names are.
    let again = world.run(true, &home.data(), &sync);
    assert_eq!((again.status.code(), again.stdout), (Some(0), Vec::new()));

    // The watch does see: the secret is read at last.
    fs::read(home.path("outside/secret.fit")).unwrap();
    assert!(!world.watch.seen().is_empty());
}

#[test]
fn no_name_steers_the_terminal_or_looks_like_another_line() {
    let world = World::new();
    let home = &world.home;
    let evil = "no\u{1b}[2J\u{202e}\nactivity 1 to Trek Point: sent\r";
    let name = json!({ "id": 1, "email": "a@b.example", "username": evil });
    let profile = Fault::once(BOTH[1], "profile", answer(200, name));
    home.sandbox.fault(profile).unwrap();
    home.sign_in();
    let body = json!({ "function": "uploadActivity", "error": "INVALID_PARAMETER", "message": evil, "detail": evil });
    for (service, endpoint) in [(BOTH[0], "uploadActivity"), (BOTH[1], "activities.create")] {
        let fault = Fault::once(service, endpoint, answer(400, body.clone())).times(2);
        home.sandbox.fault(fault).unwrap();
    }
    let (data, device) = (home.data(), home.device());
    let sync = ["sync", "--device", device.to_str().unwrap()];
    let ended = world.run(false, &data, &sync);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    // A line for each file taken in, one for each upload, and the sum; a name with a line end makes no further one.
    let said = text(&ended.stdout);
    let beginnings = [
        "GARMIN/Activity/",
        &format!("{}/", device.display()),
        "activity ",
    ];
    let (whole, rest): (Vec<&str>, Vec<&str>) = said
        .lines()
        .partition(|line| beginnings.iter().any(|start| line.starts_with(start)));
    assert_eq!(rest.len(), 1, "{rest:#?}");
    let about = |line: &&str| line.split_once(": ").map(|(about, _)| about.to_owned());
    let uploads = whole.iter().filter(|line| line.starts_with("activity "));
    let uploads: BTreeSet<String> = uploads.filter_map(about).collect();
    assert_eq!(uploads.len(), 2 * world.sound.len());
    let count = |start: &str| whole.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!(whole.len() - count("activity "), world.sound.len());

    let count_of = |words: &[&str]| text(&world.run(false, &data, words).stdout).lines().count();
    assert_eq!(count_of(&["history"]), world.sound.len());
    assert_eq!(count_of(&["queue"]), 4);
    assert_eq!(count_of(&["accounts"]), 2);
    for id in (1..=world.sound.len()).step_by(6) {
        world.run(false, &data, &["show", &id.to_string()]);
    }
    for words in [&["accounts"][..], &["devices"], &["queue"], &["doctor"]] {
        world.run(false, &data, words);
        world.run(true, &data, words);
    }
    // What is named by hand, too: every file by its own name.
    let named = names()
        .into_iter()
        .filter_map(|name| String::from_utf8(name).ok());
    let paths: Vec<PathBuf> = named.map(|name| world.activities().join(name)).collect();
    let mut inspect = vec!["inspect"];
    inspect.extend(paths.iter().filter_map(|path| path.to_str()));
    assert_eq!(count_of(&inspect), paths.len());
}

#[test]
fn what_blocks_or_leads_elsewhere_is_refused_when_it_is_named_too() {
    let world = World::new();
    let (data, on) = (world.home.path("other"), world.activities());
    // A link that is named is followed by `inspect`, as by any other program; what blocks or never ends is not.
    for name in [
        "trap-pipe.fit",
        "trap-socket.fit",
        "trap-zero.fit",
        "trap-zero-node.fit",
        "trap-loop-node.fit",
        "trap-dangling.fit",
        "trap-self.fit",
        "trap-stdin.fit",
    ] {
        let path = on.join(name);
        let path = path.to_str().unwrap();
        let gpx = data.with_extension("gpx");
        for words in [
            &["inspect", path][..],
            &["inspect", "--messages", path],
            &["import", path],
            &["sync", "--device", path],
            &["convert", path, gpx.to_str().unwrap()],
        ] {
            let ended = world.run(true, &data, words);
            assert_eq!(ended.status.code(), Some(1), "{words:?}: {ended:?}");
            let said = text(&ended.stdout);
            assert!(said.contains("\"error\""), "{words:?}: {said}");
        }
        assert!(!gpx.exists(), "{name}");
    }
    // Taken in, a link is refused whatever it leads to.
    for name in [
        "trap-absolute.fit",
        "trap-relative.fit",
        "trap-environ.fit",
        "trap-inside.fit",
    ] {
        let path = on.join(name);
        let ended = world.run(true, &data, &["import", path.to_str().unwrap()]);
        assert_eq!(ended.status.code(), Some(1), "{name}: {ended:?}");
        assert!(
            text(&ended.stdout).contains("\"not_a_file\""),
            "{name}: {ended:?}"
        );
    }
    assert_eq!(files(&data.join("originals")).len(), 0);
    // The folder itself is taken in as a device would be.
    let ended = world.run(false, &data, &["import", on.to_str().unwrap()]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(text(&ended.stdout).lines().count(), world.sound.len());
    world.library_is_plain(&data);
}

#[test]
fn an_export_stays_in_its_folder() {
    let world = World::new();
    let (data, home) = (world.home.data(), &world.home);
    let device = home.device();
    world.run(true, &data, &["import", device.to_str().unwrap()]);
    let everything = || {
        let count = names_below(home.folder.path()).len();
        // Looking around is what the watch has seen now.
        world.watch.seen();
        count
    };
    let victim = home.path("victim");
    fs::write(&victim, "as it was").unwrap();
    for (format, end) in [("original", ""), ("gpx", "gpx"), ("kml", "kml")] {
        let out = home.path("out");
        fs::create_dir(&out).unwrap();
        // Whoever may write there knows the names: links lie in the way, of what is written beside and of half of the names.
        for (number, original) in (0..).zip(names_below(&data.join("originals"))) {
            let mut name = original.file_name().unwrap().to_str().unwrap().to_owned();
            if !end.is_empty() {
                name = format!("{}.{end}", name.split('.').next().unwrap());
            }
            symlink(&victim, out.join(format!("{name}.part"))).unwrap();
            if number % 2 == 0 {
                symlink(&victim, out.join(name)).unwrap();
            }
        }
        let before = everything();
        let words = [
            "export",
            "--all",
            "--format",
            format,
            "--out",
            out.to_str().unwrap(),
        ];
        let ended = world.run(true, &data, &words);
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert_eq!(
            fs::read_to_string(&victim).unwrap(),
            "as it was",
            "{format}"
        );
        let written = names_below(&out);
        assert_eq!(written.len(), world.sound.len(), "{format}");
        for path in &written {
            let name = path.file_name().unwrap().to_str().unwrap();
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_. ()".contains(c);
            assert!(
                path.parent() == Some(&out) && name.chars().all(plain),
                "{name}"
            );
        }
        let after = everything();
        assert_eq!(
            after,
            before + written.len(),
            "{format}: something was written elsewhere"
        );
        fs::remove_dir_all(&out).unwrap();
    }
}

//! The secrets of a run that goes wrong in many ways, logged as loudly as can be, are nowhere but in the secret store: neither in
//! what the program says nor in any file of the data folder, in none of the forms that a leak takes.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use common::{BOTH, Home, SERVICES, fit};
use sandbox::{Expire, Fault, Harm};
use serde_json::{Value, json};

/// All forms of secrets are at least so long.
const BEGINNING: usize = 6;

/// What each service calls the endpoint that takes an activity.
const UPLOADS: [&str; 2] = ["uploadActivity", "activities.create"];

/// The file of `--secrets file`: where the secrets belong.
const STORE: &str = "secrets.json";

/// A secret that looks otherwise in each form: as the client secret has them, with characters that an address may not have; and
/// with some that both sorts of base64 write each in its own way, whatever stands before them.
const PLANTED: &str = "s:e/c+r=é???of the test";

/// All that was ever secret, and all that the program has said.
#[derive(Default)]
struct Watch {
    secrets: BTreeSet<String>,
    said: Places,
}

/// Bytes, each with the name of where they are.
type Places = Vec<(String, Vec<u8>)>;

impl Watch {
    /// Runs a command with every log line there is.
    fn run(&mut self, home: &Home, words: &[&str]) {
        self.learn(home);
        let output = home
            .command(words)
            .env("RUST_LOG", "trace")
            .output()
            .unwrap();
        for (stream, bytes) in [("stdout", output.stdout), ("stderr", output.stderr)] {
            self.said.push((format!("{stream} of {words:?}"), bytes));
        }
        self.learn(home);
    }

    /// Takes note of the secrets of now.
    fn learn(&mut self, home: &Home) {
        let text = fs::read_to_string(home.data().join(STORE)).unwrap_or_default();
        if let Ok(all) = serde_json::from_str::<Value>(&text) {
            self.secrets.extend(tokens(&all));
        }
        let client = &home.sandbox.clients().map_my_tracks_secret;
        self.secrets.insert(client.clone());
        self.secrets.extend(home.sandbox.secrets());
    }

    /// Lets a sync wait for devices, and kills it when this is so: what it wrote last lies in the write-ahead log alone.
    fn kill(&mut self, home: &Home, until: impl Fn() -> bool) {
        let log = home.path("killed");
        let mut command = home.command(&[
            "sync",
            "--watch",
            "--device",
            home.device().to_str().unwrap(),
        ]);
        command.env("RUST_LOG", "trace");
        command.stdout(File::create(&log).unwrap());
        command.stderr(File::create(log.with_extension("stderr")).unwrap());
        let mut child = command.spawn().unwrap();
        while !until() {
            assert!(child.try_wait().unwrap().is_none(), "it has ended");
            self.learn(home);
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        self.learn(home);
        for path in [log.clone(), log.with_extension("stderr")] {
            let said = fs::read(&path).unwrap();
            self.said.push((path.display().to_string(), said));
        }
    }

    /// Whether this was said.
    fn heard(&self, words: &str) -> bool {
        let mut texts = self.said.iter().map(|(_, text)| text);
        texts.any(|text| contains(text, words.as_bytes()))
    }

    /// Where a secret may not be: all that was said, and every file but the store.
    fn places(mut self, data: &Path) -> (BTreeSet<String>, Places) {
        files(data, &mut self.said);
        for name in ["library.db", "library.db-wal"] {
            let file = self.said.iter().find(|(place, _)| place.ends_with(name));
            assert!(file.is_some_and(|(_, bytes)| !bytes.is_empty()), "{name}");
        }
        (self.secrets, self.said)
    }
}

/// Where a secret is: the form, and the place.
fn leaks(secrets: &BTreeSet<String>, places: &Places) -> Vec<String> {
    // By how they begin: there are many, and many bytes to look at.
    let mut wanted: HashMap<[u8; BEGINNING], Vec<(&str, Vec<u8>)>> = HashMap::new();
    for secret in secrets {
        for (form, bytes) in forms(secret) {
            let beginning = *bytes.first_chunk().unwrap();
            wanted.entry(beginning).or_default().push((form, bytes));
        }
    }
    let mut found = Vec::new();
    for (place, text) in places {
        for (at, beginning) in text.windows(BEGINNING).enumerate() {
            let begun = wanted.get(beginning).into_iter().flatten();
            let here = begun.filter(|(_, bytes)| text[at..].starts_with(bytes));
            found.extend(here.map(|(form, _)| format!("{form} in {place}")));
        }
    }
    found
}

/// The tokens in an entry of the store, which may be JSON inside of JSON.
fn tokens(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ Value::Object(_)) => tokens(&inner),
            _ => vec![text.clone()],
        },
        Value::Object(fields) => {
            let secret = |name: &str| name.ends_with("_token") || name.contains(':');
            let fields = fields
                .iter()
                .filter(|(name, value)| secret(name) || value.is_object());
            fields.flat_map(|(_, value)| tokens(value)).collect()
        }
        _ => Vec::new(),
    }
}

/// How a secret may lie in bytes: as it is, in hex, in UTF-16, and in base64 whatever stands before it.
fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let wide = |swap: bool| -> Vec<u8> {
        let units = secret.encode_utf16();
        units
            .flat_map(|unit| {
                if swap {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    let url: String = url_encoded(secret);
    let mut all = vec![
        ("plain", bytes.to_vec()),
        ("url", url.into_bytes()),
        ("HEX", hex.to_uppercase().into_bytes()),
        ("hex", hex.into_bytes()),
        // Of a text that was cut.
        (
            "beginning",
            bytes[..bytes.len().div_ceil(2).max(BEGINNING)].to_vec(),
        ),
        ("UTF-16", wide(false)),
        ("UTF-16, big-endian", wide(true)),
    ];
    for before in 0..3 {
        let padded = [&vec![b' '; before], bytes].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            // The characters at both ends depend on what stands beside it.
            let inner = text.get(4..text.len() - 4).unwrap();
            all.push(("base64", inner.as_bytes().to_vec()));
        }
    }
    all
}

fn url_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    !wanted.is_empty() && text.windows(wanted.len()).any(|window| window == wanted)
}

fn files(folder: &Path, all: &mut Places) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else if !path.ends_with(STORE) {
            all.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

/// The next answer of an endpoint is this error and has every secret in it that the service knows of us, behind a filler, in words
/// that a person is shown.
fn echo(home: &Home, at: usize, endpoint: &str, status: u16, (error, filler): (&str, &str)) {
    let (service, name) = (BOTH[at], SERVICES[at]);
    let text = fs::read_to_string(home.data().join(STORE)).unwrap();
    let mut all: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    all.retain(|entry, _| entry.ends_with(name));
    let secrets = tokens(&Value::Object(all));
    assert!(!secrets.is_empty(), "{text}");
    let plain = secrets.join(" ");
    let words = format!("{filler}{plain} {}", STANDARD_NO_PAD.encode(&plain));
    let body =
        json!({ "error": error, "message": words, "error_description": words, "detail": words });
    let harm = Harm::Status {
        status,
        retry_after_s: None,
        retry_after_date: false,
        body: Some(body),
    };
    home.sandbox
        .fault(Fault::once(service, endpoint, harm))
        .unwrap();
}

/// All sorts of secrets are known, and the log is as loud as can be.
fn looked_at_enough(watch: &Watch) {
    // Signed in six times and once in vain, at each service. What has no such beginning: the verifiers of Trek Point, and the
    // client secret.
    for (beginning, least) in [
        ("sbx-code-", 14),
        ("sbx-access-", 14),
        ("sbx-refresh-", 14),
        ("", 5),
    ] {
        let of_sort = watch.secrets.iter().filter(|secret| match beginning {
            "" => !secret.starts_with("sbx-"),
            _ => secret.starts_with(beginning),
        });
        let number = of_sort.count();
        assert!(number >= least, "{number} of {beginning:?}");
    }
    assert!(
        watch.heard("refreshing the sign-in"),
        "our own lines of the lowest level are not there"
    );
}

/// The same look, with one secret more to look for, finds each form of a leak in a file of a folder.
fn each_form_is_found(home: &Home, mut secrets: BTreeSet<String>) {
    let folder = home.path("planted");
    fs::create_dir(&folder).unwrap();
    secrets.insert(PLANTED.to_owned());
    let planted = forms(PLANTED);
    let different: BTreeSet<&Vec<u8>> = planted.iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(different.len(), planted.len(), "two forms look the same");
    for (form, bytes) in &planted {
        let leak = [b"what else is there ", &bytes[..], b" and more"].concat();
        fs::write(folder.join("leak"), leak).unwrap();
        let mut planted = Places::new();
        files(&folder, &mut planted);
        let found = leaks(&secrets, &planted);
        let named = format!("{form} in ");
        assert!(
            found.iter().any(|leak| leak.starts_with(&named)),
            "{form}: {found:?}"
        );
    }
}

/// How many requests each service has answered with what was ordered for them.
fn repeated(home: &Home) -> [usize; 2] {
    let requests = home.sandbox.requests();
    BOTH.map(|service| {
        let of_service = requests.iter().filter(|own| own.service == service);
        of_service.filter(|own| !own.faults.is_empty()).count()
    })
}

/// Lists of Trek Point that are refused in words that have the tokens in them.
fn refused_lists(home: &Home, watch: &mut Watch, sync: &[&str]) {
    for (n, status) in [(10, 400), (11, 403), (12, 500)] {
        home.sign_in();
        let before = repeated(home);
        echo(home, 1, "activities.list", status, ("invalid_request", ""));
        home.put(&format!("GARMIN/Activity/{n}.fit"), &fit(n));
        watch.run(home, sync);
        assert_eq!(repeated(home), [before[0], before[1] + 1], "{status}");
    }
}

/// Renewals that are refused in words that have the tokens in them: words that are shown, the same where the first token lies
/// across the end of what is kept of them, and words that are not shown.
fn refused_renewals(home: &Home, watch: &mut Watch, sync: &[&str]) {
    let filler = ".".repeat(300 - 30);
    let answers = [
        ("invalid_request", ""),
        ("invalid_request", &filler),
        ("invalid_grant", ""),
    ];
    for (n, answer) in (7..).zip(answers) {
        // Also what lets an account go on that rests for an hour.
        home.sign_in();
        home.sandbox.expire(None, Expire::Access);
        for at in 0..BOTH.len() {
            echo(home, at, "token", 400, answer);
        }
        home.put(&format!("GARMIN/Activity/{n}.fit"), &fit(n));
        let before = watch.said.len();
        watch.run(home, sync);
        for words in ["accounts", "history", "queue", "devices", "doctor"] {
            watch.run(home, &[words]);
        }
        let mut said = watch.said[before..].iter();
        let shown = said.any(|(_, text)| contains(text, format!("({})", answer.0).as_bytes()));
        assert_eq!(shown, answer.0 == "invalid_request", "{answer:?}");
    }
}

#[test]
fn no_secret_is_anywhere_but_in_the_store() {
    let (home, mut watch) = (Home::new(), Watch::default());
    let device = home.device();
    let sync = ["sync", "--device", device.to_str().unwrap()];
    let put = |n: u32| home.put(&format!("GARMIN/Activity/{n}.fit"), &fit(n));
    home.sign_in();
    put(1);
    watch.run(&home, &sync);

    // New tokens, and services that repeat what they were given.
    home.sandbox.expire(None, Expire::Access);
    put(2);
    watch.run(&home, &sync);
    for (n, status) in [(3, 403), (4, 400), (5, 500), (6, 429)] {
        // The answer before may have let an account rest.
        home.sign_in();
        let before = repeated(&home);
        for (at, endpoint) in UPLOADS.into_iter().enumerate() {
            echo(&home, at, endpoint, status, ("invalid_grant", ""));
        }
        put(n);
        watch.run(&home, &sync);
        watch.run(&home, &["retry", "--all"]);
        assert_eq!(repeated(&home), before.map(|number| number + 1), "{status}");
    }
    refused_lists(&home, &mut watch, &sync);
    refused_renewals(&home, &mut watch, &sync);
    // Signed in again, and out, while the service repeats it all: the code and the verifier, too, with which nothing was signed in.
    for (at, name) in SERVICES.into_iter().enumerate() {
        let repeats = Fault::once(BOTH[at], "token", Harm::Echo { status: 400 });
        home.sandbox.fault(repeats).unwrap();
        watch.run(&home, &["login", name]);
        watch.run(&home, &["login", name]);
        echo(&home, at, "revoke", 500, ("invalid_grant", ""));
        watch.run(&home, &["logout", name]);
    }
    // In the middle of it all it ends without tidying up.
    home.sign_in();
    home.sandbox.expire(None, Expire::Access);
    put(20);
    let uploads = home.sandbox.uploads().len() + BOTH.len();
    watch.kill(&home, || home.sandbox.uploads().len() >= uploads);

    looked_at_enough(&watch);
    let (secrets, places) = watch.places(&home.data());
    assert_eq!(leaks(&secrets, &places), Vec::<String>::new());
    each_form_is_found(&home, secrets);
}

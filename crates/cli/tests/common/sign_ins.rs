//! Signing in and out: what is set up for it, and what must hold afterwards. Of two activities one is sent and one waits, and no
//! sign-in changes that.

use std::fs::File;
use std::path::Path;

use serde_json::Value;

use super::{Said, again, clean_in, kept_once_in, run_of, said, told};
use crate::common::{BOTH, Home, SERVICES, ended, fit};
use crate::tracer::Traced;

/// The ride that is at both services.
const SENT: u32 = 1;
/// The ride that waits for both. Only a sync would send it.
const WAITING: u32 = 2;
/// How often each has come to each service, and what the library says of it there.
const RIDES: [(u32, usize, &[&str]); 2] =
    [(SENT, 1, &["sent", "existing"]), (WAITING, 0, &["waiting"])];

/// The command; before the first of them the rides are taken in.
pub(super) fn with_rides(home: &Home, n: u32, words: &[&str]) -> Said {
    if n == 1 {
        home.put(&format!("GARMIN/Activity/{SENT}.fit"), &fit(SENT));
        assert_eq!(home.sync().code, Some(0));
        let file = home.path("waiting.fit");
        std::fs::write(&file, fit(WAITING)).unwrap();
        home.well(&["import", file.to_str().unwrap()]);
    }
    said(home, words)
}

/// What is sent is at the services once, what waits is not, and the library has both.
#[track_caller]
fn rides_are_as_they_were(home: &Home, data: &Path, harmed: &Traced) {
    for (ride, times, states) in RIDES {
        let row = kept_once_in(home, data, ride);
        let uploads = row["uploads"].as_array().unwrap();
        assert_eq!(uploads.len(), BOTH.len(), "{harmed:?}");
        for upload in uploads {
            let state = upload["state"].as_str().unwrap();
            assert!(states.contains(&state), "{upload} after {harmed:?}");
        }
        for service in BOTH {
            let came = home.came(service, &fit(ride));
            assert_eq!(came, times, "{ride} at {service:?} after {harmed:?}");
        }
    }
}

/// A library of its own with a ride in it, and nobody signed in. One of the two services wants the client secret.
pub(super) fn first_sign_in(home: &Home, n: u32, service: &str) -> Said {
    let data = home.beside_data(n);
    std::fs::create_dir(&data).unwrap();
    std::fs::copy(home.data().join("config.toml"), data.join("config.toml")).unwrap();
    let file = home.path(&format!("{n}.fit"));
    std::fs::write(&file, fit(n)).unwrap();
    let imported = ended(home.command_in(&data, &["import", file.to_str().unwrap()]));
    assert_eq!(imported.code, Some(0), "{imported:#?}");
    let mut login = said(home, &["login", service]);
    if service == SERVICES[0] {
        login.words.push("--client-secret-stdin".into());
        login.stdin = Some(home.path("secret"));
    }
    login.data = data;
    login
}

/// The ride is there whatever becomes of the sign-in; there is one account or, until it is tried again, none.
#[track_caller]
pub(super) fn signs_in_first(home: &Home, service: &str, n: u32, command: &Said, harmed: &Traced) {
    let connected = |data: &Path| connected_in(home, data, &[service], service, harmed);
    told::is_so(home, &command.data, n, harmed, connected);
    told::at_a_copy(&command.data, |copy| {
        kept_once_in(home, copy, n);
        clean_in(home, copy, harmed);
        if !ended(home.command_in(copy, &["accounts"])).lines.is_empty() {
            connected(copy);
        }
    });
    again(home, command, harmed);
    connected(&command.data);
    kept_once_in(home, &command.data, n);
    clean_in(home, &command.data, harmed);
    std::fs::remove_dir_all(&command.data).unwrap();
}

/// What it says is done is done; else it is as before, and is done when it is tried again. Whatever happens, a sign-in that the
/// service knows is stored: the new one, or the one that it was to replace.
#[track_caller]
pub(super) fn signs_in(home: &Home, service: &str, n: u32, command: &Said, harmed: &Traced) {
    let at = SERVICES.iter().position(|name| *name == service).unwrap();
    let connected = |data: &Path| connected_in(home, data, &SERVICES, service, harmed);
    told::is_so(home, &command.data, n, harmed, |data| {
        let replaced = stored_refresh_in(data, service) != command.stored[at];
        assert!(replaced, "{harmed:?}: the sign-in is the one of before");
    });
    told::at_a_copy(&command.data, |copy| {
        connected(copy);
        clean_in(home, copy, harmed);
        rides_are_as_they_were(home, copy, harmed);
    });
    again(home, command, harmed);
    connected(&command.data);
    rides_are_as_they_were(home, &command.data, harmed);
}

/// These accounts are there, no more, and the sign-in that is stored is one that the service knows.
#[track_caller]
fn connected_in(home: &Home, data: &Path, all: &[&str], service: &str, harmed: &Traced) {
    let accounts = ended(home.command_in(data, &["accounts"])).lines;
    let mut services: Vec<&str> = accounts
        .iter()
        .filter(|account| account["state"] == "connected")
        .filter_map(|account| account["service"].as_str())
        .collect();
    services.sort_unstable();
    let are_connected = services == all && accounts.len() == all.len();
    assert!(are_connected, "{harmed:?}: {accounts:#?}");
    let stored = stored_refresh_in(data, service).unwrap_or_default();
    let is_live = home.sandbox.is_live(&stored);
    assert!(is_live, "{harmed:?}: not signed in to {service}");
}

/// It ends well when it is tried again; or it was done already, and then there is nobody to sign out.
#[track_caller]
pub(super) fn signs_out(home: &Home, service: &str, n: u32, command: &Said, harmed: &Traced) {
    told::is_so(home, &command.data, n, harmed, |data| {
        signed_out_in(home, data, service, harmed);
    });
    let mut was_out = false;
    told::at_a_copy(&command.data, |copy| {
        was_out = is_out(home, copy, service);
        clean_in(home, copy, harmed);
        rides_are_as_they_were(home, copy, harmed);
    });
    let peace = run_of(home, command);
    let (code, why) = if was_out {
        (1, Some("no_such_account"))
    } else {
        (0, None)
    };
    let said = peace
        .lines
        .iter()
        .find_map(|line| line["error"]["code"].as_str());
    assert_eq!(
        (peace.code, said),
        (Some(code), why),
        "{harmed:?} {peace:#?}"
    );
    signed_out_in(home, &command.data, service, harmed);
    assert!(is_out(home, &command.data, service), "{harmed:?}");
    // The client secret is the program's, not the account's: it has stayed.
    home.well(&["login", service]);
    rides_are_as_they_were(home, &command.data, harmed);
}

/// Whether the library says that nobody is signed in to the service.
#[track_caller]
fn is_out(home: &Home, data: &Path, service: &str) -> bool {
    let accounts = ended(home.command_in(data, &["accounts"])).lines;
    let account = accounts
        .iter()
        .find(|account| account["service"] == service);
    let account = account.unwrap_or_else(|| panic!("{service}: {accounts:#?}"));
    account["state"] == "signed_out"
}

/// The refresh token of an account, as `--secrets file` keeps it.
pub(super) fn stored_refresh_in(data: &Path, service: &str) -> Option<String> {
    let file = File::open(data.join("secrets.json")).ok()?;
    let all: Value = serde_json::from_reader(file).unwrap();
    let account = all.get(format!("account:{service}"))?.as_str().unwrap();
    let account: Value = serde_json::from_str(account).unwrap();
    Some(account["refresh_token"].as_str().unwrap().to_owned())
}

/// The account's secrets are gone here, and its sign-in is gone at the service.
#[track_caller]
fn signed_out_in(home: &Home, data: &Path, service: &str, harmed: &Traced) {
    let left = stored_refresh_in(data, service);
    assert_eq!(left, None, "{harmed:?}");
    let live = home.sandbox.tokens()[service].refresh.live;
    assert_eq!(live, 0, "{harmed:?}: still signed in at {service}");
}

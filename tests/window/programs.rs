//! The programs around a window under test: what must be installed, how they are configured, started and spoken to.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use sandbox::Sandbox;
use serde_json::{Value, json};

use crate::volume;

/// How long a driver may take to start.
const PATIENCE: Duration = Duration::from_secs(40);
const STEP: Duration = Duration::from_millis(100);

/// What this machine lacks to drive a window, in words.
pub(crate) fn missing() -> Option<String> {
    if std::env::var_os("DISPLAY").is_none() {
        return Some("there is no display (DISPLAY is not set)".into());
    }
    let absent = |name: &&str| {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .any(|folder| folder.join(name).exists());
        !found
    };
    let absent: Vec<&str> = [
        "tauri-driver",
        "WebKitWebDriver",
        "chromium",
        "chromedriver",
    ]
    .into_iter()
    .filter(absent)
    .collect();
    (!absent.is_empty()).then(|| format!("missing: {}", absent.join(", ")))
}

/// The soft and the hard limit of a core dump, in bytes, of each program that works on this folder's data.
pub(crate) fn core_limits(folder: &Path) -> Vec<String> {
    let data = folder.join("data");
    let data = data.as_os_str().as_bytes();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let works_on_it = |process: &fs::DirEntry| {
        let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
        words.split(|byte| *byte == 0).any(|word| word == data)
    };
    let limit = |process: fs::DirEntry| {
        let limits = fs::read_to_string(process.path().join("limits")).ok()?;
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max core file size"))?;
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        Some(words.join(" "))
    };
    processes.filter(works_on_it).filter_map(limit).collect()
}

pub(crate) fn write_config(folder: &Path, sandbox: &Sandbox, uris: [&str; 2]) {
    let data = folder.join("data");
    fs::create_dir(&data).unwrap();
    let (mmt, oauth, api) = (
        sandbox.mmt_base(),
        sandbox.tp_oauth_base(),
        sandbox.tp_api_base(),
    );
    // Where nothing may be mounted the device is a folder that is watched.
    let watched = if volume::may_mount() {
        String::new()
    } else {
        format!("folders = [{:?}]\n", volume::root_in(folder))
    };
    let config = format!(
        "{watched}[service.map-my-tracks]\nbase = \"{mmt}\"\nredirect_uris = [\"{}\"]\nmin_gap_ms = 50\n\
         [service.trek-point]\noauth_base = \"{oauth}\"\napi_base = \"{api}\"\nredirect_uris = [\"{}\"]\nmin_gap_ms = 50\n\
         [timing]\nsettle_ms = 100\nlook_again_ms = 200\npoll_first_ms = 200\n",
        uris[0], uris[1]
    );
    fs::write(data.join("config.toml"), config).unwrap();
}

/// What the app takes for the user's browser: it hands the address to the test, whole and at once.
pub(crate) fn write_browser(folder: &Path) {
    let browser = folder.join("browser");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$1\" > '{0}/asked.part' && mv '{0}/asked.part' '{0}/asked'\n",
        folder.display()
    );
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn window_wishes(folder: &Path) -> Value {
    let data = folder.join("data");
    json!({ "tauri:options": {
        "application": env!("CARGO_BIN_EXE_trackdock"),
        "args": ["--data-dir", data, "--secrets", "file"],
    } })
}

pub(crate) fn browser_wishes(folder: &Path) -> Value {
    let profile = format!("--user-data-dir={}", folder.join("chromium").display());
    json!({ "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", profile,
    ] } })
}

pub(crate) fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Opens a session as soon as the driver listens.
pub(crate) async fn session(port: u16, wishes: Value) -> Client {
    let Value::Object(wishes) = wishes else {
        panic!("wishes are an object")
    };
    let address = format!("http://127.0.0.1:{port}");
    let began = Instant::now();
    loop {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        match builder.capabilities(wishes.clone()).connect(&address).await {
            Ok(client) => return client,
            Err(error) if began.elapsed() > PATIENCE => panic!("no session at {address}: {error}"),
            Err(_) => tokio::time::sleep(STEP * 3).await,
        }
    }
}

/// Gives the dialog the keyboard. There is no window manager here to do it, and when the menu closes, the page takes the
/// keyboard back: whichever of the two came last had it.
pub(crate) fn focus_save_dialog() {
    let search = ["search", "--onlyvisible", "--name", "^Save"];
    let found = Command::new("xdotool").args(search).output();
    let found = found.map(|output| output.stdout).unwrap_or_default();
    for window in String::from_utf8_lossy(&found).split_whitespace() {
        // Typing into a window without the keyboard is noticed below: nothing is saved then.
        let _ = Command::new("xdotool")
            .args(["windowfocus", window])
            .status();
    }
}

//! A desk of its own for the test: the app in a window, a browser, both services, and hands that press and read.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use sandbox::{Clients, Options, Sandbox, ServiceName};
use serde_json::{Value, json};

use crate::volume;

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

/// Everything the story needs.
pub(crate) struct Desk {
    pub(crate) sandbox: Sandbox,
    folder: tempfile::TempDir,
    window: Client,
    browser: Client,
    drivers: Vec<Child>,
}

impl Desk {
    pub(crate) async fn open() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let [mmt, tp, driver, native, chrome] = free_ports();
        let uris = [
            (ServiceName::MapMyTracks, "map-my-tracks", mmt),
            (ServiceName::TrekPoint, "trek-point", tp),
        ]
        .map(|(service, name, port)| (service, format!("http://127.0.0.1:{port}/{name}")));
        let clients = Clients {
            redirect_uris: uris.to_vec(),
            ..Clients::default()
        };
        let sandbox = Sandbox::start(Options {
            clients,
            ..Options::default()
        })
        .unwrap();
        fs::create_dir(volume::root_in(folder.path())).unwrap();
        write_config(folder.path(), &sandbox, [&uris[0].1, &uris[1].1]);
        write_browser(folder.path());
        let drivers = vec![
            start(
                Command::new("tauri-driver")
                    .args([
                        "--port",
                        &driver.to_string(),
                        "--native-port",
                        &native.to_string(),
                    ])
                    .env("HOME", folder.path())
                    .env("XDG_DATA_HOME", folder.path().join("share"))
                    .env("BROWSER", folder.path().join("browser")),
            ),
            start(Command::new("chromedriver").arg(format!("--port={chrome}"))),
        ];
        let window = session(driver, window_wishes(folder.path())).await;
        let browser = session(chrome, browser_wishes(folder.path())).await;
        let desk = Desk {
            sandbox,
            folder,
            window,
            browser,
            drivers,
        };
        let listen = "window.__broken = []; document.addEventListener('securitypolicyviolation', (event) => window.__broken.push(event.violatedDirective + ' ' + event.blockedURI));";
        desk.script(listen).await;
        desk
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until something is there.
    pub(crate) async fn sees(&self, what: &str, selector: &str) {
        let found = self
            .window
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(selector))
            .await;
        if found.is_err() {
            self.shot("0-missing").await;
        }
        assert!(
            found.is_ok(),
            "{what}: {selector} did not appear. The window says:\n{}",
            self.text().await
        );
    }

    /// Waits until nothing of that kind is there any more.
    pub(crate) async fn gone(&self, selector: &str) {
        self.counts(selector, 0, PATIENCE).await;
    }

    /// Waits until exactly so many are there.
    pub(crate) async fn counts(&self, selector: &str, wanted: usize, patience: Duration) {
        let began = Instant::now();
        loop {
            let there = self
                .window
                .find_all(Locator::Css(selector))
                .await
                .unwrap()
                .len();
            if there == wanted {
                return;
            }
            if began.elapsed() > patience {
                self.shot("0-count").await;
                panic!(
                    "{there} of {wanted} {selector}. The window says:\n{}",
                    self.text().await
                );
            }
            tokio::time::sleep(STEP).await;
        }
    }

    /// Presses what has this test id, when it is there.
    pub(crate) async fn press(&self, id: &str) {
        let selector = format!(r#"[data-testid="{id}"]"#);
        self.sees("something to press", &selector).await;
        self.script(&format!("document.querySelector('{selector}').click()"))
            .await;
    }

    /// Waits until the card of the test's own device shows what has this test id (or, with none, itself).
    pub(crate) async fn sees_in_card(&self, what: &str, id: &str) {
        self.until(what, &format!("return {} !== null", in_card(id)))
            .await;
    }

    pub(crate) async fn card_is_gone(&self) {
        self.until(
            "the card of the device goes",
            &format!("return {} === null", in_card("")),
        )
        .await;
    }

    pub(crate) async fn press_in_card(&self, id: &str) {
        self.sees_in_card("something to press", id).await;
        self.script(&format!("{}.click()", in_card(id))).await;
    }

    /// Waits until a script answers true.
    async fn until(&self, what: &str, script: &str) {
        let began = Instant::now();
        while self.script(script).await != Value::Bool(true) {
            if began.elapsed() > PATIENCE {
                self.shot("0-missing").await;
                panic!(
                    "{what}: it did not come to that. The window says:\n{}",
                    self.text().await
                );
            }
            tokio::time::sleep(STEP).await;
        }
    }

    /// Types into a field as a person does, after emptying it.
    pub(crate) async fn fill(&self, id: &str, text: &str) {
        let selector = format!(r#"[data-testid="{id}"]"#);
        self.sees("a field to fill in", &selector).await;
        let field = self.window.find(Locator::Css(&selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Goes in the real browser where the app sent it, and presses "Allow" there.
    pub(crate) async fn allow_in_the_browser(&self) {
        let asked = self.folder.path().join("asked");
        let began = Instant::now();
        let address = loop {
            if let Ok(address) = fs::read_to_string(&asked) {
                fs::remove_file(&asked).unwrap();
                break address;
            }
            if began.elapsed() > PATIENCE {
                panic!(
                    "no browser was opened. The window says:\n{}",
                    self.text().await
                );
            }
            tokio::time::sleep(STEP).await;
        };
        self.browser.goto(address.trim()).await.unwrap();
        let allow = self
            .browser
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Id("allow"))
            .await
            .unwrap();
        allow.click().await.unwrap();
    }

    /// Opens the newest activity that has a line.
    pub(crate) async fn open_an_activity_with_a_line(&self) {
        let open = "const rows = [...document.querySelectorAll('[data-testid=\"history-row\"]')];\
                    const row = rows.find((row) => (row.closest('li') ?? row).querySelector('svg path[d], svg polyline')) ?? rows[0];\
                    (row.closest('a, button') ?? row.querySelector('a, button') ?? row).click();";
        self.sees("a row of history", r#"[data-testid="history-row"]"#)
            .await;
        self.script(open).await;
    }

    /// Saves the original by the desktop's own dialog, typed at as a person does; nothing where there is no `xdotool`.
    pub(crate) async fn save_original(&self) -> Option<Vec<u8>> {
        let target = self.folder.path().join("saved.fit");
        self.press("export").await;
        self.sees(
            "the menu of formats",
            r#":popover-open [data-testid="save-original"]"#,
        )
        .await;
        // The script must answer before the dialog opens: a modal dialog keeps the page's thread.
        let press = "setTimeout(() => document.querySelector('[data-testid=\"save-original\"]').click(), 50)";
        self.script(press).await;
        for _ in 0..3 {
            tokio::time::sleep(STEP * 20).await;
            focus_save_dialog();
            let keys = [
                &["key", "ctrl+a"][..],
                &["type", target.to_str().unwrap()],
                &["key", "Return"],
            ];
            for key in keys {
                if !Command::new("xdotool")
                    .args(key)
                    .status()
                    .is_ok_and(|status| status.success())
                {
                    eprintln!("SKIPPED: the dialog that saves the original (no xdotool)");
                    return None;
                }
            }
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(4) {
                if let Ok(bytes) = fs::read(&target) {
                    return Some(bytes);
                }
                tokio::time::sleep(STEP).await;
            }
        }
        panic!(
            "the dialog saved nothing. The window says:\n{}",
            self.text().await
        );
    }

    /// What the page tried that its content security policy forbids.
    pub(crate) async fn violations(&self) -> Vec<String> {
        let broken = self.script("return window.__broken").await;
        let broken = broken.as_array().cloned().unwrap_or_default();
        broken.iter().map(ToString::to_string).collect()
    }

    /// A screenshot into an ignored folder, taken from the display: WebKit's driver waits for a frame that an idle page never
    /// draws. It is for people: one that cannot be taken is said, and fails nothing.
    pub(crate) async fn shot(&self, name: &str) {
        let folder = std::env::var_os("TRACKDOCK_SHOTS").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("shots"),
            PathBuf::from,
        );
        fs::create_dir_all(&folder).unwrap();
        // The last change has to reach the screen first.
        tokio::time::sleep(STEP * 4).await;
        let file = folder.join(format!("{name}.png"));
        let taken = Command::new("import")
            .args(["-window", "root", "-crop", "1100x760+0+0"])
            .arg(file)
            .status();
        if !taken.is_ok_and(|status| status.success()) {
            eprintln!("no screenshot {name}: ImageMagick's import is missing or failed");
        }
    }

    pub(crate) async fn close(mut self) {
        // The drivers are ended below in any case.
        let _ = self.window.clone().close().await;
        let _ = self.browser.clone().close().await;
        for driver in &mut self.drivers {
            let _ = driver.kill();
        }
    }

    async fn text(&self) -> String {
        let text = self.script("return document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    async fn script(&self, script: &str) -> Value {
        self.window
            .execute(script, Vec::new())
            .await
            .unwrap_or(Value::Null)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for driver in &mut self.drivers {
            // It may have ended before.
            let _ = driver.kill();
            let _ = driver.wait();
        }
    }
}

/// The card of the test's own device, or what has this test id in it, as an expression of the page.
fn in_card(id: &str) -> String {
    let card = format!(
        "([...document.querySelectorAll('[data-testid=\"device-card\"]')].find((card) => card.textContent.includes('{}')) ?? null)",
        volume::NAME
    );
    if id.is_empty() {
        card
    } else {
        format!("({card}?.querySelector('[data-testid=\"{id}\"]') ?? null)")
    }
}

fn write_config(folder: &Path, sandbox: &Sandbox, uris: [&str; 2]) {
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
fn write_browser(folder: &Path) {
    let browser = folder.join("browser");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$1\" > '{0}/asked.part' && mv '{0}/asked.part' '{0}/asked'\n",
        folder.display()
    );
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
}

fn window_wishes(folder: &Path) -> Value {
    let data = folder.join("data");
    json!({ "tauri:options": {
        "application": env!("CARGO_BIN_EXE_trackdock"),
        "args": ["--data-dir", data, "--secrets", "file"],
    } })
}

fn browser_wishes(folder: &Path) -> Value {
    let profile = format!("--user-data-dir={}", folder.join("chromium").display());
    json!({ "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", profile,
    ] } })
}

fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Opens a session as soon as the driver listens.
async fn session(port: u16, wishes: Value) -> Client {
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

fn free_ports() -> [u16; 5] {
    let held = [(); 5].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

/// Gives the dialog the keyboard. There is no window manager here to do it, and when the menu closes, the page takes the
/// keyboard back: whichever of the two came last had it.
fn focus_save_dialog() {
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

//! A desk of its own for the test: the app in a window, a browser, both services, and hands that press and read.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use fantoccini::{Client, Locator};
use sandbox::{Clients, Options, Sandbox, ServiceName};
use serde_json::Value;

use crate::ports::quiet_ports;
use crate::programs::{
    browser_wishes, focus_save_dialog, session, start, window_wishes, write_browser, write_config,
};
use crate::skipped::partly_skipped;
use crate::volume;

const PATIENCE: Duration = Duration::from_secs(40);
const STEP: Duration = Duration::from_millis(100);

/// Everything the story needs.
pub(crate) struct Desk {
    pub(crate) sandbox: Sandbox,
    folder: tempfile::TempDir,
    window: Client,
    /// None for a story in which nobody signs in by hand.
    browser: Option<Client>,
    drivers: Vec<Child>,
}

impl Desk {
    pub(crate) async fn open() -> Desk {
        let mut desk = Desk::prepared(async |_, _| {}).await;
        let [chrome] = quiet_ports();
        let mut driver = Command::new("chromedriver");
        desk.drivers
            .push(start(driver.arg(format!("--port={chrome}"))));
        desk.browser = Some(session(chrome, browser_wishes(desk.folder())).await);
        desk
    }

    /// A desk without a browser, whose folder was prepared before the window opened.
    pub(crate) async fn prepared(prepare: impl AsyncFnOnce(&Sandbox, &Path)) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let [mmt, tp, driver, native] = quiet_ports();
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
        prepare(&sandbox, folder.path()).await;
        let mut program = Command::new("tauri-driver");
        program
            .args(["--port", &driver.to_string()])
            .args(["--native-port", &native.to_string()])
            .env("HOME", folder.path())
            .env("XDG_DATA_HOME", folder.path().join("share"))
            .env("BROWSER", folder.path().join("browser"));
        let drivers = vec![start(&mut program)];
        let window = session(driver, window_wishes(folder.path())).await;
        let desk = Desk {
            sandbox,
            folder,
            window,
            browser: None,
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
    pub(crate) async fn until(&self, what: &str, script: &str) {
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
        let browser = self.browser.as_ref().unwrap();
        browser.goto(address.trim()).await.unwrap();
        let allow = browser
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
                    partly_skipped("the dialog that saves the original", "no xdotool");
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
        if let Some(browser) = self.browser.take() {
            let _ = browser.close().await;
        }
        for driver in &mut self.drivers {
            let _ = driver.kill();
        }
    }

    async fn text(&self) -> String {
        let text = self.script("return document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Makes the window as narrow as it may be.
    pub(crate) async fn narrow(&self) {
        self.window.set_window_size(360, 760).await.unwrap();
        self.until("it is narrow", "return innerWidth < 400").await;
    }

    /// Goes to one of the app's own addresses.
    pub(crate) async fn go(&self, hash: &str) {
        self.ask(&format!("location.hash = '{hash}'")).await;
    }

    /// Whether the page has opened a dialog of the browser's, as `alert` does.
    pub(crate) async fn is_alerted(&self) -> bool {
        self.window.get_alert_text().await.is_ok()
    }

    /// What a script answers; one that cannot run fails the test.
    pub(crate) async fn ask(&self, script: &str) -> Value {
        self.window.execute(script, Vec::new()).await.unwrap()
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

//! Names, words and labels that are code in a page: of devices, files, activities, accounts and services. The real window
//! shows each as the text that it is; nothing of it becomes an element, runs, or asks for anything outside.
//!
//! Needs what `tests/window.rs` needs, but no browser and no root.

#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

#[path = "window/desk.rs"]
mod desk;
#[path = "window/payloads.rs"]
mod payloads;
#[path = "common/ports.rs"]
mod ports;
#[path = "window/programs.rs"]
mod programs;
#[path = "window/recordings.rs"]
mod recordings;
#[path = "common/skipped.rs"]
mod skipped;
#[path = "window/volume.rs"]
mod volume;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use desk::Desk;
use payloads::{Payload, Sink};
use skipped::{partly_skipped, skipped};
use volume::Volume;

/// What the page may consist of, as a script that answers with everything else: elements and attributes that a payload made,
/// code that ran, what was asked for outside, and what does not fit into the window.
const FAULTS: &str = r#"
const faults = [];
for (const element of document.querySelectorAll('*')) {
  const shown = () => element.outerHTML.slice(0, 200);
  if (/^(img|iframe|object|embed|base|frame|applet|video|audio|math|template)$/i.test(element.localName)) faults.push(shown());
  if (element.localName === 'script' && !element.src.startsWith(location.origin + '/')) faults.push(shown());
  for (const { name, value } of element.attributes) {
    if (/^(on|data-planted|srcdoc)/.test(name)) faults.push(shown());
    if (/^(href|src|action|formaction|data|xlink:href)$/.test(name) && !/^(#|\/|\.\/|tauri:\/\/localhost\/)/.test(value)) faults.push(shown());
  }
}
if (window.HIT !== undefined) faults.push('code ran: ' + window.HIT);
for (const { name } of performance.getEntriesByType('resource'))
  if (!name.startsWith(location.origin + '/') && !name.startsWith('ipc:') && !name.startsWith('http://ipc.localhost')) faults.push('asked for ' + name);
for (const element of [document.documentElement, document.querySelector('main')])
  if (element.scrollWidth > element.clientWidth) faults.push(element.localName + ' is ' + element.scrollWidth + ' wide in ' + element.clientWidth);
return faults"#;

/// All that a person can read: texts, tooltips, what stands in fields, what is read aloud.
const TEXTS: &str = r#"
const texts = [document.body.textContent];
for (const element of document.querySelectorAll('[title], [aria-label], input, textarea')) texts.push(element.title, element.ariaLabel, element.value);
return texts.filter(Boolean).join('\n').replace(/\s+/g, ' ')"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_wrote_is_only_ever_text() {
    if let Some(missing) = programs::missing() {
        return skipped("hostile words in a window", missing);
    }
    let outside = Outside::listen();
    let all = payloads::all(&outside.base);
    let desk = Desk::prepared(async |sandbox, folder| {
        payloads::plant(sandbox, folder, &all).await;
    })
    .await;
    let mut view = View {
        desk: &desk,
        payloads: &all,
        read: 0,
    };
    home(&mut view).await;
    let volumes = labels(&mut view).await;
    history(&mut view).await;
    activities(&mut view).await;
    accounts_and_settings(&mut view).await;
    let again = format!("#/activity/{}", all.len());
    desk.narrow().await;
    for hash in ["#/history", "#/accounts", "#/settings", &again] {
        desk.go(hash).await;
        desk.sees("a screen", ".screen h1").await;
        view.reads(&format!("narrow-{}", &hash[2..]), &[]).await;
    }
    // Once more, now that every breach of the policy is counted.
    home(&mut view).await;
    // Twice three at home, two in the history, the search, four of each activity, the folders; and the labels, where volumes may be
    // plugged in.
    let places = 14 + usize::from(!volumes.is_empty());
    drop(volumes);
    assert_eq!(view.read, places * all.len(), "texts that were read");
    eprintln!(
        "{} payloads were read {} times as text",
        all.len(),
        view.read
    );
    a_breach_is_found(&desk).await;
    outside.was_left_alone();
    desk.close().await;
}

async fn home(view: &mut View<'_>) {
    view.desk.press("nav-home").await;
    let cards = r#"[data-testid="device-card"] details"#;
    view.desk
        .counts(cards, view.payloads.len(), payloads::PATIENCE)
        .await;
    view.desk
        .ask("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        .await;
    // Each asks how far back, and is named in what needs the user.
    let questions = r#"[data-testid="choose-all"]"#;
    view.desk
        .counts(questions, view.payloads.len(), payloads::PATIENCE)
        .await;
    view.reads("home", &[Sink::Device, Sink::Folder, Sink::Problem])
        .await;
}

/// Volumes that are plugged in, and called by payloads.
async fn labels(view: &mut View<'_>) -> Vec<Volume> {
    if !volume::may_mount() {
        partly_skipped("hostile labels in a window", "no root");
        return Vec::new();
    }
    let volumes = payloads::plug_in(view.desk.folder(), view.payloads);
    let cards = r#"[data-testid="device-card"] h2"#;
    let all = 2 * view.payloads.len();
    view.desk.counts(cards, all, payloads::PATIENCE).await;
    view.reads("labels", &[Sink::Label]).await;
    volumes
}

async fn history(view: &mut View<'_>) {
    view.desk.press("nav-history").await;
    let rows = r#"[data-testid="history-row"]"#;
    // Those with a name, one for each device, and one more.
    let all = 2 * view.payloads.len() + 1;
    view.desk.counts(rows, all, payloads::PATIENCE).await;
    view.reads("history", &[Sink::Title, Sink::Refusal]).await;
    // The reason beside the chip, and words that the user types.
    view.desk
        .ask(r#"document.querySelector('[data-state="refused"]').click()"#)
        .await;
    view.desk.sees("the reason", ".why:popover-open").await;
    view.reads("reason", &[]).await;
    view.desk
        .ask("document.querySelector('.why').hidePopover()")
        .await;
    for payload in view.payloads {
        view.desk.fill("search", &payload.text(Sink::Typed)).await;
        view.desk.counts(rows, 0, payloads::PATIENCE).await;
        view.reads_one("search", payload, Sink::Typed).await;
    }
    view.desk
        .ask("const field = document.querySelector('[data-testid=\"search\"]'); field.value = ''; field.dispatchEvent(new Event('input', { bubbles: true }))")
        .await;
    view.desk.counts(rows, all, payloads::PATIENCE).await;
}

async fn activities(view: &mut View<'_>) {
    for (number, payload) in (1..).zip(view.payloads) {
        view.desk.go(&format!("#/activity/{number}")).await;
        let there = format!(
            "return document.querySelector('.screen h1 span.foreign')?.title.includes('{}') === true",
            payload.mark(Sink::Title)
        );
        view.desk.until("the activity", &there).await;
        for part in ["activity-map", "chart-elevation"] {
            let canvas = format!(r#"[data-testid="{part}"] canvas"#);
            view.desk.sees(part, &canvas).await;
        }
        for sink in [Sink::Title, Sink::Recorder, Sink::Refusal, Sink::Remote] {
            view.reads_one("activity", payload, sink).await;
        }
        view.is_sound("activity").await;
        if number == 1 || payload.is_long() {
            view.desk.shot(&format!("hostile-activity-{number}")).await;
        }
    }
    view.desk.press("delete-activity").await;
    view.desk.sees("the question", "dialog[open]").await;
    view.reads("dialog", &[]).await;
    view.desk
        .ask("document.querySelector('dialog').close()")
        .await;
}

async fn accounts_and_settings(view: &mut View<'_>) {
    view.desk.press("nav-accounts").await;
    view.desk
        .sees("an account", r#"[data-testid="sign-out-trek-point"]"#)
        .await;
    for words in [
        payloads::label(view.payloads),
        payloads::blocked(view.payloads),
    ] {
        let said = view.texts().await;
        assert!(said.contains(&words), "{words} is not in {said}");
    }
    view.reads("accounts", &[]).await;
    view.desk.press("sign-out-trek-point").await;
    view.desk.sees("the question", "dialog[open]").await;
    view.reads("sign-out", &[]).await;
    view.desk
        .ask("document.querySelector('dialog').close()")
        .await;
    view.desk.press("nav-settings").await;
    view.desk
        .sees("the folders", r#"[data-testid="add-folder"]"#)
        .await;
    view.reads("settings", &[Sink::Folder]).await;
}

/// The look that found nothing does find an element, an attribute, code that runs and a request, each by itself.
async fn a_breach_is_found(desk: &Desk) {
    for (breach, wanted) in [
        ("box.innerHTML = '<img src=x>'", "<img"),
        ("box.innerHTML = '<p onclick=\"1\">'", "onclick"),
        ("box.innerHTML = '<a href=\"javascript:1\">'", "javascript:"),
        ("box.innerHTML = '<svg data-planted>'", "data-planted"),
        ("window.HIT = 'there'", "code ran: there"),
        ("box.innerHTML = '<p>' + 'W'.repeat(2000)", "wide"),
    ] {
        let script = format!(
            "const box = document.createElement('div'); document.querySelector('main').append(box); {breach};\
             const look = () => {{ {FAULTS} }}; const faults = look(); box.remove(); delete window.HIT; return faults"
        );
        let found = desk.ask(&script).await.to_string();
        assert!(found.contains(wanted), "{breach} was not found: {found}");
    }
    let clean = desk.violations().await.len();
    desk.ask("const box = document.createElement('div'); box.innerHTML = '<p style=\"color: red\" onclick=\"1\">'; document.body.append(box); box.remove()")
        .await;
    assert!(desk.violations().await.len() > clean, "no breach is told");
}

/// The window, and what was read in it.
struct View<'a> {
    desk: &'a Desk,
    payloads: &'a [Payload],
    read: usize,
}

impl View<'_> {
    /// Each payload of these sinks stands here as text, and the page is nothing but itself.
    async fn reads(&mut self, name: &str, sinks: &[Sink]) {
        for payload in self.payloads {
            for sink in sinks {
                self.reads_one(name, payload, *sink).await;
            }
        }
        self.desk
            .shot(&format!("hostile-{}", name.replace('/', "-")))
            .await;
        self.is_sound(name).await;
    }

    async fn reads_one(&mut self, name: &str, payload: &Payload, sink: Sink) {
        let text = payload.text(sink);
        let words: Vec<&str> = text.split_whitespace().collect();
        let wanted = words.join(" ");
        let said = self.texts().await;
        assert!(said.contains(&wanted), "{name}: no {wanted} in {said}");
        self.read += 1;
    }

    async fn is_sound(&self, name: &str) {
        assert!(!self.desk.is_alerted().await, "{name}: an alert");
        let faults = self.desk.ask(FAULTS).await;
        assert_eq!(faults, serde_json::json!([]), "{name}");
        let broken = self.desk.violations().await;
        assert_eq!(broken, Vec::<String>::new(), "{name}");
    }

    async fn texts(&self) -> String {
        self.desk.ask(TEXTS).await.as_str().unwrap().to_owned()
    }
}

/// Where payloads would have the page ask for something.
struct Outside {
    base: String,
    asked: Arc<AtomicUsize>,
}

impl Outside {
    fn listen() -> Outside {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Outside { base, asked }
    }

    /// Nobody came, and who comes is counted.
    fn was_left_alone(&self) {
        assert_eq!(self.asked.load(Ordering::SeqCst), 0);
        let address = self.base.trim_start_matches("http://");
        drop(std::net::TcpStream::connect(address).unwrap());
        let began = std::time::Instant::now();
        while self.asked.load(Ordering::SeqCst) == 0 {
            assert!(began.elapsed() < payloads::PATIENCE);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

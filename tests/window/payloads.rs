//! Words that are code in a page, and a library, devices and accounts that are full of them. Knows no window.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use engine::{Connected, Engine, EngineOptions, SecretsPlace, ServiceId};
use sandbox::{Consent, Expire, Fault, Harm, Sandbox, ServiceName};
use serde_json::{Value, json};

use crate::recordings;
use crate::volume::Volume;

/// Starting, listing and sending take their time on a small machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// Where in the app a text of somebody else's ends up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sink {
    /// What an activity is called in its file.
    Title,
    /// What recorded it.
    Recorder,
    /// Why a service refuses an upload.
    Refusal,
    /// What a service calls an upload.
    Remote,
    /// What a device says that it is.
    Device,
    /// Where a device is.
    Folder,
    /// What a volume is called that does not say what it is.
    Label,
    /// What a file that cannot be read is called.
    Problem,
    /// What the user searches for.
    Typed,
}

/// A text that does something wherever it is taken for a part of the page.
pub(crate) struct Payload {
    number: usize,
    /// `MARK` stands for what tells the places apart.
    template: String,
}

/// All of them; `outside` is where nothing may be asked for.
pub(crate) fn all(outside: &str) -> Vec<Payload> {
    let leak = format!("<img data-planted src='{outside}/MARK'>");
    let frame = format!("<iframe data-planted src='{outside}/MARK'>");
    let style = format!("<link data-planted rel=stylesheet href='{outside}/MARK'>");
    let long = format!("MARK{}", "W".repeat(240));
    let templates = [
        "<img src=x data-planted onerror=\"window.HIT='MARK'\">",
        "<script data-planted>window.HIT='MARK'</script>",
        "</title><script data-planted>window.HIT='MARK'</script>",
        "\"><svg data-planted onload=\"window.HIT='MARK'\">",
        "' data-planted onfocus='window.HIT=\"MARK\"' autofocus x='",
        "<a data-planted href=\"javascript:window.HIT='MARK'\">",
        "javascript:window.HIT='MARK'",
        "{{window.HIT='MARK'}}${window.HIT='MARK'}{count}$&",
        "{@html '<i data-planted>MARK</i>'}",
        "&lt;img data-planted src=x&gt;&#60;img data-planted&#62;MARK",
        &leak,
        &frame,
        &style,
        &long,
    ];
    let payload = |(number, template): (usize, &str)| Payload {
        number,
        template: template.to_owned(),
    };
    templates.into_iter().enumerate().map(payload).collect()
}

impl Payload {
    /// What this text has in it at this place only.
    pub(crate) fn mark(&self, sink: Sink) -> String {
        format!("M{}{sink:?}", self.number)
    }

    /// The text as it stands there: cut where the app cuts, without what such a text cannot hold.
    pub(crate) fn text(&self, sink: Sink) -> String {
        let text = self.template.replace("MARK", &self.mark(sink));
        let (most, text) = match sink {
            Sink::Title | Sink::Refusal | Sink::Typed => (200, text),
            Sink::Recorder | Sink::Device => (80, text),
            // An id has no blanks; a slash parts attributes as well.
            Sink::Remote => (190, text.replace(' ', "/")),
            // The folder that a volume is mounted at is called like the volume; of such a name 80 letters are told.
            Sink::Label => (80, text.replace('/', "\u{2215}")),
            // Names of files have no slash.
            Sink::Folder | Sink::Problem => (240, text.replace('/', "\u{2215}")),
        };
        let cut: String = text.chars().take(most).collect();
        cut.trim().to_owned()
    }

    /// Whether it is a word that fits on no line.
    pub(crate) fn is_long(&self) -> bool {
        self.template.len() > 200
    }
}

/// Who the account at Trek Point says that it is: several in one, as there is but one account.
pub(crate) fn label(all: &[Payload]) -> String {
    joined(&all[..5])
}

/// Why Map My Tracks renews no sign-in.
pub(crate) fn blocked(all: &[Payload]) -> String {
    joined(&all[5..])
}

fn joined(some: &[Payload]) -> String {
    let texts: Vec<String> = some.iter().map(|one| one.text(Sink::Typed)).collect();
    let cut: String = texts.join(" ").chars().take(200).collect();
    cut.trim().to_owned()
}

/// Fills the folder of an app that has not been started yet: activities in the library, with both services' words for them;
/// and for each payload a device that is there.
pub(crate) async fn plant(sandbox: &Sandbox, folder: &Path, all: &[Payload]) {
    let rides = folder.join("rides");
    for (number, payload) in (0..).zip(all) {
        let mut ride = recordings::ride(number);
        ride.name = Some(payload.text(Sink::Title));
        ride.source.product = Some(payload.text(Sink::Recorder));
        // The older come first: the first payload is activity 1.
        put(
            &rides.join(format!("{number}.gpx")),
            &track::write_gpx(&ride).bytes,
            number,
        );
        device(folder, payload, number);
    }
    name_clients(sandbox, folder);
    answers(sandbox, all);
    let engine = start(folder);
    for (service, name) in [
        (ServiceId::MapMyTracks, ServiceName::MapMyTracks),
        (ServiceId::TrekPoint, ServiceName::TrekPoint),
    ] {
        if name == ServiceName::MapMyTracks {
            let secret = engine::Secret::new(&sandbox.clients().map_my_tracks_secret);
            tell(
                &engine,
                engine::Command::SetClientSecret { service, secret },
            )
            .await;
        }
        tell(&engine, engine::Command::SignIn { service }).await;
    }
    take_in(&engine, rides).await;
    // One more, for which the sign-in must be renewed: refused in words, now and later.
    let why = json!({ "error": "odd", "error_description": blocked(all) });
    let no = Fault::once(ServiceName::MapMyTracks, "token", answer(400, why));
    sandbox.fault(no.always()).unwrap();
    sandbox.expire(Some(ServiceName::MapMyTracks), Expire::Access);
    let more = folder.join("more");
    put(&more.join("more.fit"), &fit(60), 0);
    take_in(&engine, more).await;
    for payload in all {
        let path = folder.join("devices").join(payload.text(Sink::Folder));
        tell(&engine, engine::Command::AddFolder { path }).await;
    }
    engine.stop().await;
}

/// Takes in a folder, and sends what is in it.
async fn take_in(engine: &Engine, path: PathBuf) {
    let since = None;
    tell(engine, engine::Command::TakeIn { path, since }).await;
    engine.settled(Duration::from_secs(2)).await;
}

async fn tell(engine: &Engine, command: engine::Command) {
    engine.ask(command).await.unwrap();
}

/// A device of that name, at a place of that name, with a file of that name that cannot be read, and with one that can.
fn device(folder: &Path, payload: &Payload, number: u32) {
    let root = folder.join("devices").join(payload.text(Sink::Folder));
    let activity = root.join("Garmin/Activity");
    let mut name = payload.text(Sink::Device);
    for (plain, escaped) in [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")] {
        name = name.replace(plain, escaped);
    }
    let xml = format!(
        "<Device xmlns=\"http://www.garmin.com/xmlschemas/GarminDevice/v2\"><Model><Description>{name}</Description></Model></Device>"
    );
    let broken = format!("{}.fit", payload.text(Sink::Problem));
    put(&activity.join(broken), b"no recording", number);
    put(&activity.join("sound.fit"), &fit(20 + number), number);
    put(
        &root.join("Garmin/GarminDevice.xml"),
        xml.as_bytes(),
        number,
    );
}

/// Plugs in a volume of each name, with a folder for activities but none of them, and with nothing that says what it is.
pub(crate) fn plug_in(folder: &Path, all: &[Payload]) -> Vec<Volume> {
    let content = folder.join("nameless");
    fs::create_dir_all(content.join("Garmin/Activity")).unwrap();
    let volume = |payload: &Payload| {
        let root = folder.join("volumes").join(payload.text(Sink::Label));
        fs::create_dir_all(&root).unwrap();
        Volume::in_memory(&content, root)
    };
    all.iter().map(volume).collect()
}

/// Writes a file that has long been there.
fn put(path: &Path, bytes: &[u8], number: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    let long_ago = UNIX_EPOCH + Duration::from_secs(1_785_000_000 + u64::from(number));
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(long_ago).unwrap();
}

fn name_clients(sandbox: &Sandbox, folder: &Path) {
    let (file, clients) = (folder.join("data/config.toml"), sandbox.clients());
    let mut config = fs::read_to_string(&file).unwrap();
    for (service, id) in [
        ("map-my-tracks", &clients.map_my_tracks_id),
        ("trek-point", &clients.trek_point_id),
    ] {
        let section = format!("[service.{service}]\n");
        config = config.replace(&section, &format!("{section}client_id = \"{id}\"\n"));
    }
    fs::write(file, config).unwrap();
}

/// What the services will say: one refuses each upload in its words, the other takes each and calls it by them.
fn answers(sandbox: &Sandbox, all: &[Payload]) {
    sandbox.switch(|switches| switches.consent = Consent::Allow);
    let say = |service, endpoint, status, body: Value| {
        let fault = Fault::once(service, endpoint, answer(status, body));
        sandbox.fault(fault).unwrap();
    };
    let profile = json!({ "id": 1, "email": "a@b.example", "username": label(all) });
    say(ServiceName::TrekPoint, "profile", 200, profile);
    for payload in all {
        let no = json!({ "function": "uploadActivity", "error": "INVALID_PARAMETER", "message": payload.text(Sink::Refusal) });
        say(ServiceName::MapMyTracks, "uploadActivity", 400, no);
        let yes = json!({ "id": payload.text(Sink::Remote), "status": "ready" });
        say(ServiceName::TrekPoint, "activities.create", 201, yes);
    }
}

fn answer(status: u16, body: Value) -> Harm {
    Harm::Status {
        status,
        retry_after_s: None,
        retry_after_date: false,
        body: Some(body),
    }
}

fn fit(number: u32) -> Vec<u8> {
    track::write_fit(&recordings::ride(number)).bytes
}

/// The app without its window; whoever signs in allows it at once.
fn start(folder: &Path) -> Engine {
    let open = |address: &str| {
        let address = address.to_owned();
        // The engine must not wait for it: it answers the browser itself.
        std::thread::spawn(move || {
            let mut browser = Command::new("curl");
            browser.args(["--silent", "--location", "--output", "/dev/null", &address]);
            browser.stdin(Stdio::null()).status().unwrap();
        });
    };
    let options = EngineOptions {
        data_dir: folder.join("data"),
        secrets: SecretsPlace::File,
        connected: Connected::Nothing,
        sends: true,
        open: Arc::new(open),
        notices: None,
        ask_first: false,
    };
    Engine::start(options).unwrap()
}

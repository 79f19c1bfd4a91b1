//! Both services between the program and the time: they carry its requests, and note what must never happen to them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use service::{Broken, Carried, Carrying, Reply, ServiceId, Transport};

use super::fate::{Asked, Fate};
use super::files;
use super::late::{Late, LateOnes, Underway};
use super::model::{Model, Remote, ends_list, reply};
use super::store::Store;
use super::tokens::token_of;

/// So long after a list has come an upload may begin: five minutes, and what new tokens take on the way.
const LIST_SERVES_MS: u64 = 360_000;

/// Both, and what connects them with the program.
pub(super) struct Services {
    elapsed_ms: Arc<AtomicU64>,
    models: [Mutex<Model>; 2],
    pub(super) store: Arc<Store>,
    /// How many of a hundred answers are bad.
    badness: AtomicU64,
    pub(super) notes: Mutex<Notes>,
}

/// What was seen.
#[derive(Default)]
pub(super) struct Notes {
    violations: Vec<String>,
    trace: Vec<String>,
    /// When an answer comes.
    deadlines: Vec<u64>,
    /// Requests that were given up on their way.
    left: Vec<(ServiceId, Carried)>,
    /// Uploads that the client has given up on, and that are taken later.
    late: LateOnes,
    /// Tasks that ask about one upload.
    looks: HashSet<tokio::task::Id>,
    /// Tasks of which a request was refused for its token.
    pub(super) refused: HashSet<tokio::task::Id>,
    /// The computer's clock was set.
    clock_was_set: bool,
}

impl Services {
    pub(super) fn new(seed: u64, elapsed_ms: Arc<AtomicU64>, store: Arc<Store>) -> Services {
        let model = |id| Mutex::new(Model::new(seed, id));
        Services {
            elapsed_ms,
            models: ServiceId::ALL.map(model),
            store,
            badness: AtomicU64::new(30),
            notes: Mutex::default(),
        }
    }

    pub(super) fn badness(&self, percent: u64) {
        self.badness.store(percent, Ordering::Relaxed);
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.elapsed_ms.load(Ordering::Relaxed)
    }

    pub(super) fn with<T>(&self, id: ServiceId, act: impl FnOnce(&mut Model) -> T) -> T {
        act(&mut self.models[id as usize].lock().unwrap())
    }

    /// Another program sends a recording.
    pub(super) fn take_from_elsewhere(&self, id: ServiceId, file: usize) {
        self.with(id, |model| model.take_from_elsewhere(file, self.now_ms()));
    }

    pub(super) fn remotes(&self, id: ServiceId) -> Vec<Remote> {
        self.with(id, |model| model.remotes.clone())
    }

    /// How often each recording went out without anybody knowing what became of it.
    pub(super) fn unclear(&self, id: ServiceId) -> BTreeMap<usize, u32> {
        self.with(id, |model| model.unclear.clone())
    }

    /// How often the program could not know, or has forgotten, what became of each recording.
    pub(super) fn in_doubt(&self, id: ServiceId, file: usize) -> u32 {
        self.with(id, |model| {
            let of = |counts: &BTreeMap<usize, u32>| counts.get(&file).copied().unwrap_or(0);
            of(&model.unclear) + of(&model.forgotten)
        })
    }

    /// Whether a service says of what it has only that it has it.
    pub(super) fn may_hide_number(&self, id: ServiceId) -> bool {
        self.with(id, |model| model.may_hide_number())
    }

    /// Whether the computer's clock was ever set.
    pub(super) fn is_clock_set(&self) -> bool {
        self.notes.lock().unwrap().clock_was_set
    }

    /// Whether the computer's clock was ever set, or a service's is off.
    pub(super) fn is_clock_off(&self, id: ServiceId) -> bool {
        self.is_clock_set() || self.is_skewed(id)
    }

    /// Whether a service's clock is off.
    pub(super) fn is_skewed(&self, id: ServiceId) -> bool {
        self.with(id, |model| model.is_clock_off())
    }

    /// Which recordings began to be sent, and when.
    pub(super) fn begun(&self, id: ServiceId) -> Vec<(usize, u64)> {
        self.with(id, |model| model.begun.clone())
    }

    /// How often each recording was sent although another program's was in the list.
    pub(super) fn over_others(&self, id: ServiceId) -> BTreeMap<usize, u32> {
        self.with(id, |model| model.over_others.clone())
    }

    /// How often the program heard clearly what became of each recording.
    pub(super) fn clear(&self, id: ServiceId) -> BTreeMap<usize, u32> {
        self.with(id, |model| model.clear.clone())
    }

    /// How often the program heard that a recording is not wanted.
    pub(super) fn refusals(&self, id: ServiceId) -> BTreeMap<usize, u32> {
        self.with(id, |model| model.refusals.clone())
    }

    /// A clock was set, or a person gave a word: what the services asked for is not to be expected.
    pub(super) fn may_be_early(&self) {
        for id in ServiceId::ALL {
            self.with(id, |model| {
                model.not_before_ms = 0;
                model.last_began_ms = None;
            });
        }
    }

    /// Copies of each recording that came so late that the program could not have waited for them.
    pub(super) fn too_late(&self, id: ServiceId) -> BTreeMap<usize, u32> {
        self.with(id, |model| model.too_late.clone())
    }

    /// A clock was set: waits that have begun may be over at once, and how old a list is cannot be known.
    pub(super) fn clock_was_set(&self) {
        let mut notes = self.notes.lock().unwrap();
        notes.late.clock_was_set();
        notes.clock_was_set = true;
        drop(notes);
        for id in ServiceId::ALL {
            self.with(id, |model| {
                model.list_serves_until_ms = None;
                model.in_doubt.clear();
            });
        }
    }

    /// A person has looked for a recording whose outcome is unknown, and lets it go.
    pub(super) fn let_go(&self, id: ServiceId, file: usize) {
        self.with(id, |model| model.in_doubt.remove(&file));
    }

    /// What was given up on long ago is taken now, where its time has come.
    pub(super) fn take_late(&self) {
        let now = self.now_ms();
        let due = self.notes.lock().unwrap().late.due(now);
        for late in due {
            let before = self.remotes(late.id).len();
            let reply = self.serve(late.id, &late.request);
            let file = files::of_body(&late.request.body);
            self.trace(format!(
                "{} takes {file:?} late: {}",
                late.id.name(),
                reply.status
            ));
            let is_new = self.remotes(late.id).len() > before;
            if let Some(file) = file.filter(|_| is_new && !late.is_in_time()) {
                self.with(late.id, |model| {
                    *model.too_late.entry(file).or_default() += 1
                });
            }
        }
    }

    /// The client has given up on it, and it is taken later.
    pub(super) fn give_up(&self, late: Late) {
        self.notes.lock().unwrap().late.push(late);
    }

    /// The program died while this was on its way.
    pub(super) fn leave(&self, id: ServiceId, request: Carried) {
        self.notes.lock().unwrap().left.push((id, request));
    }

    /// The program died: nothing of it is under way any more.
    pub(super) fn hung_up(&self) {
        for id in ServiceId::ALL {
            self.with(id, |model| {
                model.uploading = false;
                model.last_began_ms = None;
                model.listed_ms = None;
            });
        }
        self.notes.lock().unwrap().deadlines.clear();
        // In an order of ours: tasks end in any.
        let mut left = std::mem::take(&mut self.notes.lock().unwrap().left);
        left.sort_by_key(|(id, request)| (*id, request.url.to_string(), request.body.clone()));
        for (id, request) in left {
            if self.with(id, |model| model.rng.bool()) {
                self.answer(id, &request, Fate::LostAfter);
            }
        }
    }

    /// The program ended before it had written down an answer: it cannot hold to what that said.
    pub(super) fn forgot(&self, id: ServiceId, file: usize) {
        self.with(id, |model| {
            model.not_before_ms = 0;
            if model.last_clear.take() == Some(file) {
                let fewer = |count: &mut u32| *count = count.saturating_sub(1);
                model.refusals.entry(file).and_modify(fewer);
                model.clear.entry(file).and_modify(fewer);
            }
        });
    }

    /// After a start an upload was found on its way: nobody knows what became of it.
    pub(super) fn found_on_its_way(&self, id: ServiceId, file: usize) {
        let now = self.now_ms();
        self.with(id, |model| {
            *model.forgotten.entry(file).or_default() += 1;
            model.in_doubt.insert(file, now);
        });
    }

    /// The next moment at which an answer may come.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        let now = self.now_ms();
        let mut notes = self.notes.lock().unwrap();
        notes.deadlines.retain(|deadline| *deadline > now);
        let late = notes.late.next(now);
        notes.deadlines.iter().copied().chain(late).min()
    }

    pub(super) fn violated(&self, what: String) {
        self.notes.lock().unwrap().violations.push(what);
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.notes.lock().unwrap().violations.clone()
    }

    pub(super) fn trace(&self, what: String) {
        let line = format!("{} {what}", self.now_ms());
        self.notes.lock().unwrap().trace.push(line);
    }

    pub(super) fn traced(&self) -> Vec<String> {
        self.notes.lock().unwrap().trace.clone()
    }

    async fn pass(&self, ms: u64) {
        let until = self.now_ms() + ms;
        self.notes.lock().unwrap().deadlines.push(until);
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// What becomes of a request, how long it is on its way, and its answer.
    fn fate(&self, id: ServiceId, asked: Asked) -> (Fate, u64, u64) {
        let badness = self.badness.load(Ordering::Relaxed);
        self.with(id, |model| {
            let fate = model.fate(badness, asked);
            let answer_ms = if model.is_slow { 6_000 } else { 2_000 };
            (fate, model.rng.u64(1..400), model.rng.u64(1..answer_ms))
        })
    }

    async fn talk(&self, id: ServiceId, request: Carried) -> Result<Reply, Broken> {
        let asked = asked(&request);
        let is_upload = asked == Asked::Upload;
        let (fate, before, after) = self.fate(id, asked);
        if is_upload {
            self.begin_upload(id, files::of_body(&request.body));
        }
        let token = token_of(&request);
        if token.is_some_and(|token| !self.store.holds(token)) {
            self.violated(format!(
                "{}: a token that is not stored was used",
                id.name()
            ));
        }
        self.with(id, |model| model.under_way += 1);
        let mut guard = Underway {
            services: self,
            id,
            is_upload,
            request: (fate != Fate::NotSent && fate != Fate::LostBefore).then_some(&request),
            late_ms: None,
            doubtful: files::of_body(&request.body).filter(|_| !fate.is_certain(id)),
        };
        self.pass(before).await;
        let asked_ms = self.now_ms();
        if let Fate::Late(_, ms) = fate {
            guard.late_ms = Some(ms);
        } else {
            guard.request = None;
        }
        let reply = self.answer(id, &request, fate);
        self.pass(after).await;
        if let Fate::Breaks(_) = fate {
            // As a panic does, but without its words on stderr.
            std::panic::resume_unwind(Box::new("it broke"));
        }
        if let Fate::Silence(_) | Fate::Late(false, _) = fate {
            // Longer than the client's patience.
            self.pass(100_000).await;
        }
        let reply = reply.ok_or(match fate {
            Fate::NotSent => Broken::NotSent,
            _ => Broken::Lost,
        });
        if is_upload {
            let status = reply.as_ref().map_or(0, |reply| reply.status);
            self.end_upload(id, &request, fate, status);
        }
        if let Ok(reply) = &reply {
            self.refused(id, asked, reply);
            if is_upload {
                self.heard(id, &request, fate, reply);
            }
            self.delivered(id, &request, reply);
            self.listed(id, &request, reply, asked_ms);
        }
        reply
    }

    /// Rules about uploads: one at a time, and not too fast.
    fn begin_upload(&self, id: ServiceId, file: Option<usize>) {
        let now = self.now_ms();
        let wrong = self.with(id, |model| {
            model.last_clear = None;
            let unlooked = model.is_unlooked(file);
            let unlisted = model.begins(file, now);
            let gap = model.last_began_ms.replace(now).map(|last| now - last);
            let too_fast = gap.is_some_and(|gap| gap < 1_000) && !model.may_repeat;
            let two = std::mem::replace(&mut model.uploading, true);
            let early = now < model.not_before_ms;
            two.then_some("two uploads at once")
                .or(unlooked.then_some("one of unknown outcome was not looked for twice"))
                .or(unlisted.then_some("an upload without a list, or after an old one"))
                .or(early.then_some("an upload earlier than it was asked"))
                .or(too_fast.then_some("uploads too fast"))
        });
        self.trace(format!("{} begins an upload", id.name()));
        if let Some(wrong) = wrong {
            self.violated(format!("{}: {wrong} at {now}", id.name()));
        }
    }

    /// An upload's answer is there, or will not come. What surely came to nothing was no attempt.
    fn end_upload(&self, id: ServiceId, request: &Carried, fate: Fate, status: u16) {
        let is_outside = fate.is_certain(id) && matches!(status, 0 | 401 | 403 | 429);
        self.with(id, |model| {
            model.may_repeat = status == 401;
            if is_outside {
                model.was_turned_away(files::of_body(&request.body));
            }
        });
    }

    /// What the client has heard, and must hold to.
    fn heard(&self, id: ServiceId, request: &Carried, fate: Fate, reply: &Reply) {
        let file = files::of_body(&request.body);
        let now = self.now_ms();
        self.with(id, |model| {
            let is_clear = matches!(reply.status, 200..=299 | 409 | 422)
                || reply.status == 403 && reply.body.starts_with(b"{");
            if let Some(file) = file.filter(|_| is_clear && fate == Fate::Well) {
                *model.clear.entry(file).or_default() += 1;
                model.last_clear = Some(file);
            }
            if let Some(wait) = fate.wait() {
                model.not_before_ms = now + wait * 1_000;
            }
            let unwanted = file.filter(|file| files::pool()[*file].unwanted);
            let is_refusal = reply.body.starts_with(br#"{"error":"invalid_file""#);
            if let Some(file) = unwanted.filter(|_| is_refusal) {
                *model.refusals.entry(file).or_default() += 1;
            }
        });
    }

    /// A list has reached the client that was made then. One that is read because an upload's own answer did not tell is about that
    /// upload alone.
    fn listed(&self, id: ServiceId, request: &Carried, reply: &Reply, made_ms: u64) {
        let path = request.url.path();
        if request.method != "GET" {
            return;
        }
        // Each look at an upload is a task of its own, with all that it asks.
        let task = tokio::task::id();
        if path.contains("/activities/") {
            self.notes.lock().unwrap().looks.insert(task);
            return;
        }
        let of_one = self.notes.lock().unwrap().looks.contains(&task);
        if path.ends_with("/activities") && ends_list(reply) && !of_one {
            let now = self.now_ms();
            self.with(id, |model| {
                model.listed_ms = Some(made_ms);
                model.list_serves_until_ms = Some(now + LIST_SERVES_MS);
            });
        }
    }

    /// What the service does and says; nothing comes back where it is none.
    fn answer(&self, id: ServiceId, request: &Carried, fate: Fate) -> Option<Reply> {
        let now = self.now_ms();
        let (does, says) = fate.says(now);
        self.with(id, |model| {
            model.may_want_sign_in |= fate == Fate::ScopeRefused
        });
        let done = does.then(|| self.serve(id, request));
        let told = if fate.is_lost() { None } else { says.or(done) };
        let status = told.as_ref().map_or(0, |reply| reply.status);
        let file = files::of_body(&request.body);
        if let Some(file) = file.filter(|_| !fate.is_certain(id)) {
            self.with(id, |model| *model.unclear.entry(file).or_default() += 1);
        }
        self.trace(format!(
            "{} {} {file:?} {fate:?} {status} at {now}",
            request.method,
            request.url.path()
        ));
        told
    }

    /// What a service in good health does.
    fn serve(&self, id: ServiceId, request: &Carried) -> Reply {
        let path = request.url.path();
        if path.ends_with("/oauth/token") {
            return self.renew(id, request);
        }
        if path.ends_with("/oauth/revoke") {
            return self.with(id, |model| {
                model.expires_ms = 0;
                model.refresh = "revoked".into();
                model.may_want_sign_in = true;
                reply(200, &json!({}))
            });
        }
        let token = token_of(request).unwrap_or_default();
        let now = self.now_ms();
        self.with(id, |model| {
            if token != model.access || now >= model.expires_ms {
                return reply(401, &json!({"error": "invalid_token"}));
            }
            match (request.method.as_str(), files::of_body(&request.body)) {
                ("POST", Some(file)) => model.upload(file, now),
                ("POST", None) => reply(400, &json!({"error": "invalid_file"})),
                _ => model.look(path, request.url.query(), now),
            }
        })
    }
}

impl Transport for Services {
    fn carry(&self, request: Carried) -> Carrying<'_> {
        let id = if request.url.path().starts_with("/api3") {
            ServiceId::MapMyTracks
        } else {
            ServiceId::TrekPoint
        };
        Box::pin(self.talk(id, request))
    }
}

/// What a request asks for.
fn asked(request: &Carried) -> Asked {
    match request.url.path() {
        path if path.ends_with("/oauth/token") => Asked::Tokens,
        path if path.contains("/oauth/") => Asked::SignOut,
        _ if request.method == "POST" => Asked::Upload,
        path if path.ends_with("/activities") => Asked::List,
        _ => Asked::Look,
    }
}

//! One service as it is imagined: what it has taken, which tokens it knows, how badly it answers, and what it says when it is
//! well. Knows nothing of who asks.

use std::collections::{BTreeMap, HashSet};

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};
use service::{Reply, ServiceId};

use super::fate::{Asked, Fate};
use super::files::{self, BEGINNING_MS};
use super::late::LOOKS_APART_MS;

/// One activity at a service.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) id: u64,
    /// Which recording.
    pub(super) file: usize,
    /// We sent it; else another program did.
    pub(super) ours: bool,
    /// The service cannot use the file, and says so as soon as it has worked on it.
    pub(super) fails: bool,
    created_ms: u64,
    ready_ms: u64,
}

/// What a service may do that no document says. Map My Tracks does none of it: it has no list, and answers at once.
#[derive(Clone, Copy, Debug, Default)]
struct Habits {
    /// So many activities are on a page of its list.
    page: Option<usize>,
    /// The next page is named in a header, not in the body.
    links: bool,
    /// What it already has it says by 409, and perhaps as which number.
    conflict: Option<Conflict>,
    /// So many of a hundred files it takes and cannot use.
    failing: u8,
    /// How far its clock is off.
    skew_ms: i64,
    /// New tokens come without another refresh token: the old one stays.
    keeps_refresh: bool,
}

/// What comes with a 409.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conflict {
    Number,
    Word,
}

impl Habits {
    fn of(id: ServiceId, rng: &mut Rng) -> Habits {
        if id == ServiceId::MapMyTracks {
            return Habits::default();
        }
        Habits {
            page: (rng.u8(0..3) == 0).then(|| rng.usize(1..4)),
            links: rng.bool(),
            conflict: [Some(Conflict::Number), Some(Conflict::Word), None, None][rng.usize(0..4)],
            failing: [30, 0, 0, 0][rng.usize(0..4)],
            skew_ms: [0, 0, 0, 3_000, -3_000, 3_600_000, -3_600_000][rng.usize(0..7)],
            keeps_refresh: rng.u8(0..4) == 0,
        }
    }
}

/// One service.
pub(super) struct Model {
    pub(super) id: ServiceId,
    pub(super) rng: Rng,
    /// In some worlds it is slow: it answers late, and takes most of what comes later than anybody waits for.
    pub(super) is_slow: bool,
    /// What it does that no document says: one in each of many worlds.
    habits: Habits,
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) issued: u64,
    pub(super) expires_ms: u64,
    /// Refresh tokens whose successor has reached the client.
    pub(super) replaced: HashSet<String>,
    /// Recordings of which the program does not know since then whether they arrived, until they are sent again.
    pub(super) in_doubt: BTreeMap<usize, u64>,
    /// Clear words about each recording that the program has heard and written down.
    pub(super) clear: BTreeMap<usize, u32>,
    /// The last of them, as long as no other upload has begun.
    pub(super) last_clear: Option<usize>,
    /// Requests on their way.
    pub(super) under_way: u32,
    /// Since the last sign-in something was said, or done to it, after which another may be asked for.
    pub(super) may_want_sign_in: bool,
    pub(super) remotes: Vec<Remote>,
    /// The upload under way, and whether the last one may be repeated at once.
    pub(super) uploading: bool,
    pub(super) last_began_ms: Option<u64>,
    pub(super) may_repeat: bool,
    /// Uploads of each recording whose outcome nobody could know.
    pub(super) unclear: BTreeMap<usize, u32>,
    /// Uploads of each recording that the program ended over before it had written down what became of them.
    pub(super) forgotten: BTreeMap<usize, u32>,
    /// Refusals of each recording that were heard.
    pub(super) refusals: BTreeMap<usize, u32>,
    /// Uploads of each recording that were taken so late that nobody could wait for them.
    pub(super) too_late: BTreeMap<usize, u32>,
    /// Asked to send nothing before.
    pub(super) not_before_ms: u64,
    /// When the list was made that this run of the program has last heard.
    pub(super) listed_ms: Option<u64>,
    /// Until when uploads may begin after that list; none: a clock was set meanwhile.
    pub(super) list_serves_until_ms: Option<u64>,
    /// Which recordings began to be sent, and when.
    pub(super) begun: Vec<(usize, u64)>,
    /// How often each was sent although another program's was in the list.
    pub(super) over_others: BTreeMap<usize, u32>,
    /// The upload on its way is one of these.
    is_over_another: bool,
}

impl Model {
    pub(super) fn new(seed: u64, id: ServiceId) -> Model {
        let mut rng = Rng::with_seed(seed ^ ((id as u64 + 1) << 40));
        Model {
            id,
            is_slow: rng.u8(0..6) == 0,
            habits: Habits::of(id, &mut rng),
            rng,
            access: String::new(),
            refresh: String::new(),
            issued: 0,
            expires_ms: 0,
            replaced: HashSet::new(),
            in_doubt: BTreeMap::new(),
            clear: BTreeMap::new(),
            last_clear: None,
            under_way: 0,
            may_want_sign_in: true,
            remotes: Vec::new(),
            uploading: false,
            last_began_ms: None,
            may_repeat: true,
            unclear: BTreeMap::new(),
            forgotten: BTreeMap::new(),
            refusals: BTreeMap::new(),
            too_late: BTreeMap::new(),
            not_before_ms: 0,
            listed_ms: None,
            list_serves_until_ms: None,
            begun: Vec::new(),
            over_others: BTreeMap::new(),
            is_over_another: false,
        }
    }

    /// What becomes of a request.
    pub(super) fn fate(&mut self, badness: u64, asked: Asked) -> Fate {
        let is_upload = asked == Asked::Upload;
        if self.is_slow && is_upload && badness > 0 && self.rng.u8(0..3) > 0 {
            return Fate::Late(self.rng.bool(), self.rng.u64(1..4_990));
        }
        Fate::thrown(&mut self.rng, self.id, badness, asked)
    }

    /// Whether what begins to be sent was not looked for, twice, since it was last sent without a clear answer. One look is enough
    /// where it shows that the service could not use what came.
    pub(super) fn is_unlooked(&mut self, file: Option<usize>) -> bool {
        let since = file.and_then(|file| self.in_doubt.remove(&file));
        let since = since.filter(|_| self.id == ServiceId::TrekPoint);
        let listed_ms = self.listed_ms.unwrap_or(0);
        let began = self.begun.iter().rfind(|(begun, _)| Some(*begun) == file);
        let came_with_it = |remote: &Remote| began.is_some_and(|(_, at)| remote.created_ms >= *at);
        let is_it =
            |remote: &&Remote| remote.ours && Some(remote.file) == file && came_with_it(remote);
        let mut ours = self.remotes.iter().filter(is_it);
        let is_clear = ours.any(|remote| remote.status(listed_ms) == "failed");
        since.is_some_and(|since| {
            listed_ms < since || listed_ms < since + LOOKS_APART_MS && !is_clear
        })
    }

    /// An upload begins; whether that is too early, because this run has not heard yet, or not for long, what the service has.
    pub(super) fn begins(&mut self, file: Option<usize>, now_ms: u64) -> bool {
        let Some(file) = file else { return false };
        self.begun.push((file, now_ms));
        let listed_ms = self.listed_ms.unwrap_or(0);
        let others = self.remotes.iter();
        let mut others = others.filter(|remote| !remote.ours && !remote.fails);
        let is_there = |remote: &Remote| {
            remote.created_ms < listed_ms && files::is_same_ride(remote.file, file)
        };
        self.is_over_another = self.id == ServiceId::TrekPoint && others.any(is_there);
        if self.is_over_another {
            *self.over_others.entry(file).or_default() += 1;
        }
        let is_old = self
            .list_serves_until_ms
            .is_some_and(|until| until < now_ms);
        self.id == ServiceId::TrekPoint && (self.listed_ms.is_none() || is_old)
    }

    /// What began to be sent was turned away at the door: it was no attempt.
    pub(super) fn was_turned_away(&mut self, file: Option<usize>) {
        let was_one = std::mem::take(&mut self.is_over_another);
        if let Some(file) = file.filter(|_| was_one) {
            let fewer = |count: &mut u32| *count = count.saturating_sub(1);
            self.over_others.entry(file).and_modify(fewer);
        }
    }

    /// Whether its clock is another than the time.
    pub(super) fn is_clock_off(&self) -> bool {
        self.habits.skew_ms != 0
    }

    /// New tokens in exchange for a refresh token; the answer.
    pub(super) fn renew(&mut self, now_ms: u64) -> Reply {
        let kept = self.habits.keeps_refresh.then(|| self.refresh.clone());
        self.grant(now_ms);
        let access = &self.access;
        if let Some(kept) = kept {
            self.refresh = kept;
            let tokens =
                json!({"access_token": access, "token_type": "Bearer", "expires_in": 3600});
            return reply(200, &tokens);
        }
        let refresh = &self.refresh;
        reply(
            200,
            &json!({"access_token": access, "token_type": "Bearer", "expires_in": 3600, "refresh_token": refresh}),
        )
    }

    pub(super) fn grant(&mut self, now_ms: u64) {
        self.issued += 1;
        self.access = format!("{}-access-{}", self.id.name(), self.issued);
        self.refresh = format!("{}-refresh-{}", self.id.name(), self.issued);
        self.expires_ms = now_ms + 3_600_000;
    }

    /// Another program sends a recording.
    pub(super) fn take_from_elsewhere(&mut self, file: usize, now_ms: u64) {
        self.take(file, false, now_ms);
    }

    fn take(&mut self, file: usize, ours: bool, now_ms: u64) -> &Remote {
        let id = self.remotes.len() as u64 + 1;
        let longest = [1, 20_000, 20_000, 900_000][self.rng.usize(0..4)];
        let works_ms = self.rng.u64(0..longest);
        let fails = self.rng.u8(0..100) < self.habits.failing;
        self.remotes.push(Remote {
            id,
            file,
            ours,
            fails,
            created_ms: now_ms,
            ready_ms: now_ms + works_ms,
        });
        self.remotes.last().unwrap()
    }

    pub(super) fn upload(&mut self, file: usize, now_ms: u64) -> Reply {
        let at_map_my_tracks = self.id == ServiceId::MapMyTracks;
        if files::pool()[file].unwanted {
            let status = if at_map_my_tracks { 403 } else { 422 };
            let words = json!({"error": "invalid_file", "message": "not wanted here"});
            return reply(status, &words);
        }
        if self.habits.conflict.is_some() && self.rng.u8(0..6) == 0 {
            // Another computer was faster, since the list was read.
            self.take(file, false, now_ms);
        }
        let mut all = self.remotes.iter();
        let known = all.find(|remote| remote.file == file && !remote.fails);
        let known = known.map(|remote| remote.id);
        if at_map_my_tracks {
            let (id, status) = match known {
                Some(id) => (id, "already exists"),
                None => (self.take(file, true, now_ms).id, "newly created"),
            };
            return reply(200, &json!({"activity_id": id, "status": status}));
        }
        match (self.habits.conflict, known) {
            (Some(Conflict::Number), Some(id)) => {
                let words = json!({"error": "already_exists", "detail": {"activity_id": id}});
                return reply(409, &words);
            }
            (Some(Conflict::Word), Some(_)) => return reply(409, &json!({"error": "duplicate"})),
            _ => (),
        }
        let taken = self.take(file, true, now_ms);
        let status = taken.status(now_ms);
        let code = if status == "processing" { 202 } else { 201 };
        reply(code, &json!({"id": taken.id, "status": status}))
    }

    /// Whether it says of what it has only that it has it.
    pub(super) fn may_hide_number(&self) -> bool {
        self.habits.conflict == Some(Conflict::Word)
    }

    /// What is shown at this path: the list, or a page of it, or one activity.
    pub(super) fn look(&mut self, path: &str, query: Option<&str>, now_ms: u64) -> Reply {
        if path.ends_with("/activities") {
            let page = query.and_then(|query| query.strip_prefix("page="));
            let page = page.and_then(|page| page.parse().ok()).unwrap_or(1);
            return self.list(page, now_ms);
        }
        let id = path.rsplit('/').next();
        let id = id.and_then(|id| id.parse::<u64>().ok());
        let not_ready = json!({"error": "activity_not_ready"});
        let says_with_it = self.rng.bool();
        match self.remotes.iter().find(|remote| Some(remote.id) == id) {
            Some(remote) => match remote.status(now_ms) {
                "processing" => reply(409, &not_ready),
                "failed" if says_with_it => reply(
                    409,
                    &json!({"error": "activity_not_ready", "status": "failed"}),
                ),
                _ => reply(200, &remote.shown(now_ms, self.habits.skew_ms)),
            },
            None => reply(404, &json!({"error": "not_found"})),
        }
    }

    /// A page of the list, which says where it goes on.
    fn list(&self, page: usize, now_ms: u64) -> Reply {
        let long = self.habits.page.unwrap_or(usize::MAX);
        let all = self.remotes.iter().skip(long.saturating_mul(page - 1));
        let mut shown: Vec<_> = all
            .map(|remote| remote.shown(now_ms, self.habits.skew_ms))
            .collect();
        let goes_on = shown.len() > long;
        shown.truncate(long);
        let next = format!("?page={}", page + 1);
        match (goes_on, self.habits.links) {
            (false, _) => reply(200, &json!({ "activities": shown })),
            (true, true) => Reply {
                headers: vec![("link".into(), format!("<{next}>; rel=\"next\""))],
                ..reply(200, &json!({ "activities": shown }))
            },
            (true, false) => reply(200, &json!({ "activities": shown, "next": next })),
        }
    }
}

impl Remote {
    fn status(&self, now_ms: u64) -> &'static str {
        match self.fails {
            _ if self.ready_ms > now_ms => "processing",
            true => "failed",
            false => "ready",
        }
    }

    fn shown(&self, now_ms: u64, skew_ms: i64) -> Value {
        let file = &files::pool()[self.file];
        let created = BEGINNING_MS + skew_ms + i64::try_from(self.created_ms).unwrap();
        json!({
            "id": self.id,
            "activity_started_at": file.start.to_string(),
            "distance_m": file.distance_m,
            "duration_s": file.elapsed_s,
            "status": self.status(now_ms),
            "created_on": Timestamp::from_millisecond(created).unwrap().to_string(),
        })
    }
}

/// Whether an answer is a list, or the last page of one.
pub(super) fn ends_list(answer: &Reply) -> bool {
    let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let is_list = json
        .as_ref()
        .is_some_and(|json| json["activities"].is_array());
    let goes_on = json.is_some_and(|json| json["next"].is_string())
        || answer.headers.iter().any(|(name, _)| name == "link");
    answer.status == 200 && is_list && !goes_on
}

pub(super) fn form(body: &[u8]) -> BTreeMap<String, String> {
    if body.len() > 4_096 {
        return BTreeMap::new();
    }
    let pairs = std::str::from_utf8(body).unwrap_or_default().split('&');
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

pub(super) fn reply(status: u16, body: &serde_json::Value) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
    }
}

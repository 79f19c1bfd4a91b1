//! One service as it is imagined: what it has taken, which tokens it knows, how badly it answers, and what it says when it is
//! well. Knows nothing of who asks.

use std::collections::{BTreeMap, HashSet};

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::json;
use service::{Reply, ServiceId};

use super::files::{self, BEGINNING_MS};

/// One activity at a service.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) id: u64,
    /// Which recording.
    pub(super) file: usize,
    /// We sent it; else another program did.
    pub(super) ours: bool,
    created_ms: u64,
    ready_ms: u64,
}

/// One service.
pub(super) struct Model {
    pub(super) id: ServiceId,
    pub(super) rng: Rng,
    /// In some worlds it is slow: it answers late, and takes most of what comes later than anybody waits for.
    pub(super) is_slow: bool,
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) issued: u64,
    pub(super) expires_ms: u64,
    /// Refresh tokens whose successor has reached the client.
    pub(super) replaced: HashSet<String>,
    pub(super) remotes: Vec<Remote>,
    /// The upload under way, and whether the last one may be repeated at once.
    pub(super) uploading: bool,
    pub(super) last_began_ms: Option<u64>,
    pub(super) may_repeat: bool,
    /// Uploads of each recording whose outcome nobody could know.
    pub(super) unclear: BTreeMap<usize, u32>,
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
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Well,
    NotSent,
    /// The connection breaks before it is taken.
    LostBefore,
    /// It is taken, and the connection breaks.
    LostAfter,
    /// It is taken or not, and nothing comes back.
    Silence(bool),
    /// A code and a wait, and whether it was taken before.
    Trouble(u16, Option<u64>, bool),
    /// Somebody else's page with a good code.
    Page(bool),
    /// It is taken or not, and the program's own task panics.
    Breaks(bool),
    /// The token is not accepted this once.
    TokenRefused,
    /// The sign-in does not allow it.
    ScopeRefused,
    /// The client gives up, at once or when its patience ends, and so long after that it is taken.
    Late(bool, u64),
}

/// Somebody else's page.
pub(super) const HTML: &[u8] = b"<html><title>Welcome to our Wi-Fi</title></html>";

impl Fate {
    /// Whether the service does what it is asked, and what is said in place of its own answer.
    pub(super) fn says(self) -> (bool, Option<Reply>) {
        match self {
            Fate::Well => (true, None),
            Fate::NotSent
            | Fate::LostBefore
            | Fate::Silence(false)
            | Fate::Breaks(false)
            | Fate::Late(..) => (false, None),
            Fate::LostAfter | Fate::Silence(true) | Fate::Breaks(true) => (true, None),
            Fate::Trouble(status, wait, does) => {
                let headers = wait.map(|wait| ("retry-after".to_owned(), wait.to_string()));
                let headers = headers.into_iter().collect();
                (
                    does,
                    Some(Reply {
                        status,
                        headers,
                        body: Vec::new(),
                    }),
                )
            }
            Fate::Page(does) => (
                does,
                Some(Reply {
                    status: 200,
                    headers: Vec::new(),
                    body: HTML.to_vec(),
                }),
            ),
            Fate::TokenRefused => (false, Some(reply(401, &json!({"error": "invalid_token"})))),
            Fate::ScopeRefused => (
                false,
                Some(reply(403, &json!({"error": "insufficient_scope"}))),
            ),
        }
    }
}

impl Model {
    pub(super) fn new(seed: u64, id: ServiceId) -> Model {
        let mut rng = Rng::with_seed(seed ^ ((id as u64 + 1) << 40));
        Model {
            id,
            is_slow: rng.u8(0..6) == 0,
            rng,
            access: String::new(),
            refresh: String::new(),
            issued: 0,
            expires_ms: 0,
            replaced: HashSet::new(),
            remotes: Vec::new(),
            uploading: false,
            last_began_ms: None,
            may_repeat: true,
            unclear: BTreeMap::new(),
            refusals: BTreeMap::new(),
            too_late: BTreeMap::new(),
            not_before_ms: 0,
            listed_ms: None,
            list_serves_until_ms: None,
            begun: Vec::new(),
            over_others: BTreeMap::new(),
        }
    }

    pub(super) fn fate(&mut self, badness: u64, is_upload: bool) -> Fate {
        if self.is_slow && is_upload && badness > 0 && self.rng.u8(0..3) > 0 {
            return Fate::Late(self.rng.bool(), self.rng.u64(1..4_990));
        }
        if self.rng.u64(0..100) >= badness {
            return Fate::Well;
        }
        let does = self.rng.bool();
        let wait = self.rng.bool().then(|| self.rng.u64(1..4_000));
        match self.rng.u8(0..15) {
            0 => Fate::NotSent,
            1 => Fate::LostBefore,
            2 | 3 => Fate::LostAfter,
            4 => Fate::Silence(does),
            5 => Fate::Trouble(500, None, does),
            6 => Fate::Trouble(502, wait, does),
            // A gateway says so for a server that fell over while it worked on it, too, with a time or without.
            7 => Fate::Trouble(503, wait, does),
            8 if is_upload && self.id == ServiceId::TrekPoint && does => {
                Fate::Trouble(303, None, self.rng.bool())
            }
            8 => Fate::Trouble(429, wait, false),
            9 => Fate::Page(does),
            11 => Fate::Breaks(does),
            10 if is_upload && self.rng.u8(0..4) == 0 => Fate::Trouble(403, None, false),
            // At Map My Tracks the same would be a word on the file.
            10 if self.id == ServiceId::TrekPoint && self.rng.u8(0..4) == 0 => Fate::ScopeRefused,
            13 | 14 if is_upload => {
                let longest = [4_900, 20_000, 600_000][self.rng.usize(0..3)];
                Fate::Late(does, self.rng.u64(1..longest))
            }
            _ => Fate::TokenRefused,
        }
    }

    /// An upload begins; whether that is too early, because this run has not heard yet, or not for long, what the service has.
    pub(super) fn begins(&mut self, file: Option<usize>, now_ms: u64) -> bool {
        let Some(file) = file else { return false };
        self.begun.push((file, now_ms));
        let listed_ms = self.listed_ms.unwrap_or(0);
        let mut others = self.remotes.iter().filter(|remote| !remote.ours);
        let is_there = |remote: &Remote| {
            remote.created_ms < listed_ms && files::is_same_ride(remote.file, file)
        };
        if self.id == ServiceId::TrekPoint && others.any(is_there) {
            *self.over_others.entry(file).or_default() += 1;
        }
        let is_old = self
            .list_serves_until_ms
            .is_some_and(|until| until < now_ms);
        self.id == ServiceId::TrekPoint && (self.listed_ms.is_none() || is_old)
    }

    pub(super) fn grant(&mut self, now_ms: u64) {
        self.issued += 1;
        self.access = format!("{}-access-{}", self.id.name(), self.issued);
        self.refresh = format!("{}-refresh-{}", self.id.name(), self.issued);
        self.expires_ms = now_ms + 3_600_000;
    }

    pub(super) fn take(&mut self, file: usize, ours: bool, now_ms: u64) -> u64 {
        let id = self.remotes.len() as u64 + 1;
        let ready_ms = now_ms
            + if self.rng.bool() {
                0
            } else {
                self.rng.u64(0..20_000)
            };
        self.remotes.push(Remote {
            id,
            file,
            ours,
            created_ms: now_ms,
            ready_ms,
        });
        id
    }

    pub(super) fn upload(&mut self, file: usize, now_ms: u64) -> Reply {
        if files::pool()[file].unwanted {
            let status = if self.id == ServiceId::MapMyTracks {
                403
            } else {
                422
            };
            return reply(
                status,
                &json!({"error": "invalid_file", "message": "not wanted here"}),
            );
        }
        let known = self
            .remotes
            .iter()
            .find(|remote| remote.file == file)
            .map(|remote| remote.id);
        if self.id == ServiceId::MapMyTracks {
            let (id, status) = match known {
                Some(id) => (id, "already exists"),
                None => (self.take(file, true, now_ms), "newly created"),
            };
            return reply(200, &json!({"activity_id": id, "status": status}));
        }
        let id = self.take(file, true, now_ms);
        let ready = self
            .remotes
            .last()
            .is_some_and(|remote| remote.ready_ms <= now_ms);
        let status = if ready { "ready" } else { "processing" };
        reply(
            if ready { 201 } else { 202 },
            &json!({"id": id, "status": status}),
        )
    }

    pub(super) fn look(&mut self, path: &str, now_ms: u64) -> Reply {
        let shown = |remote: &Remote| {
            let file = &files::pool()[remote.file];
            let created = BEGINNING_MS + i64::try_from(remote.created_ms).unwrap();
            json!({
                "id": remote.id,
                "activity_started_at": file.start.to_string(),
                "distance_m": file.distance_m,
                "duration_s": file.elapsed_s,
                "status": if remote.ready_ms <= now_ms { "ready" } else { "processing" },
                "created_on": Timestamp::from_millisecond(created).unwrap().to_string(),
            })
        };
        if path.ends_with("/activities") {
            let all: Vec<_> = self.remotes.iter().map(shown).collect();
            return reply(200, &json!({ "activities": all }));
        }
        let id = path
            .rsplit('/')
            .next()
            .and_then(|id| id.parse::<u64>().ok());
        match self.remotes.iter().find(|remote| Some(remote.id) == id) {
            Some(remote) if remote.ready_ms <= now_ms => reply(200, &shown(remote)),
            Some(_) => reply(409, &json!({"error": "activity_not_ready"})),
            None => reply(404, &json!({"error": "not_found"})),
        }
    }
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

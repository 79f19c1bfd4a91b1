//! Everything the two services remember, and how it is kept in a folder. It knows no HTTP.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    clock::Clock,
    consent::Pending,
    control::{Request, Switches, Upload},
    endpoint::ServiceName,
    fault::Fault,
    options::Clients,
    recording::Summary,
    tokens::Tokens,
};

/// Requests that the log holds at most; older ones are dropped.
const LOG_LIMIT: usize = 10_000;

/// A live activity at Map My Tracks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Live {
    pub(crate) id: u64,
    pub(crate) account: String,
    pub(crate) title: Option<String>,
    pub(crate) status: String,
    pub(crate) points: Vec<serde_json::Value>,
    pub(crate) stopped: bool,
}

/// An activity at Trek Point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Activity {
    pub(crate) id: u64,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) activity_type: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) created_ms: i64,
    /// When it stops being processed; none: never.
    pub(crate) ready_ms: Option<i64>,
    /// Its status from then on.
    pub(crate) then: String,
    pub(crate) share_key: String,
    pub(crate) sha256: String,
    pub(crate) format: String,
    pub(crate) summary: Summary,
}

impl Activity {
    pub(crate) fn status(&self, now_ms: i64) -> &str {
        if self.ready_ms.is_some_and(|ready| now_ms >= ready) {
            &self.then
        } else {
            "processing"
        }
    }
}

/// A route at Trek Point: its owner and the document's own object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Route {
    pub(crate) id: u64,
    pub(crate) account: String,
    pub(crate) share_key: String,
    pub(crate) detail: serde_json::Map<String, serde_json::Value>,
}

/// What survives a restart when a folder is given.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) tokens: Tokens,
    pub(crate) switches: Switches,
    pub(crate) uploads: Vec<Upload>,
    pub(crate) live: Vec<Live>,
    pub(crate) activities: Vec<Activity>,
    pub(crate) routes: Vec<Route>,
    pub(crate) last_id: u64,
    /// How far the services' clock runs ahead of the machine's, in milliseconds.
    pub(crate) ahead_ms: i64,
    #[serde(skip)]
    pub(crate) faults: Vec<Fault>,
    #[serde(skip)]
    pub(crate) requests: Vec<Request>,
    #[serde(skip)]
    pub(crate) pending: BTreeMap<String, Pending>,
    #[serde(skip)]
    pub(crate) bytes: BTreeMap<String, Bytes>,
}

impl State {
    /// The next id of anything; the first of each service looks like those in its document.
    pub(crate) fn next_id(&mut self, service: ServiceName) -> u64 {
        self.last_id += 1;
        match service {
            ServiceName::MapMyTracks => 1_234_566 + self.last_id,
            ServiceName::TrekPoint => 1_200 + self.last_id,
        }
    }

    pub(crate) fn log(&mut self, request: Request) {
        if self.requests.len() >= LOG_LIMIT {
            self.requests.remove(0);
        }
        self.requests.push(request);
    }
}

/// The state behind its lock, and what never changes while the sandbox runs.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) clients: Clients,
    pub(crate) clock: Clock,
    seed: String,
    keep: Option<PathBuf>,
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Shared {
    /// Takes up what the folder holds, or starts empty.
    pub(crate) fn open(
        clients: Clients,
        clock: Clock,
        seed: String,
        keep: Option<PathBuf>,
    ) -> io::Result<Shared> {
        let mut state = State {
            tokens: Tokens::new(seed.clone()),
            ..State::default()
        };
        if let Some(folder) = &keep {
            fs::create_dir_all(folder)?;
            match fs::read(folder.join("state.json")) {
                Ok(text) => state = serde_json::from_slice(&text)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            for upload in &state.uploads {
                let bytes = fs::read(folder.join(&upload.sha256))?;
                state
                    .bytes
                    .insert(upload.sha256.clone(), Bytes::from(bytes));
            }
        }
        Ok(Shared {
            state: Mutex::new(state),
            clients,
            clock,
            seed,
            keep,
        })
    }

    /// The state; a panic elsewhere leaves it usable, for every change is a single step.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since 1970 on the services' clock.
    pub(crate) fn now_ms(&self, state: &State) -> i64 {
        self.clock.now_ms() + state.ahead_ms
    }

    /// Forgets everything but the clients, in the folder too.
    pub(crate) fn reset(&self) -> io::Result<()> {
        let mut state = self.state();
        // Tokens from before must stay unknown, so the draw goes on where it was.
        let tokens = Tokens::new(format!("{}/{}", self.seed, state.tokens.draw("")));
        *state = State {
            tokens,
            ..State::default()
        };
        self.save(&state)
    }

    /// Keeps an upload's bytes, on disk before anybody is told so.
    pub(crate) fn keep_bytes(&self, state: &mut State, bytes: &Bytes) -> io::Result<String> {
        let sha = sha256(bytes);
        if let Some(folder) = &self.keep {
            fs::write(folder.join(&sha), bytes)?;
        }
        state.bytes.insert(sha.clone(), bytes.clone());
        Ok(sha)
    }

    /// Writes the state into its folder, whole or not at all.
    pub(crate) fn save(&self, state: &State) -> io::Result<()> {
        let Some(folder) = &self.keep else {
            return Ok(());
        };
        write_whole(&folder.join("state.json"), &serde_json::to_vec(state)?)
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    fs::write(&fresh, bytes)?;
    fs::rename(fresh, path)
}

//! The sandbox's own handle: what was received, faults, switches. In the process, and as JSON below `/sandbox/`.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    answer::json_answer,
    consent::Consent,
    endpoint::{ENDPOINTS, ServiceName},
    fault::Fault,
    state::{Shared, State as Memory},
    tokens::TokenCounts,
};

/// A file that a service took, or found to be there already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// Counts from 0.
    pub n: u64,
    /// Who took it.
    pub service: ServiceName,
    /// Whose it is.
    pub account: String,
    /// Of the file's bytes, lower-case hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// As the client named it.
    pub file_name: String,
    /// `fit`, `gpx` or `tcx`, by content.
    pub format: String,
    /// The other fields of the form.
    pub fields: BTreeMap<String, String>,
    /// The service's id of the activity.
    pub activity_id: u64,
    /// The service had the same bytes of this account before, and said so.
    pub existing: bool,
    /// RFC 3339, UTC.
    pub at: String,
}

/// One request as it came in; no query, no headers but the client's name, no body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The service.
    pub service: ServiceName,
    /// One of [`crate::ENDPOINTS`].
    pub endpoint: String,
    /// HTTP method.
    pub method: String,
    /// Path without query.
    pub path: String,
    /// `User-Agent`.
    pub user_agent: String,
    /// Bytes of the body that were read.
    pub size: u64,
    /// HTTP status of the answer; 0: it was never sent whole.
    pub status: u16,
    /// Faults that hit it.
    pub faults: Vec<String>,
    /// RFC 3339, UTC.
    pub at: String,
}

/// What Trek Point does with bytes that it has already; its document does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// It makes a second activity.
    #[default]
    Kept,
    /// It answers 409 with `already_exists` and the id.
    Refused,
}

/// How the services behave where their documents leave it open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// What the consent page does by itself.
    pub consent: Consent,
    /// The account that an automatic consent is for.
    pub account: String,
    /// Life of an access token in seconds.
    pub expires_in_s: i64,
    /// Map My Tracks says `expires_in`; its document does not promise it.
    pub tells_expires_in: bool,
    /// Trek Point gives a new refresh token with each refresh, and the old one is dead.
    pub rotates: bool,
    /// Trek Point gives refresh tokens at all.
    pub refresh_tokens: bool,
    /// How long Trek Point processes a new activity, in milliseconds; none: for ever.
    pub processing_ms: Option<u64>,
    /// What Trek Point does with bytes that it has already.
    pub duplicates: Duplicates,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            consent: Consent::Ask,
            account: "trailrunner".to_owned(),
            expires_in_s: 3600,
            tells_expires_in: true,
            rotates: true,
            refresh_tokens: true,
            processing_ms: Some(500),
            duplicates: Duplicates::Kept,
        }
    }
}

/// What `POST /sandbox/expire` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expire {
    /// The access tokens: their time is over.
    Access,
    /// The whole session: access and refresh tokens are revoked.
    Session,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpireOrder {
    #[serde(default)]
    service: Option<ServiceName>,
    what: Expire,
}

/// The tokens of both services, counted.
pub(crate) fn token_counts(memory: &Memory, now_ms: i64) -> BTreeMap<String, TokenCounts> {
    let services = [ServiceName::MapMyTracks, ServiceName::TrekPoint];
    services
        .into_iter()
        .map(|service| {
            (
                service.name().to_owned(),
                memory.tokens.counts(service, now_ms),
            )
        })
        .collect()
}

/// Adds faults; the error names one whose service has no such endpoint, and then none is added: it would never hit.
pub(crate) fn add_faults(memory: &mut Memory, faults: Vec<Fault>) -> Result<(), String> {
    for fault in &faults {
        let Some(name) = fault.endpoint.as_deref() else {
            continue;
        };
        let (lacks, has): (_, Vec<&str>) = match fault.service {
            None => ("no service has an endpoint".into(), ENDPOINTS.to_vec()),
            Some(service) => {
                let lacks = format!("{} has no endpoint", service.display());
                (lacks, service.endpoints().collect())
            }
        };
        if !has.contains(&name) {
            let has = has.join(", ");
            return Err(format!("{lacks} '{name}'; there are: {has}"));
        }
    }
    memory.faults.extend(faults);
    Ok(())
}

/// Changes the switches that are named; the error names one that does not exist or can't have this value.
pub(crate) fn change_switches(memory: &mut Memory, changes: &Value) -> Result<(), String> {
    let mut all = serde_json::to_value(&memory.switches).map_err(|error| error.to_string())?;
    let (Some(all_fields), Some(changes)) = (all.as_object_mut(), changes.as_object()) else {
        return Err("switches are an object".to_owned());
    };
    all_fields.extend(changes.clone());
    memory.switches = serde_json::from_value(all).map_err(|error| error.to_string())?;
    Ok(())
}

/// The routes below `/sandbox/`.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/state", get(state))
        .route("/sandbox/uploads/{n}/bytes", get(bytes))
        .route("/sandbox/faults", get(faults).post(add).delete(clear))
        .route("/sandbox/switches", get(switches).post(switch))
        .route("/sandbox/expire", post(expire))
        .route("/sandbox/reset", post(reset))
}

async fn state(State(shared): State<Arc<Shared>>) -> Response {
    let memory = shared.state();
    let now_ms = shared.now_ms(&memory);
    let activities: Vec<Value> = memory
        .activities
        .iter()
        .map(|activity| {
            json!({"id": activity.id, "account": activity.account, "name": activity.name, "status": activity.status(now_ms),
                   "share_key": activity.share_key, "sha256": activity.sha256})
        })
        .collect();
    let routes: Vec<Value> = memory
        .routes
        .iter()
        .map(|route| json!({"id": route.id, "account": route.account, "name": route.detail.get("name"), "share_key": route.share_key}))
        .collect();
    let body = json!({
        "uploads": memory.uploads,
        "tokens": token_counts(&memory, now_ms),
        "live": memory.live,
        "activities": activities,
        "routes": routes,
        "faults": memory.faults,
        "switches": memory.switches,
        "requests": memory.requests,
    });
    json_answer(200, body)
}

async fn bytes(State(shared): State<Arc<Shared>>, Path(n): Path<usize>) -> Response {
    let memory = shared.state();
    match memory
        .uploads
        .get(n)
        .and_then(|upload| memory.bytes.get(&upload.sha256))
    {
        Some(bytes) => (
            [(header::CONTENT_TYPE, "application/octet-stream")],
            bytes.clone(),
        )
            .into_response(),
        None => json_answer(404, json!({"error": "there is no such upload"})),
    }
}

async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    json_answer(200, json!(shared.state().faults))
}

/// One fault or a list of them.
async fn add(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let one = |text: &[u8]| serde_json::from_slice::<Fault>(text).map(|fault| vec![fault]);
    let is_list = body.trim_ascii_start().first() == Some(&b'[');
    let faults = if is_list {
        serde_json::from_slice::<Vec<Fault>>(&body)
    } else {
        one(&body)
    };
    let added = faults
        .map_err(|error| error.to_string())
        .and_then(|faults| add_faults(&mut shared.state(), faults));
    done(&shared, added)
}

async fn clear(State(shared): State<Arc<Shared>>) -> Response {
    shared.state().faults.clear();
    done(&shared, Ok(()))
}

async fn switches(State(shared): State<Arc<Shared>>) -> Response {
    json_answer(200, json!(shared.state().switches))
}

async fn switch(State(shared): State<Arc<Shared>>, Json(changes): Json<Value>) -> Response {
    let changed = change_switches(&mut shared.state(), &changes);
    done(&shared, changed)
}

async fn expire(State(shared): State<Arc<Shared>>, Json(order): Json<ExpireOrder>) -> Response {
    expire_now(&shared, order.service, order.what);
    done(&shared, Ok(()))
}

/// Ends tokens of one service or both.
pub(crate) fn expire_now(shared: &Shared, service: Option<ServiceName>, what: Expire) {
    let mut memory = shared.state();
    let now_ms = shared.now_ms(&memory);
    match what {
        Expire::Access => memory.tokens.expire_access(service, now_ms),
        Expire::Session => memory.tokens.revoke_all(service),
    }
}

async fn reset(State(shared): State<Arc<Shared>>) -> Response {
    match shared.reset() {
        Ok(()) => json_answer(200, json!({"ok": true})),
        Err(error) => json_answer(500, json!({"error": error.to_string()})),
    }
}

fn done(shared: &Shared, outcome: Result<(), String>) -> Response {
    let saved = shared.save(&shared.state());
    match (outcome, saved) {
        (Ok(()), Ok(())) => json_answer(200, json!({"ok": true})),
        (Err(what), _) => json_answer(400, json!({"error": what})),
        (_, Err(error)) => json_answer(500, json!({"error": error.to_string()})),
    }
}

//! Trek Point's activities: list, create, detail, update, delete.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{SERVICE, account, error, not_found};
use crate::{
    answer::{json_answer, page},
    clock::stamp,
    control::Duplicates,
    form::{FilePart, Parts},
    guard::Effects,
    intake::{Arrival, take_in},
    recording::{Format, Spot, glance},
    state::{Activity, Shared, State as Memory, sha256},
};

/// Points of a line that a detail shows at most.
const LINE_POINTS: usize = 1000;

/// `GET /api/v1/activities`: the athlete's own, newest first.
pub(super) async fn list(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let account = match account(&shared, &headers, "activities_read") {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let state = shared.state();
    let now_ms = shared.now_ms(&state);
    let own = state
        .activities
        .iter()
        .rev()
        .filter(|activity| activity.account == account);
    let summaries: Vec<Value> = own.map(|activity| summary(activity, now_ms)).collect();
    json_answer(200, json!({"activities": summaries}))
}

fn summary(activity: &Activity, now_ms: i64) -> Value {
    json!({
        "id": activity.id,
        "name": activity.name,
        "activity_type": activity.activity_type,
        "status": activity.status(now_ms),
        "activity_started_at": activity.summary.started_ms.map(stamp),
        "created_on": stamp(activity.created_ms),
        "distance_m": activity.summary.distance_m,
        "duration_s": activity.summary.duration_s,
        "tags": activity.tags,
    })
}

/// `POST /api/v1/activities`: a FIT or GPX file, taken in at once and processed after.
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Extension(effects): Extension<Effects>,
    request: Request,
) -> Response {
    let account = match account(&shared, &headers, "activities_write") {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let parts = match Parts::read(request).await {
        Ok(parts) => parts,
        Err(what) => return error(400, "invalid_request", json!({"message": what})),
    };
    match check(&parts) {
        Ok((file, format)) => keep(&shared, &account, &parts, file, format, effects),
        Err(what) => error(422, "invalid_file", json!({"message": what})),
    }
}

fn check(parts: &Parts) -> Result<(&FilePart, Format), &'static str> {
    let file = parts.file.as_ref().ok_or("The field 'file' is missing")?;
    let format =
        Format::of(&file.bytes).filter(|format| matches!(format, Format::Fit | Format::Gpx));
    let format = format.ok_or("Only GPX and FIT files are taken")?;
    if !format.fits_name(&file.name) {
        return Err("The file name does not fit the content");
    }
    if format == Format::Gpx && glance(&file.bytes).points == 0 {
        return Err("The file has no track points");
    }
    Ok((file, format))
}

fn keep(
    shared: &Shared,
    account: &str,
    parts: &Parts,
    file: &FilePart,
    format: Format,
    effects: Effects,
) -> Response {
    let mut state = shared.state();
    let sha256 = sha256(&file.bytes);
    let known = state
        .activities
        .iter()
        .find(|known| known.account == account && known.sha256 == sha256);
    if let Some(known) = known.filter(|_| state.switches.duplicates == Duplicates::Refused) {
        return error(409, "already_exists", json!({"id": known.id}));
    }
    let id = state.next_id(SERVICE);
    let arrival = Arrival {
        service: SERVICE,
        account,
        parts,
        file,
        format,
        id,
        existing: false,
    };
    if let Err(failure) = take_in(shared, &mut state, &arrival) {
        return page(
            500,
            "The sandbox can't keep the file",
            &format!("<p>{failure}</p>"),
        );
    }
    let created_ms = shared.now_ms(&state);
    let (wait_ms, then) = effects
        .processing
        .unwrap_or((state.switches.processing_ms, None));
    let given = |name: &str| {
        parts
            .get(name)
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned)
    };
    let activity = Activity {
        id,
        account: account.to_owned(),
        name: given("name").unwrap_or_else(|| file.name.clone()),
        activity_type: given("activity_type"),
        tags: Vec::new(),
        created_ms,
        ready_ms: wait_ms.map(|wait| created_ms.saturating_add_unsigned(wait)),
        then: then.unwrap_or_else(|| "ready".to_owned()),
        share_key: state.tokens.draw("sbx-share-"),
        sha256,
        format: format.name().to_owned(),
        summary: glance(&file.bytes).summary,
    };
    let body = json!({"id": id, "name": activity.name, "status": activity.status(created_ms)});
    state.activities.push(activity);
    json_answer(201, body)
}

/// Where the athlete's activity of this id stands in the list.
fn find(state: &Memory, account: &str, id: &str) -> Option<usize> {
    let id: u64 = id.parse().ok()?;
    state
        .activities
        .iter()
        .position(|activity| activity.id == id && activity.account == account)
}

/// `GET /api/v1/activities/<id>`: the line and its heights; no id, no status, as documented.
pub(super) async fn detail(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let account = match account(&shared, &headers, "activities_read") {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let (activity, bytes) = {
        let state = shared.state();
        let Some(activity) = find(&state, &account, &id).and_then(|at| state.activities.get(at))
        else {
            return not_found(&id);
        };
        let status = activity.status(shared.now_ms(&state)).to_owned();
        if status != "ready" {
            return error(409, "activity_not_ready", json!({"status": status}));
        }
        (
            activity.clone(),
            state
                .bytes
                .get(&activity.sha256)
                .cloned()
                .unwrap_or_default(),
        )
    };
    let spots = glance(&bytes).spots;
    let step = spots.len().div_ceil(LINE_POINTS).max(1);
    let shown: Vec<&Spot> = spots.iter().step_by(step).collect();
    let line: Vec<_> = shown
        .iter()
        .map(|spot| [spot.longitude, spot.latitude])
        .collect();
    let heights: Vec<_> = shown
        .iter()
        .filter_map(|spot| Some([spot.distance_m, spot.elevation_m?]))
        .collect();
    json_answer(
        200,
        json!({
            "name": activity.name,
            "route_line": {"type": "LineString", "coordinates": line},
            "elevation": {"range_height": heights},
            "way_types": {"total_m": activity.summary.distance_m, "segments": []},
        }),
    )
}

/// `PATCH /api/v1/activities/<id>`: JSON with any of `name`, `activity_type`, `tags`.
pub(super) async fn update(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let account = match account(&shared, &headers, "activities_write") {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let mut state = shared.state();
    let now_ms = shared.now_ms(&state);
    let at = find(&state, &account, &id);
    let Some(activity) = at.and_then(|at| state.activities.get_mut(at)) else {
        return not_found(&id);
    };
    let Ok(Value::Object(changes)) = serde_json::from_slice(&body) else {
        return error(
            400,
            "invalid_request",
            json!({"message": "The body is not a JSON object"}),
        );
    };
    let mut changed = activity.clone();
    for (key, value) in &changes {
        let tags = || serde_json::from_value::<Vec<String>>(value.clone()).ok();
        match (key.as_str(), value.as_str(), tags()) {
            ("name", Some(text), _) if !text.is_empty() => text.clone_into(&mut changed.name),
            ("activity_type", Some(text), _) => changed.activity_type = Some(text.to_owned()),
            ("tags", _, Some(tags)) => changed.tags = tags,
            _ => return error(400, "invalid_request", json!({"field": key})),
        }
    }
    *activity = changed;
    json_answer(200, summary(activity, now_ms))
}

/// `DELETE /api/v1/activities/<id>`
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let account = match account(&shared, &headers, "activities_write") {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let mut state = shared.state();
    match find(&state, &account, &id) {
        Some(at) => {
            state.activities.remove(at);
            StatusCode::NO_CONTENT.into_response()
        }
        None => not_found(&id),
    }
}

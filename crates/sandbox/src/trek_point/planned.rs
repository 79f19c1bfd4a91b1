//! Trek Point's planned routes: list, create, detail, update, delete.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{SERVICE, account, error, not_found};
use crate::{
    answer::{Refusal, json_answer},
    clock::stamp,
    state::{Route, Shared, State as Memory},
};

type Fields = Map<String, Value>;

/// `GET /api/v1/routes`: the athlete's own, newest first.
pub(super) async fn list(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let account = match account(&shared, &headers, "routes_read") {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let state = shared.state();
    let own = state
        .routes
        .iter()
        .rev()
        .filter(|route| route.account == account);
    let summaries: Vec<Value> = own.map(|route| shown(route, SUMMARY)).collect();
    json_answer(200, json!({"routes": summaries}))
}

const SUMMARY: &[&str] = &[
    "id",
    "name",
    "costing_mode",
    "created_on",
    "tags",
    "start_place",
];
const DETAIL: &[&str] = &[
    "id",
    "name",
    "costing_mode",
    "tags",
    "description",
    "start_place",
    "waypoints",
    "route_line",
    "elevation",
    "way_types",
    "is_public",
];

fn shown(route: &Route, keys: &[&str]) -> Value {
    let field = |key: &&str| {
        (
            String::from(*key),
            route.detail.get(*key).cloned().unwrap_or_default(),
        )
    };
    Value::Object(keys.iter().map(field).collect())
}

/// What is wrong with a field of a route, if anything: the parts of the documented object that a client may write.
fn is_wrong(key: &str, value: &Value) -> bool {
    let pair = |pair: &Value| {
        let numbers: Vec<f64> = pair
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        matches!(numbers.as_slice(), [lng, lat] if lng.abs() <= 180.0 && lat.abs() <= 90.0)
    };
    let all =
        |good: &dyn Fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(good));
    !match key {
        "name" | "costing_mode" => value.as_str().is_some_and(|text| !text.is_empty()),
        "description" => value.is_string() || value.is_null(),
        "tags" => all(&Value::is_string),
        "is_public" => value.is_boolean(),
        "waypoints" => value.as_array().is_some_and(|list| list.len() > 1) && all(&pair),
        _ => false,
    }
}

fn written(body: &[u8]) -> Result<Fields, Refusal> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(Box::new(error(
            400,
            "invalid_request",
            json!({"message": "The body is not a JSON object"}),
        )));
    };
    match fields.iter().find(|(key, value)| is_wrong(key, value)) {
        Some((key, _)) => Err(Box::new(error(
            400,
            "invalid_request",
            json!({"field": key}),
        ))),
        None => Ok(fields),
    }
}

/// The line runs straight between the waypoints: nothing is routed here.
fn draw_line(detail: &mut Fields) {
    let line = json!({"type": "LineString", "coordinates": detail.get("waypoints")});
    detail.insert("route_line".to_owned(), line);
}

/// `POST /api/v1/routes`
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let account = match account(&shared, &headers, "routes_write") {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let mut detail = match written(&body) {
        Ok(fields) => fields,
        Err(answer) => return *answer,
    };
    if let Some(missing) = ["name", "costing_mode", "waypoints"]
        .into_iter()
        .find(|key| !detail.contains_key(*key))
    {
        return error(400, "invalid_request", json!({"field": missing}));
    }
    let mut state = shared.state();
    let id = state.next_id(SERVICE);
    let defaults = json!({
        "id": id, "created_on": stamp(shared.now_ms(&state)), "start_place": null, "elevation": {"range_height": []},
        "way_types": {"total_m": null, "segments": []},
    });
    detail.extend(defaults.as_object().cloned().unwrap_or_default());
    for (key, value) in [
        ("tags", json!([])),
        ("description", Value::Null),
        ("is_public", json!(false)),
    ] {
        detail.entry(key).or_insert(value);
    }
    draw_line(&mut detail);
    let share_key = state.tokens.draw("sbx-share-");
    let route = Route {
        id,
        account,
        share_key,
        detail,
    };
    let answer = json_answer(201, shown(&route, DETAIL));
    state.routes.push(route);
    answer
}

fn find(state: &Memory, account: &str, id: &str) -> Option<usize> {
    let id: u64 = id.parse().ok()?;
    state
        .routes
        .iter()
        .position(|route| route.id == id && route.account == account)
}

/// `GET /api/v1/routes/<id>`
pub(super) async fn detail(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let account = match account(&shared, &headers, "routes_read") {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let state = shared.state();
    match find(&state, &account, &id).and_then(|at| state.routes.get(at)) {
        Some(route) => json_answer(200, shown(route, DETAIL)),
        None => not_found(&id),
    }
}

/// `PATCH /api/v1/routes/<id>`
pub(super) async fn update(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let account = match account(&shared, &headers, "routes_write") {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let mut state = shared.state();
    let at = find(&state, &account, &id);
    let Some(route) = at.and_then(|at| state.routes.get_mut(at)) else {
        return not_found(&id);
    };
    match written(&body) {
        Err(answer) => *answer,
        Ok(fields) => {
            route.detail.extend(fields);
            draw_line(&mut route.detail);
            json_answer(200, shown(route, DETAIL))
        }
    }
}

/// `DELETE /api/v1/routes/<id>`
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let account = match account(&shared, &headers, "routes_write") {
        Ok(account) => account,
        Err(answer) => return *answer,
    };
    let mut state = shared.state();
    match find(&state, &account, &id) {
        Some(at) => {
            state.routes.remove(at);
            StatusCode::NO_CONTENT.into_response()
        }
        None => not_found(&id),
    }
}

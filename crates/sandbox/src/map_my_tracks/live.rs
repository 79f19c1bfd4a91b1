//! `startActivity`, `updateActivity` and `stopActivity` of Map My Tracks.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use serde_json::{Value, json};

use super::{ACTIVITY_TYPES, SERVICE, account, refused};
use crate::{
    answer::{Refusal, json_answer},
    form::Parts,
    state::{Live, Shared},
};

const INVALID: &str = "invalid parameters";

async fn open(
    shared: &Shared,
    request: Request,
    function: &str,
) -> Result<(String, Parts), Refusal> {
    let account = account(shared, request.headers())?;
    let parts = Parts::read(request)
        .await
        .map_err(|_| Box::new(refused(function, INVALID)))?;
    Ok((account, parts))
}

/// The points of the `data` field: `{"loc":[{"lat","lon","unix_timestamp",…}]}`, or heart rates in the same place.
fn points(parts: &Parts) -> Option<Vec<Value>> {
    let data: Value = serde_json::from_str(parts.get("data")?).ok()?;
    let points = data.get("loc")?.as_array()?.clone();
    let number = |point: &Value, name: &str, limit: f64| {
        point
            .get(name)
            .and_then(Value::as_f64)
            .is_some_and(|value| value.abs() <= limit)
    };
    let good = |point: &Value| {
        let placed = number(point, "lat", 90.0) && number(point, "lon", 180.0);
        let timed = point.get("unix_timestamp").is_some_and(Value::is_i64);
        timed && (placed || number(point, "hr", 255.0))
    };
    (!points.is_empty() && points.iter().all(good)).then_some(points)
}

/// `POST /api3/startActivity`. A title that exists under this account means that activity is gone on with.
pub(super) async fn start(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let function = "startActivity";
    let (account, parts) = match open(&shared, request, function).await {
        Ok(opened) => opened,
        Err(answer) => return *answer,
    };
    let status = parts
        .get("status")
        .filter(|status| matches!(*status, "public" | "private"));
    // The document's own sample writes the word with a capital letter.
    let kind = parts.get("activity_type").map(str::to_lowercase);
    let kind_good = kind.is_none_or(|word| ACTIVITY_TYPES.contains(&word.as_str()));
    let (Some(status), Some(points), true) = (status, points(&parts), kind_good) else {
        return refused(function, INVALID);
    };
    let mut state = shared.state();
    let title = parts
        .get("activity_title")
        .filter(|title| !title.is_empty())
        .map(str::to_owned);
    let same = |live: &&mut Live| live.account == account && title.is_some() && live.title == title;
    if let Some(live) = state.live.iter_mut().find(same) {
        live.points.extend(points);
        live.stopped = false;
        return json_answer(
            200,
            json!({"function": function, "activity_id": live.id, "status": "already exists"}),
        );
    }
    let id = state.next_id(SERVICE);
    state.live.push(Live {
        id,
        account,
        title,
        status: status.to_owned(),
        points,
        stopped: false,
    });
    json_answer(200, json!({"function": function, "activity_id": id}))
}

fn running<'a>(live: &'a mut [Live], account: &str, parts: &Parts) -> Option<&'a mut Live> {
    let id: u64 = parts.get("activity_id")?.parse().ok()?;
    live.iter_mut()
        .find(|live| live.id == id && live.account == account && !live.stopped)
}

/// `POST /api3/updateActivity`
pub(super) async fn update(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let function = "updateActivity";
    let (account, parts) = match open(&shared, request, function).await {
        Ok(opened) => opened,
        Err(answer) => return *answer,
    };
    let mut state = shared.state();
    match (running(&mut state.live, &account, &parts), points(&parts)) {
        (Some(live), Some(points)) => {
            live.points.extend(points);
            json_answer(200, json!({"function": function, "ok": 1}))
        }
        _ => refused(function, INVALID),
    }
}

/// `POST /api3/stopActivity`, whose documented error has no message.
pub(super) async fn stop(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let function = "stopActivity";
    let (account, parts) = match open(&shared, request, function).await {
        Ok(opened) => opened,
        Err(answer) => return *answer,
    };
    let mut state = shared.state();
    match running(&mut state.live, &account, &parts) {
        Some(live) => {
            live.stopped = true;
            json_answer(200, json!({"function": function, "ok": 1}))
        }
        None => json_answer(
            403,
            json!({"function": function, "error": "INVALID_PARAMENTER"}),
        ),
    }
}

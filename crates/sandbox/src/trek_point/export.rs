//! The exports of Trek Point's Maps API host: the original bytes, or what can be made from the line.

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{account, error, not_found};
use crate::{
    answer::{Refusal, json_answer},
    form::{Authorization, Form},
    recording::{Spot, glance, write_gpx},
    state::Shared,
};

/// Who asks for an export: the athlete by a token, or somebody with a share key.
enum Asker {
    Owner(String),
    Guest(String),
}

impl Asker {
    fn of(
        shared: &Shared,
        headers: &HeaderMap,
        form: &Form,
        scope: &str,
    ) -> Result<Asker, Refusal> {
        match form.get("k") {
            Some(key) if Authorization::of(headers) == Authorization::Absent => {
                Ok(Asker::Guest(key.to_owned()))
            }
            _ => account(shared, headers, scope).map(Asker::Owner),
        }
    }

    fn may(&self, owner: &str, share_key: &str) -> bool {
        match self {
            Asker::Owner(account) => account == owner,
            Asker::Guest(key) => key == share_key,
        }
    }
}

/// The query, its format, and who asks.
fn open(
    shared: &Shared,
    headers: &HeaderMap,
    query: Option<&str>,
    formats: &[&str],
    scope: &str,
) -> Result<(String, Asker), Refusal> {
    let invalid = || Box::new(json_answer(400, json!({"error": "invalid_format"})));
    let form = Form::parse(query.unwrap_or_default().as_bytes()).map_err(|_| invalid())?;
    let asker = Asker::of(shared, headers, &form, scope)?;
    let format = form
        .get("format")
        .filter(|format| formats.contains(format))
        .ok_or_else(invalid)?;
    Ok((format.to_owned(), asker))
}

fn file(format: &str, id: &str, kind: &'static str, bytes: impl IntoResponse) -> Response {
    let name = format!("attachment; filename=\"{id}.{format}\"");
    (
        [
            (header::CONTENT_TYPE, kind.to_owned()),
            (header::CONTENT_DISPOSITION, name),
        ],
        bytes,
    )
        .into_response()
}

const GPX: &str = "application/gpx+xml";
const BYTES: &str = "application/octet-stream";

fn unavailable(format: &str) -> Response {
    error(404, "format_unavailable", json!({"format": format}))
}

/// `GET /api/activities/<id>/export?format=gpx|fit|original`
pub(super) async fn activity(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let formats = ["gpx", "fit", "original"];
    let (format, asker) = match open(
        &shared,
        &headers,
        query.as_deref(),
        &formats,
        "activities_read",
    ) {
        Ok(opened) => opened,
        Err(answer) => return *answer,
    };
    let state = shared.state();
    let now_ms = shared.now_ms(&state);
    let found = state
        .activities
        .iter()
        .find(|activity| activity.id.to_string() == id);
    let Some(activity) = found.filter(|activity| asker.may(&activity.account, &activity.share_key))
    else {
        return not_found(&id);
    };
    let bytes = state
        .bytes
        .get(&activity.sha256)
        .cloned()
        .unwrap_or_default();
    match (format.as_str(), &asker) {
        ("original", Asker::Owner(_)) => file(&activity.format, &id, BYTES, bytes),
        ("original", Asker::Guest(_)) => not_found(&id),
        _ if activity.status(now_ms) != "ready" => error(
            409,
            "activity_not_ready",
            json!({"status": activity.status(now_ms)}),
        ),
        (wanted, _) if wanted == activity.format => file(wanted, &id, BYTES, bytes),
        ("gpx", _) => match glance(&bytes).spots.as_slice() {
            [] => unavailable("gpx"),
            spots => file("gpx", &id, GPX, write_gpx(&activity.name, spots)),
        },
        (other, _) => unavailable(other),
    }
}

/// `GET /api/routes/<id>/export?format=gpx|geojson|fit`
pub(super) async fn route(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let formats = ["gpx", "geojson", "fit"];
    let (format, asker) = match open(&shared, &headers, query.as_deref(), &formats, "routes_read") {
        Ok(opened) => opened,
        Err(answer) => return *answer,
    };
    let state = shared.state();
    let found = state.routes.iter().find(|route| route.id.to_string() == id);
    let Some(route) = found.filter(|route| asker.may(&route.account, &route.share_key)) else {
        return not_found(&id);
    };
    let name = route
        .detail
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let line = route.detail.get("route_line").cloned().unwrap_or_default();
    match format.as_str() {
        "geojson" => {
            let feature =
                json!({"type": "Feature", "properties": {"name": name}, "geometry": line});
            file("geojson", &id, "application/geo+json", feature.to_string())
        }
        "gpx" => file("gpx", &id, GPX, write_gpx(name, &spots(&line))),
        other => unavailable(other),
    }
}

fn spots(line: &Value) -> Vec<Spot> {
    let pairs = line
        .get("coordinates")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let spot = |pair: &Value| {
        let (longitude, latitude) = (pair.get(0)?.as_f64()?, pair.get(1)?.as_f64()?);
        Some(Spot {
            longitude,
            latitude,
            ..Spot::default()
        })
    };
    pairs.filter_map(spot).collect()
}

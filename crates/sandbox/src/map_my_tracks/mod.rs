//! Map My Tracks, API v3: its routes, its error shape, who is calling.

mod live;
mod oauth;
mod upload;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, header},
    response::Response,
    routing::{get, post},
};
use serde_json::json;

use crate::{
    answer::{Refusal, json_answer, with_header},
    endpoint::ServiceName,
    form::Authorization,
    state::Shared,
};

const SERVICE: ServiceName = ServiceName::MapMyTracks;

/// The values of `activity_type` (the public repository MapMyTracks/api-v3, endpoints/upload_activity.md).
const ACTIVITY_TYPES: [&str; 41] = [
    "canoeing",
    "cross country skiing",
    "cycling",
    "driving",
    "enduro",
    "flying",
    "gliding",
    "hand cycling",
    "hang gliding",
    "hiking",
    "horse riding",
    "hot air ballooning",
    "indoor cycling",
    "inline skating",
    "jet skiing",
    "kayaking",
    "kiteboarding",
    "miscellaneous",
    "motor racing",
    "motorcycling",
    "mountain biking",
    "mountaineering",
    "nordic walking",
    "off road driving",
    "orienteering",
    "paragliding",
    "powerboating",
    "rowing",
    "running",
    "sailing",
    "sea kayaking",
    "skateboarding",
    "skating",
    "skiing",
    "snowboarding",
    "snowshoeing",
    "stand up paddle boarding",
    "swimming",
    "walking",
    "wheelchair",
    "windsurfing",
];

/// Everything below `/api3`.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/api3/oauth/authorize",
            get(oauth::authorize).post(crate::consent::decide),
        )
        .route("/api3/oauth/token", post(oauth::token))
        .route("/api3/oauth/revoke", post(oauth::revoke))
        .route("/api3/uploadActivity", post(upload::upload))
        .route("/api3/startActivity", post(live::start))
        .route("/api3/updateActivity", post(live::update))
        .route("/api3/stopActivity", post(live::stop))
}

/// The documented failure: 403 with the function, the error as the service spells it, and a message.
fn refused(function: &str, message: &str) -> Response {
    json_answer(
        403,
        json!({"function": function, "error": "INVALID_PARAMENTER", "message": message}),
    )
}

/// The account of the access token, or a 401.
fn account(shared: &Shared, headers: &HeaderMap) -> Result<String, Refusal> {
    let state = shared.state();
    let now_ms = shared.now_ms(&state);
    let found = match Authorization::of(headers) {
        Authorization::Bearer(word) => state
            .tokens
            .bearer(SERVICE, &word, now_ms)
            .map(|(grant, _)| grant.account.clone()),
        _ => None,
    };
    found.ok_or_else(|| {
        let body = json!({"error": "invalid_token", "error_description": "The access token is missing, expired or revoked"});
        Box::new(with_header(json_answer(401, body), header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn forty_one_words_in_order() {
        assert!(super::ACTIVITY_TYPES.is_sorted());
    }
}

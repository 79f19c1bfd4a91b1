//! Trek Point: its routes, its error object, who is calling with which scopes.

mod activities;
mod export;
mod oauth;
mod planned;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, header},
    response::Response,
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::{
    answer::{Refusal, json_answer, with_header},
    endpoint::ServiceName,
    form::Authorization,
    state::Shared,
};

const SERVICE: ServiceName = ServiceName::TrekPoint;

/// Everything below `/oauth`, `/api/v1`, and the exports of the Maps API host.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/oauth/authorize",
            get(oauth::authorize).post(crate::consent::decide),
        )
        .route("/oauth/token", post(oauth::token))
        .route("/oauth/revoke", post(oauth::revoke))
        .route("/oauth/profile", get(oauth::profile))
        .route(
            "/api/v1/activities",
            get(activities::list).post(activities::create),
        )
        .route(
            "/api/v1/activities/{id}",
            get(activities::detail)
                .patch(activities::update)
                .delete(activities::delete),
        )
        .route("/api/v1/routes", get(planned::list).post(planned::create))
        .route(
            "/api/v1/routes/{id}",
            get(planned::detail)
                .patch(planned::update)
                .delete(planned::delete),
        )
        .route("/api/activities/{id}/export", get(export::activity))
        .route("/api/routes/{id}/export", get(export::route))
}

/// The documented error object.
fn error(status: u16, error: &str, detail: Value) -> Response {
    json_answer(status, json!({"error": error, "detail": detail}))
}

fn not_found(id: &str) -> Response {
    error(404, "not_found", json!({"id": id}))
}

/// The account of an access token that has this scope, or the refusal.
fn account(shared: &Shared, headers: &HeaderMap, scope: &str) -> Result<String, Refusal> {
    let refuse = |status, key, words: &str| {
        let answer = error(status, key, json!({"message": words}));
        Err(Box::new(with_header(
            answer,
            header::WWW_AUTHENTICATE,
            &format!("Bearer error=\"{key}\""),
        )))
    };
    let word = match Authorization::of(headers) {
        Authorization::Bearer(word) => word,
        Authorization::Absent => {
            return refuse(
                401,
                "missing_authorization",
                "The Authorization header is missing",
            );
        }
        _ => {
            return refuse(
                401,
                "unsupported_token_type",
                "Only Bearer tokens are known",
            );
        }
    };
    let state = shared.state();
    let now_ms = shared.now_ms(&state);
    match state.tokens.bearer(SERVICE, &word, now_ms) {
        None => refuse(
            401,
            "invalid_token",
            "The access token is expired, revoked, malformed or unknown",
        ),
        Some((_, scopes)) if !scopes.iter().any(|known| known == scope) => refuse(
            403,
            "insufficient_scope",
            &format!("The access token lacks the scope {scope}"),
        ),
        Some((grant, _)) => Ok(grant.account.clone()),
    }
}

//! OAuth 2 of Map My Tracks: a confidential client by HTTP Basic, no scopes, no PKCE, every refresh rotates.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::Response,
};
use serde_json::json;

use super::SERVICE;
use crate::{
    answer::{Refusal, oauth_error, unstored, with_header},
    consent,
    form::{Authorization, Form},
    guard::Effects,
    state::Shared,
    tokens::{Grant, TokenKind},
};

/// `GET /api3/oauth/authorize`
pub(super) async fn authorize(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Response {
    match consent::read(
        &shared,
        SERVICE,
        &shared.clients.map_my_tracks_id,
        query.as_deref(),
    ) {
        Ok((_, asked)) => consent::ask(&shared, asked),
        Err(trouble) => trouble.answer(),
    }
}

/// Whether the header names the client as it is, not form-encoded: what `curl -u` sends.
fn is_client(shared: &Shared, headers: &HeaderMap) -> bool {
    let clients = &shared.clients;
    matches!(Authorization::of(headers), Authorization::Basic { id, secret }
        if id == clients.map_my_tracks_id && secret == clients.map_my_tracks_secret)
}

fn invalid_client() -> Response {
    let answer = oauth_error(
        401,
        "invalid_client",
        "HTTP Basic with client_id and client_secret is needed, and must be right",
    );
    with_header(
        answer,
        header::WWW_AUTHENTICATE,
        "Basic realm=\"Map My Tracks\"",
    )
}

/// `POST /api3/oauth/token`
pub(super) async fn token(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Extension(effects): Extension<Effects>,
    body: Bytes,
) -> Response {
    if !is_client(&shared, &headers) {
        return invalid_client();
    }
    let form = match Form::post(query.as_deref(), &headers, &body) {
        Ok(form) => form,
        Err(what) => return oauth_error(400, "invalid_request", &what),
    };
    let given = match form.get("grant_type") {
        Some("authorization_code") => exchange(&shared, &form),
        Some("refresh_token") => refresh(&shared, &form),
        Some(_) => {
            return oauth_error(
                400,
                "unsupported_grant_type",
                "only authorization_code and refresh_token",
            );
        }
        None => return oauth_error(400, "invalid_request", "grant_type is missing"),
    };
    match given {
        Ok(grant) => issue(&shared, &grant, &effects),
        Err(answer) => *answer,
    }
}

fn exchange(shared: &Shared, form: &Form) -> Result<Grant, Refusal> {
    let missing = |name: &str| {
        Box::new(oauth_error(
            400,
            "invalid_request",
            &format!("{name} is missing"),
        ))
    };
    let code = form.get("code").ok_or_else(|| missing("code"))?;
    let uri = form
        .get("redirect_uri")
        .ok_or_else(|| missing("redirect_uri"))?;
    let mut state = shared.state();
    let now_ms = shared.now_ms(&state);
    let fits = |asked: &crate::tokens::Asked| match asked.redirect_uri == uri {
        true => Ok(()),
        false => Err("redirect_uri is not the one of the authorize request"),
    };
    let grant = state.tokens.redeem(
        SERVICE,
        code,
        &shared.clients.map_my_tracks_id,
        now_ms,
        fits,
    );
    grant.map_err(|what| Box::new(oauth_error(400, "invalid_grant", what)))
}

fn refresh(shared: &Shared, form: &Form) -> Result<Grant, Refusal> {
    let Some(word) = form.get("refresh_token") else {
        return Err(Box::new(oauth_error(
            400,
            "invalid_request",
            "refresh_token is missing",
        )));
    };
    let found =
        shared
            .state()
            .tokens
            .refresh(SERVICE, word, &shared.clients.map_my_tracks_id, true, None);
    found
        .map(|(grant, _)| grant)
        .map_err(|(key, what)| Box::new(oauth_error(400, key, what)))
}

fn issue(shared: &Shared, grant: &Grant, effects: &Effects) -> Response {
    let mut state = shared.state();
    let now_ms = shared.now_ms(&state);
    let life_s = effects.life_s.unwrap_or(state.switches.expires_in_s);
    let issued = state.tokens.issue(grant, &[], life_s, true, now_ms);
    let mut body = json!({"access_token": issued.access, "token_type": "Bearer", "refresh_token": issued.refresh});
    if let Some(fields) = body
        .as_object_mut()
        .filter(|_| state.switches.tells_expires_in)
    {
        fields.insert("expires_in".to_owned(), json!(life_s));
    }
    unstored(200, body)
}

/// `POST /api3/oauth/revoke`: as the samples show it, without client authentication; a wrong one is refused. Without the
/// hint only access tokens are looked for, with it only refresh tokens.
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if Authorization::of(&headers) != Authorization::Absent && !is_client(&shared, &headers) {
        return invalid_client();
    }
    let form = match Form::post(query.as_deref(), &headers, &body) {
        Ok(form) => form,
        Err(what) => return oauth_error(400, "invalid_request", &what),
    };
    let Some(word) = form.get("token") else {
        return oauth_error(400, "invalid_request", "token is missing");
    };
    let kind = match form.get("token_type_hint") {
        None | Some("access_token") => TokenKind::Access,
        Some("refresh_token") => TokenKind::Refresh,
        Some(_) => {
            return oauth_error(
                400,
                "unsupported_token_type",
                "token_type_hint is access_token or refresh_token",
            );
        }
    };
    shared
        .state()
        .tokens
        .revoke(SERVICE, word, Some(kind), false);
    unstored(200, json!({}))
}

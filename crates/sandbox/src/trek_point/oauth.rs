//! OAuth 2 of Trek Point: a public client with PKCE S256, scopes, a refresh token that may rotate, the profile.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{SERVICE, account, error};
use crate::{
    answer::{Refusal, json_answer, oauth_error, unstored},
    consent::{self, Trouble},
    form::{Authorization, Form},
    guard::Effects,
    options::SCOPES,
    state::Shared,
    tokens::{Asked, Grant, TokenKind},
};

/// `GET /oauth/authorize`
pub(super) async fn authorize(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Response {
    let read = consent::read(
        &shared,
        SERVICE,
        &shared.clients.trek_point_id,
        query.as_deref(),
    );
    match read.and_then(|(form, asked)| complete(&shared, &form, asked)) {
        Ok(asked) => consent::ask(&shared, asked),
        Err(trouble) => trouble.answer(),
    }
}

/// Adds scopes and the PKCE challenge, or says to the client what is wrong with them.
fn complete(shared: &Shared, form: &Form, asked: Asked) -> Result<Asked, Trouble> {
    let wrong = |error, words: &str| {
        let (redirect_uri, state) = (asked.redirect_uri.clone(), asked.state.clone());
        Err(Trouble::Client {
            redirect_uri,
            state,
            error,
            description: words.to_owned(),
        })
    };
    let scopes: Vec<String> = form
        .get("scope")
        .unwrap_or_default()
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let known = |scope: &String| {
        SCOPES.contains(&scope.as_str()) && shared.clients.trek_point_scopes.contains(scope)
    };
    if scopes.is_empty() || !scopes.iter().all(known) {
        return wrong(
            "invalid_scope",
            "the scope is empty, unknown, or more than this client may ask for",
        );
    }
    let challenge = form
        .get("code_challenge")
        .filter(|challenge| is_pkce_word(challenge))
        .map(str::to_owned);
    if challenge.is_none() {
        return wrong("invalid_request", "code_challenge is missing or malformed");
    }
    if form.get("code_challenge_method") != Some("S256") {
        return wrong("invalid_request", "code_challenge_method must be S256");
    }
    Ok(Asked {
        scopes,
        challenge,
        ..asked
    })
}

/// RFC 7636 §4.1: 43 to 128 unreserved characters.
fn is_pkce_word(word: &str) -> bool {
    (43..=128).contains(&word.len())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// A public client names itself in the body and has no secret.
fn check_client(shared: &Shared, headers: &HeaderMap, form: &Form) -> Result<(), Refusal> {
    if Authorization::of(headers) != Authorization::Absent || form.get("client_secret").is_some() {
        return Err(Box::new(oauth_error(
            401,
            "invalid_client",
            "this client is public: it has no secret",
        )));
    }
    match form.get("client_id") {
        Some(id) if id == shared.clients.trek_point_id => Ok(()),
        _ => Err(Box::new(oauth_error(
            401,
            "invalid_client",
            "client_id is missing or unknown",
        ))),
    }
}

fn open(
    shared: &Shared,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Form, Refusal> {
    let form = Form::post(query, headers, body)
        .map_err(|what| Box::new(oauth_error(400, "invalid_request", &what)))?;
    check_client(shared, headers, &form)?;
    Ok(form)
}

/// `POST /oauth/token`
pub(super) async fn token(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Extension(effects): Extension<Effects>,
    body: Bytes,
) -> Response {
    let form = match open(&shared, query.as_deref(), &headers, &body) {
        Ok(form) => form,
        Err(answer) => return *answer,
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
    let (grant, scopes, with_refresh) = match given {
        Ok(given) => given,
        Err(answer) => return *answer,
    };
    let mut state = shared.state();
    let now_ms = shared.now_ms(&state);
    let life_s = effects.life_s.unwrap_or(state.switches.expires_in_s);
    let issued = state
        .tokens
        .issue(&grant, &scopes, life_s, with_refresh, now_ms);
    let mut body =
        json!({"access_token": issued.access, "token_type": "Bearer", "expires_in": life_s});
    if let (Some(fields), Some(word)) = (body.as_object_mut(), issued.refresh) {
        fields.insert("refresh_token".to_owned(), json!(word));
    }
    unstored(200, body)
}

/// The grant, its scopes, and whether a refresh token goes with it.
type Given = (Grant, Vec<String>, bool);

fn exchange(shared: &Shared, form: &Form) -> Result<Given, Refusal> {
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
    let verifier = form
        .get("code_verifier")
        .ok_or_else(|| missing("code_verifier"))?;
    let fits = |asked: &Asked| {
        if asked.redirect_uri != uri {
            return Err("redirect_uri is not the one of the authorize request");
        }
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        if !is_pkce_word(verifier) || asked.challenge.as_deref() != Some(challenge.as_str()) {
            return Err("code_verifier does not fit the code_challenge");
        }
        Ok(())
    };
    let mut state = shared.state();
    state.tokens.presented(verifier);
    let now_ms = shared.now_ms(&state);
    let grant = state
        .tokens
        .redeem(SERVICE, code, &shared.clients.trek_point_id, now_ms, fits);
    let grant = grant.map_err(|what| Box::new(oauth_error(400, "invalid_grant", what)))?;
    let scopes = grant.scopes.clone();
    Ok((grant, scopes, state.switches.refresh_tokens))
}

fn refresh(shared: &Shared, form: &Form) -> Result<Given, Refusal> {
    let Some(word) = form.get("refresh_token") else {
        return Err(Box::new(oauth_error(
            400,
            "invalid_request",
            "refresh_token is missing",
        )));
    };
    let mut state = shared.state();
    let rotates = state.switches.rotates;
    let wanted = form
        .get("scope")
        .map(|scope| scope.split(' ').map(str::to_owned).collect::<Vec<_>>());
    let found = state.tokens.refresh(
        SERVICE,
        word,
        &shared.clients.trek_point_id,
        rotates,
        wanted.as_deref(),
    );
    let (grant, scopes) = found.map_err(|(key, what)| Box::new(oauth_error(400, key, what)))?;
    Ok((grant, scopes, rotates))
}

/// `POST /oauth/revoke`. With the hint `access_token` the refresh token lives on; otherwise the whole session ends.
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = match open(&shared, query.as_deref(), &headers, &body) {
        Ok(form) => form,
        Err(answer) => return *answer,
    };
    let Some(word) = form.get("token") else {
        return oauth_error(400, "invalid_request", "token is missing");
    };
    let (kind, both) = match form.get("token_type_hint") {
        Some("access_token") => (Some(TokenKind::Access), false),
        Some("refresh_token") | None => (None, true),
        Some(_) => {
            return oauth_error(
                400,
                "unsupported_token_type",
                "token_type_hint is access_token or refresh_token",
            );
        }
    };
    shared.state().tokens.revoke(SERVICE, word, kind, both);
    unstored(200, json!({}))
}

/// `GET /oauth/profile`
pub(super) async fn profile(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match account(&shared, &headers, "profile") {
        Err(answer) => *answer,
        Ok(username) => match consent::athlete(&username) {
            Some(athlete) => json_answer(
                200,
                json!({"id": athlete.id, "email": athlete.email, "username": athlete.username}),
            ),
            None => error(404, "not_found", json!({})),
        },
    }
}

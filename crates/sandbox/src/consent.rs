//! The consent page of both services: who asks, what for, which athlete; and what the athlete decided.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::{
    answer::{escape, page, redirect},
    endpoint::ServiceName,
    form::Form,
    state::Shared,
    tokens::Asked,
};

/// How long a consent page may be answered.
const PAGE_LIFE_MS: i64 = 600_000;

/// An athlete with an account at both services.
#[derive(Clone, Copy, Debug)]
pub struct Athlete {
    /// Trek Point's id.
    pub id: u64,
    /// The name of the account.
    pub username: &'static str,
    /// The person's name.
    pub name: &'static str,
    /// Electronic mail address.
    pub email: &'static str,
}

/// The demo athletes, in the order of the page.
pub const ATHLETES: &[Athlete] = &[
    Athlete {
        id: 42,
        username: "trailrunner",
        name: "Mara Lind",
        email: "mara@example.org",
    },
    Athlete {
        id: 43,
        username: "fellwalker",
        name: "Jonas Berg",
        email: "jonas@example.org",
    },
];

/// The athlete with this account.
pub(crate) fn athlete(username: &str) -> Option<&'static Athlete> {
    ATHLETES.iter().find(|athlete| athlete.username == username)
}

/// What the consent page does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// It asks.
    #[default]
    Ask,
    /// It allows at once, for the athlete that is switched on.
    Allow,
    /// It denies at once.
    Deny,
}

/// A page that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    asked: Asked,
    shown_ms: i64,
}

/// Why an authorize request is not in order.
pub(crate) enum Trouble {
    /// The client or its redirect address can't be trusted: the browser stays here.
    Page(String),
    /// The client is told (RFC 6749 §4.1.2.1).
    Client {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
        description: String,
    },
}

impl Trouble {
    pub(crate) fn answer(self) -> Response {
        match self {
            Trouble::Page(text) => page(
                400,
                "This sign-in can't go on",
                &format!("<p>{}</p>", escape(&text)),
            ),
            Trouble::Client {
                redirect_uri,
                state,
                error,
                description,
            } => {
                let mut parameters = vec![
                    ("error", error),
                    ("error_description", description.as_str()),
                ];
                parameters.extend(state.as_deref().map(|state| ("state", state)));
                redirect(302, &redirect_uri, &parameters)
            }
        }
    }
}

/// What both services check of an authorize request, in the order in which it can be trusted.
pub(crate) fn read(
    shared: &Shared,
    service: ServiceName,
    client_id: &str,
    query: Option<&str>,
) -> Result<(Form, Asked), Trouble> {
    let form = Form::parse(query.unwrap_or_default().as_bytes())
        .map_err(|what| Trouble::Page(format!("{what}.")))?;
    if form.get("client_id") != Some(client_id) {
        return Err(Trouble::Page(
            "No application with this client_id is registered.".to_owned(),
        ));
    }
    let redirect_uri = form
        .get("redirect_uri")
        .filter(|uri| shared.clients.has_redirect(service, uri));
    let Some(redirect_uri) = redirect_uri.map(str::to_owned) else {
        return Err(Trouble::Page(
            "The redirect_uri is not exactly one of those registered for this application."
                .to_owned(),
        ));
    };
    let state = form.get("state").map(str::to_owned);
    if form.get("response_type") != Some("code") {
        let error = if form.get("response_type").is_none() {
            "invalid_request"
        } else {
            "unsupported_response_type"
        };
        let description = "response_type must be code".to_owned();
        return Err(Trouble::Client {
            redirect_uri,
            state,
            error,
            description,
        });
    }
    let client_id = client_id.to_owned();
    Ok((
        form,
        Asked {
            service,
            client_id,
            redirect_uri,
            state,
            scopes: Vec::new(),
            challenge: None,
        },
    ))
}

/// Shows the page, or decides at once where that is switched on.
pub(crate) fn ask(shared: &Shared, asked: Asked) -> Response {
    let mut state = shared.state();
    let account = state.switches.account.clone();
    match state.switches.consent {
        Consent::Ask => {}
        Consent::Allow => {
            drop(state);
            return allow(shared, asked, &account, 302);
        }
        Consent::Deny => return deny(&asked, 302),
    }
    let ticket = state.tokens.draw("sbx-ticket-");
    let html = question(&asked, &ticket);
    let shown_ms = shared.now_ms(&state);
    state.pending.insert(ticket, Pending { asked, shown_ms });
    drop(state);
    page(200, "Allow access?", &html)
}

fn question(asked: &Asked, ticket: &str) -> String {
    let words = |scope: &str| match scope {
        "profile" => "see your profile (name and e-mail address)",
        "activities_read" => "see your activities",
        "activities_write" => "add, change and delete your activities",
        "routes_read" => "see your routes",
        _ => "add, change and delete your routes",
    };
    let wants: String = match asked.scopes.as_slice() {
        [] => "<li>add activities to your account</li>".to_owned(),
        scopes => scopes
            .iter()
            .map(|scope| {
                format!(
                    "<li>{} <small>({})</small></li>",
                    words(scope),
                    escape(scope)
                )
            })
            .collect(),
    };
    let accounts: String = ATHLETES
        .iter()
        .enumerate()
        .map(|(at, athlete)| {
            let checked = if at == 0 { " checked" } else { "" };
            format!(
                "<label><input type=\"radio\" name=\"account\" value=\"{0}\" id=\"account-{0}\"{checked}> {1} ({0})</label>\n",
                athlete.username, athlete.name
            )
        })
        .collect();
    format!(
        "<p>The application <strong id=\"client\">{}</strong> asks to use your {} account. It wants to:</p>\n<ul id=\"scopes\">{wants}</ul>\n\
         <form method=\"post\">\n<input type=\"hidden\" name=\"ticket\" value=\"{}\">\n\
         <fieldset>\n<legend>Account</legend>\n{accounts}</fieldset>\n\
         <button id=\"allow\" name=\"decision\" value=\"allow\">Allow</button>\n\
         <button id=\"deny\" name=\"decision\" value=\"deny\">Deny</button>\n</form>\n\
         <p><small>You return to {}</small></p>",
        escape(&asked.client_id),
        asked.service.display(),
        escape(ticket),
        escape(&asked.redirect_uri),
    )
}

/// `POST` from the page: allow or deny, once for each page shown.
pub(crate) async fn decide(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    // The page posts to its own address, whose query is the client's and was read when the page was made.
    let form = match Form::post(None, &headers, &body) {
        Ok(form) => form,
        Err(what) => return Trouble::Page(what).answer(),
    };
    let pending = {
        let mut state = shared.state();
        let now_ms = shared.now_ms(&state);
        let ticket = form.get("ticket").unwrap_or_default();
        state
            .pending
            .remove(ticket)
            .filter(|pending| now_ms - pending.shown_ms <= PAGE_LIFE_MS)
    };
    let Some(Pending { asked, .. }) = pending else {
        return Trouble::Page(
            "This page was answered before or is too old. Start again in the application."
                .to_owned(),
        )
        .answer();
    };
    match (form.get("decision"), form.get("account")) {
        (Some("allow"), Some(account)) => allow(&shared, asked, account, 303),
        (Some("deny"), _) => deny(&asked, 303),
        _ => Trouble::Page("The answer was neither Allow nor Deny.".to_owned()).answer(),
    }
}

fn allow(shared: &Shared, asked: Asked, account: &str, status: u16) -> Response {
    if athlete(account).is_none() {
        return Trouble::Page("There is no such account.".to_owned()).answer();
    }
    let mut state = shared.state();
    let now_ms = shared.now_ms(&state);
    let (uri, echoed) = (asked.redirect_uri.clone(), asked.state.clone());
    let code = state.tokens.issue_code(asked, account.to_owned(), now_ms);
    let mut parameters = vec![("code", code.as_str())];
    parameters.extend(echoed.as_deref().map(|state| ("state", state)));
    redirect(status, &uri, &parameters)
}

fn deny(asked: &Asked, status: u16) -> Response {
    let mut parameters = vec![("error", "access_denied")];
    parameters.extend(asked.state.as_deref().map(|state| ("state", state)));
    redirect(status, &asked.redirect_uri, &parameters)
}

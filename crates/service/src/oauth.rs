//! OAuth 2 as the descriptor says: the authorize address, the code's exchange, refresh, revocation. Knows no store.

use std::pin::Pin;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, Scope, TokenResponse as _, TokenUrl,
};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};

use jiff::Timestamp;
use thiserror::Error;
use url::Url;

use crate::answer::{Answer, clean};
use crate::descriptor::ClientAuth;
use crate::secret::Secret;
use crate::settings::{Base, Settings};
use crate::wire::{ANSWER, Wire};

type OAuthClient =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A token answer.
pub(crate) struct Granted {
    pub(crate) access: Secret,
    pub(crate) refresh: Option<Secret>,
    /// Seconds.
    pub(crate) expires_in: Option<u64>,
    pub(crate) scopes: Option<Vec<String>>,
}

/// Why there are no tokens. Texts are clauses for the user.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum GrantError {
    /// The server said `invalid_grant`: the one answer after which a new sign-in is needed.
    #[error("the sign-in is no longer accepted")]
    Over,
    /// The server turns the client away.
    #[error("{0}")]
    Blocked(String),
    /// No answer, or one that says nothing: nothing is lost.
    #[error("{what}")]
    Transient {
        what: String,
        after: Option<Duration>,
    },
}

/// A sign-in that was begun: where the browser goes, and what must come back.
pub(crate) struct Begun {
    pub(crate) address: Url,
    pub(crate) state: CsrfToken,
    pub(crate) verifier: Option<PkceCodeVerifier>,
}

/// One service's authorization server.
pub(crate) struct Authority<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) wire: &'a Wire,
    pub(crate) secret: Option<&'a Secret>,
    pub(crate) now: Timestamp,
}

impl Authority<'_> {
    /// The address that the user's browser opens. `None` when the addresses are not set.
    pub(crate) fn begin(&self, redirect: &str) -> Option<Begun> {
        let rules = &self.settings.descriptor.oauth;
        let client = self.client(Some(redirect))?;
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(rules.scopes.iter().cloned().map(Scope::new));
        for (name, value) in &rules.extra_authorize {
            request =
                request.add_extra_param(name.clone(), value.replace("{redirect_uri}", redirect));
        }
        let (challenge, verifier) = rules
            .pkce
            .then(PkceCodeChallenge::new_random_sha256)
            .unzip();
        if let Some(challenge) = challenge {
            request = request.set_pkce_challenge(challenge);
        }
        let (address, state) = request.url();
        Some(Begun {
            address,
            state,
            verifier,
        })
    }

    /// Trades the code for tokens.
    pub(crate) async fn exchange(
        &self,
        code: &Secret,
        redirect: &str,
        verifier: Option<PkceCodeVerifier>,
    ) -> Result<Granted, GrantError> {
        let client = self.client(Some(redirect)).ok_or_else(not_set)?;
        let mut request = client.exchange_code(AuthorizationCode::new(code.expose().to_owned()));
        if let Some(verifier) = verifier {
            request = request.set_pkce_verifier(verifier);
        }
        request
            .request_async(self)
            .await
            .map(|answer| granted(&answer))
            .map_err(told)
    }

    /// Trades the refresh token for new tokens.
    pub(crate) async fn refresh(&self, token: &Secret) -> Result<Granted, GrantError> {
        let client = self.client(None).ok_or_else(not_set)?;
        let token = RefreshToken::new(token.expose().to_owned());
        client
            .exchange_refresh_token(&token)
            .request_async(self)
            .await
            .map(|answer| granted(&answer))
            .map_err(told)
    }

    /// Tells the service to forget a token. RFC 7009: 200 also for one it doesn't know.
    ///
    /// Written here because the oauth2 crate refuses plain http even to this computer, and always authenticates.
    pub(crate) async fn revoke(&self, token: &Secret, hint: &str) -> Result<(), GrantError> {
        let rules = &self.settings.descriptor.oauth;
        let url = self
            .settings
            .url(Base::OAuth, &rules.revoke)
            .filter(|_| !rules.revoke.is_empty())
            .ok_or_else(not_set)?;
        let mut form = vec![("token", token.expose())];
        if !hint.is_empty() {
            form.push(("token_type_hint", hint));
        }
        if matches!(
            rules.revoke_auth,
            ClientAuth::BodyId | ClientAuth::BodySecret
        ) {
            form.push(("client_id", &self.settings.client_id));
        }
        if let (ClientAuth::BodySecret, Some(secret)) = (rules.revoke_auth, self.secret) {
            form.push(("client_secret", secret.expose()));
        }
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut answer = self
            .post_form(&url, &body, rules.revoke_auth == ClientAuth::Basic)
            .await?;
        if answer.status == 401 && rules.revoke_auth == ClientAuth::NoneThenBasic {
            answer = self.post_form(&url, &body, true).await?;
        }
        match answer.status {
            200..300 => Ok(()),
            429 | 500..600 => Err(GrantError::Transient {
                what: "it has an internal problem".into(),
                after: answer.wait(self.now),
            }),
            status => Err(GrantError::Blocked(format!(
                "it answered with the number {status}"
            ))),
        }
    }

    async fn post_form(
        &self,
        url: &Url,
        body: &str,
        with_basic: bool,
    ) -> Result<Answer, GrantError> {
        let mut request = reqwest::Request::new(reqwest::Method::POST, url.clone());
        *request.body_mut() = Some(body.to_owned().into());
        let headers = request.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(basic) = self.basic().filter(|_| with_basic) {
            headers.insert(AUTHORIZATION, basic);
        }
        self.wire
            .ask(request, ANSWER)
            .await
            .map_err(|lost| GrantError::Transient {
                what: lost.what,
                after: None,
            })
    }

    fn client(&self, redirect: Option<&str>) -> Option<OAuthClient> {
        let rules = &self.settings.descriptor.oauth;
        let authorize = self.settings.url(Base::OAuth, &rules.authorize)?;
        let token = self.settings.url(Base::OAuth, &rules.token)?;
        let mut client = BasicClient::new(ClientId::new(self.settings.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(authorize))
            .set_token_uri(TokenUrl::from_url(token));
        client = client.set_auth_type(if rules.token_auth == ClientAuth::Basic {
            AuthType::BasicAuth
        } else {
            AuthType::RequestBody
        });
        if let Some(secret) = self.secret.filter(|_| self.settings.wants_secret()) {
            client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
        }
        match redirect {
            Some(redirect) => {
                Some(client.set_redirect_uri(RedirectUrl::new(redirect.to_owned()).ok()?))
            }
            None => Some(client),
        }
    }

    /// `id:secret` as they are, in UTF-8: what the document's own `curl -u` sends. The crate form-encodes them first.
    fn basic(&self) -> Option<HeaderValue> {
        let pair = zeroize::Zeroizing::new(format!(
            "{}:{}",
            self.settings.client_id,
            self.secret?.expose()
        ));
        let mut value = HeaderValue::from_str(&format!(
            "Basic {}",
            BASE64_STANDARD.encode(pair.as_bytes())
        ))
        .ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Posts to the token endpoint, and turns every answer that is no OAuth answer into an error of its own, so that a
    /// server in trouble is never taken for one that refuses.
    async fn post(&self, request: HttpRequest) -> Result<HttpResponse, GrantError> {
        let transient = |what: String| GrantError::Transient { what, after: None };
        let mut request = reqwest::Request::try_from(request)
            .map_err(|_| transient("the request could not be made".into()))?;
        if request.headers().contains_key(AUTHORIZATION)
            && let Some(basic) = self.basic()
        {
            request.headers_mut().insert(AUTHORIZATION, basic);
        }
        let answer = self
            .wire
            .ask(request, ANSWER)
            .await
            .map_err(|lost| transient(lost.what))?;
        let (status, body) = match answer.status {
            429 | 503 => {
                return Err(GrantError::Transient {
                    what: "it asks to wait".into(),
                    after: answer.wait(self.now),
                });
            }
            500..600 => {
                return Err(GrantError::Transient {
                    what: "it has an internal problem".into(),
                    after: answer.wait(self.now),
                });
            }
            200..300 => (
                200,
                token_answer(&answer).ok_or_else(|| {
                    transient("it did not answer a sign-in in the way its document says".into())
                })?,
            ),
            300..400 => {
                return Err(GrantError::Blocked(
                    "its sign-in points to another address, which is not followed".into(),
                ));
            }
            status => (
                400,
                error_answer(&answer).ok_or_else(|| {
                    GrantError::Blocked(format!(
                        "it turned the sign-in away with the number {status}"
                    ))
                })?,
            ),
        };
        let mut response = HttpResponse::new(body);
        *response.status_mut() = reqwest::StatusCode::from_u16(status).unwrap_or_default();
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Authority<'_> {
    type Error = GrantError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, GrantError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.post(request))
    }
}

/// The token answer with its values in the kinds that RFC 6749 gives them: real servers leave out `token_type`, and send
/// `expires_in` as a text.
fn token_answer(answer: &Answer) -> Option<Vec<u8>> {
    let json = answer.json()?;
    let text = |key: &str| {
        json.get(key)
            .and_then(serde_json::Value::as_str)
            .filter(|text| !text.is_empty())
    };
    if text("token_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return None;
    }
    let seconds = json.get("expires_in").and_then(|value| {
        value
            .as_f64()
            .or_else(|| value.as_str()?.trim().parse().ok())
    });
    let seconds = seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    let scope = match json.get("scope") {
        Some(serde_json::Value::Array(list)) => Some(
            list.iter()
                .filter_map(serde_json::Value::as_str)
                .collect::<Vec<_>>()
                .join(" "),
        ),
        _ => text("scope").map(str::to_owned),
    };
    let mut clean = serde_json::Map::new();
    clean.insert("access_token".into(), text("access_token")?.into());
    clean.insert("token_type".into(), "bearer".into());
    if let Some(token) = text("refresh_token") {
        clean.insert("refresh_token".into(), token.into());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above and cut to ten years"
    )]
    if let Some(seconds) = seconds {
        clean.insert(
            "expires_in".into(),
            (seconds.min(315_360_000.0) as u64).into(),
        );
    }
    if let Some(scope) = scope {
        clean.insert("scope".into(), scope.into());
    }
    serde_json::to_vec(&clean).ok()
}

fn error_answer(answer: &Answer) -> Option<Vec<u8>> {
    let json = answer.json()?;
    let code = json.get("error")?.as_str()?;
    let description = json
        .get("error_description")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    serde_json::to_vec(
        &serde_json::json!({ "error": clean(code), "error_description": clean(description) }),
    )
    .ok()
}

fn granted(answer: &BasicTokenResponse) -> Granted {
    Granted {
        access: Secret::new(answer.access_token().secret()),
        refresh: answer
            .refresh_token()
            .map(|token| Secret::new(token.secret())),
        expires_in: answer.expires_in().map(|time| time.as_secs()),
        scopes: answer
            .scopes()
            .map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
    }
}

fn told(error: RequestTokenError<GrantError, BasicErrorResponse>) -> GrantError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(said) => match said.error() {
            BasicErrorResponseType::InvalidGrant => GrantError::Over,
            BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => {
                GrantError::Blocked("it does not accept the client id or the client secret".into())
            }
            code => match said.error_description().filter(|words| !words.is_empty()) {
                Some(words) => GrantError::Blocked(format!("it said: {words} ({})", code.as_ref())),
                None => GrantError::Blocked(format!("it said: {}", code.as_ref())),
            },
        },
        // Their texts may hold the answer's body, and with it tokens.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => GrantError::Transient {
            what: "it did not answer a sign-in in the way its document says".into(),
            after: None,
        },
    }
}

fn not_set() -> GrantError {
    GrantError::Blocked("its address is not set".into())
}

#[cfg(test)]
#[path = "oauth_tests.rs"]
mod tests;

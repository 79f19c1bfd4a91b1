//! Codes and tokens: who got which, what is still good, what was replayed. It knows no HTTP and reads no clock.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::endpoint::ServiceName;

/// How long a code may be exchanged; RFC 6749 §4.1.2 recommends at most ten minutes.
const CODE_LIFE_MS: i64 = 600_000;

/// What an authorize request asked for, after it was found to be in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) service: ServiceName,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scopes: Vec<String>,
    /// PKCE S256 challenge.
    pub(crate) challenge: Option<String>,
}

/// One consent: everything that was issued on it hangs on its number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) number: u64,
    pub(crate) service: ServiceName,
    pub(crate) client_id: String,
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Code {
    asked: Asked,
    account: String,
    issued_ms: i64,
    /// The grant that it was exchanged for; `Some(0)`: spoilt by a wrong exchange.
    used: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenKind {
    Access,
    Refresh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Live,
    Rotated,
    Revoked,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Token {
    grant: u64,
    kind: TokenKind,
    standing: Standing,
    scopes: Vec<String>,
    /// None: never.
    expires_ms: Option<i64>,
}

/// How many tokens stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standings {
    /// Good for use.
    pub live: u64,
    /// Past their time.
    pub expired: u64,
    /// Replaced by a refresh.
    pub rotated: u64,
    /// Revoked by the client, by a replayed code or by the test.
    pub revoked: u64,
}

/// The tokens of one service, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCounts {
    /// Access tokens.
    pub access: Standings,
    /// Refresh tokens.
    pub refresh: Standings,
    /// Refreshes that succeeded.
    pub refreshes: u64,
    /// Codes and refresh tokens that were presented a second time.
    pub replays: u64,
}

/// A new pair, as it goes out.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
}

/// Everything ever issued.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tokens {
    seed: String,
    drawn: u64,
    grants: Vec<Grant>,
    codes: BTreeMap<String, Code>,
    tokens: BTreeMap<String, Token>,
    #[serde(default)]
    verifiers: Vec<String>,
    refreshes: BTreeMap<String, u64>,
    replays: BTreeMap<String, u64>,
}

impl Tokens {
    pub(crate) fn new(seed: String) -> Tokens {
        Tokens {
            seed,
            ..Tokens::default()
        }
    }

    /// The next unguessable word; the same for the same seed.
    pub(crate) fn draw(&mut self, prefix: &str) -> String {
        self.drawn += 1;
        let digest = Sha256::digest(format!("{}/{}/{prefix}", self.seed, self.drawn));
        format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(digest))
    }

    /// A number from 0 to 1.
    pub(crate) fn chance(&mut self) -> f64 {
        self.drawn += 1;
        let digest = Sha256::digest(format!("{}/{}/chance", self.seed, self.drawn));
        digest
            .iter()
            .take(4)
            .fold(0.0, |sum, byte| (sum + f64::from(*byte)) / 256.0)
    }

    pub(crate) fn issue_code(&mut self, asked: Asked, account: String, now_ms: i64) -> String {
        let code = self.draw("sbx-code-");
        self.codes.insert(
            code.clone(),
            Code {
                asked,
                account,
                issued_ms: now_ms,
                used: None,
            },
        );
        code
    }

    /// Exchanges a code for a grant, once. A replay revokes what the code gave before (RFC 6749 §4.1.2); a wrong
    /// exchange spoils the code. The error is a description for `invalid_grant`.
    pub(crate) fn redeem(
        &mut self,
        service: ServiceName,
        code: &str,
        client_id: &str,
        now_ms: i64,
        fits: impl Fn(&Asked) -> Result<(), &'static str>,
    ) -> Result<Grant, &'static str> {
        let entry = self
            .codes
            .get_mut(code)
            .filter(|entry| entry.asked.service == service)
            .ok_or("unknown code")?;
        if let Some(grant) = entry.used {
            *self.replays.entry(service.name().to_owned()).or_default() += 1;
            self.revoke_grant(grant);
            return Err("this code was used before; what it gave is revoked");
        }
        entry.used = Some(0);
        if entry.asked.client_id != client_id {
            return Err("this code was given to another client");
        }
        if now_ms - entry.issued_ms > CODE_LIFE_MS {
            return Err("this code is too old");
        }
        fits(&entry.asked)?;
        let grant = Grant {
            number: self.grants.len() as u64 + 1,
            service,
            client_id: client_id.to_owned(),
            account: entry.account.clone(),
            scopes: entry.asked.scopes.clone(),
        };
        entry.used = Some(grant.number);
        self.grants.push(grant.clone());
        Ok(grant)
    }

    /// Takes note of a PKCE verifier that was presented.
    pub(crate) fn presented(&mut self, verifier: &str) {
        self.verifiers.push(verifier.to_owned());
    }

    /// Every code, verifier and token there ever was.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let words = self.codes.keys().chain(self.tokens.keys());
        words.chain(&self.verifiers).cloned().collect()
    }

    /// Whether it is a token that neither a refresh nor a revocation has ended.
    pub(crate) fn is_live(&self, word: &str) -> bool {
        let token = self.tokens.get(word);
        token.is_some_and(|token| token.standing == Standing::Live)
    }

    /// Issues an access token and, if wanted, a refresh token.
    pub(crate) fn issue(
        &mut self,
        grant: &Grant,
        scopes: &[String],
        life_s: i64,
        refresh: bool,
        now_ms: i64,
    ) -> Issued {
        let mut make = |kind, prefix, expires_ms| {
            let word = self.draw(prefix);
            let scopes = scopes.to_vec();
            let token = Token {
                grant: grant.number,
                kind,
                standing: Standing::Live,
                scopes,
                expires_ms,
            };
            self.tokens.insert(word.clone(), token);
            word
        };
        let access = make(
            TokenKind::Access,
            "sbx-access-",
            Some(now_ms + life_s * 1000),
        );
        let refresh = refresh.then(|| make(TokenKind::Refresh, "sbx-refresh-", None));
        Issued { access, refresh }
    }

    /// The grant of a refresh token that is still good, and the scopes it is for now: those `wanted`, which may not be
    /// more than before. The access tokens of the grant end here; with `rotate` the refresh token too. The error is an
    /// OAuth error and its description.
    pub(crate) fn refresh(
        &mut self,
        service: ServiceName,
        word: &str,
        client_id: &str,
        rotate: bool,
        wanted: Option<&[String]>,
    ) -> Result<(Grant, Vec<String>), (&'static str, &'static str)> {
        let invalid = |what| Err(("invalid_grant", what));
        let token = self
            .tokens
            .get(word)
            .filter(|token| token.kind == TokenKind::Refresh);
        let Some(token) = token else {
            return invalid("unknown refresh token");
        };
        let grant = self
            .grants
            .iter()
            .find(|grant| grant.number == token.grant && grant.service == service);
        let Some(grant) = grant.cloned() else {
            return invalid("unknown refresh token");
        };
        if grant.client_id != client_id {
            return invalid("this refresh token belongs to another client");
        }
        match token.standing {
            Standing::Live => {}
            Standing::Rotated => {
                *self.replays.entry(service.name().to_owned()).or_default() += 1;
                return invalid("this refresh token was used before");
            }
            Standing::Revoked => return invalid("this refresh token is revoked"),
        }
        let scopes = match wanted {
            Some(wanted) if !wanted.iter().all(|scope| token.scopes.contains(scope)) => {
                return Err(("invalid_scope", "the scope is more than was granted"));
            }
            Some(wanted) => wanted.to_vec(),
            None => token.scopes.clone(),
        };
        for (known, token) in &mut self.tokens {
            let ends = token.kind == TokenKind::Access || (rotate && known == word);
            if token.grant == grant.number && token.standing == Standing::Live && ends {
                token.standing = Standing::Rotated;
            }
        }
        *self.refreshes.entry(service.name().to_owned()).or_default() += 1;
        Ok((grant, scopes))
    }

    /// The grant and scopes of an access token that is good now.
    pub(crate) fn bearer(
        &self,
        service: ServiceName,
        word: &str,
        now_ms: i64,
    ) -> Option<(&Grant, &[String])> {
        let token = self.tokens.get(word)?;
        let good = token.kind == TokenKind::Access
            && token.standing == Standing::Live
            && token.expires_ms.is_none_or(|end| now_ms < end);
        let grant = self
            .grants
            .iter()
            .find(|grant| grant.number == token.grant && grant.service == service)?;
        good.then_some((grant, token.scopes.as_slice()))
    }

    /// Revokes one token of this kind; with `both` every token of its grant.
    pub(crate) fn revoke(
        &mut self,
        service: ServiceName,
        word: &str,
        kind: Option<TokenKind>,
        both: bool,
    ) {
        let Some(token) = self
            .tokens
            .get_mut(word)
            .filter(|token| kind.is_none_or(|kind| kind == token.kind))
        else {
            return;
        };
        let number = token.grant;
        if !self
            .grants
            .iter()
            .any(|grant| grant.number == number && grant.service == service)
        {
            return;
        }
        if token.standing == Standing::Live {
            token.standing = Standing::Revoked;
        }
        if both {
            self.revoke_grant(number);
        }
    }

    fn revoke_grant(&mut self, number: u64) {
        for token in self.tokens.values_mut() {
            if token.grant == number && token.standing == Standing::Live {
                token.standing = Standing::Revoked;
            }
        }
    }

    /// Ends every live access token now, as if its time were over.
    pub(crate) fn expire_access(&mut self, service: Option<ServiceName>, now_ms: i64) {
        self.each(service, |token| {
            if token.kind == TokenKind::Access {
                token.expires_ms = Some(token.expires_ms.map_or(now_ms, |end| end.min(now_ms)));
            }
        });
    }

    /// Revokes every live token, as if the athlete had thrown the client out on the service's own page.
    pub(crate) fn revoke_all(&mut self, service: Option<ServiceName>) {
        self.each(service, |token| token.standing = Standing::Revoked);
    }

    fn each(&mut self, service: Option<ServiceName>, mut change: impl FnMut(&mut Token)) {
        let meant: Vec<u64> = self
            .grants
            .iter()
            .filter(|grant| service.is_none_or(|s| s == grant.service))
            .map(|g| g.number)
            .collect();
        let live = self
            .tokens
            .values_mut()
            .filter(|token| token.standing == Standing::Live && meant.contains(&token.grant));
        live.for_each(&mut change);
    }

    pub(crate) fn counts(&self, service: ServiceName, now_ms: i64) -> TokenCounts {
        let mut counts = TokenCounts {
            refreshes: self
                .refreshes
                .get(service.name())
                .copied()
                .unwrap_or_default(),
            replays: self
                .replays
                .get(service.name())
                .copied()
                .unwrap_or_default(),
            ..TokenCounts::default()
        };
        for token in self.tokens.values() {
            if !self
                .grants
                .iter()
                .any(|grant| grant.number == token.grant && grant.service == service)
            {
                continue;
            }
            let kind = if token.kind == TokenKind::Access {
                &mut counts.access
            } else {
                &mut counts.refresh
            };
            *match token.standing {
                Standing::Rotated => &mut kind.rotated,
                Standing::Revoked => &mut kind.revoked,
                Standing::Live if token.expires_ms.is_some_and(|end| now_ms >= end) => {
                    &mut kind.expired
                }
                Standing::Live => &mut kind.live,
            } += 1;
        }
        counts
    }
}

//! An account's tokens as they lie in the secret store: one small JSON each. Knows no network.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::oauth::Granted;
use crate::secret::Secret;

/// What a sign-in gives.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) access: Secret,
    pub(crate) refresh: Option<Secret>,
    /// When the access token ends, as the server said or as is assumed.
    pub(crate) expires_at: Option<Timestamp>,
    /// From when on the access token should be refreshed before use.
    pub(crate) fresh_until: Option<Timestamp>,
    pub(crate) scopes: Vec<String>,
    /// Whose they are, as `Settings::origins` says: shown to nobody else. Nothing: stored before that was noted.
    pub(crate) origins: Option<String>,
}

/// The wire form; kept small, because one platform's keyring takes no more than 2,560 bytes.
#[derive(Serialize, Deserialize)]
struct Stored {
    access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Of the access token, as the server said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// When to refresh before use: some time before `expires_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fresh_until: Option<Timestamp>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origins: Option<String>,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.access_token.zeroize();
        self.refresh_token.zeroize();
    }
}

impl Tokens {
    /// From a token answer that was asked for at `now`. `before` are the tokens it replaces, if any.
    pub(crate) fn granted(
        granted: Granted,
        before: Option<&Tokens>,
        rules: &Lifetime,
        now: Timestamp,
    ) -> Self {
        let lifetime = granted.expires_in.unwrap_or(rules.default_expires_in);
        let skew = rules.skew_s.min(lifetime / 4);
        let fresh_for = Duration::from_secs(lifetime.saturating_sub(skew));
        let kept = before
            .filter(|_| !rules.always_rotates)
            .and_then(|before| before.refresh.clone());
        let asked = || {
            before
                .map(|before| before.scopes.clone())
                .unwrap_or_default()
        };
        Self {
            access: granted.access,
            refresh: granted.refresh.or(kept),
            expires_at: now.checked_add(Duration::from_secs(lifetime)).ok(),
            fresh_until: now.checked_add(fresh_for).ok(),
            scopes: granted.scopes.unwrap_or_else(asked),
            origins: None,
        }
    }

    /// Reads the store's text; `None` when it is not ours.
    pub(crate) fn parse(text: &Secret) -> Option<Self> {
        let mut stored: Stored = serde_json::from_str(text.expose()).ok()?;
        let access = Secret::new(std::mem::take(&mut stored.access_token));
        Some(Self {
            access,
            refresh: stored.refresh_token.take().map(Secret::new),
            expires_at: stored.expires_at,
            fresh_until: stored.fresh_until.or(stored.expires_at),
            scopes: std::mem::take(&mut stored.scopes),
            origins: stored.origins.take(),
        })
    }

    /// What the store gets of tokens that those at `origins` gave.
    pub(crate) fn to_text(&self, origins: &str) -> Option<Secret> {
        let stored = Stored {
            access_token: self.access.expose().to_owned(),
            refresh_token: self.refresh.as_ref().map(|token| token.expose().to_owned()),
            expires_at: self.expires_at,
            fresh_until: self.fresh_until,
            scopes: self.scopes.clone(),
            origins: Some(origins.to_owned()),
        };
        let text = Zeroizing::new(serde_json::to_string(&stored).ok()?);
        Some(Secret::new(text.as_str()))
    }

    /// Whether they may be shown there.
    pub(crate) fn are_for(&self, origins: &str) -> bool {
        self.origins.as_ref().is_none_or(|own| own == origins)
    }

    /// Whether one token is the same here and there.
    pub(crate) fn share(&self, other: &Tokens) -> bool {
        let both = self.refresh.as_ref().zip(other.refresh.as_ref());
        self.access.is(&other.access) || both.is_some_and(|(one, another)| one.is(another))
    }

    /// Whether a refresh is due before the access token is used.
    pub(crate) fn is_stale(&self, now: Timestamp) -> bool {
        self.refresh.is_some() && self.fresh_until.is_some_and(|until| until <= now)
    }
}

/// The descriptor's facts on how long tokens live.
pub(crate) struct Lifetime {
    pub(crate) default_expires_in: u64,
    pub(crate) skew_s: u64,
    pub(crate) always_rotates: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(refresh: Option<&str>, expires_in: Option<u64>) -> Granted {
        Granted {
            access: Secret::new("a2"),
            refresh: refresh.map(Secret::new),
            expires_in,
            scopes: None,
        }
    }

    fn before() -> Tokens {
        Tokens {
            access: Secret::new("a1"),
            refresh: Some(Secret::new("r1")),
            expires_at: None,
            fresh_until: None,
            scopes: vec!["profile".into()],
            origins: None,
        }
    }

    #[track_caller]
    fn check(
        refresh: Option<&str>,
        expires_in: Option<u64>,
        always_rotates: bool,
        kept: Option<&str>,
        fresh_s: i64,
    ) {
        let rules = Lifetime {
            default_expires_in: 3600,
            skew_s: 120,
            always_rotates,
        };
        let tokens = Tokens::granted(
            granted(refresh, expires_in),
            Some(&before()),
            &rules,
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(
            tokens
                .refresh
                .as_ref()
                .map(|token| token.expose().to_owned())
                .as_deref(),
            kept
        );
        assert_eq!(tokens.fresh_until.unwrap().as_second(), fresh_s);
        assert_eq!(tokens.scopes, ["profile"]);
        let read = Tokens::parse(&tokens.to_text("https://a.test").unwrap()).unwrap();
        assert!(tokens.are_for("https://b.test") && read.are_for("https://a.test"));
        assert!(!read.are_for("https://b.test"));
        assert!(
            read.access.is(&tokens.access)
                && read.fresh_until == tokens.fresh_until
                && read.scopes == tokens.scopes
        );
    }

    #[test]
    fn a_refresh_answer_replaces_what_it_holds() {
        check(Some("r2"), Some(3600), true, Some("r2"), 3480);
        check(None, Some(3600), false, Some("r1"), 3480);
        check(None, Some(3600), true, None, 3480);
        check(Some("r2"), None, false, Some("r2"), 3480);
        // The skew is at most a quarter.
        check(Some("r2"), Some(8), false, Some("r2"), 6);
        check(Some("r2"), Some(0), false, Some("r2"), 0);
    }

    #[test]
    fn what_is_not_ours_is_no_token() {
        for text in ["", "{}", "[]", "null", "{\"access_token\":5}"] {
            assert!(Tokens::parse(&Secret::new(text)).is_none(), "{text}");
        }
    }
}

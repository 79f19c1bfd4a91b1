//! A sign-out: the tokens are revoked at the service and gone from here; and the same for a new sign-in that is not let in. Knows no
//! library: uploads stay as they are.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use crate::client::Client;
use crate::oauth::GrantError;
use crate::secret::{Secret, SecretError};
use crate::session::NotHeld;
use crate::settings::ServiceId;
use crate::tokens::Tokens;

/// How long each revocation may take: a sign-out must work without a network too.
const LIMIT: Duration = Duration::from_secs(15);

/// What a sign-out came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// The service was told, and said yes for every token.
    pub revoked: bool,
    /// What the user should know, one sentence.
    pub note: Option<String>,
}

/// There was nothing to sign out.
const NOBODY: SignedOut = SignedOut {
    revoked: false,
    note: None,
};

/// Why the sign-in could not be removed from this computer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignOutError {
    /// The secret store did not let it go.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It cannot be touched now.
    #[error("The sign-in cannot be removed now: {0}")]
    NotHeld(#[from] NotHeld),
    /// A fault of our own, as a clause.
    #[error("The sign-in may still be here: {0}")]
    BrokeOff(String),
}

impl SignOutError {
    /// Stable and machine-readable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            SignOutError::Secret(error) => error.code(),
            SignOutError::NotHeld(why) => why.code(),
            SignOutError::BrokeOff(_) => "broke_off",
        }
    }

    /// One sentence: what to do now.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            SignOutError::Secret(error) => error.hint(),
            SignOutError::NotHeld(why) => why.hint(),
            SignOutError::BrokeOff(_) => "Try again; if it stays so, start Trackdock again.",
        }
    }
}

/// All is revoked, unless there is something to know.
fn ended(note: Option<String>) -> SignedOut {
    SignedOut {
        revoked: note.is_none(),
        note,
    }
}

fn not_told(service: ServiceId, what: &str) -> String {
    let name = service.display();
    format!(
        "The sign-in is gone from this computer, but {name} could not be told ({what}): remove Trackdock in your account there."
    )
}

/// What is left of a sign-in that was turned away, if anything is.
fn left_behind(
    service: ServiceId,
    not_told: Option<&str>,
    not_erased: Option<&SecretError>,
) -> Option<String> {
    let name = service.display();
    // Without a word to remove Trackdock there: that would end the account's own sign-in, too.
    match (not_told, not_erased) {
        (None, None) => None,
        (Some(what), None) => Some(format!(
            "The new sign-in is gone from this computer, but {name} could not be told ({what}): it may stay valid there."
        )),
        (None, Some(error)) => Some(format!(
            "The new sign-in is not valid any more, but could not be removed from this computer; it is never used, and goes with the next one. {error}."
        )),
        (Some(what), Some(error)) => Some(format!(
            "The new sign-in is not used, but {name} could not be told ({what}), so it may stay valid there; and it could not be removed from this computer, where it goes with the next one. {error}."
        )),
    }
}

impl Client {
    /// Revokes the refresh token, then the access token, and erases both here whatever the service says. A refresh under
    /// way ends first, so that it cannot bring the sign-in back.
    ///
    /// # Errors
    /// Only when the tokens could not be erased from the secret store.
    pub async fn sign_out(&self) -> Result<SignedOut, SignOutError> {
        let session = &self.session;
        let mut held = session.hold().await?;
        let tokens = match session.newest(&held).await {
            // What cannot be read as tokens cannot be revoked, only removed.
            Err(SecretError::Garbled(_)) => None,
            other => other?,
        };
        let Some(tokens) = tokens else {
            session.forget(&mut held).await?;
            return Ok(NOBODY);
        };
        if !tokens.are_for(&session.settings.origins()) {
            session.forget(&mut held).await?;
            return Ok(ended(Some(not_told(session.id, "its address was changed"))));
        }
        let trouble = self.revoke_all(&tokens).await;
        session.forget(&mut held).await?;
        Ok(ended(trouble.map(|what| not_told(session.id, &what))))
    }

    /// Revokes the tokens of the last sign-in, which was not let in, and erases them here whatever the service says. The account's
    /// own tokens stay as they are, and in use. Nothing happens where none are set apart. Returns what the user should know: what is
    /// left of it here or there.
    pub async fn turn_away(&self) -> Option<String> {
        let session = &self.session;
        let tokens = session.take_newcomer()?;
        let not_told = self.take_back(&tokens).await;
        let not_erased = session.forget_newcomer().await.err();
        left_behind(session.id, not_told.as_deref(), not_erased.as_ref())
    }

    /// Revokes the tokens of a sign-in that is not let in, unless the account uses one of them as well: a service may give the same
    /// ones to the same athlete again, and ends with one those that it gave with it (RFC 7009 §2.1). Nothing when none is left to be
    /// revoked, else why, as a clause.
    pub(crate) async fn take_back(&self, tokens: &Tokens) -> Option<String> {
        let session = &self.session;
        match session.in_use().await {
            Ok(in_use) if in_use.iter().any(|used| used.share(tokens)) => {
                tracing::info!(service = session.id.name(), "the account uses them as well");
                None
            }
            Ok(_) => self.revoke_all(tokens).await,
            Err(error) => {
                tracing::warn!(service = session.id.name(), "not revoked: {error}");
                Some("what the account uses cannot be read".into())
            }
        }
    }

    /// Revokes the refresh token, then the access token. Nothing when both are revoked, else why one is not, as a clause.
    pub(crate) async fn revoke_all(&self, tokens: &Tokens) -> Option<String> {
        let session = &self.session;
        let rules = &session.settings.descriptor.oauth;
        // Without it a public client still can revoke; a confidential one gets a note.
        let secret = session.client_secret().await.unwrap_or(None);
        let mut trouble = None;
        let both = [
            (tokens.refresh.as_ref(), rules.revoke_refresh_hint.as_str()),
            (Some(&tokens.access), rules.revoke_access_hint.as_str()),
        ];
        for (token, hint) in both {
            let Some(token) = token else { continue };
            if let Err(what) = self.revoke(token, hint, secret.as_ref()).await {
                tracing::warn!(service = session.id.name(), "a token could not be revoked");
                trouble = Some(what);
            }
        }
        trouble
    }

    async fn revoke(
        &self,
        token: &Secret,
        hint: &str,
        secret: Option<&Secret>,
    ) -> Result<(), String> {
        // No time is needed: a revocation is not tried again, so no wait that the service asks for matters.
        let authority = self.session.authority(secret, Timestamp::UNIX_EPOCH);
        match tokio::time::timeout(LIMIT, authority.revoke(token, hint)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(GrantError::Over)) => Err("it refused".into()),
            Ok(Err(GrantError::Blocked(what) | GrantError::Transient { what, .. })) => Err(what),
            Err(_) => Err("it did not answer".into()),
        }
    }
}

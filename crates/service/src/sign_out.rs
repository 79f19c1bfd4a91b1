//! A sign-out: the tokens are revoked at the service and gone from here; and the same for a new sign-in that is not let in. Knows no
//! library: uploads stay as they are.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use crate::client::Client;
use crate::oauth::GrantError;
use crate::secret::{Secret, SecretError};
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
    /// Another program is using it.
    #[error("The sign-in cannot be removed now: {0}")]
    Busy(String),
}

impl SignOutError {
    /// Stable and machine-readable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            SignOutError::Secret(error) => error.code(),
            SignOutError::Busy(_) => "in_use",
        }
    }

    /// One sentence: what to do now.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            SignOutError::Secret(error) => error.hint(),
            SignOutError::Busy(_) => "Close the other Trackdock and try again.",
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

impl Client {
    /// Revokes the refresh token, then the access token, and erases both here whatever the service says. A refresh under
    /// way ends first, so that it cannot bring the sign-in back.
    ///
    /// # Errors
    /// Only when the tokens could not be erased from the secret store.
    pub async fn sign_out(&self) -> Result<SignedOut, SignOutError> {
        let session = &self.session;
        let mut held = session.hold().await.map_err(SignOutError::Busy)?;
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
    /// own tokens stay as they are, and in use. Nothing happens where none are set apart.
    ///
    /// # Errors
    /// Only when they could not be erased from the secret store. They are never read there.
    pub async fn turn_away(&self) -> Result<SignedOut, SignOutError> {
        let session = &self.session;
        let Some(tokens) = session.take_newcomer() else {
            return Ok(NOBODY);
        };
        let trouble = self.revoke_all(&tokens).await;
        session.forget_newcomer().await?;
        let name = session.id.display();
        // Without a word to remove Trackdock there: that would end the account's own sign-in, too.
        Ok(ended(trouble.map(|what| {
            format!("The new sign-in is gone from this computer, but {name} could not be told ({what}): it may stay valid there.")
        })))
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

//! A sign-in from the first click to tokens that are set apart, who it turned out to be, and its admission. Knows no window and no
//! account: the browser is opened, and who may come in is decided, by the caller.

use std::future::Future;
use std::time::Duration;

use thiserror::Error;

use crate::answer::clean;
use crate::callback::{Brought, Port, PortsBusy, STAY};
use crate::client::{Client, Clock};
use crate::oauth::GrantError;
use crate::redact::{Redactor, redacted};
use crate::secret::{Secret, SecretError};
use crate::session::NotHeld;
use crate::settings::{Base, ServiceId};
use crate::tokens::Tokens;
use crate::wire::ANSWER;

/// How long the browser may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Who signed in, as far as the service tells. Every text is untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The service's id of the person.
    pub remote_id: Option<String>,
    /// A name to show.
    pub label: Option<String>,
    /// What the sign-in allows, in the service's words.
    pub scopes: Vec<String>,
}

/// A service's profile. Every text is untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The service's id of the person.
    pub id: String,
    /// Public name.
    pub username: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

/// Why a sign-in did not work. Displayed as one sentence; [`SignInError::hint`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignInError {
    /// Something must be set first.
    #[error("{} is not set up: {} missing", service.display(), listed(missing))]
    NotSetUp {
        /// Where.
        service: ServiceId,
        /// What, in words.
        missing: Vec<String>,
    },
    /// All redirect addresses' ports are taken by other programs.
    #[error("Trackdock cannot listen for the answer of {}: port {} of this computer {} taken by another program", service.display(), ports_listed(ports), if ports.len() == 1 { "is" } else { "are" })]
    PortsBusy {
        /// Where.
        service: ServiceId,
        /// Which.
        ports: Vec<u16>,
    },
    /// The person said no.
    #[error("The sign-in at {} was declined in the browser", .0.display())]
    Declined(ServiceId),
    /// The service refused, in its own words.
    #[error("{} refused the sign-in: {said}", service.display())]
    Refused {
        /// Where.
        service: ServiceId,
        /// What it said.
        said: String,
    },
    /// Nobody came back within five minutes.
    #[error("The sign-in at {} was not finished in time", .0.display())]
    TimedOut(ServiceId),
    /// The caller gave it up.
    #[error("The sign-in at {} was cancelled", .0.display())]
    Cancelled(ServiceId),
    /// The service could not be reached, or did not answer sensibly.
    #[error("{} cannot be reached: {what}", service.display())]
    Unreachable {
        /// Where.
        service: ServiceId,
        /// Why.
        what: String,
    },
    /// The tokens of the account cannot be touched now.
    #[error("The sign-in cannot be put in place now: {0}")]
    NotHeld(#[from] NotHeld),
    /// The tokens could not be stored, so there is no sign-in.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl SignInError {
    /// Stable and machine-readable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            SignInError::NotSetUp { .. } => "not_set_up",
            SignInError::PortsBusy { .. } => "port_busy",
            SignInError::Declined(_) => "declined",
            SignInError::Refused { .. } => "sign_in_refused",
            SignInError::TimedOut(_) => "sign_in_timed_out",
            SignInError::Cancelled(_) => "cancelled",
            SignInError::Unreachable { .. } => "unreachable",
            SignInError::NotHeld(why) => why.code(),
            SignInError::Secret(error) => error.code(),
        }
    }

    /// One sentence: what to do now.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            SignInError::NotSetUp { .. } => {
                "Enter it in the settings, or in config.toml; the client secret goes to the secret store."
            }
            SignInError::PortsBusy { .. } => {
                "Close the program that uses it, or register another redirect address at the service and add it to redirect_uris."
            }
            SignInError::Declined(_) => "Sign in again and allow it, if that was a mistake.",
            SignInError::Refused { .. } => {
                "Compare client id, client secret and redirect address with what the service has registered, then sign in again."
            }
            SignInError::TimedOut(_) => {
                "Start it again and finish it in the browser within five minutes."
            }
            SignInError::Cancelled(_) => "Start it again when you like.",
            SignInError::Unreachable { .. } => {
                "Check the connection to the internet and the address in the settings, then sign in again."
            }
            SignInError::NotHeld(why) => why.hint(),
            SignInError::Secret(error) => error.hint(),
        }
    }
}

fn listed(missing: &[String]) -> String {
    let verb = if missing.len() == 1 { "is" } else { "are" };
    match missing.split_last() {
        Some((last, [])) => format!("{last} {verb}"),
        Some((last, rest)) => format!("{} and {last} {verb}", rest.join(", ")),
        None => "something is".into(),
    }
}

fn ports_listed(ports: &[u16]) -> String {
    ports
        .iter()
        .map(u16::to_string)
        .collect::<Vec<_>>()
        .join(" and ")
}

impl Client {
    /// Signs in through the user's own browser: binds the redirect address, lets `open` open the service's page (it must
    /// return at once), waits up to five minutes or until `cancel` resolves, trades the code, stores the tokens and reads
    /// them back, and asks who it is where the service tells. They are apart from those of the account, which stay in use, until
    /// [`Client::admit`] or [`Client::turn_away`]: nothing may go out with them before somebody has decided whose it is.
    ///
    /// # Errors
    /// In words, with nothing changed: the earlier sign-in, if any, is as it was.
    pub async fn sign_in(
        &self,
        open: &(dyn Fn(&str) + Send + Sync),
        now: Clock<'_>,
        cancel: impl Future<Output = ()> + Send,
    ) -> Result<SignedIn, SignInError> {
        tokio::pin!(cancel);
        let session = &self.session;
        let service = session.id;
        let secret = self.ready_secret().await?;
        let port = Port::bind(&session.settings.redirect_uris).await;
        let port = port.map_err(|PortsBusy(ports)| SignInError::PortsBusy { service, ports })?;
        let redirect = port.redirect().to_owned();
        let begun = session.authority(secret.as_ref(), now()).begin(&redirect);
        let begun = begun.ok_or_else(|| SignInError::NotSetUp {
            service,
            missing: session.settings.missing(),
        })?;
        let mut callback = port.listen(begun.state.secret(), STAY);
        open(begun.address.as_str());
        let brought = tokio::select! {
            brought = callback.brought() => brought.ok_or(SignInError::Cancelled(service)),
            () = tokio::time::sleep(self.sign_in_limit) => Err(SignInError::TimedOut(service)),
            () = &mut cancel => Err(SignInError::Cancelled(service)),
        };
        // However it ended: the port is free again for the next try.
        callback.close().await;
        let code = match brought? {
            Brought::Code(code) => code,
            Brought::Error(error) if error == "access_denied" => {
                return Err(SignInError::Declined(service));
            }
            Brought::Error(said) => return Err(self.refused(&said, secret.iter()).await),
        };
        let verifier = begun.verifier.as_ref();
        let verifier = verifier.map(|verifier| Secret::new(verifier.secret().as_str()));
        let asked_at = now();
        let granted = session
            .authority(secret.as_ref(), asked_at)
            .exchange(&code, &redirect, begun.verifier)
            .await;
        let granted = match granted {
            Ok(granted) => granted,
            Err(error) => {
                let shown = [Some(&code), secret.as_ref(), verifier.as_ref()];
                return Err(self.told(error, shown.into_iter().flatten()).await);
            }
        };
        let mut tokens = Tokens::granted(granted, None, &session.lifetime(), asked_at);
        if tokens.scopes.is_empty() {
            // RFC 6749 §5.1: without a word on scopes they are those that were asked for.
            tokens
                .scopes
                .clone_from(&session.settings.descriptor.oauth.scopes);
        }
        self.set_apart(tokens, cancel).await
    }

    /// Stores new tokens apart, and asks whose they are; given up until then, or not stored, they are taken back.
    async fn set_apart(
        &self,
        tokens: Tokens,
        cancel: impl Future<Output = ()> + Send,
    ) -> Result<SignedIn, SignInError> {
        if let Err(error) = self.session.set_apart(&tokens).await {
            // What could not be revoked is in the log.
            let _ = self.take_back(&tokens).await;
            self.forget_set_apart().await;
            return Err(error.into());
        }
        tokio::select! {
            biased;
            () = cancel => {
                if let Some(note) = self.turn_away().await {
                    tracing::warn!(service = self.session.id.name(), "{note}");
                }
                Err(SignInError::Cancelled(self.session.id))
            }
            who = self.introduce(tokens) => Ok(who),
        }
    }

    /// Puts the tokens of the last sign-in in the place of the account's. Nothing happens where none are set apart.
    ///
    /// # Errors
    /// They could not be stored: one must sign in again. They are revoked, unless the store has them all the same, or may have
    /// them yet.
    pub async fn admit(&self) -> Result<(), SignInError> {
        let session = &self.session;
        let Some(tokens) = session.take_newcomer() else {
            return Ok(());
        };
        let placed = self.put_in_place(&tokens).await;
        if let Err(error) = &placed {
            tracing::warn!(service = session.id.name(), "{error}");
            // Who was asked and has not answered may still do it, and then they are the account's.
            let may_be_stored = matches!(
                error,
                SignInError::Secret(SecretError::Slow | SecretError::Died)
            );
            if !may_be_stored {
                // What could not be revoked is in the log.
                let _ = self.take_back(&tokens).await;
            }
        }
        self.forget_set_apart().await;
        placed
    }

    async fn forget_set_apart(&self) {
        if let Err(error) = self.session.forget_newcomer().await {
            // What is left is never read, and goes with the next sign-in or the sign-out.
            tracing::warn!(service = self.session.id.name(), "{error}");
        }
    }

    async fn put_in_place(&self, tokens: &Tokens) -> Result<(), SignInError> {
        let mut held = self.session.hold().await?;
        Ok(self.session.replace(&mut held, tokens).await?)
    }

    /// The client secret where one is wanted; an error when something is not set up.
    async fn ready_secret(&self) -> Result<Option<Secret>, SignInError> {
        let session = &self.session;
        let mut missing = session.settings.missing();
        let secret = session.client_secret().await?;
        if session.settings.wants_secret() && secret.is_none() {
            missing.push("the client secret".into());
        }
        if missing.is_empty() {
            Ok(secret)
        } else {
            Err(SignInError::NotSetUp {
                service: session.id,
                missing,
            })
        }
    }

    /// Who it is, where the service tells; not knowing is no reason to undo a sign-in.
    async fn introduce(&self, tokens: Tokens) -> SignedIn {
        let profile = self.profile_of(&tokens.access).await;
        let (remote_id, label) = match profile {
            Some(profile) => (Some(profile.id), profile.username.or(profile.email)),
            None => (None, None),
        };
        // All of it is kept and shown: a service that gives back what it knows of us must not get it there.
        let client = self.session.client_secret().await.ok().flatten();
        let known = [
            Some(&tokens.access),
            tokens.refresh.as_ref(),
            client.as_ref(),
        ];
        let redactor = Redactor::new(known.into_iter().flatten());
        let clean = |text: String| redactor.clean(&text);
        SignedIn {
            remote_id: remote_id.map(clean),
            label: label.map(clean),
            scopes: tokens.scopes.into_iter().map(clean).collect(),
        }
    }

    /// Whose this token is: asked with it alone, as what is stored may be somebody else's.
    async fn profile_of(&self, token: &Secret) -> Option<Profile> {
        let settings = &self.session.settings;
        let url = settings
            .url(Base::OAuth, &settings.descriptor.oauth.profile)
            .filter(|_| self.has_profile())?;
        let answer = self.ask(&url, ANSWER, token).await.ok()?;
        read_profile(&answer.json().filter(|_| answer.is_success())?)
    }

    async fn told<'a>(
        &self,
        error: GrantError,
        shown: impl Iterator<Item = &'a Secret>,
    ) -> SignInError {
        let service = self.session.id;
        match error {
            GrantError::Over => SignInError::Refused {
                service,
                said: "the code from the browser was not accepted".into(),
            },
            GrantError::Blocked(said) => self.refused(&said, shown).await,
            GrantError::Transient { what, .. } => SignInError::Unreachable { service, what },
        }
    }

    /// A refusal without the secrets that the service was shown now, and those of the sign-in before, which stays.
    async fn refused<'a>(
        &self,
        said: &str,
        shown: impl Iterator<Item = &'a Secret>,
    ) -> SignInError {
        let before = self.session.stored().await.ok().flatten();
        let mut known: Vec<&Secret> = shown.collect();
        if let Some(tokens) = &before {
            known.push(&tokens.access);
            known.extend(&tokens.refresh);
        }
        SignInError::Refused {
            service: self.session.id,
            said: redacted(&clean(said), known),
        }
    }
}

/// The profile as it is documented.
pub(crate) fn read_profile(json: &serde_json::Value) -> Option<Profile> {
    let text = |key: &str| {
        json.get(key)
            .and_then(serde_json::Value::as_str)
            .map(clean)
            .filter(|text| !text.is_empty())
    };
    Some(Profile {
        id: crate::answer::id_of(json.get("id")?)?,
        username: text("username"),
        email: text("email"),
    })
}

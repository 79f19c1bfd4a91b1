//! One service as the engine sees it: upload, look at an upload, list, profile. Knows no queue and no library.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Method, Request};
use track::{Format, Sport};
use url::Url;

use crate::Bytes;
use crate::answer::{Answer, id_of};
use crate::body::{bearer, request};
use crate::classify::{self, Verdict};
use crate::list::{Next, Pages, RemoteActivity, entries, next_page};
use crate::outcome::Outcome;
use crate::redact::Redactor;
use crate::secret::{Secret, SecretError, SecretStore};
use crate::session::Session;
use crate::settings::{Base, ServiceId, Settings, Visibility};
use crate::sign_in::{PATIENCE, Profile, read_profile};
use crate::transport::Transport;
use crate::wire::{ANSWER, LIST, Wire};

/// The clock, given by the caller.
pub type Clock<'a> = &'a (dyn Fn() -> Timestamp + Send + Sync);

/// One file to send.
#[derive(Clone, Debug)]
pub struct Upload {
    /// A name for it; only its plain letters are sent, with the ending of the format.
    pub file_name: String,
    /// What the bytes are; see [`Client::accepts`].
    pub format: Format,
    /// The file, unpacked.
    pub bytes: Bytes,
    /// The title on the service, best unique per activity: Map My Tracks may match on it. Empty or none: not sent.
    pub name: Option<String>,
    /// What was done.
    pub sport: Sport,
    /// Who may see it, where the service takes that.
    pub visibility: Option<Visibility>,
}

/// Whether a service takes a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// The bytes are sent as they are.
    AsIs,
    /// It must be written as this format first.
    ConvertTo(Format),
}

/// One service with one sign-in. Shared by reference; all its calls may run side by side.
pub struct Client {
    pub(crate) session: Arc<Session>,
    pub(crate) sign_in_limit: Duration,
}

impl Client {
    /// Does nothing yet but prepare. `lock_dir` holds the lock file that keeps two processes from refreshing at once.
    /// `user_agent`: name, version and address of the program; Map My Tracks blocks those of libraries.
    #[must_use]
    pub fn new(
        id: ServiceId,
        settings: Settings,
        store: Arc<dyn SecretStore>,
        lock_dir: PathBuf,
        user_agent: &str,
    ) -> Self {
        let wire = Wire::new(user_agent, settings.all_loopback());
        Self {
            session: Arc::new(Session::new(id, settings, wire, store, lock_dir)),
            sign_in_limit: PATIENCE,
        }
    }

    /// As [`Client::new`], but requests are carried by `transport` in place of the network.
    #[must_use]
    pub fn over(
        id: ServiceId,
        settings: Settings,
        store: Arc<dyn SecretStore>,
        lock_dir: PathBuf,
        transport: Arc<dyn Transport>,
    ) -> Self {
        let wire = Wire::given(transport);
        Self {
            session: Arc::new(Session::new(id, settings, wire, store, lock_dir)),
            sign_in_limit: PATIENCE,
        }
    }

    /// Other limits than 60 s without movement and five minutes for a sign-in, for tests. Only before the first call.
    #[must_use]
    pub fn with_limits(mut self, stall: Duration, sign_in: Duration) -> Self {
        if let Some(session) = Arc::get_mut(&mut self.session) {
            session.wire.set_stall(stall);
        }
        self.sign_in_limit = sign_in;
        self
    }

    /// As it would have been had it been asked all that `before` was, where only settings like the visibility differ. Only before
    /// the first call.
    #[must_use]
    pub fn taking_over(mut self, before: &Client) -> Self {
        if let Some(session) = Arc::get_mut(&mut self.session) {
            session.take_over(&before.session);
        }
        self
    }

    /// Which service this is.
    #[must_use]
    pub fn id(&self) -> ServiceId {
        self.session.id
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.session.settings
    }

    /// Whether a format is sent as it is.
    #[must_use]
    pub fn accepts(&self, format: Format) -> Accept {
        let rules = &self.session.settings.descriptor.upload;
        if rules.formats.contains(&format) {
            Accept::AsIs
        } else {
            Accept::ConvertTo(rules.else_convert_to)
        }
    }

    /// Whether the service says by itself that it has a file already, so that sending it again does no harm.
    #[must_use]
    pub fn recognises_duplicates(&self) -> bool {
        self.session.settings.descriptor.look.server_dedups
    }

    /// Whether [`Client::list`] works.
    #[must_use]
    pub fn can_list(&self) -> bool {
        self.session.settings.descriptor.look.list_path.is_some()
    }

    /// Whether [`Client::profile`] works.
    #[must_use]
    pub fn has_profile(&self) -> bool {
        !self.session.settings.descriptor.oauth.profile.is_empty()
    }

    /// Stores the client secret, or removes it when it is empty.
    ///
    /// # Errors
    /// When the secret store does not take it.
    pub async fn set_client_secret(&self, secret: Secret) -> Result<(), SecretError> {
        let name = self.session.secret_name();
        self.session
            .in_store(move |store| {
                if secret.expose().is_empty() {
                    store.delete(&name)
                } else {
                    store.set(&name, &secret)
                }
            })
            .await
    }

    /// Whether the client secret is stored.
    ///
    /// # Errors
    /// When the secret store cannot be read.
    pub async fn has_client_secret(&self) -> Result<bool, SecretError> {
        let name = self.session.secret_name();
        self.session
            .in_store(move |store| store.get(&name))
            .await
            .map(|secret| secret.is_some())
    }

    /// Whether tokens are stored; they may have ended at the service.
    ///
    /// # Errors
    /// When the secret store cannot be read.
    pub async fn is_signed_in(&self) -> Result<bool, SecretError> {
        self.session.stored().await.map(|tokens| tokens.is_some())
    }

    /// Whether tokens are being traded at this moment: to end the program now may cost the sign-in.
    #[must_use]
    pub fn is_trading(&self) -> bool {
        self.session.is_held()
    }

    /// Stores new tokens that could not be stored yet: a program that ends without it loses the sign-in.
    ///
    /// # Errors
    /// They still cannot be stored.
    pub async fn save_tokens(&self) -> Result<(), SecretError> {
        self.session.save().await
    }

    /// Sends one file. `progress` is told bytes sent and bytes in all. A refused access token is refreshed once, and the
    /// file sent once more.
    pub async fn upload(
        &self,
        upload: Upload,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
        now: Clock<'_>,
    ) -> Outcome {
        let rules = &self.session.settings.descriptor;
        let size = upload.bytes.len() as u64;
        if size == 0 || size > rules.upload.max_bytes {
            let most = rules.upload.max_bytes >> 20;
            return Outcome::Refused(if size == 0 {
                "the file is empty".into()
            } else {
                format!("the file is larger than {most} MB")
            });
        }
        if !rules.upload.formats.contains(&upload.format) {
            return Outcome::Refused(format!(
                "it does not take {} files",
                upload.format.name().to_uppercase()
            ));
        }
        let Some(url) = self.session.settings.url(Base::Api, &rules.upload.path) else {
            return not_set();
        };
        let mut refused = None;
        loop {
            let token = match self.token(refused.as_ref(), now).await {
                Ok(token) => token,
                Err(outcome) => return outcome,
            };
            let Some((request, outgoing)) = request(&rules.upload, &url, &token, &upload) else {
                return damaged();
            };
            let verdict = match self.session.wire.send(request, outgoing, progress).await {
                Ok(answer) if self.can_list() => {
                    classify::upload_where_a_list_tells(&rules.response, &answer, now())
                }
                Ok(answer) => classify::upload(&rules.response, &answer, now()),
                Err(lost) if lost.perhaps_taken => Verdict::Is(Outcome::Unknown(lost.what)),
                Err(lost) => Verdict::Is(Outcome::transient(lost.what)),
            };
            match verdict {
                Verdict::Is(outcome) => return self.without(outcome, &token).await,
                Verdict::Token if refused.is_none() => refused = Some(token),
                Verdict::Token => return refused_twice(),
                Verdict::AskList { .. } => {
                    return Outcome::Unknown("its answer cannot be understood".into());
                }
            }
        }
    }

    /// Looks whether an accepted upload is ready: its detail first, and the list where that does not tell, or has said for
    /// `long` that it is not.
    pub async fn poll(&self, remote_id: &str, long: bool, now: Clock<'_>) -> Outcome {
        let rules = &self.session.settings.descriptor;
        let Some(path) = &rules.look.poll_path else {
            return Outcome::Created {
                id: remote_id.to_owned(),
                link: None,
            };
        };
        let path = path.replace("{id}", &segment(remote_id));
        let Some(url) = self.session.settings.url(Base::Api, &path) else {
            return not_set();
        };
        let (answer, token) = match self.read(&url, ANSWER, now).await {
            Ok(read) => read,
            Err(outcome) => return outcome,
        };
        let gone = match classify::poll(&rules.response, &answer, remote_id, now()) {
            Verdict::AskList { gone } => gone,
            Verdict::Is(Outcome::Processing { .. }) if long => false,
            Verdict::Is(outcome) => return self.without(outcome, &token).await,
            Verdict::Token => return refused_twice(),
        };
        if !self.can_list() {
            return if gone {
                Outcome::Vanished
            } else {
                Outcome::Processing {
                    id: remote_id.to_owned(),
                }
            };
        }
        match self.list(now).await {
            Ok(list) => match list.into_iter().find(|activity| activity.id == remote_id) {
                Some(found) => {
                    classify::by_status(&rules.response, found.status.as_deref(), found.id)
                }
                None if gone => Outcome::Vanished,
                None => Outcome::Processing {
                    id: remote_id.to_owned(),
                },
            },
            Err(outcome) => outcome,
        }
    }

    /// Everything the service has of this account, in no order that can be relied on. Never a part of it: what is not in the
    /// list is sent again.
    ///
    /// # Errors
    /// The outcome of the failed request, or that the list cannot be read to its end.
    pub async fn list(&self, now: Clock<'_>) -> Result<Vec<RemoteActivity>, Outcome> {
        let rules = &self.session.settings.descriptor;
        let path = rules
            .look
            .list_path
            .as_ref()
            .ok_or_else(|| Outcome::Blocked("it has no list".into()))?;
        let settings = &self.session.settings;
        let mut url = settings.url(Base::Api, path).ok_or_else(not_set)?;
        let mut pages = Pages::from(url.clone(), self.session.wire.longest_list());
        let mut list = Vec::new();
        loop {
            let (answer, token) = self.read(&url, LIST, now).await?;
            let redactor = self.redactor(&token).await;
            let Some(json) = answer.json().filter(|_| answer.is_success()) else {
                return Err(self.not_an_answer(&answer, &token, now).await);
            };
            let progress = |status: Option<&str>| classify::progress(&rules.response, status);
            let page = entries(&json, &rules.look.items, progress)
                .ok_or_else(|| Outcome::NoList("it is not as its document says".into()))?;
            list.extend(page.into_iter().map(|one| one.without(&redactor)));
            url = match next_page(&answer, &json, &url) {
                Next::End => return Ok(list),
                Next::Page(next) => pages.turned(&answer, next).map_err(Outcome::NoList)?,
                Next::Astray => {
                    let what = "it goes on where it cannot be followed";
                    return Err(Outcome::NoList(what.into()));
                }
            };
        }
    }

    /// Whose sign-in this is.
    ///
    /// # Errors
    /// The outcome of the failed request.
    pub async fn profile(&self, now: Clock<'_>) -> Result<Profile, Outcome> {
        let path = &self.session.settings.descriptor.oauth.profile;
        let url = self
            .session
            .settings
            .url(Base::OAuth, path)
            .filter(|_| self.has_profile())
            .ok_or_else(not_set)?;
        let (answer, token) = self.read(&url, ANSWER, now).await?;
        let profile = answer
            .json()
            .filter(|_| answer.is_success())
            .and_then(|json| read_profile(&json));
        match profile {
            Some(profile) => Ok(profile),
            None => Err(self.not_an_answer(&answer, &token, now).await),
        }
    }

    async fn not_an_answer(&self, answer: &Answer, token: &Secret, now: Clock<'_>) -> Outcome {
        match classify::failed_look(&self.session.settings.descriptor.response, answer, now()) {
            Verdict::Is(outcome) => self.without(outcome, token).await,
            Verdict::Token | Verdict::AskList { .. } => refused_twice(),
        }
    }

    /// One reading request: the answer, and the token it was asked with. A refused access token is refreshed once.
    async fn read(
        &self,
        url: &Url,
        cap: usize,
        now: Clock<'_>,
    ) -> Result<(Answer, Secret), Outcome> {
        let mut refused = None;
        loop {
            let token = self.token(refused.as_ref(), now).await?;
            let answer = self.ask(url, cap, &token).await?;
            if !classify::refuses_token(&self.session.settings.descriptor.response, &answer) {
                return Ok((answer, token));
            }
            if refused.is_some() {
                return Err(refused_twice());
            }
            refused = Some(token);
        }
    }

    /// One reading request with this token, whatever is said to it.
    pub(crate) async fn ask(
        &self,
        url: &Url,
        cap: usize,
        token: &Secret,
    ) -> Result<Answer, Outcome> {
        let mut request = Request::new(Method::GET, url.clone());
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, bearer(token).ok_or_else(damaged)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let asked = self.session.wire.ask(request, cap).await;
        asked.map_err(|lost| match cap {
            LIST if lost.too_long => Outcome::NoList(lost.what),
            _ => Outcome::transient(lost.what),
        })
    }

    /// The access token, or another one than the one that was refused.
    async fn token(&self, refused: Option<&Secret>, now: Clock<'_>) -> Result<Secret, Outcome> {
        match refused {
            None => self.session.access(now()).await,
            Some(refused) => self.session.renewed(refused.clone(), now()).await,
        }
    }

    /// A service that sends back what it knows of us, the token of this request or an earlier one's, must not get it into a
    /// message.
    async fn without(&self, outcome: Outcome, token: &Secret) -> Outcome {
        let redactor = self.redactor(token).await;
        outcome.map_texts(|text| redactor.clean(text))
    }

    /// Takes out what was shown to the service with a request, and what is stored.
    async fn redactor(&self, token: &Secret) -> Redactor {
        let stored = self.session.stored().await.ok().flatten();
        let client = self.session.client_secret().await.ok().flatten();
        let stored = stored.as_ref();
        let known = [
            Some(token),
            stored.map(|tokens| &tokens.access),
            stored.and_then(|tokens| tokens.refresh.as_ref()),
            client.as_ref(),
        ];
        Redactor::new(known.into_iter().flatten())
    }
}

fn refused_twice() -> Outcome {
    Outcome::NeedsSignIn("the sign-in is no longer accepted".into())
}

fn damaged() -> Outcome {
    Outcome::NeedsSignIn("the stored sign-in is damaged".into())
}

fn not_set() -> Outcome {
    Outcome::Blocked("its address is not set".into())
}

/// An id as one path segment: whatever the service called it, it cannot lead elsewhere.
fn segment(id: &str) -> String {
    let id = id_of(&serde_json::Value::from(id)).unwrap_or_default();
    id.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

//! One account's sign-in: its tokens, kept fresh by one refresh at a time over all threads and processes.
//! Knows no upload; an error is already the upload's outcome.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::oauth::{Authority, GrantError};
use crate::outcome::Outcome;
use crate::redact::redacted;
use crate::secret::{Secret, SecretError, SecretStore};
use crate::settings::{ServiceId, Settings};
use crate::tokens::{Lifetime, Tokens};
use crate::wire::Wire;

/// How long another process may hold the sign-in: longer than a refresh that waits for its whole stall limit.
const PATIENCE: Duration = Duration::from_secs(150);

/// After these pauses new tokens are stored once more where a file could not be written: what ails a disk is often over by then, and
/// a program that ends before would take them along.
const STORED_AGAIN: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_500),
];

/// The account at one service, shared by everything that is under way for it.
pub(crate) struct Session {
    pub(crate) id: ServiceId,
    pub(crate) settings: Settings,
    pub(crate) wire: Wire,
    pub(crate) store: Arc<dyn SecretStore>,
    lock_dir: PathBuf,
    /// Shared with the clients before and after this one, as long as they speak of the same sign-in.
    gate: Arc<Mutex<Gate>>,
    /// The tokens of a new sign-in of which it is not known yet whose they are. They are also in the store, under a name of their
    /// own; but only these are let in, whatever another program has put there.
    newcomer: std::sync::Mutex<Option<Tokens>>,
}

/// What only the holder of the gate may know.
#[derive(Default)]
struct Gate {
    /// Tokens that replace those with this access token, but could not be stored yet: the old ones are dead.
    unsaved: Option<(Secret, Tokens)>,
    /// A refresh token that the service refused: it is never shown again, because that may revoke more.
    dead: Option<Secret>,
}

/// Why nobody may touch a sign-in now. Displayed as a clause; [`NotHeld::hint`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotHeld {
    /// Another process has it.
    #[error("another Trackdock holds the sign-in")]
    InUse,
    /// The lock file is of no use, so that nothing keeps another process away.
    #[error("its lock file {} cannot be used", .0.display())]
    NoLock(PathBuf),
}

impl NotHeld {
    /// Stable and machine-readable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            NotHeld::InUse => "in_use",
            NotHeld::NoLock(_) => "sign_in_lock",
        }
    }

    /// One sentence: what to do now.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            NotHeld::InUse => "Close the other Trackdock and try again.",
            NotHeld::NoLock(_) => "Make sure that you may write that file, then try again.",
        }
    }
}

/// The gate and the lock file, held: nobody else, here or in another process, touches the sign-in.
pub(crate) struct Held<'a> {
    gate: tokio::sync::MutexGuard<'a, Gate>,
    _file: File,
}

impl Session {
    pub(crate) fn new(
        id: ServiceId,
        settings: Settings,
        wire: Wire,
        store: Arc<dyn SecretStore>,
        lock_dir: PathBuf,
    ) -> Self {
        Self {
            id,
            settings,
            wire,
            store,
            lock_dir,
            gate: Arc::default(),
            newcomer: std::sync::Mutex::default(),
        }
    }

    /// An access token for a request; refreshed first when it is about to end.
    pub(crate) async fn access(self: &Arc<Self>, now: Timestamp) -> Result<Secret, Outcome> {
        let tokens = self.ours().await?;
        if tokens.is_stale(now) {
            self.renewed(tokens.access, now).await
        } else {
            Ok(tokens.access)
        }
    }

    /// Another access token after the service refused `refused`. However many ask at once, one refresh goes out. It runs
    /// to its end even when nobody waits any more: a lost answer would cost the sign-in.
    pub(crate) async fn renewed(
        self: &Arc<Self>,
        refused: Secret,
        now: Timestamp,
    ) -> Result<Secret, Outcome> {
        let session = Arc::clone(self);
        let refresh = tokio::spawn(async move { session.refresh(refused, now).await });
        refresh
            .await
            .unwrap_or_else(|_| Err(Outcome::transient("the sign-in could not be refreshed")))
    }

    async fn refresh(&self, refused: Secret, now: Timestamp) -> Result<Secret, Outcome> {
        let held = self.hold().await;
        let mut held = held.map_err(|why| Outcome::transient(why.to_string()))?;
        let stored = self.ours().await?;
        if let Some(kept) = self.keep_unsaved(&mut held, &stored).await {
            return kept.map_err(Outcome::SecretsClosed);
        }
        if !stored.access.is(&refused) {
            return Ok(stored.access);
        }
        let over = || Outcome::NeedsSignIn("the sign-in is no longer accepted".into());
        let token = stored.refresh.clone().ok_or_else(over)?;
        if held.gate.dead.as_ref().is_some_and(|dead| dead.is(&token)) {
            return Err(over());
        }
        let secret = self.client_secret().await.map_err(Outcome::SecretsClosed)?;
        tracing::debug!(service = self.id.name(), "refreshing the sign-in");
        match self.authority(secret.as_ref(), now).refresh(&token).await {
            Ok(granted) => {
                let tokens = Tokens::granted(granted, Some(&stored), &self.lifetime(), now);
                let kept = self.keep(&mut held, stored.access, tokens).await;
                kept.map_err(Outcome::SecretsClosed)
            }
            Err(GrantError::Over) => {
                held.gate.dead = Some(token);
                Err(over())
            }
            Err(GrantError::Blocked(what)) => {
                // The access token may still be good: a refresh can come before its end.
                let ours = [&token, &stored.access].into_iter().chain(&secret);
                Err(Outcome::Blocked(redacted(&what, ours)))
            }
            Err(GrantError::Transient { what, after }) => Err(Outcome::Transient { what, after }),
        }
    }

    /// Stores new tokens that could not be stored yet. Nothing where there are none, where a refresh is still under way, or where
    /// they are of no use any more.
    pub(crate) async fn save(&self) -> Result<(), SecretError> {
        let has_some = |gate: tokio::sync::MutexGuard<'_, Gate>| gate.unsaved.is_some();
        if !self.gate.try_lock().is_ok_and(has_some) {
            return Ok(());
        }
        let mut held = self.hold().await.map_err(|_| SecretError::File {
            path: self.lock_path(),
            what: "cannot be locked".into(),
        })?;
        let Some(stored) = self.stored().await? else {
            return Ok(());
        };
        let kept = self.keep_unsaved(&mut held, &stored).await;
        kept.map_or(Ok(()), |kept| kept.map(drop))
    }

    /// Stores what could not be stored yet, where it still replaces what is stored; nothing: there is nothing of the kind.
    async fn keep_unsaved(
        &self,
        held: &mut Held<'_>,
        stored: &Tokens,
    ) -> Option<Result<Secret, SecretError>> {
        let replaces = |(before, _): &mut (Secret, Tokens)| before.is(&stored.access);
        let (before, tokens) = held.gate.unsaved.take_if(replaces)?;
        Some(self.keep(held, before, tokens).await)
    }

    /// Stores new tokens and reads them back; only then may they be used.
    async fn keep(
        &self,
        held: &mut Held<'_>,
        before: Secret,
        tokens: Tokens,
    ) -> Result<Secret, SecretError> {
        let mut pauses = STORED_AGAIN.into_iter();
        loop {
            let error = match self.store_tokens(&tokens).await {
                Ok(()) => return Ok(tokens.access),
                Err(error) => error,
            };
            // A keyring is asked by its own clock: it may show a window.
            let is_file = matches!(error, SecretError::File { .. });
            match pauses.next().filter(|_| is_file) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => {
                    tracing::warn!(
                        service = self.id.name(),
                        code = error.code(),
                        "the refreshed sign-in could not be stored yet"
                    );
                    held.gate.unsaved = Some((before, tokens));
                    return Err(error);
                }
            }
        }
    }

    /// Knows what another session of the same service and client at the same addresses knows: new tokens that could not be stored
    /// yet, and which one was refused.
    pub(crate) fn take_over(&mut self, before: &Session) {
        let (ours, theirs) = (&self.settings, &before.settings);
        if ours.addresses() == theirs.addresses() && ours.client_id == theirs.client_id {
            self.gate = Arc::clone(&before.gate);
        }
    }

    /// Whether somebody in this process holds the gate.
    pub(crate) fn is_held(&self) -> bool {
        self.gate.try_lock().is_err()
    }

    /// Takes the gate and the lock file.
    pub(crate) async fn hold(&self) -> Result<Held<'_>, NotHeld> {
        let gate = self.gate.lock().await;
        let no_lock = || NotHeld::NoLock(self.lock_path());
        let path = self.lock_path();
        let file = self.aside(move || lock_file(&path)).await;
        let file = file.and_then(Result::ok).ok_or_else(no_lock)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Held { gate, _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(20)).await
                }
                Err(TryLockError::WouldBlock) => return Err(NotHeld::InUse),
                Err(TryLockError::Error(_)) => return Err(no_lock()),
            }
        }
    }

    /// Stores the tokens of a new sign-in apart from those of the account, and reads them back; only then may they be used. Those
    /// of a sign-in before that nobody has decided on are gone by it.
    pub(crate) async fn set_apart(&self, tokens: &Tokens) -> Result<(), SecretError> {
        drop(self.take_newcomer());
        self.store_under(self.newcomer_name(), tokens).await?;
        *self.newcomer() = Some(tokens.clone());
        Ok(())
    }

    /// The tokens that were set apart, for whoever decides on them: they can be had once.
    pub(crate) fn take_newcomer(&self) -> Option<Tokens> {
        self.newcomer().take()
    }

    /// Removes what was set apart from the store, also what a run has left there that ended in the middle of a sign-in.
    pub(crate) async fn forget_newcomer(&self) -> Result<(), SecretError> {
        let name = self.newcomer_name();
        self.in_store(move |store| store.delete(&name)).await
    }

    fn newcomer(&self) -> std::sync::MutexGuard<'_, Option<Tokens>> {
        self.newcomer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the tokens by those of a new sign-in.
    pub(crate) async fn replace(
        &self,
        held: &mut Held<'_>,
        tokens: &Tokens,
    ) -> Result<(), SecretError> {
        self.store_tokens(tokens).await?;
        // Only now: until then tokens that could not be stored yet are the sign-in.
        *held.gate = Gate::default();
        Ok(())
    }

    /// Removes the tokens, and what is left of a sign-in that nobody has decided on.
    pub(crate) async fn forget(&self, held: &mut Held<'_>) -> Result<(), SecretError> {
        *held.gate = Gate::default();
        drop(self.take_newcomer());
        // First: what cannot be removed leaves a sign-in that can be ended once more.
        self.forget_newcomer().await?;
        let name = self.account_name();
        self.in_store(move |store| store.delete(&name)).await
    }

    /// The tokens as another process may just have left them, or newer ones that are not stored yet.
    pub(crate) async fn newest(&self, held: &Held<'_>) -> Result<Option<Tokens>, SecretError> {
        let stored = self.stored().await?;
        let unsaved = held.gate.unsaved.as_ref().filter(|(before, _)| {
            stored
                .as_ref()
                .is_some_and(|stored| stored.access.is(before))
        });
        Ok(unsaved.map(|(_, tokens)| tokens.clone()).or(stored))
    }

    /// The tokens that the account uses: those that are stored, and newer ones that are not stored yet. A refresh under way ends
    /// first.
    pub(crate) async fn in_use(&self) -> Result<Vec<Tokens>, SecretError> {
        let gate = self.gate.lock().await;
        let stored = match self.stored().await {
            // Nobody can use what cannot be read as tokens.
            Err(SecretError::Garbled(_)) => None,
            other => other?,
        };
        let unsaved = gate.unsaved.as_ref().map(|(_, tokens)| tokens.clone());
        Ok(stored.into_iter().chain(unsaved).collect())
    }

    /// The stored tokens, where they may be shown at the addresses of the settings.
    async fn ours(&self) -> Result<Tokens, Outcome> {
        let tokens = self.stored().await.map_err(Outcome::SecretsClosed)?;
        let tokens = tokens.ok_or_else(|| Outcome::NeedsSignIn("nobody is signed in".into()))?;
        if tokens.are_for(&self.settings.origins()) {
            return Ok(tokens);
        }
        let changed = "its address in the settings is another one than you signed in at";
        Err(Outcome::NeedsSignIn(changed.into()))
    }

    pub(crate) async fn stored(&self) -> Result<Option<Tokens>, SecretError> {
        let name = self.account_name();
        let text = self.in_store(move |store| store.get(&name)).await?;
        match text {
            None => Ok(None),
            Some(text) => Tokens::parse(&text)
                .map(Some)
                .ok_or_else(|| SecretError::Garbled(self.account_name())),
        }
    }

    async fn store_tokens(&self, tokens: &Tokens) -> Result<(), SecretError> {
        self.store_under(self.account_name(), tokens).await
    }

    /// Stores tokens under this name and reads them back.
    async fn store_under(&self, name: String, tokens: &Tokens) -> Result<(), SecretError> {
        let text = tokens.to_text(&self.settings.origins());
        let text = text.ok_or(SecretError::NotKept)?;
        self.in_store(move |store| {
            store.set(&name, &text)?;
            let kept = store.get(&name)?.is_some_and(|kept| kept.is(&text));
            if kept {
                Ok(())
            } else {
                Err(SecretError::NotKept)
            }
        })
        .await
    }

    /// The client secret, where the service wants one.
    pub(crate) async fn client_secret(&self) -> Result<Option<Secret>, SecretError> {
        if !self.settings.wants_secret() {
            return Ok(None);
        }
        let name = self.secret_name();
        self.in_store(move |store| store.get(&name)).await
    }

    /// Runs a call of the store off the async threads: it may wait for the disk or the desktop.
    pub(crate) async fn in_store<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn SecretStore) -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, SecretError> {
        let store = Arc::clone(&self.store);
        self.aside(move || call(store.as_ref()))
            .await
            .unwrap_or(Err(SecretError::Died))
    }

    /// Does what may wait for the system on a thread for that; nothing when it panicked. Where the network is played, nothing
    /// waits, and everything happens in one order.
    async fn aside<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.wire.is_given() {
            return Some(call());
        }
        tokio::task::spawn_blocking(call).await.ok()
    }

    pub(crate) fn authority<'a>(
        &'a self,
        secret: Option<&'a Secret>,
        now: Timestamp,
    ) -> Authority<'a> {
        Authority {
            settings: &self.settings,
            wire: &self.wire,
            secret,
            now,
        }
    }

    pub(crate) fn lifetime(&self) -> Lifetime {
        let rules = &self.settings.descriptor.oauth;
        Lifetime {
            default_expires_in: rules.default_expires_in,
            skew_s: rules.refresh_skew_s,
            always_rotates: rules.always_rotates,
        }
    }

    fn lock_path(&self) -> PathBuf {
        self.lock_dir.join(format!("{}.lock", self.id.name()))
    }

    fn account_name(&self) -> String {
        format!("account:{}", self.id.name())
    }

    fn newcomer_name(&self) -> String {
        format!("sign-in:{}", self.id.name())
    }

    pub(crate) fn secret_name(&self) -> String {
        format!("client-secret:{}", self.id.name())
    }
}

fn lock_file(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

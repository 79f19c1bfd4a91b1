//! The accounts' side of the loop: settings, sign-out, and what an account still owes. `signing_in` lets people in.

use std::sync::Arc;
use std::time::Duration;

use library::{AccountId, AccountState, ActivityId, Selection, State as UploadState};
use service::{Client, SecretError, ServiceId, Settings, SignOutError, SignedOut};
use tokio::sync::oneshot;

use crate::config::{self, Config};
use crate::event::{AccountName, Answer, Event};
use crate::lane::Lane;
use crate::network::{BROKE_OFF, unbroken};
use crate::problem;
use crate::state::State;
use crate::view::{Choice, Notice, Problem, ServiceSettings};

/// Uploads that are made due at once when settings change; few have a wait of their own.
const MOST_RETRIED: usize = 1_000;
/// So long the end waits for a secret store that is to take a sign-in.
const SAVING: Duration = Duration::from_secs(5);

impl State {
    /// Makes the lane of a service, with whoever is signed in there.
    pub(crate) fn open_lane(
        &mut self,
        service: ServiceId,
        settings: Settings,
    ) -> Result<(), Problem> {
        let accounts = self.library.accounts()?;
        let account = accounts
            .iter()
            .find(|account| account.service == service.name() && account.is_signed_in());
        let client = self.client(service, &settings);
        self.lanes.push(Lane::new(
            service,
            settings,
            Arc::new(client),
            account.map(|account| account.id),
        ));
        self.ask_for_secret(service);
        Ok(())
    }

    fn client(&self, service: ServiceId, settings: &Settings) -> Client {
        (self.connect)(
            service,
            settings.clone(),
            Arc::clone(&self.store),
            self.data_dir.clone(),
        )
    }

    /// Writes a service's settings and works by them from now on. Answers which service they are of.
    pub(crate) fn save_service(
        &mut self,
        settings: &ServiceSettings,
    ) -> Result<ServiceId, Problem> {
        let service = service_id(&settings.service)?;
        let known = |key: &str| {
            let lane = self.lanes.iter().find(|lane| lane.service == service);
            lane.is_some_and(|lane| lane.settings.addresses().iter().any(|(own, _)| own == key))
        };
        if let Some(other) = settings.addresses.iter().find(|one| !known(&one.key)) {
            return Err(Problem::new(
                "no_such_setting",
                format!("{} has no address called {}.", service.display(), other.key),
                "Close the settings and open them again.",
            ));
        }
        config::save_service(&self.data_dir, settings)?;
        self.reload(service)?;
        Ok(service)
    }

    fn reload(&mut self, service: ServiceId) -> Result<(), Problem> {
        let config = Config::read(&self.data_dir)?;
        let Some(settings) = config.service(service).cloned() else {
            return Ok(());
        };
        let client = self.client(service, &settings);
        if let Some(lane) = self.lane(service) {
            let client = Arc::new(client.taking_over(&lane.client));
            (lane.settings, lane.client, lane.problem) = (settings, client, None);
            lane.begin_anew();
        }
        self.ask_for_secret(service);
        self.end_pause(service)
    }

    /// With other settings the reason of a pause may be gone: what waits is tried again.
    fn end_pause(&mut self, service: ServiceId) -> Result<(), Problem> {
        let now = self.now();
        let Some(account) = self.lane(service).and_then(|lane| lane.account) else {
            return Ok(());
        };
        let known = self.library.account(account)?;
        if !matches!(known.state, AccountState::Paused { .. }) {
            return Ok(());
        }
        self.library
            .set_account_state(account, &AccountState::Connected, now)?;
        let waiting = self
            .library
            .queue(&[UploadState::Waiting], None, MOST_RETRIED)?;
        for upload in waiting {
            if upload.account == account && upload.due_at.is_some_and(|due| due > now) {
                self.library.retry(Selection::Upload(upload.id), now)?;
            }
        }
        Ok(())
    }

    pub(crate) fn set_visibility(&mut self, account: i64, visibility: &str) -> Answer {
        let account = self.library.account(AccountId(account))?;
        let service = service_id(&account.service)?;
        config::save_visibility(&self.data_dir, service, visibility)?;
        self.reload(service)?;
        Ok(None)
    }

    pub(crate) fn sign_out(&mut self, account: &AccountName, answer: oneshot::Sender<Answer>) {
        let service = match self.signed_in_service(account) {
            Ok(service) => service,
            Err(problem) => return self.reply(answer, Err(problem)),
        };
        let inbox = self.inbox.clone();
        let handle = self.runtime.handle().clone();
        let Some(lane) = self.lane(service) else {
            return;
        };
        if lane.signing_in.is_some() {
            // Who that is may be about to change: a sign-in that is let in while this one goes would outlive it.
            return self.reply(answer, Err(problem::signing_in(service)));
        }
        lane.signing_out = true;
        let client = Arc::clone(&lane.client);
        handle.spawn(async move {
            let signing_out = async move { client.sign_out().await };
            let broken = || Err(SignOutError::BrokeOff(BROKE_OFF.into()));
            let result = unbroken(signing_out, broken).await;
            // The engine may have ended.
            let _ = inbox.send(Event::SignedOut {
                service,
                result,
                answer,
            });
        });
    }

    /// The service at which the named account is signed in.
    fn signed_in_service(&self, account: &AccountName) -> Result<ServiceId, Problem> {
        let named = |lane: &&Lane| match account {
            AccountName::Id(id) => lane.account == Some(AccountId(*id)),
            AccountName::Service(name) => lane.account.is_some() && lane.service.name() == name,
        };
        let shown = match account {
            AccountName::Id(id) => format!("account {id}"),
            AccountName::Service(name) => name.clone(),
        };
        self.lanes
            .iter()
            .find(named)
            .map(|lane| lane.service)
            .ok_or_else(|| problem::no_such_account(&shown))
    }

    pub(crate) fn signed_out(
        &mut self,
        service: ServiceId,
        result: Result<SignedOut, SignOutError>,
        answer: oneshot::Sender<Answer>,
    ) {
        let account = self.lane(service).and_then(|lane| {
            lane.signing_out = false;
            lane.account
        });
        let done = match (result, account) {
            (Ok(out), Some(account)) => {
                let written = self.library.sign_out_account(account);
                written.map(|()| out.note).map_err(Problem::from)
            }
            (Ok(out), None) => Ok(out.note),
            (Err(error), _) => Err(Problem::from(error)),
        };
        if let Some(lane) = self.lane(service) {
            if done.is_ok() {
                lane.account = None;
                lane.forget();
            }
            lane.problem = match &done {
                Ok(Some(note)) => Some(Problem::new("not_revoked", note.clone(), "")),
                Ok(None) => None,
                Err(problem) => Some(problem.clone()),
            };
        }
        self.reply(answer, done);
    }

    /// At the end: renewed sign-ins that could not be stored until now are stored, or told. Without that the athlete would find out
    /// at the next start, from the service.
    pub(crate) fn save_tokens(&self) {
        for lane in &self.lanes {
            let client = Arc::clone(&lane.client);
            let saving = async move { tokio::time::timeout(SAVING, client.save_tokens()).await };
            let error = match self.runtime.handle().block_on(saving) {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => Problem::from(error),
                Err(_) => Problem::from(SecretError::Slow),
            };
            let service = lane.service;
            self.tell(Notice::SignInTrouble {
                service: service.name().into(),
                error: problem::not_stored(service.display(), &error),
            });
        }
    }

    pub(crate) fn send_earlier(&mut self, account: i64, choice: Choice) -> Answer {
        let now = self.now();
        if choice == Choice::OnlyNew {
            return Ok(None);
        }
        let since = library::Choice::from(choice).since(now);
        let added = self.library.send_earlier(AccountId(account), since, now)?;
        Ok(Some(format!("{added} queued.")))
    }

    /// Takes an activity out of the library. One that is being sent just now is refused.
    pub(crate) fn delete_activity(&mut self, id: i64) -> Answer {
        self.library.delete_activity(ActivityId(id), self.now())?;
        Ok(None)
    }
}

/// A service by its id.
///
/// # Errors
/// Code `no_such_service`.
pub fn service_id(name: &str) -> Result<ServiceId, Problem> {
    ServiceId::from_name(name).ok_or_else(|| problem::no_such_service(name))
}

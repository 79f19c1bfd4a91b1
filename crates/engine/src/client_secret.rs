//! A service's client secret: whether the secret store has it, and a new one. The secret itself is no business of the engine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use service::{Secret, ServiceId};
use tokio::sync::oneshot;

use crate::event::{Answer, Event};
use crate::lane::{ClientSecret, Lane};
use crate::schedule;
use crate::state::State;
use crate::view::Problem;

/// What a secret store says that shows a person a window when it is asked. To do so again and again would be a nuisance.
const SHOWS_A_WINDOW: [&str; 2] = ["keyring_locked", "keyring_denied"];
/// What it says while such a window is open, too: whoever types the password may need more than its limit, but not for ever.
const MAY_SHOW_A_WINDOW: &str = "keyring_slow";
/// So often it is asked by the clock then.
const MOST_SLOW: u32 = 2;

impl State {
    /// Asks the secret store whether it has the client secret, where one is wanted.
    pub(crate) fn ask_for_secret(&mut self, service: ServiceId) {
        let inbox = self.inbox.clone();
        let handle = self.runtime.handle().clone();
        let Some(lane) = self
            .lane(service)
            .filter(|lane| lane.settings.wants_secret())
        else {
            return;
        };
        let client = Arc::clone(&lane.client);
        handle.spawn(async move {
            let stored = client.has_client_secret().await.map_err(Problem::from);
            // The engine may have ended.
            let _ = inbox.send(Event::ClientSecret {
                service,
                stored,
                answer: None,
            });
        });
    }

    /// A keyring that was slow or gone when it was asked may be there now.
    pub(crate) fn ask_for_unread_secrets(&mut self) {
        let moment = self.moment();
        self.ask_where_unread(Some(moment));
    }

    /// In how long the secret store is asked again.
    pub(crate) fn next_ask(&self) -> Option<Duration> {
        let moment = self.moment();
        let ask_at = |lane: &Lane| match lane.secret {
            ClientSecret::Unreadable { ask_at, .. } => ask_at,
            _ => None,
        };
        let next = self.lanes.iter().filter_map(ask_at).min()?;
        Some(next.saturating_duration_since(moment))
    }

    /// The secret store has just given something out, or somebody is here who can open it.
    pub(crate) fn secret_store_may_be_open(&mut self) {
        self.ask_where_unread(None);
    }

    /// By the clock, where it is time at this moment, or else everywhere.
    fn ask_where_unread(&mut self, by_clock: Option<Instant>) {
        let is_time = |ask_at: Option<Instant>| {
            by_clock.is_none_or(|moment| ask_at.is_some_and(|ask_at| ask_at <= moment))
        };
        let mut services = Vec::new();
        for lane in &mut self.lanes {
            if let ClientSecret::Unreadable {
                times,
                ask_at,
                is_asked,
                ..
            } = &mut lane.secret
                && !*is_asked
                && is_time(*ask_at)
            {
                // The answer says when it is asked next.
                (*ask_at, *is_asked) = (None, true);
                if by_clock.is_none() {
                    *times = 0;
                }
                services.push(lane.service);
            }
        }
        for service in services {
            self.ask_for_secret(service);
        }
    }

    pub(crate) fn set_client_secret(
        &mut self,
        service: ServiceId,
        secret: Secret,
        answer: oneshot::Sender<Answer>,
    ) {
        let inbox = self.inbox.clone();
        let handle = self.runtime.handle().clone();
        let Some(lane) = self.lane(service) else {
            return;
        };
        let client = Arc::clone(&lane.client);
        let is_one = !secret.expose().is_empty();
        handle.spawn(async move {
            let stored = client
                .set_client_secret(secret)
                .await
                .map(|()| is_one)
                .map_err(Problem::from);
            // The engine may have ended.
            let _ = inbox.send(Event::ClientSecret {
                service,
                stored,
                answer: Some(answer),
            });
        });
    }

    pub(crate) fn client_secret_stored(
        &mut self,
        service: ServiceId,
        stored: Result<bool, Problem>,
        answer: Option<oneshot::Sender<Answer>>,
    ) {
        let moment = self.moment();
        let Some(lane) = self.lane(service) else {
            return;
        };
        match &stored {
            Ok(true) => lane.secret = ClientSecret::Stored,
            Ok(false) => lane.secret = ClientSecret::Missing,
            Err(why) if answer.is_some() => lane.problem = Some(why.clone()),
            // It was put in meanwhile.
            Err(_) if matches!(lane.secret, ClientSecret::Stored) => {}
            Err(why) => {
                tracing::info!("{}: {}", service.name(), why.title);
                let times = match lane.secret {
                    ClientSecret::Unreadable { times, .. } => times.saturating_add(1),
                    _ => 1,
                };
                let code = why.code.as_str();
                let by_itself = !SHOWS_A_WINDOW.contains(&code)
                    && (code != MAY_SHOW_A_WINDOW || times <= MOST_SLOW);
                lane.secret = ClientSecret::Unreadable {
                    why: why.clone(),
                    times,
                    ask_at: by_itself.then(|| moment + schedule::delay(times, None, 0.0)),
                    is_asked: false,
                };
            }
        }
        if let Some(answer) = answer {
            self.reply(answer, stored.map(|_| None));
        }
    }
}

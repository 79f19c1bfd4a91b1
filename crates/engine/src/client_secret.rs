//! A service's client secret: whether the secret store has it, and a new one. The secret itself is no business of the engine.

use std::sync::Arc;
use std::time::Duration;

use service::{Secret, ServiceId};
use tokio::sync::oneshot;

use crate::event::{Answer, Event};
use crate::lane::ClientSecret;
use crate::state::State;
use crate::view::Problem;

/// So long after the secret store did not tell it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(30);

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

    /// A keyring that was slow or locked when it was asked may have been opened since.
    pub(crate) fn ask_for_unread_secrets(&mut self) {
        let moment = self.moment();
        let services: Vec<ServiceId> = self.lanes.iter().map(|lane| lane.service).collect();
        for service in services {
            if let Some(ClientSecret::Unreadable { ask_at, .. }) =
                self.lane(service).map(|lane| &mut lane.secret)
                && *ask_at <= moment
            {
                // It answers before, or not within this.
                *ask_at = moment + ASK_AGAIN;
                self.ask_for_secret(service);
            }
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
        let ask_at = self.moment() + ASK_AGAIN;
        let Some(lane) = self.lane(service) else {
            return;
        };
        match &stored {
            Ok(true) => lane.secret = ClientSecret::Stored,
            Ok(false) => lane.secret = ClientSecret::Missing,
            Err(why) if answer.is_some() => lane.problem = Some(why.clone()),
            Err(why) => {
                tracing::info!("{}: {}", service.name(), why.title);
                let why = why.clone();
                lane.secret = ClientSecret::Unreadable { why, ask_at };
            }
        }
        if let Some(answer) = answer {
            self.reply(answer, stored.map(|_| None));
        }
    }
}

//! A sign-in: begun, come back from the browser, let in or turned away. Until it is known whose it is, its tokens are set apart, and the
//! account that is there goes on with its own.

use std::collections::HashSet;
use std::sync::Arc;

use library::{IfOther, SignIn, UploadId};
use service::{Client, ServiceId, SignInError, SignedIn};
use tokio::sync::oneshot;

use crate::event::{Answer, Event};
use crate::network::{BROKE_OFF, unbroken};
use crate::problem;
use crate::state::State;
use crate::view::Problem;

impl State {
    pub(crate) fn sign_in(&mut self, service: ServiceId, answer: oneshot::Sender<Answer>) {
        let (inbox, open, clock) = (
            self.inbox.clone(),
            Arc::clone(&self.open),
            Arc::clone(&self.clock),
        );
        let handle = self.runtime.handle().clone();
        let Some(lane) = self.lane(service) else {
            return;
        };
        if lane.signing_in.is_some() || lane.signing_out {
            return self.reply(answer, Err(problem::signing_in(service)));
        }
        if lane.account.is_none() && lane.is_on_the_line() {
            // It belongs to who was signed in before, and must not go on with the tokens of somebody else.
            let busy = Problem::new(
                "busy",
                format!("The last upload to {} is just ending.", service.display()),
                "Try again in a moment.",
            );
            return self.reply(answer, Err(busy));
        }
        let mut given_up = lane.begin_sign_in();
        let client = Arc::clone(&lane.client);
        handle.spawn(async move {
            let cancel = async move {
                if given_up.wait_for(|given_up| *given_up).await.is_err() {
                    // The engine has ended without giving it up.
                    std::future::pending::<()>().await;
                }
            };
            let signing_in = async move { client.sign_in(&*open, &*clock, cancel).await };
            let result = unbroken(signing_in, || Err(broke_off(service))).await;
            // The engine may have ended.
            let _ = inbox.send(Event::SignedIn {
                service,
                result,
                answer,
            });
        });
    }

    pub(crate) fn cancel_sign_in(&mut self, service: ServiceId) -> Answer {
        let signing_in = self.lane(service).and_then(|lane| lane.signing_in.as_ref());
        if let Some(signing_in) = signing_in {
            signing_in.give_up.send_replace(true);
        }
        Ok(None)
    }

    pub(crate) fn signed_in(
        &mut self,
        service: ServiceId,
        result: Result<SignedIn, SignInError>,
        answer: oneshot::Sender<Answer>,
    ) {
        match result {
            Ok(who) => {
                self.secret_store_may_be_open();
                self.welcome(service, &who, answer);
            }
            Err(error) => self.sign_in_ended(service, Err(Problem::from(error)), answer),
        }
    }

    pub(crate) fn sign_in_ended(
        &mut self,
        service: ServiceId,
        done: Answer,
        answer: oneshot::Sender<Answer>,
    ) {
        if let Some(lane) = self.lane(service) {
            lane.signing_in = None;
            // Giving up is what the user wanted, not a problem.
            lane.problem = done
                .as_ref()
                .err()
                .filter(|problem| problem.code != "cancelled")
                .cloned();
        }
        self.reply(answer, done);
    }

    fn welcome(&mut self, service: ServiceId, who: &SignedIn, answer: oneshot::Sender<Answer>) {
        let now = self.now();
        let label = who
            .label
            .clone()
            .unwrap_or_else(|| format!("account signed in on {}", now.strftime("%Y-%m-%d")));
        let sign_in = SignIn {
            service: service.name().to_owned(),
            remote_id: who.remote_id.clone(),
            tells_who: self
                .lane(service)
                .is_some_and(|lane| lane.client.has_profile()),
            label,
            scopes: who.scopes.clone(),
        };
        let account = self.lane(service).and_then(|lane| lane.account);
        // Who signed out first may come back as somebody else; the uploads of before stay with who they belong to.
        let if_other = if account.is_some() {
            IfOther::Ask
        } else {
            IfOther::Switch
        };
        let against = self.library.turns_away(&sign_in, if_other);
        let against = against.map(|found| found.and_then(|found| stands_against(&sign_in, &found)));
        match against {
            Ok(None) => self.admit(service, (sign_in, if_other), answer),
            Ok(Some(problem)) => self.turn_away(service, problem, answer),
            Err(error) => self.turn_away(service, error.into(), answer),
        }
    }

    /// It is decided whose the new tokens are: only now they take the place of the account's. Ended after that, the program finds
    /// there those of the account that the library knows, or such as nobody uses, because it knows of none.
    fn admit(
        &mut self,
        service: ServiceId,
        who: (SignIn, IfOther),
        answer: oneshot::Sender<Answer>,
    ) {
        let (inbox, handle) = (self.inbox.clone(), self.runtime.handle().clone());
        let Some(client) = self.newcomers_client(service) else {
            return;
        };
        handle.spawn(async move {
            let admitting = async move { client.admit().await };
            let result = unbroken(admitting, || Err(broke_off(service))).await;
            // The engine may have ended.
            let _ = inbox.send(Event::Admitted {
                service,
                who,
                result,
                answer,
            });
        });
    }

    pub(crate) fn admitted(
        &mut self,
        service: ServiceId,
        (sign_in, if_other): &(SignIn, IfOther),
        result: Result<(), SignInError>,
        answer: oneshot::Sender<Answer>,
    ) {
        let written = result.map_err(Problem::from).and_then(|()| {
            let now = self.now();
            Ok(self.library.sign_in_account(sign_in, *if_other, now)?)
        });
        let done = written.and_then(|found| {
            if let library::SignedIn::New(account) | library::SignedIn::Again(account) = found {
                let unsettled = self.unsettled_of(service);
                if let Some(lane) = self.lane(service) {
                    lane.let_in(account, unsettled);
                }
            }
            // Nothing has changed since it was decided.
            stands_against(sign_in, &found).map_or(Ok(None), Err)
        });
        self.sign_in_ended(service, done, answer);
    }

    /// Somebody else signed in, or nobody knows who: the uploads here belong to the account that is known. The new sign-in is
    /// undone, and the known one stays as it is.
    fn turn_away(&mut self, service: ServiceId, problem: Problem, answer: oneshot::Sender<Answer>) {
        let (inbox, handle) = (self.inbox.clone(), self.runtime.handle().clone());
        let Some(client) = self.newcomers_client(service) else {
            return;
        };
        handle.spawn(async move {
            let turning_away = async move { client.turn_away().await };
            let broken = || Some(format!("The new sign-in may still be here: {BROKE_OFF}."));
            let note = unbroken(turning_away, broken).await;
            let problem = match note {
                Some(note) => problem.with_note(&note),
                None => problem,
            };
            // The engine may have ended.
            let _ = inbox.send(Event::TurnedAway {
                service,
                problem,
                answer,
            });
        });
    }

    /// The uploads whose answers could not be written down yet.
    fn unsettled_of(&self, service: ServiceId) -> HashSet<UploadId> {
        let upload = move |event: &Event| match event {
            Event::Answered {
                service: of,
                upload,
                ..
            } if *of == service => Some(*upload),
            _ => None,
        };
        self.unsettled.iter().filter_map(upload).collect()
    }

    /// The client that has the tokens of the sign-in that is under way.
    fn newcomers_client(&mut self, service: ServiceId) -> Option<Arc<Client>> {
        let signing_in = self.lane(service)?.signing_in.as_ref()?;
        Some(Arc::clone(&signing_in.client))
    }
}

/// Why who signed in may not come in, if so.
fn stands_against(sign_in: &SignIn, found: &library::SignedIn) -> Option<Problem> {
    let service = ServiceId::from_name(&sign_in.service)?;
    match found {
        library::SignedIn::Other(known) => Some(problem::other_account(
            service,
            &sign_in.label,
            &known.label,
        )),
        library::SignedIn::Unconfirmed(known) => Some(problem::unconfirmed(service, &known.label)),
        library::SignedIn::New(_) | library::SignedIn::Again(_) => None,
    }
}

fn broke_off(service: ServiceId) -> SignInError {
    SignInError::Unreachable {
        service,
        what: BROKE_OFF.into(),
    }
}

//! What a verdict on an upload comes to: its next state, and what that means for its account. Pure, as the verdict is.

use std::time::Duration;

use jiff::Timestamp;
use library::{AccountState, State};

use crate::clock::later;
use crate::keeping::reason;
use crate::schedule;
use crate::view::Problem;

/// Where an upload goes, and what that means for its account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) state: State,
    /// When it is looked at next; none: when the user says so, or never.
    pub(crate) due_in: Option<Duration>,
    pub(crate) remote_id: Option<String>,
    pub(crate) link: Option<String>,
    /// Why, for programs; mostly empty.
    pub(crate) code: String,
    /// How often it was looked for, or sent once more, this time included; none: as before.
    pub(crate) looks: Option<u32>,
    /// It waits because the service works on something that could be it.
    pub(crate) unready: bool,
    /// Shown beside the state.
    pub(crate) reason: String,
    /// The line of the story.
    pub(crate) what: String,
    pub(crate) account: AccountEffect,
}

/// What an answer means for all uploads of the account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AccountEffect {
    None,
    /// Nothing is sent until the user has signed in.
    NeedsSignIn(Problem),
    /// Nothing is sent for a while.
    Pause(Problem, Duration),
}

impl Step {
    pub(crate) fn to(state: State, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            state,
            due_in: None,
            remote_id: None,
            link: None,
            code: String::new(),
            looks: None,
            unready: false,
            what: reason.clone(),
            reason,
            account: AccountEffect::None,
        }
    }

    pub(crate) fn saying(mut self, what: impl Into<String>) -> Self {
        self.what = what.into();
        self
    }

    pub(crate) fn coded(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }

    pub(crate) fn after_looks(mut self, looks: u32) -> Self {
        self.looks = Some(looks);
        self
    }

    /// Until the next list, which may show what the service has made of it.
    pub(crate) fn unready(mut self) -> Self {
        self.unready = true;
        self.due(schedule::NEXT_LIST)
    }

    pub(crate) fn due(mut self, wait: Duration) -> Self {
        self.due_in = Some(wait);
        self
    }

    pub(crate) fn effect(mut self, account: AccountEffect) -> Self {
        self.account = account;
        self
    }
}

/// Where an account stands after a step of one of its uploads; nothing: as before. One that was signed out meanwhile stays so,
/// and a late word neither shortens a pause nor replaces the need to sign in.
pub(crate) fn account_after(
    step: &Step,
    known: &AccountState,
    now: Timestamp,
) -> Option<AccountState> {
    match (&step.account, known) {
        (_, AccountState::SignedOut) | (AccountEffect::Pause(..), AccountState::NeedsSignIn(_)) => {
            None
        }
        (AccountEffect::NeedsSignIn(problem), _) => {
            Some(AccountState::NeedsSignIn(reason(problem)))
        }
        (AccountEffect::Pause(problem, wait), _) => {
            let until = later(now, *wait);
            let longer = known.rests_until(now).is_none_or(|resting| resting < until);
            // A late word during a pause is none of its own.
            let is_new = known.rests_until(now).is_none();
            longer.then(|| AccountState::Paused {
                reason: reason(problem),
                until: Some(until),
                times: known.pauses().saturating_add(u32::from(is_new)),
            })
        }
        (AccountEffect::None, AccountState::Paused { .. }) => {
            let over = known.rests_until(now).is_none() && went_well(step.state);
            over.then_some(AccountState::Connected)
        }
        (AccountEffect::None, _) => None,
    }
}

/// Whether the service did its work, whatever it said of the file.
fn went_well(state: State) -> bool {
    matches!(
        state,
        State::Sent | State::Existing | State::Processing | State::Refused
    )
}

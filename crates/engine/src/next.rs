//! What an upload and its account come to after each answer. Pure: no clock, no disk, no network.

use std::time::Duration;

use library::State;
use service::Outcome;

use crate::reconcile::Match;
use crate::schedule;
use crate::view::Problem;

/// How long a service that blocks us is left alone.
const BLOCKED: Duration = Duration::from_secs(3600);

/// The code of an unsure upload that only a person can clear up.
pub(crate) const UNDECIDED: &str = "undecided";

/// What the rules need to know beside the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    /// The service's name, for sentences.
    pub(crate) service: &'a str,
    /// How often in a row it got no further, this time included.
    pub(crate) failures: u32,
    /// How often it was sent again in this run although its outcome was unknown.
    pub(crate) resent: u32,
    /// The service says by itself when it already has a file, so that sending again does no harm.
    pub(crate) recognises_duplicates: bool,
    /// The service can be asked what it has.
    pub(crate) can_list: bool,
    /// Before the first look at an upload that is processing.
    pub(crate) poll_first: Duration,
    /// Before the second look that settles an unsure upload.
    pub(crate) look_again: Duration,
    /// How often the service was asked about it without getting further.
    pub(crate) asked: u32,
    /// 0 to 1.
    pub(crate) dice: f64,
}

/// Where an upload goes, and what that means for its account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) state: State,
    /// When it is looked at next; none: when the user says so, or never.
    pub(crate) due_in: Option<Duration>,
    pub(crate) remote_id: Option<String>,
    pub(crate) link: Option<String>,
    /// Why, for programs; mostly empty.
    pub(crate) code: &'static str,
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
    fn to(state: State, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            state,
            due_in: None,
            remote_id: None,
            link: None,
            code: "",
            what: reason.clone(),
            reason,
            account: AccountEffect::None,
        }
    }

    fn saying(mut self, what: impl Into<String>) -> Self {
        self.what = what.into();
        self
    }

    fn coded(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    fn due(mut self, wait: Duration) -> Self {
        self.due_in = Some(wait);
        self
    }

    fn effect(mut self, account: AccountEffect) -> Self {
        self.account = account;
        self
    }
}

/// After a file was sent, or a processing upload was looked at.
pub(crate) fn after_answer(outcome: Outcome, from: State, now: &Circumstances<'_>) -> Step {
    let service = now.service;
    match outcome {
        Outcome::Created { id, link } => Step {
            remote_id: Some(id.clone()),
            link,
            ..Step::to(State::Sent, "").saying(format!("{service} has it, as number {id}."))
        },
        Outcome::Existing { id } => Step {
            remote_id: id,
            ..Step::to(
                State::Existing,
                format!("{service} already had this activity."),
            )
            .saying(format!("{service} already had it."))
        },
        Outcome::Processing { id } => processing(id, from, now),
        Outcome::NeedsSignIn(what) => {
            let title = format!("{service} no longer accepts this sign-in");
            needs_sign_in("sign_in_again", &title, &what, from, service)
        }
        Outcome::NeedsScope(what) => {
            let title = format!("The sign-in at {service} does not allow uploads");
            needs_sign_in("scope", &title, &what, from, service)
        }
        Outcome::Refused(words) => refused(&words, service),
        Outcome::Blocked(what) => blocked(&what, from, service),
        Outcome::Throttled { after, .. } => throttled(after, from, now),
        Outcome::Transient { what, after } => unreachable_now(&what, after, from, now),
        Outcome::Unknown(what) if from == State::Processing => {
            let reason = format!("{service} did not answer clearly: {}.", clause(&what));
            Step::to(State::Processing, reason).due(schedule::delay(now.failures, None, now.dice))
        }
        Outcome::Unknown(what) => unsure(&what, now),
    }
}

fn processing(id: String, from: State, now: &Circumstances<'_>) -> Step {
    let service = now.service;
    let reason = format!("{service} is still working on it.");
    let what = match from {
        State::Processing => reason.clone(),
        _ => format!("{service} accepted it as number {id} and is working on it."),
    };
    let wait = schedule::poll_delay(now.poll_first, now.asked);
    Step {
        remote_id: Some(id),
        ..Step::to(State::Processing, reason).saying(what).due(wait)
    }
}

fn refused(words: &str, service: &str) -> Step {
    let words = match words.trim() {
        "" | "it gave no reason" => "it gave no reason".to_owned(),
        words => format!("“{words}”"),
    };
    Step::to(
        State::Refused,
        format!("{service} refused the file: {words}."),
    )
}

fn blocked(what: &str, from: State, service: &str) -> Step {
    let problem = Problem::new(
        "blocked",
        format!("{service} turns Trackdock away: {}.", clause(what)),
        "Nothing is lost; it is tried again in an hour. If this lasts, ask the service whether your client id is still allowed.",
    );
    let step = Step::to(resting(from), problem.title.clone()).due(BLOCKED);
    step.effect(AccountEffect::Pause(problem, BLOCKED))
}

fn throttled(after: Option<Duration>, from: State, now: &Circumstances<'_>) -> Step {
    let service = now.service;
    let wait = schedule::delay(now.failures, after, now.dice);
    let title = format!("{service} asks to wait before the next upload.");
    let problem = Problem::new("throttled", title, "It goes on by itself.");
    let step = Step::to(resting(from), format!("{service} asked to wait.")).due(wait);
    step.effect(AccountEffect::Pause(problem, wait))
}

fn unreachable_now(
    what: &str,
    after: Option<Duration>,
    from: State,
    now: &Circumstances<'_>,
) -> Step {
    let service = now.service;
    let wait = schedule::delay(now.failures, after, now.dice);
    let title = format!("{service} cannot be reached: {}.", clause(what));
    let hint = "Check the connection to the internet; it is tried again by itself.";
    let step = Step::to(
        resting(from),
        format!("{title} It is tried again by itself."),
    )
    .due(wait);
    step.effect(AccountEffect::Pause(
        Problem::new("unreachable", title, hint),
        wait,
    ))
}

/// After the service's list was searched for an unsure upload. `look` counts from 1.
pub(crate) fn after_look(found: &Match, look: u32, now: &Circumstances<'_>) -> Step {
    let service = now.service;
    match found {
        Match::One(id) => {
            let mut step = Step::to(State::Existing, format!("It had arrived at {service}.")).saying(format!("Found at {service} as number {id}: it had arrived."));
            step.remote_id = Some(id.clone());
            step
        }
        Match::None if look < 2 => Step::to(State::Unsure, format!("Looking at {service} whether it arrived."))
            .due(now.look_again)
            .saying(format!("Not in the list of {service} yet; looking once more.")),
        Match::None => Step::to(State::Waiting, "")
            .due(before_next_attempt(now))
            .saying(format!("It did not arrive at {service}; it is sent again.")),
        Match::Several(count) => Step::to(
            State::Unsure,
            format!("{service} has {count} activities that could be this one. Look there, then retry or dismiss."),
        )
        .coded(UNDECIDED)
        .saying(format!("{service} has {count} activities that could be this one.")),
    }
}

/// Before what surely did not arrive is sent again: at once the first time, then after longer and longer waits. Each attempt
/// counts twice, once for the lost answer and once for the look that found nothing.
fn before_next_attempt(now: &Circumstances<'_>) -> Duration {
    match now.failures.saturating_sub(1) / 2 {
        0 | 1 => Duration::ZERO,
        rounds => schedule::delay(rounds - 1, None, now.dice),
    }
}

/// Before a first attempt, after the service's list was searched for what may have come another way; nothing: it is sent.
pub(crate) fn before_sending(found: &Match, was_released: bool, service: &str) -> Option<Step> {
    match found {
        Match::None => None,
        Match::One(id) => Some(Step {
            remote_id: Some(id.clone()),
            ..Step::to(
                State::Existing,
                format!("{service} already had this activity."),
            )
            .saying(format!("{service} already had it, as number {id}."))
        }),
        // The user has looked: it is another one.
        Match::Several(_) if was_released => None,
        // It was never sent by us: it waits for a word, not for a look.
        Match::Several(count) => {
            let what = format!("{service} has {count} activities that could be this one.");
            let reason = format!("{what} Look there, then release or dismiss it.");
            Some(Step::to(State::Held, reason).coded("several").saying(what))
        }
    }
}

/// What an upload of unknown outcome comes to: asked about, sent again where that is harmless, or parked.
pub(crate) fn unsure(what: &str, now: &Circumstances<'_>) -> Step {
    let service = now.service;
    let story = format!(
        "The answer of {service} was lost ({}): it may have arrived.",
        clause(what)
    );
    if now.can_list {
        return Step::to(
            State::Unsure,
            format!("Looking at {service} whether it arrived."),
        )
        .due(Duration::ZERO)
        .saying(story);
    }
    if now.recognises_duplicates && now.resent == 0 {
        return Step::to(
            State::Unsure,
            format!("It is sent once more; {service} recognises what it already has."),
        )
        .due(now.look_again)
        .saying(story);
    }
    Step::to(State::Unsure, undecided(service))
        .coded(UNDECIDED)
        .saying(story)
}

/// Whether an upload of unknown outcome is sent once more to a service without a list: where that recognises what it has, the
/// first time in a run, and never after a person was asked. `code` is the one that stands with the upload: it outlasts the run.
pub(crate) fn once_more(code: &str, recognises_duplicates: bool, look: u32) -> bool {
    recognises_duplicates && look == 1 && code != UNDECIDED
}

/// What is asked of a person where neither a list nor another attempt can tell.
pub(crate) fn undecided(service: &str) -> String {
    format!("{service} gave no clear answer. Look there whether it arrived, then retry or dismiss.")
}

/// A service's words, to be followed by a full stop of our own.
fn clause(words: &str) -> &str {
    words.trim().trim_end_matches(['.', '!'])
}

/// An upload that could not go on rests in the state it came from: what is processing stays so.
fn resting(from: State) -> State {
    match from {
        State::Processing | State::Unsure => from,
        _ => State::Waiting,
    }
}

fn needs_sign_in(code: &str, title: &str, what: &str, from: State, service: &str) -> Step {
    let what = match clause(what) {
        "" => String::new(),
        what => format!(" ({what})"),
    };
    let problem = Problem {
        code: code.into(),
        title: format!("{title}{what}."),
        hint: format!("Sign in to {service} again; everything waits and nothing is lost."),
    };
    Step::to(
        resting(from),
        format!("Waits until you have signed in to {service} again."),
    )
    .due(Duration::ZERO)
    .effect(AccountEffect::NeedsSignIn(problem))
}

#[cfg(test)]
#[path = "next_tests.rs"]
mod tests;

//! What an answer, a look, or a file that cannot be made ready means for an upload and its account.
//! Pure: no clock, no disk, no network.

use std::time::Duration;

use library::State;
use service::{Outcome, Polling};

use crate::inspect::SET_ASIDE;
use crate::problem::PART_MISSING;
use crate::reconcile::Match;
use crate::schedule;
use crate::step::{AccountEffect, Step};
use crate::view::Problem;

/// How long until what was set aside is tried again.
pub(crate) const SET_ASIDE_FOR: Duration = Duration::from_secs(24 * 3600);
/// How long a service that blocks us is left alone.
const BLOCKED: Duration = Duration::from_secs(3600);

/// So many looks in a row that show nothing of what was accepted are believed.
const VANISHED: u32 = 6;

/// The code of an unsure upload that only a person can clear up.
pub(crate) const UNDECIDED: &str = "undecided";

/// What may happen to an upload.
#[derive(Clone, Debug)]
pub(crate) enum Happened<'a> {
    /// The service has answered: to the file, to the question what became of it, or to the one for its list.
    Answered(Outcome),
    /// Its list was searched.
    Searched(&'a Match),
    /// It may have arrived, and the service has no list to search.
    NothingToSearch,
    /// Its request showed a sign-in that is not accepted any more; there is a new one since.
    SignedInSince,
    /// The file could not be made ready: nothing has left this computer.
    Unsendable(&'a Problem),
}

/// What happened to an upload in this state means: where it is to come to, when it is looked at next, and what is said of it.
/// Nothing: there is nothing to write down, and what waits is sent. The step itself is `library`'s.
pub(crate) fn verdict(
    from: State,
    happened: Happened<'_>,
    now: &Circumstances<'_>,
) -> Option<Step> {
    match (from, happened) {
        (State::Processing, Happened::Answered(outcome)) if now.was_found => {
            Some(as_found(after_answer(outcome, from, now), now))
        }
        (_, Happened::Answered(outcome)) => Some(after_answer(outcome, from, now)),
        (State::Waiting, Happened::Searched(found)) => before_sending(found, now),
        (_, Happened::Searched(found)) => Some(after_look(found, now)),
        (_, Happened::NothingToSearch) => Some(without_list(now)),
        (_, Happened::SignedInSince) => Some(with_the_new_sign_in(from, now)),
        (_, Happened::Unsendable(problem)) => Some(unsendable(problem, now)),
    }
}

/// What the rules need to know beside what happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    /// The service's name, for sentences.
    pub(crate) service: &'a str,
    /// How often in a row it got no further, this time included.
    pub(crate) failures: u32,
    /// How often in a row its account had to be paused, should it be so once more.
    pub(crate) pauses: u32,
    /// How often it was looked for, or sent once more, since its outcome became unknown or a person gave the word; of what is
    /// processing, how often in a row the service showed nothing of it.
    pub(crate) looks: u32,
    /// A person has looked at what resembles it and let it go, or asked for it by name to be tried again.
    pub(crate) was_released: bool,
    /// It is processing because it was found so in the list.
    pub(crate) was_found: bool,
    /// The service says by itself when it already has a file, so that sending again does no harm.
    pub(crate) recognises_duplicates: bool,
    /// The service can be asked what it has.
    pub(crate) can_list: bool,
    /// How often to look at an upload that is processing.
    pub(crate) polling: Polling,
    /// Before the second look that settles an unsure upload.
    pub(crate) look_again: Duration,
    /// How often the service was asked about it without getting further.
    pub(crate) asked: u32,
    /// 0 to 1.
    pub(crate) dice: f64,
}

/// After a file was sent, or a processing upload was looked at.
fn after_answer(outcome: Outcome, from: State, now: &Circumstances<'_>) -> Step {
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
        // A service of several computers may not show at once what one of them took.
        Outcome::Vanished
            if from == State::Processing && now.looks.saturating_add(1) < VANISHED =>
        {
            let reason = format!("{service} does not show it yet.");
            let step = Step::to(from, reason).after_looks(now.looks.saturating_add(1));
            step.due(schedule::poll_delay(&now.polling, now.asked))
        }
        Outcome::Vanished => refused("it has no such activity any more", service),
        Outcome::Refused(words) => refused(&words, service),
        Outcome::Blocked(what) => blocked(&what, from, now),
        // What is only looked at was taken before.
        Outcome::Throttled {
            after,
            perhaps_taken: true,
            ..
        } if from == State::Sending => throttled_in_doubt(after, now),
        Outcome::Throttled { after, .. } => throttled(after, from, now),
        Outcome::Transient { what, after } => {
            tried_again(unreachable(&what, service), after, from, now)
        }
        Outcome::NoList(what) => tried_again(no_list(&what, service), None, from, now),
        Outcome::SecretsClosed(error) => tried_again(error.into(), None, from, now),
        Outcome::Unknown(what) if from == State::Processing => {
            let reason = format!("{service} did not answer clearly: {}.", clause(&what));
            let wait = schedule::poll_delay(&now.polling, now.asked);
            Step::to(from, reason).due(wait.max(schedule::delay(1, None, now.dice)))
        }
        Outcome::Unknown(what) => unsure(&what, now),
    }
}

/// What was found in the list, and not made as far as is known, is there already when the service is done with it.
fn as_found(step: Step, now: &Circumstances<'_>) -> Step {
    match (step.state, &step.remote_id) {
        (State::Sent, Some(id)) => Step {
            link: step.link.clone(),
            ..found(id, now.service)
        },
        _ => step,
    }
}

/// A clear find.
fn found(id: &str, service: &str) -> Step {
    Step {
        remote_id: Some(id.to_owned()),
        ..Step::to(State::Existing, format!("It had arrived at {service}."))
    }
    .saying(format!(
        "Found at {service} as number {id}: it had arrived."
    ))
}

fn processing(id: String, from: State, now: &Circumstances<'_>) -> Step {
    let service = now.service;
    let reason = format!("{service} is still working on it.");
    let what = match from {
        State::Processing => reason.clone(),
        _ => format!("{service} accepted it as number {id} and is working on it."),
    };
    let wait = schedule::poll_delay(&now.polling, now.asked);
    Step {
        remote_id: Some(id),
        ..Step::to(State::Processing, reason)
            .saying(what)
            .due(wait)
            .after_looks(0)
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

fn blocked(what: &str, from: State, now: &Circumstances<'_>) -> Step {
    let service = now.service;
    let problem = Problem::new(
        "blocked",
        format!("{service} turns Trackdock away: {}.", clause(what)),
        "Nothing is lost; it is tried again in an hour. If this lasts, ask the service whether your client id is still allowed.",
    );
    let step = Step::to(resting(from), problem.title.clone()).due(BLOCKED + turn(from, now));
    step.effect(AccountEffect::Pause(problem, BLOCKED))
}

fn throttled(after: Option<Duration>, from: State, now: &Circumstances<'_>) -> Step {
    let service = now.service;
    let wait = schedule::delay(now.pauses, after, now.dice);
    let step = Step::to(resting(from), format!("{service} asked to wait."));
    let step = step.due(wait + turn(from, now));
    step.effect(pause_as_asked(service, wait))
}

fn pause_as_asked(service: &str, wait: Duration) -> AccountEffect {
    let title = format!("{service} asks to wait before the next upload.");
    let problem = Problem::new("throttled", title, "It goes on by itself.");
    AccountEffect::Pause(problem, wait)
}

/// How much longer than its account an upload waits that the service did not take several times in a row: it may be the file, and
/// those behind it are not to wait for it for ever.
fn turn(from: State, now: &Circumstances<'_>) -> Duration {
    match (from, now.failures) {
        (State::Processing | State::Unsure, _) | (_, 0 | 1) => Duration::ZERO,
        (_, failures) => schedule::delay(failures - 1, None, now.dice),
    }
}

/// The service asks to wait and leaves it open whether it took the file: what is done about that is done after the wait.
fn throttled_in_doubt(after: Option<Duration>, now: &Circumstances<'_>) -> Step {
    let service = now.service;
    let wait = schedule::delay(now.pauses, after, now.dice);
    let step = unsure("it asked to wait", now);
    Step {
        // Without a time a person is waited for.
        due_in: step.due_in.map(|due| due.max(wait)),
        ..step
    }
    .saying(format!("{service} asked to wait: it may have arrived."))
    .effect(pause_as_asked(service, wait))
}

/// Without the list nothing is known of what is there.
fn no_list(what: &str, service: &str) -> Problem {
    let what = clause(what);
    Problem::new(
        "no_list",
        format!("The list of your activities at {service} cannot be read: {what}."),
        "Uploads wait, so that nothing is sent twice; it is tried again by itself. If this lasts, report it together with what `trackdock-cli doctor` says.",
    )
}

fn unreachable(what: &str, service: &str) -> Problem {
    Problem::new(
        "unreachable",
        format!("{service} cannot be reached: {}.", clause(what)),
        "Check the connection to the internet; it is tried again by itself.",
    )
}

/// What can't be done now waits until it can. Whose tokens cannot be read is not signed out.
fn tried_again(
    problem: Problem,
    after: Option<Duration>,
    from: State,
    now: &Circumstances<'_>,
) -> Step {
    let wait = schedule::delay(now.pauses, after, now.dice);
    let reason = format!("{} It is tried again by itself.", problem.title);
    let step = Step::to(resting(from), reason).due(wait);
    step.effect(AccountEffect::Pause(problem, wait))
}

/// After the service's list was searched for an unsure upload: what is not there at the second look has not arrived.
fn after_look(found: &Match, now: &Circumstances<'_>) -> Step {
    let service = now.service;
    let look = now.looks.saturating_add(1);
    match found {
        Match::One(id) => self::found(id, service),
        Match::Working(id) => Step {
            remote_id: Some(id.clone()),
            ..Step::to(State::Processing, found.in_words(service))
        }
        .due(schedule::poll_delay(&now.polling, 0)),
        Match::Unready => Step::to(State::Unsure, found.in_words(service)).unready(),
        Match::Failed(id) => Step {
            remote_id: Some(id.clone()),
            ..refused("it could not use the file", service)
        }
        .saying(found.in_words(service)),
        // What is still being worked on may say more soon.
        Match::None | Match::Untold(_) if look < 2 && !now.was_released => Step::to(
            State::Unsure,
            format!("Looking at {service} whether it arrived."),
        )
        .due(now.look_again)
        .after_looks(look)
        .saying(format!(
            "Not in the list of {service} yet; looking once more."
        )),
        Match::None => sent_again(format!("It did not arrive at {service}"), now),
        Match::Several(_) | Match::Linked(_) | Match::Untold(_) if now.was_released => {
            sent_again(format!("You looked whether it is at {service}"), now)
        }
        Match::Several(_) | Match::Linked(_) | Match::Untold(_) => {
            let what = found.in_words(service);
            Step::to(
                State::Unsure,
                format!("{what} Look there, then retry or dismiss."),
            )
            .coded(UNDECIDED)
            .after_looks(look)
            .saying(what)
        }
    }
}

fn sent_again(why: String, now: &Circumstances<'_>) -> Step {
    Step::to(State::Waiting, "")
        .due(before_next_attempt(now))
        .after_looks(0)
        .saying(why + "; it is sent again.")
}

/// An upload that may have arrived at a service without a list: it is sent once more where that recognises what it has, and
/// otherwise a person is asked.
fn without_list(now: &Circumstances<'_>) -> Step {
    let service = now.service;
    let looks = now.looks.saturating_add(1);
    if may_go_once_more(now) {
        return Step::to(State::Waiting, "")
            .due(Duration::ZERO)
            .after_looks(looks)
            .saying(format!(
                "Sent once more; {service} recognises what it already has."
            ));
    }
    Step::to(State::Unsure, undecided(service))
        .coded(UNDECIDED)
        .after_looks(looks)
        .saying(format!("{service} gave no clear answer."))
}

/// Once, and over restarts.
fn may_go_once_more(now: &Circumstances<'_>) -> bool {
    now.recognises_duplicates && now.looks == 0
}

/// An original that cannot be read now may be there later, or be put back; what else is wrong with it stays so.
fn unsendable(problem: &Problem, now: &Circumstances<'_>) -> Step {
    let reason = format!("{} {}", problem.title, problem.hint);
    let later = |wait| Step::to(State::Waiting, reason.clone()).due(wait);
    let step = match problem.code.as_str() {
        // A newer version may read it.
        SET_ASIDE | PART_MISSING => later(SET_ASIDE_FOR),
        code if library::ORIGINAL_AWAY.contains(&code) => {
            later(schedule::delay(now.failures, None, now.dice))
        }
        _ => Step::to(State::Held, reason),
    };
    step.coded(&problem.code)
        .saying(format!("Not sent: {}", problem.title))
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
fn before_sending(found: &Match, now: &Circumstances<'_>) -> Option<Step> {
    let service = now.service;
    match found {
        // Before a first attempt nothing can have come with it.
        Match::None | Match::Untold(_) | Match::Failed(_) => None,
        Match::Unready => Some(Step::to(State::Waiting, found.in_words(service)).unready()),
        Match::One(id) | Match::Working(id) => Some(Step {
            remote_id: Some(id.clone()),
            ..Step::to(
                State::Existing,
                format!("{service} already had this activity."),
            )
            .saying(format!("{service} already had it, as number {id}."))
        }),
        // The user has looked: it is another one.
        Match::Several(_) | Match::Linked(_) if now.was_released => None,
        // It was never sent by us: it waits for a word, not for a look.
        Match::Several(_) | Match::Linked(_) => {
            let what = found.in_words(service);
            let reason = format!("{what} Look there, then release or dismiss it.");
            Some(Step::to(State::Held, reason).coded("several").saying(what))
        }
    }
}

/// What an upload of unknown outcome comes to: asked about, sent again where that is harmless, or parked.
fn unsure(what: &str, now: &Circumstances<'_>) -> Step {
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
    if may_go_once_more(now) {
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

/// What is asked of a person where neither a list nor another attempt can tell.
fn undecided(service: &str) -> String {
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

/// What was refused with the sign-in of before goes on with the new one.
fn with_the_new_sign_in(from: State, now: &Circumstances<'_>) -> Step {
    let reason = format!("You have signed in to {} again.", now.service);
    Step::to(resting(from), reason).due(Duration::ZERO)
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
#[path = "verdict_tests.rs"]
mod tests;

//! Tests: an upload's life as a table of all states and all events, what holds in all of it, and long walks through it.

mod drawing;
mod word;

use std::time::Duration;

use super::*;
use crate::life::{DEVICE_CHOICE, Event, Gone, Next, OLDER, Place, Standing, TWIN, latest, next};

/// Where an upload comes to from: its beginning, then the states in the order of [`State::ALL`]. `-`: it cannot happen then.
/// `.`: nothing is to be written. Two words with a stroke: what surely did not arrive, and what may have.
///
/// An event that has no row here does not compile.
fn row(event: &Event<'_>) -> &'static str {
    match event {
        // begin     waiting          sending processing sent     existing refused unsure   held              dismissed
        Event::Placed(Place::Queued) => {
            "waiting -                -       -          -        -        -       -        -                 -"
        }
        Event::Placed(Place::Held(_)) => {
            "held    -                -       -          -        -        -       -        -                 -"
        }
        Event::TakenUp(gone) => taken_up(gone.state),
        Event::Claimed => {
            "-       sending          -       -          -        -        -       -        -                 -"
        }
        Event::Settled(change) => settled(change.state),
        Event::Interrupted => {
            "-       -                unsure  -          -        -        -       -        -                 -"
        }
        Event::Retried { .. } => {
            "-       waiting/unsure   -       processing -        -        waiting unsure   -                 -"
        }
        Event::HeldBack => {
            "-       held             -       -          -        -        held    held     -                 -"
        }
        Event::Dismissed => {
            "-       dismissed        -       -          -        -     dismissed  dismissed dismissed        -"
        }
        Event::Released => {
            "-       -                -       -          -        -        -       -        waiting/unsure    waiting/unsure"
        }
        Event::Chosen(Place::Queued) => {
            "-       .                -       -          -        -        -       -        waiting/unsure    -"
        }
        Event::Chosen(Place::Held(_)) => {
            "-       held             -       -          -        -        -       -        held              -"
        }
        Event::Outdone => {
            "-       held             -       -          -        -        -       -        -                 -"
        }
        Event::LeftAlone => {
            "-       -                -       -          -        -        -       -        .                 -"
        }
        Event::PutBack => {
            "-       .                -       -          -        -        -       -        -                 -"
        }
        Event::Deleted => {
            "-       ./unsure         -       processing sent     existing .       unsure   ./unsure          ./unsure"
        }
    }
}

fn taken_up(as_it_was: State) -> &'static str {
    match as_it_was {
        State::Processing => "processing - - - - - - - - -",
        State::Sent => "sent - - - - - - - - -",
        State::Existing => "existing - - - - - - - - -",
        State::Unsure => "unsure - - - - - - - - -",
        State::Waiting | State::Sending | State::Refused | State::Held | State::Dismissed => {
            "- - - - - - - - - -"
        }
    }
}

fn settled(to: State) -> &'static str {
    match to {
        // begin waiting sending processing sent existing refused unsure held dismissed
        State::Waiting => "- waiting waiting - - - - waiting - -",
        State::Processing => "- - processing processing - - - processing - -",
        State::Sent => "- - sent sent - - - sent - -",
        State::Existing => "- existing existing existing - - - existing - -",
        State::Refused => "- refused refused refused - - - refused - -",
        State::Unsure => "- - unsure unsure - - - unsure - -",
        State::Held => "- held held - - - - held - -",
        State::Sending | State::Dismissed => "- - - - - - - - - -",
    }
}

/// All that can be remembered of a deleted upload, and more.
fn all_gone() -> [Gone; State::ALL.len()] {
    State::ALL.map(|state| Gone {
        state,
        remote_id: Some("7".into()),
        link: None,
    })
}

/// To each state: with nothing more, and with all there is and a due time that is too far away.
fn all_changes() -> Vec<Change> {
    let mut all = Vec::new();
    for state in State::ALL {
        all.push(Change::to(state, "So it is."));
        all.push(Change {
            looks: Some(1),
            unready: true,
            due_at: Some(at(9 * DAY_S)),
            remote_id: Some("8".into()),
            link: Some("https://example.org/8".into()),
            reason_code: "code".into(),
            reason: "Why.".into(),
            ..Change::to(state, "So it is.")
        });
    }
    all
}

fn all_events<'a>(gone: &'a [Gone], changes: &'a [Change]) -> Vec<Event<'a>> {
    let mut all = vec![
        Event::Placed(Place::Queued),
        Event::Placed(Place::Held(DEVICE_CHOICE)),
        Event::Claimed,
        Event::Interrupted,
        Event::Retried { looked: false },
        Event::Retried { looked: true },
        Event::HeldBack,
        Event::Dismissed,
        Event::Released,
        Event::Chosen(Place::Queued),
        Event::Chosen(Place::Held(OLDER)),
        Event::Outdone,
        Event::LeftAlone,
        Event::PutBack,
        Event::Deleted,
    ];
    all.extend(gone.iter().map(Event::TakenUp));
    all.extend(changes.iter().map(Event::Settled));
    all
}

/// One that has gone through something, in this state; what is dated is due in a minute.
fn standing(state: State, perhaps_arrived: bool) -> Standing {
    Standing {
        state,
        due_at: matches!(state, State::Waiting | State::Processing | State::Unsure).then(|| at(60)),
        attempts: 3,
        failures: 2,
        looks: u32::from(perhaps_arrived),
        unready_since: None,
        released: false,
        perhaps_arrived,
        reason_code: if state == State::Held {
            OLDER.code.into()
        } else {
            String::new()
        },
        reason: "Because.".into(),
        remote_id: Some("7".into()),
        link: Some("https://example.org/7".into()),
    }
}

/// The standings that there are in this state.
fn standings(state: State) -> Vec<Standing> {
    match state {
        State::Sending | State::Unsure => vec![standing(state, true)],
        State::Processing | State::Sent | State::Existing | State::Refused => {
            vec![standing(state, false)]
        }
        State::Waiting | State::Held | State::Dismissed => {
            vec![standing(state, false), standing(state, true)]
        }
    }
}

/// What holds whatever happens.
#[track_caller]
fn holds(before: Option<&Standing>, event: &Event<'_>, after: &Next, now: Timestamp) {
    let told = || format!("{event:?}\nfrom {before:#?}\nto {after:#?}");
    let to = after.standing();
    let dated = matches!(to.state, State::Waiting | State::Processing | State::Unsure);
    assert_eq!(to.due_at.is_some(), dated, "{}", told());
    assert!(to.due_at.is_none_or(|due| due <= latest(now)), "{}", told());
    assert_eq!(
        after.what().is_empty(),
        matches!(event, Event::Deleted),
        "{}",
        told()
    );
    assert!(
        to.perhaps_arrived || to.state != State::Unsure,
        "{}",
        told()
    );
    // What goes out though it may be there goes once more at most, and that is counted.
    let once_more = to.state == State::Waiting && to.perhaps_arrived;
    assert!(!once_more || to.looks > 0, "{}", told());

    let Some(before) = before else { return };
    let by_answer = matches!(event, Event::Settled(_));
    let by_word = matches!(
        event,
        Event::Retried { .. } | Event::Released | Event::Chosen(Place::Queued)
    );
    let claims = u32::from(matches!(event, Event::Claimed));
    assert_eq!(to.attempts, before.attempts + claims, "{}", told());
    if !by_answer {
        assert!(to.perhaps_arrived >= before.perhaps_arrived, "{}", told());
        assert!(
            by_word || (to.failures >= before.failures && to.looks == before.looks),
            "only an answer and the athlete's word set the counters back: {}",
            told()
        );
        // What an earlier attempt came to is not what the next one will come to.
        let kept = (claims == 0).then_some(before);
        let kept = kept.map(|before| (before.remote_id.clone(), before.link.clone()));
        let now = (to.remote_id.clone(), to.link.clone());
        assert_eq!(now, kept.unwrap_or_default(), "{}", told());
    }
    let waits = matches!(to.state, State::Waiting | State::Held);
    if by_answer
        && waits
        && (to.looks > 0 || before.state == State::Unsure && to.state == State::Held)
    {
        assert!(
            to.perhaps_arrived,
            "it was looked for or is sent once more: {}",
            told()
        );
    }
    if by_word {
        assert_eq!((to.failures, to.looks), (0, 0), "{}", told());
        assert!(
            matches!(to.state, State::Unsure | State::Processing) || !before.perhaps_arrived,
            "{}",
            told()
        );
    }
    leaves_only_so(before.state, event, to.state);
}

/// What is there stays there, and only an answer or the end of the program brings back what is on its way.
#[track_caller]
fn leaves_only_so(before: State, event: &Event<'_>, to: State) {
    let by_answer = matches!(event, Event::Settled(_));
    let told = || format!("{event:?} from {before:?} to {to:?}");
    match before {
        State::Sent | State::Existing => {
            assert!(matches!(event, Event::Deleted), "{}", told());
            assert_eq!(to, before, "{}", told());
        }
        State::Sending => match event {
            Event::Interrupted => assert_eq!(to, State::Unsure, "{}", told()),
            _ => assert!(by_answer, "{}", told()),
        },
        _ => {}
    }
}

/// The state it comes to, as in the table.
#[track_caller]
fn check(before: Option<&Standing>, event: &Event<'_>, expected: &str) {
    let stepped = next(before, event, at(0));
    let came_to = match &stepped {
        Err(_) => "-",
        Ok(None) => ".",
        Ok(Some(after)) => after.standing().state.name(),
    };
    assert_eq!(came_to, expected, "{event:?} from {before:#?}");
    if let Ok(Some(after)) = stepped {
        holds(before, event, &after, at(0));
    }
}

#[test]
fn every_event_in_every_state() {
    let (gone, changes) = (all_gone(), all_changes());
    for event in all_events(&gone, &changes) {
        let cells: Vec<&str> = row(&event).split_whitespace().collect();
        assert_eq!(cells.len(), 1 + State::ALL.len(), "{event:?}: {cells:?}");
        check(None, &event, cells[0]);
        for (state, cell) in State::ALL.into_iter().zip(&cells[1..]) {
            for before in standings(state) {
                let (surely_not, perhaps) = cell.split_once('/').unwrap_or((cell, cell));
                let expected = if before.perhaps_arrived {
                    perhaps
                } else {
                    surely_not
                };
                check(Some(&before), &event, expected);
            }
            assert_eq!(
                event.states().contains(&state),
                *cell != "-",
                "{event:?} {state:?}"
            );
        }
    }
}

#[test]
fn what_cannot_happen_says_where_it_was_to_go() {
    let error = |before: Option<&Standing>, event: &Event<'_>| {
        Error::from(next(before, event, at(0)).unwrap_err())
    };
    let sent = standing(State::Sent, false);
    assert_eq!(
        error(Some(&sent), &Event::Claimed).to_string(),
        "An upload that is sent cannot become sending."
    );
    let refused = Gone {
        state: State::Refused,
        remote_id: None,
        link: None,
    };
    let error = error(None, &Event::TakenUp(&refused));
    assert_eq!(error.code(), "damaged_library");
}

#[test]
fn a_due_time_is_as_asked_and_never_too_far_away() {
    let due = |due_at: Option<Timestamp>| {
        let change = Change {
            due_at,
            ..Change::to(State::Waiting, "Later.")
        };
        let before = standing(State::Sending, true);
        let after = next(Some(&before), &Event::Settled(&change), at(0));
        after.unwrap().unwrap().standing().due_at
    };
    assert_eq!(due(None), Some(at(0)));
    assert_eq!(due(Some(at(60))), Some(at(60)));
    assert_eq!(due(Some(at(-60))), Some(at(-60)));
    let a_day = at(LONGEST_WAIT.as_secs() as i64);
    assert_eq!(due(Some(at(9 * DAY_S))), Some(a_day));
}

#[test]
fn what_is_due_anyway_needs_no_word() {
    let retried = |state: State, due: i64| {
        let before = Standing {
            due_at: Some(at(due)),
            ..standing(state, false)
        };
        next(Some(&before), &Event::Retried { looked: false }, at(0))
            .unwrap()
            .is_some()
    };
    for state in [State::Waiting, State::Processing] {
        assert!(!retried(state, 0) && !retried(state, -60) && retried(state, 1));
    }
    assert!(retried(State::Unsure, -60) && retried(State::Refused, -60));
}

#[test]
fn a_date_lets_nothing_go_that_something_else_holds() {
    let chosen = |code: &str, place: Place| {
        let before = Standing {
            reason_code: code.into(),
            ..standing(State::Held, false)
        };
        next(Some(&before), &Event::Chosen(place), at(0))
            .unwrap()
            .map(|after| after.standing().state)
    };
    for place in [Place::Queued, Place::Held(TWIN)] {
        for code in ["user", "twin", "damaged", "several"] {
            assert_eq!(chosen(code, place), None, "{code}");
        }
    }
    for code in [OLDER.code, DEVICE_CHOICE.code] {
        assert_eq!(chosen(code, Place::Queued), Some(State::Waiting));
        assert_eq!(chosen(code, Place::Held(TWIN)), Some(State::Held));
    }
}

/// Dice that fall the same way each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// Whatever happens, and in whatever order, deleting and taking up again included: nothing is claimed of which it is
/// unknown whether it arrived, and what has arrived is not claimed again.
#[test]
fn nothing_is_sent_again_unseen() {
    let (gone, changes) = (all_gone(), all_changes());
    let events = all_events(&gone, &changes);
    let mut claims = [0_u32; 2];
    for seed in 0..600 {
        let mut dice = Dice(seed);
        let (mut upload, mut remembered): (Option<Standing>, Option<Gone>) = (None, None);
        let (mut unseen, mut arrived) = (false, false);
        let mut now = at(0);
        for _ in 0..300 {
            now += Duration::from_secs(dice.below(100) as u64);
            let event = match &remembered {
                // What is remembered is what it begins with again.
                Some(gone) => Event::TakenUp(gone),
                None if dice.below(4) == 0 => Event::Claimed,
                None => events[dice.below(events.len())].clone(),
            };
            if upload.is_none() && remembered.is_none() && matches!(event, Event::TakenUp(_)) {
                continue;
            }
            let Ok(stepped) = next(upload.as_ref(), &event, now) else {
                continue;
            };
            if let Some(after) = &stepped {
                holds(upload.as_ref(), &event, after, now);
            }
            let to = stepped.map(|after| after.standing().clone());
            if matches!(event, Event::Claimed) {
                claims[usize::from(to.as_ref().is_some_and(|to| to.attempts > 1))] += 1;
                assert!(!unseen && !arrived, "seed {seed}: {upload:#?}");
            }
            if matches!(event, Event::Deleted) {
                assert!(
                    to.is_some() || !(unseen || arrived),
                    "seed {seed}: {upload:#?}"
                );
                remembered = to.map(|to| Gone {
                    state: to.state,
                    remote_id: to.remote_id,
                    link: to.link,
                });
                upload = None;
                continue;
            }
            let was_answered = matches!(event, Event::Settled(_));
            remembered = None;
            let Some(to) = to else { continue };
            unseen = to.state == State::Unsure || unseen && !was_answered;
            let was_there = arrived;
            arrived = matches!(to.state, State::Sent | State::Existing);
            upload = Some(to);
            if was_there {
                // It has been deleted and taken up: nothing else can happen to it. Now for another one.
                assert!(arrived, "seed {seed}: {upload:#?}");
                (upload, unseen, arrived) = (None, false, false);
            }
        }
    }
    assert!(claims[0] > 1_000 && claims[1] > 100, "{claims:?}");
}

/// Looks that fail in between do not let it begin anew; an attempt does.
#[test]
fn since_when_it_waits_for_what_the_service_works_on_is_known_until_it_is_sent() {
    let happens = |upload: &Standing, event: &Event<'_>, now: i64| {
        let next = next(Some(upload), event, at(now)).unwrap().unwrap();
        next.standing().clone()
    };
    let settle = |upload: &Standing, to: State, unready: bool, now: i64| {
        let change = Change {
            unready,
            ..Change::to(to, "So it is.")
        };
        happens(upload, &Event::Settled(&change), now)
    };
    let upload = standing(State::Waiting, false);
    let upload = settle(&upload, State::Waiting, true, 1);
    assert_eq!(upload.unready_since, Some(at(1)));
    let upload = settle(&upload, State::Waiting, false, 2);
    let upload = settle(&upload, State::Waiting, true, 3);
    assert_eq!(upload.unready_since, Some(at(1)));
    let upload = happens(&upload, &Event::Claimed, 4);
    assert_eq!(upload.unready_since, None);
    let upload = settle(&upload, State::Unsure, false, 5);
    assert_eq!(upload.unready_since, None);
    let upload = settle(&upload, State::Unsure, true, 6);
    assert_eq!(upload.unready_since, Some(at(6)));
}

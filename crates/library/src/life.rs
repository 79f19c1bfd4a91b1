//! An upload's life: from where it stands, by what happened, to where it comes. Nothing else says so: what is stored is a
//! [`Next`], and only [`next`] makes one. Pure: no database, no disk, no clock.

use std::time::Duration;

use jiff::Timestamp;

use crate::State;

/// Nothing waits longer. A due time further away than this was written by a clock that has since been set back: it
/// counts as passed.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// What an answer (or a look at the service's list) does to an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it comes to.
    pub state: State,
    /// How often it was looked for, or sent once more; of what the service works on, how often in a row it showed nothing of it.
    /// `None` leaves what is known. More than none: it may still be there.
    pub looks: Option<u32>,
    /// It waits because the service works on something that could be it.
    pub unready: bool,
    /// When something is to be done next; `None`: now. At most [`LONGEST_WAIT`] ahead; without meaning in other states.
    pub due_at: Option<Timestamp>,
    /// What the service calls it; `None` leaves what is known.
    pub remote_id: Option<String>,
    /// Where the service shows it; `None` leaves what is known.
    pub link: Option<String>,
    /// Why, for programs; may be empty.
    pub reason_code: String,
    /// Why, for people; may be empty, may quote the service.
    pub reason: String,
    /// The line in its story, in words; may quote the service.
    pub what: String,
}

impl Change {
    /// To this state, with this line in the story and nothing else.
    pub fn to(state: State, what: impl Into<String>) -> Change {
        Change {
            state,
            looks: None,
            unready: false,
            due_at: None,
            remote_id: None,
            link: None,
            reason_code: String::new(),
            reason: String::new(),
            what: what.into(),
        }
    }
}

/// Whether an upload goes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Queued,
    Held(Hold),
}

/// What an upload waits for the athlete's word for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) code: &'static str,
    pub(crate) reason: &'static str,
}

pub(crate) const DEVICE_CHOICE: Hold = Hold {
    code: "device_choice",
    reason: "Waits for your choice: how far back shall the activities of this device be sent?",
};
pub(crate) const OLDER: Hold = Hold {
    code: "older",
    reason: "Recorded before the time you chose for this device.",
};
pub(crate) const DAMAGED: Hold = Hold {
    code: "damaged",
    reason: "The file is incomplete or damaged. Release it to send it as it is.",
};
pub(crate) const TWIN: Hold = Hold {
    code: "twin",
    reason: "A likely twin of this activity came in another file. Release it to send this one too.",
};
/// Who deletes one of two may be about to delete the other: it is not sent by itself.
const ALONE: Hold = Hold {
    code: TWIN.code,
    reason: "Its likely twin was deleted here, which takes nothing off a service. Release it to send this one, too.",
};
/// Why an upload waits whose original is away or was changed: the codes of [`crate::Error`] for that.
pub const ORIGINAL_AWAY: [&str; 2] = ["library_file", "original_changed"];
const BY_HAND: Hold = Hold {
    code: "user",
    reason: "You put it on hold.",
};

/// Everything that can happen to an upload.
#[derive(Clone, Debug)]
pub(crate) enum Event<'a> {
    /// It begins: an activity was kept for an account, or an earlier one is to be sent too.
    Placed(Place),
    /// It begins again where it had ended: its activity was deleted, and came back.
    TakenUp(&'a Gone),
    /// It is about to be sent; nothing has left yet.
    Claimed,
    /// An answer, a look at the service's list, or a file that cannot be made ready.
    Settled(&'a Change),
    /// The program had ended while it was sent.
    Interrupted,
    /// The athlete asks to try again; perhaps one that they were asked about, having looked at the service.
    Retried { looked: bool },
    /// The athlete asks to wait.
    HeldBack,
    /// The athlete says: not this one.
    Dismissed,
    /// The athlete lets it go, whatever it was held for.
    Released,
    /// The athlete says how far back a device's activities are sent.
    Chosen(Place),
    /// A better file of the same activity came, and goes in its place.
    Outdone,
    /// The twin that it was held for was deleted.
    LeftAlone,
    /// Its original, which could not be read, was put back.
    PutBack,
    /// Its activity is deleted. What it comes to is what is remembered of it; nothing: it was never there.
    Deleted,
}

impl Event<'_> {
    /// The states that it can meet an upload in.
    pub(crate) fn states(&self) -> Vec<State> {
        let met = |state: &State| self.may_meet(Some(*state));
        State::ALL.into_iter().filter(met).collect()
    }

    /// Whether it can happen to an upload that is in this state, or (none) that has not begun.
    fn may_meet(&self, upload: Option<State>) -> bool {
        use State::{
            Dismissed, Existing, Held, Processing, Refused, Sending, Sent, Unsure, Waiting,
        };
        let Some(state) = upload else {
            return match self {
                Event::Placed(_) => true,
                Event::TakenUp(gone) => {
                    matches!(gone.state, Processing | Sent | Existing | Unsure)
                }
                _ => false,
            };
        };
        match self {
            Event::Placed(_) | Event::TakenUp(_) => false,
            Event::Claimed | Event::Outdone => state == Waiting,
            Event::Settled(change) => state.may_become(change.state),
            Event::Interrupted => state == Sending,
            Event::Retried { .. } => matches!(state, Waiting | Processing | Refused | Unsure),
            Event::HeldBack => matches!(state, Waiting | Refused | Unsure),
            Event::Dismissed => matches!(state, Waiting | Refused | Unsure | Held),
            Event::Released => matches!(state, Held | Dismissed),
            Event::LeftAlone => state == Held,
            Event::PutBack => state == Waiting,
            Event::Chosen(_) => matches!(state, Waiting | Held),
            Event::Deleted => state != Sending,
        }
    }

    /// Where it was to bring the upload, for the error.
    fn aim(&self) -> State {
        match self {
            Event::Placed(Place::Queued) | Event::Chosen(Place::Queued) => State::Waiting,
            Event::Retried { .. } | Event::Released | Event::PutBack => State::Waiting,
            Event::Placed(Place::Held(_)) | Event::Chosen(Place::Held(_)) => State::Held,
            Event::HeldBack | Event::Outdone | Event::LeftAlone => State::Held,
            Event::TakenUp(gone) => gone.state,
            Event::Claimed => State::Sending,
            Event::Settled(change) => change.state,
            // What is on its way could only be remembered as what may have arrived.
            Event::Interrupted | Event::Deleted => State::Unsure,
            Event::Dismissed => State::Dismissed,
        }
    }
}

/// What is remembered of an upload whose activity was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gone {
    pub(crate) state: State,
    pub(crate) remote_id: Option<String>,
    pub(crate) link: Option<String>,
}

/// Where an upload stands: all of its row that its life changes. The fields mean what they do in [`crate::UploadRow`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: State,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) attempts: u32,
    pub(crate) failures: u32,
    pub(crate) looks: u32,
    pub(crate) unready_since: Option<Timestamp>,
    pub(crate) released: bool,
    pub(crate) perhaps_arrived: bool,
    pub(crate) reason_code: String,
    pub(crate) reason: String,
    pub(crate) remote_id: Option<String>,
    pub(crate) link: Option<String>,
}

/// Where an upload comes to, and the line of its story that says why. A deleted one has no story: its line is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    standing: Standing,
    what: String,
}

impl Next {
    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }
}

/// It cannot happen to an upload in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    /// None: one that has not begun.
    pub(crate) from: Option<State>,
    pub(crate) to: State,
}

/// The one rule of an upload's life: where it comes to when this happens. `upload` is none for one that has not begun.
/// Nothing: there is nothing to write down.
///
/// # Errors
/// This cannot happen to an upload in its state.
pub(crate) fn next(
    upload: Option<&Standing>,
    event: &Event<'_>,
    now: Timestamp,
) -> Result<Option<Next>, Transition> {
    let from = upload.map(|upload| upload.state);
    if !event.may_meet(from) {
        let to = event.aim();
        return Err(Transition { from, to });
    }
    let before = upload.cloned().unwrap_or_else(Standing::before_all);
    let due_at = match event {
        Event::Settled(change) => change.due_at.unwrap_or(now),
        _ => now,
    };
    Ok(after(before, event, now).map(|mut next| {
        let dated = next.standing.state.has_due_time();
        next.standing.due_at = dated.then(|| due_at.min(latest(now)));
        next
    }))
}

/// But for the due time.
fn after(upload: Standing, event: &Event<'_>, now: Timestamp) -> Option<Next> {
    Some(match event {
        Event::Placed(place) => match place {
            Place::Queued => upload.to(State::Waiting).saying("Queued."),
            Place::Held(hold) => upload.held(*hold).saying(hold.reason),
        },
        Event::TakenUp(gone) => upload.taken_up(gone),
        Event::Claimed => upload.claimed(),
        Event::Settled(change) => upload.settled(change, now),
        Event::Interrupted => upload.interrupted(),
        Event::Retried { .. } if upload.is_due_anyway(now) => return None,
        Event::Retried { looked } => {
            let released = upload.released || *looked;
            let upload = upload.let_go();
            Standing { released, ..upload }.saying("You asked to try again.")
        }
        Event::Released => {
            let upload = upload.let_go();
            let released = true;
            Standing { released, ..upload }.saying("You released it.")
        }
        Event::HeldBack => upload.held(BY_HAND).saying(BY_HAND.reason),
        Event::Dismissed => upload
            .to(State::Dismissed)
            .saying("You said: not this one."),
        Event::Chosen(place) => return upload.chosen(*place),
        Event::Outdone => upload
            .held(TWIN)
            .saying("A better file of the same activity came; that one is sent."),
        Event::LeftAlone if upload.reason_code != TWIN.code => return None,
        Event::LeftAlone => upload.held(ALONE).saying(ALONE.reason),
        Event::PutBack => return upload.put_back(),
        Event::Deleted => return upload.remembered(),
    })
}

impl Standing {
    fn before_all() -> Standing {
        Standing {
            state: State::Waiting,
            due_at: None,
            attempts: 0,
            failures: 0,
            looks: 0,
            unready_since: None,
            released: false,
            perhaps_arrived: false,
            reason_code: String::new(),
            reason: String::new(),
            remote_id: None,
            link: None,
        }
    }

    /// To this state, for no reason to speak of.
    fn to(mut self, state: State) -> Standing {
        self.state = state;
        self.reason_code.clear();
        self.reason.clear();
        self
    }

    fn held(self, hold: Hold) -> Standing {
        Standing {
            reason_code: hold.code.to_owned(),
            reason: hold.reason.to_owned(),
            ..self.to(State::Held)
        }
    }

    fn saying(self, what: impl Into<String>) -> Next {
        let what = what.into();
        Next {
            standing: self,
            what,
        }
    }

    /// Where it had already gone it is there still, and isn't sent again.
    fn taken_up(self, gone: &Gone) -> Next {
        Standing {
            perhaps_arrived: gone.state == State::Unsure,
            remote_id: gone.remote_id.clone(),
            link: gone.link.clone(),
            ..self.to(gone.state)
        }
        .saying("Taken in again after it was deleted here; it had been sent before that.")
    }

    /// From here on it may have arrived.
    fn claimed(self) -> Next {
        let attempts = self.attempts.saturating_add(1);
        Standing {
            attempts,
            perhaps_arrived: true,
            unready_since: None,
            // What the service called an earlier attempt that came to nothing is not what it will call this one.
            remote_id: None,
            link: None,
            ..self.to(State::Sending)
        }
        .saying(format!("Sending, attempt {attempts}."))
    }

    fn settled(self, change: &Change, now: Timestamp) -> Next {
        let (from, to) = (self.state, change.state);
        let looks = match to {
            State::Waiting | State::Unsure | State::Held => change.looks.unwrap_or(self.looks),
            State::Processing if from == to => change.looks.unwrap_or(self.looks),
            _ => 0,
        };
        // The word is for one attempt: one of which nothing has left was none.
        let waits_on = to == State::Waiting || (from, to) == (State::Unsure, State::Unsure);
        let perhaps_arrived = match to {
            State::Unsure => true,
            State::Held => from == State::Unsure || looks > 0,
            // What is sent once more may be there already.
            State::Waiting => looks > 0,
            // It was found there while the service works on it: it is as good as sure that it is this one, not more.
            State::Processing => from != State::Sending && self.perhaps_arrived,
            _ => false,
        };
        // One that lies ahead was written before the clock was set back.
        let begins = change.unready.then_some(now);
        Standing {
            state: to,
            failures: self.failures_after(to),
            looks,
            unready_since: self.unready_since.filter(|since| *since <= now).or(begins),
            released: self.released && waits_on,
            perhaps_arrived,
            reason_code: change.reason_code.clone(),
            reason: change.reason.clone(),
            remote_id: change.remote_id.clone().or(self.remote_id),
            link: change.link.clone().or(self.link),
            ..self
        }
        .saying(&change.what)
    }

    fn interrupted(self) -> Next {
        let reason = "Trackdock ended while this was being sent: it may have arrived.";
        Standing {
            state: State::Unsure,
            failures: self.failures_after(State::Unsure),
            released: false,
            perhaps_arrived: true,
            reason_code: "interrupted".to_owned(),
            reason: reason.to_owned(),
            ..self
        }
        .saying(reason)
    }

    /// What waits for its turn or is worked on, and for nothing else, cannot be asked for sooner.
    fn is_due_anyway(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Waiting | State::Processing)
            && self.due_at.is_none_or(|due| due <= now)
    }

    /// At the athlete's word, as if nothing had been tried: to be sent; if it may have arrived, to be looked for before.
    fn let_go(self) -> Standing {
        let state = match self.state {
            State::Processing => State::Processing,
            _ if self.perhaps_arrived => State::Unsure,
            _ => State::Waiting,
        };
        Standing {
            failures: 0,
            looks: 0,
            unready_since: None,
            ..self.to(state)
        }
    }

    /// What waited for its original goes on at once. What an earlier version held for it needs a word: its twin may have gone
    /// meanwhile.
    fn put_back(self) -> Option<Next> {
        let waited = ORIGINAL_AWAY.contains(&self.reason_code.as_str());
        waited.then(|| {
            self.to(State::Waiting)
                .saying("Its original is there again.")
        })
    }

    /// The date stops what waits, perhaps for a repeat, and decides anew about what it stopped; nothing else.
    fn chosen(self, place: Place) -> Option<Next> {
        let by_date = [DEVICE_CHOICE.code, OLDER.code].contains(&self.reason_code.as_str());
        match place {
            _ if self.state == State::Held && !by_date => None,
            Place::Queued if self.state == State::Waiting => None,
            Place::Queued => {
                let upload = self.let_go();
                Some(match upload.state {
                    State::Unsure => upload.saying("You chose how far back; this one is looked for, and sent if it is not there."),
                    _ => upload.saying("You chose how far back; this one is sent."),
                })
            }
            Place::Held(hold) => Some(self.held(hold).saying(hold.reason)),
        }
    }

    /// A manual import takes up what is or may be at the service, instead of sending it twice.
    fn remembered(self) -> Option<Next> {
        let state = match self.state {
            State::Sent | State::Existing => self.state,
            _ if self.perhaps_arrived => State::Unsure,
            State::Processing => State::Processing,
            _ => return None,
        };
        Some(self.to(state).saying(""))
    }

    /// How often in a row it got no further, once it comes to this state.
    fn failures_after(&self, to: State) -> u32 {
        let again = self.failures.saturating_add(1);
        match (self.state, to) {
            (State::Sending, State::Waiting | State::Unsure) => again,
            // Not its own: the list could not be read, or it waits for what the service works on.
            (State::Waiting, State::Waiting) => self.failures,
            (from, to) if from == to => again,
            // It was looked for and isn't there: the next attempt goes on counting where the last one ended.
            (State::Unsure, State::Waiting) => self.failures,
            _ => 0,
        }
    }
}

/// The last due time that may be written now.
pub(crate) fn latest(now: Timestamp) -> Timestamp {
    now.checked_add(LONGEST_WAIT).unwrap_or(Timestamp::MAX)
}

//! The states of an upload, and between which of them an answer may move it. What moves it is said in `life`.

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Due now or later.
    Waiting,
    /// Claimed: the first byte may have left. After a crash it means "perhaps arrived".
    Sending,
    /// Accepted; the service still works on it.
    Processing,
    /// There, sent by us.
    Sent,
    /// There before we sent it.
    Existing,
    /// The service said no.
    Refused,
    /// It may or may not have arrived.
    Unsure,
    /// Waits for the athlete's word.
    Held,
    /// The athlete said: not this one.
    Dismissed,
}

impl State {
    /// All of them, in the order of an upload's life.
    pub const ALL: [State; 9] = [
        State::Waiting,
        State::Sending,
        State::Processing,
        State::Sent,
        State::Existing,
        State::Refused,
        State::Unsure,
        State::Held,
        State::Dismissed,
    ];

    /// Stable and machine-readable, lower case.
    pub fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Sending => "sending",
            State::Processing => "processing",
            State::Sent => "sent",
            State::Existing => "existing",
            State::Refused => "refused",
            State::Unsure => "unsure",
            State::Held => "held",
            State::Dismissed => "dismissed",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether an answer of a service (or a look at its list) may bring an upload from here to there. Claims and the
    /// athlete's word have their own rules; what is sent, existing or dismissed no answer moves.
    pub fn may_become(self, next: State) -> bool {
        use State::{Existing, Held, Processing, Refused, Sending, Sent, Unsure, Waiting};
        match self {
            Waiting => matches!(next, Waiting | Existing | Refused | Held),
            Sending => {
                matches!(
                    next,
                    Waiting | Processing | Sent | Existing | Refused | Unsure | Held
                )
            }
            Processing => matches!(next, Processing | Sent | Existing | Refused | Unsure),
            Unsure => {
                matches!(
                    next,
                    Unsure | Waiting | Processing | Sent | Existing | Refused | Held
                )
            }
            Sent | Existing | Refused | Held | State::Dismissed => false,
        }
    }

    /// Whether something is to be done at a certain time.
    pub(crate) fn has_due_time(self) -> bool {
        matches!(self, State::Waiting | State::Processing | State::Unsure)
    }
}

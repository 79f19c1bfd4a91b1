//! What became of an upload, in the classes that the queue tells apart. Knows no HTTP.

use std::time::Duration;

use crate::secret::SecretError;

/// What became of an upload or of a look at one. Texts are clauses without a full stop that name no address and hold no
/// secret; those from the service are cut, cleaned, and untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is there, and we put it there.
    Created {
        /// What the service calls it.
        id: String,
        /// Its page, where the descriptor knows the address.
        link: Option<String>,
    },
    /// The service had it already.
    Existing {
        /// What the service calls it, if it says so. It may be someone else's import: link it, never edit it.
        id: Option<String>,
    },
    /// Accepted; ask again later.
    Processing {
        /// What the service calls it.
        id: String,
    },
    /// The sign-in is over; nothing was deleted.
    NeedsSignIn(String),
    /// The sign-in does not allow this.
    NeedsScope(String),
    /// The service does not want this file, in its own words.
    Refused(String),
    /// It was accepted, and the service has no such activity: not yet, or not any more.
    Vanished,
    /// The service turns the program away, whatever the file.
    Blocked(String),
    /// The service said to wait (429, 503, or another error of its own that names a time).
    Throttled {
        /// How long it asked to wait, at most 24 h; `None`: it did not say.
        after: Option<Duration>,
        /// It may have taken the file all the same: never send again blindly, not after the wait either.
        perhaps_taken: bool,
        /// What it said.
        what: String,
    },
    /// The file surely was not taken: no connection, or nothing of it was sent.
    Transient {
        /// Why.
        what: String,
        /// How long to wait at least.
        after: Option<Duration>,
    },
    /// The service answers, but its list cannot be read to its end, so that nothing is known of what it has.
    NoList(String),
    /// The secret store does not give the sign-in out; nothing was sent, and nobody is signed out.
    SecretsClosed(SecretError),
    /// It may or may not have been taken: never send again blindly.
    Unknown(String),
}

impl Outcome {
    pub(crate) fn transient(what: impl Into<String>) -> Self {
        Outcome::Transient {
            what: what.into(),
            after: None,
        }
    }

    /// The same with every text passed through `clean`.
    pub(crate) fn map_texts(self, clean: impl Fn(&str) -> String) -> Self {
        match self {
            Outcome::Created { id, link } => Outcome::Created {
                id: clean(&id),
                link: link.map(|link| clean(&link)),
            },
            Outcome::Existing { id } => Outcome::Existing {
                id: id.map(|id| clean(&id)),
            },
            Outcome::Processing { id } => Outcome::Processing { id: clean(&id) },
            Outcome::NeedsSignIn(what) => Outcome::NeedsSignIn(clean(&what)),
            Outcome::NeedsScope(what) => Outcome::NeedsScope(clean(&what)),
            Outcome::Refused(what) => Outcome::Refused(clean(&what)),
            Outcome::Blocked(what) => Outcome::Blocked(clean(&what)),
            Outcome::Throttled {
                after,
                perhaps_taken,
                what,
            } => Outcome::Throttled {
                perhaps_taken,
                after,
                what: clean(&what),
            },
            Outcome::Transient { what, after } => Outcome::Transient {
                what: clean(&what),
                after,
            },
            Outcome::NoList(what) => Outcome::NoList(clean(&what)),
            wordless @ (Outcome::SecretsClosed(_) | Outcome::Vanished) => wordless,
            Outcome::Unknown(what) => Outcome::Unknown(clean(&what)),
        }
    }
}

//! Each crate's errors as a [`Problem`]: a code, what is wrong, what to do.

use std::path::Path;

use device::DeviceError;
use service::{SecretError, ServiceId, SignInError, SignOutError};
use track::ReadError;

use crate::view::Problem;

/// The code of [`part_missing`].
pub(crate) const PART_MISSING: &str = "part_missing";

impl Problem {
    pub(crate) fn new(code: &str, title: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            title: title.into(),
            hint: hint.into(),
        }
    }

    /// A file that could not be read as a recording.
    pub(crate) fn unreadable(name: &str, error: &ReadError) -> Self {
        if let ReadError::NoSuchPart { .. } = error {
            return part_missing(name);
        }
        Self::new(
            error.code(),
            format!("{name}: {}", sentence(&error.to_string())),
            error.hint(),
        )
    }

    /// With one more sentence to know.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.hint = format!("{} {note}", self.hint);
        self
    }

    /// The system gives no further thread.
    pub(crate) fn no_threads(error: &std::io::Error) -> Self {
        Self::new(
            "system",
            format!("This computer refuses threads: {}.", words(error)),
            "Close other programs and try again.",
        )
    }

    /// A file that this computer does not hand over.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "Check the path.",
            std::io::ErrorKind::PermissionDenied => "Check that you may read it.",
            _ => "Check the disk it lies on, then try again.",
        };
        Self::new(
            "file",
            format!("{} cannot be read: {}.", path.display(), words(error)),
            hint,
        )
    }
}

impl From<library::Error> for Problem {
    fn from(error: library::Error) -> Self {
        Self::new(error.code(), sentence(&error.to_string()), error.hint())
    }
}

impl From<DeviceError> for Problem {
    fn from(error: DeviceError) -> Self {
        Self::new(error.code(), sentence(&error.to_string()), error.hint())
    }
}

impl From<SecretError> for Problem {
    fn from(error: SecretError) -> Self {
        Self::new(error.code(), sentence(&error.to_string()), error.hint())
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        Self::new(error.code(), sentence(&error.to_string()), error.hint())
    }
}

impl From<SignOutError> for Problem {
    fn from(error: SignOutError) -> Self {
        Self::new(error.code(), sentence(&error.to_string()), error.hint())
    }
}

/// What the system said, without its number, to go on in a sentence.
pub(crate) fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

/// Errors end without a full stop, sentences with one.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?', '”']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// There is no activity with this number.
#[must_use]
pub fn no_such_activity(id: i64) -> Problem {
    Problem::new(
        "no_such_activity",
        format!("There is no activity {id} in the library."),
        "`trackdock-cli history` lists them with their numbers.",
    )
}

/// There is no service of this name.
#[must_use]
pub fn no_such_service(name: &str) -> Problem {
    Problem::new(
        "no_such_service",
        format!("There is no service called {name}."),
        "The services are map-my-tracks and trek-point.",
    )
}

/// A sign-in is under way there, and has to end first.
pub(crate) fn signing_in(service: ServiceId) -> Problem {
    Problem::new(
        "busy",
        format!("A sign-in at {} is under way.", service.display()),
        "Finish it in your browser, or cancel it.",
    )
}

/// Somebody else signed in than whom the uploads here belong to.
pub(crate) fn other_account(service: ServiceId, other: &str, known: &str) -> Problem {
    let name = service.display();
    Problem::new(
        "other_account",
        format!("You signed in to {name} as {other}, but the uploads here belong to {known}."),
        format!(
            "Nothing has changed for {known}. To go on as {other}, sign out first, and then sign in as {other}."
        ),
    )
}

/// Somebody signed in of whom the service did not say who it is.
pub(crate) fn unconfirmed(service: ServiceId, known: &str) -> Problem {
    let name = service.display();
    Problem::new(
        "unconfirmed",
        format!("{name} did not say who signed in, and the uploads here belong to {known}."),
        "Sign in again in a moment; nothing has changed here.",
    )
}

/// Nobody is signed in there.
#[must_use]
pub fn no_such_account(name: &str) -> Problem {
    Problem::new(
        "no_such_account",
        format!("Nobody is signed in to {name}."),
        "`trackdock-cli accounts` lists the accounts; `trackdock-cli login SERVICE` adds one.",
    )
}

/// A sign-in that was renewed is lost with the end of the program.
pub(crate) fn not_stored(service: &str, why: &Problem) -> Problem {
    Problem::new(
        "sign_in_not_stored",
        format!(
            "The renewed sign-in to {service} could not be stored. {}",
            why.title
        ),
        format!(
            "Mend that, and sign in to {service} again if it asks for it; everything waits, and nothing is lost."
        ),
    )
}

/// An original that is as it was, but in which this version does not see what an earlier one has taken in.
pub(crate) fn part_missing(name: &str) -> Problem {
    Problem::new(
        PART_MISSING,
        format!(
            "{name} is read otherwise than when it was taken in: this activity is not seen in it."
        ),
        "Nothing is lost: the file is as it was. Report it, if you can together with the file.",
    )
}

/// A path that was given does not exist.
#[must_use]
pub fn no_such_path(path: &Path) -> Problem {
    Problem::new(
        "no_such_path",
        format!("{} does not exist.", path.display()),
        "Check the path.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_are_plain() {
        let error = std::io::Error::from_raw_os_error(2);
        let problem = Problem::file(Path::new("a.fit"), &error);
        assert_eq!(
            problem.title,
            "a.fit cannot be read: no such file or directory."
        );
        assert_eq!(problem.hint, "Check the path.");
    }

    #[test]
    fn sentences_end_once() {
        for (text, expected) in [
            ("The disk is full", "The disk is full."),
            ("The disk is full. ", "The disk is full."),
            ("It said “no.”", "It said “no.”"),
            ("Really?", "Really?"),
        ] {
            assert_eq!(sentence(text), expected);
        }
    }
}

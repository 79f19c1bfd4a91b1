//! What the user says about uploads: try again, wait, let go, not this one.

use library::{Selection, UploadId};

use crate::event::{Answer, Retry};
use crate::state::State;
use crate::verdict::UNDECIDED;
use crate::view::Problem;

impl State {
    pub(crate) fn retry(&mut self, what: Retry) -> Answer {
        let now = self.now();
        let due = match self.asked_about(what) {
            Some(upload) => self.library.retry_looked_at(upload, now)?,
            None => self.library.retry(selection(what), now)?,
        };
        match what {
            Retry::Upload(_) if due == 0 => one(
                due,
                "It is done, on its way or on hold: there is nothing to try again.",
            ),
            _ => Ok(Some(format!("{due} due now."))),
        }
    }

    /// The upload that is meant, if its list could not tell and a person was asked to look: who names it then has looked.
    fn asked_about(&self, what: Retry) -> Option<UploadId> {
        let Retry::Upload(id) = what else { return None };
        let upload = self.library.upload(UploadId(id)).ok()?;
        (upload.reason_code == UNDECIDED).then_some(upload.id)
    }

    pub(crate) fn hold(&mut self, upload: i64) -> Answer {
        let held = self
            .library
            .hold(Selection::Upload(UploadId(upload)), self.now())?;
        one(
            held,
            "It is done, or on its way: it cannot be put on hold any more.",
        )
    }

    pub(crate) fn release(&mut self, upload: i64) -> Answer {
        let released = self
            .library
            .release(Selection::Upload(UploadId(upload)), self.now())?;
        one(released, "It is not on hold.")
    }

    pub(crate) fn dismiss(&mut self, upload: i64) -> Answer {
        let dismissed = self
            .library
            .dismiss(Selection::Upload(UploadId(upload)), self.now())?;
        one(
            dismissed,
            "It is done, or on its way: it cannot be dismissed any more.",
        )
    }
}

fn selection(what: Retry) -> Selection {
    match what {
        Retry::Upload(id) => Selection::Upload(UploadId(id)),
        Retry::All => Selection::All,
    }
}

fn one(changed: u64, otherwise: &str) -> Answer {
    if changed > 0 {
        Ok(None)
    } else {
        Err(Problem::new(
            "not_possible",
            otherwise,
            "Look at its state first.",
        ))
    }
}

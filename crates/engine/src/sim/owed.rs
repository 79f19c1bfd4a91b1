//! Which uploads there must be: one for each activity and each account that was signed in when it was kept, or that earlier ones
//! are to be sent to.

use std::collections::BTreeSet;

use library::{AccountId, AccountState, ActivityId};

use super::oracle::activities;
use super::world::World;

/// What is owed, and which activity is the next to be kept.
pub(super) struct Owed {
    uploads: BTreeSet<(ActivityId, AccountId)>,
    next: i64,
}

impl Default for Owed {
    fn default() -> Owed {
        Owed {
            uploads: BTreeSet::new(),
            next: 1,
        }
    }
}

impl World {
    /// Notes what was kept since the last time. An account is not signed in or out in the same turn.
    pub(super) fn note_kept(&mut self) {
        let first = self.owed.next;
        let library = &self.program.as_ref().unwrap().state.library;
        while library.activity(ActivityId(self.owed.next)).is_ok() {
            self.owed.next += 1;
        }
        if first == self.owed.next {
            return;
        }
        let all = library.accounts().unwrap().into_iter();
        for account in all.filter(|account| account.state != AccountState::SignedOut) {
            let new = (first..self.owed.next).map(|id| (ActivityId(id), account.id));
            self.owed.uploads.extend(new);
        }
    }

    /// All that there is is to be sent to this account.
    pub(super) fn owes_all_to(&mut self, account: AccountId) {
        let all = activities(self.library()).into_iter();
        let all = all.map(|activity| (activity.id, account));
        self.owed.uploads.extend(all.collect::<Vec<_>>());
    }

    /// What is owed and not there. What was deleted is not owed any more.
    pub(super) fn missing(&self) -> Vec<String> {
        let library = self.library();
        let owed = self.owed.uploads.iter();
        let owed = owed.filter(|(activity, _)| library.activity(*activity).is_ok());
        let missing = owed.filter(|(activity, account)| {
            let mut uploads = library.uploads(*activity).unwrap().into_iter();
            !uploads.any(|upload| upload.account == *account)
        });
        let told = |(activity, account): &(ActivityId, AccountId)| {
            format!("activity {activity:?} has no upload for account {account:?}")
        };
        missing.map(told).collect()
    }
}

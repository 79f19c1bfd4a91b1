//! What became of uploads that were sent: those that the service still works on are asked about, those of unknown outcome are
//! looked for in its list. What is found is decided in [`crate::verdict`] and written down by [`crate::checks`].

use std::sync::Arc;

use jiff::Timestamp;
use library::{Job, State as UploadState, UploadRow};
use service::{Outcome, RemoteActivity, ServiceId};

use crate::event::Event;
use crate::network::{BROKE_OFF, unbroken};
use crate::reconcile::{Held, Match, Wanted, matching, may_wait};
use crate::schedule;
use crate::state::State;
use crate::verdict::{Circumstances, Happened};

/// Uploads asked about at once, per account.
const POLLS_AT_ONCE: u32 = 8;

impl State {
    /// Asks about uploads that are processing or unsure.
    pub(crate) fn look_after(&mut self, service: ServiceId) {
        let now = self.now();
        let Some(account) = self.lane(service).and_then(|lane| lane.account) else {
            return;
        };
        let due = self.library.looks_due(account, now, POLLS_AT_ONCE);
        for job in self.check(due).unwrap_or_default() {
            match job.upload.state {
                UploadState::Processing => self.poll(service, &job),
                _ => self.settle_unsure(service, &job),
            }
        }
    }

    fn poll(&mut self, service: ServiceId, job: &Job) {
        let upload = job.upload.id;
        let inbox = self.inbox.clone();
        let handle = self.runtime.handle().clone();
        let clock = Arc::clone(&self.clock);
        let polling = self.polling(service);
        let Some(lane) = self.lane(service) else {
            return;
        };
        if !lane.begin_poll(upload) {
            return;
        }
        // Without a number there is nothing to ask for; the service says so in its own way.
        let remote_id = job.upload.remote_id.clone().unwrap_or_default();
        let long = schedule::is_long(&polling, job.upload.failures);
        let client = Arc::clone(&lane.client);
        handle.spawn(async move {
            let polling = async move { client.poll(&remote_id, long, &*clock).await };
            let outcome = unbroken(polling, || Outcome::Unknown(BROKE_OFF.into())).await;
            // The engine may have ended; the upload is asked about again at the next start.
            let _ = inbox.send(Event::Answered {
                service,
                upload,
                outcome,
            });
        });
    }

    /// An upload that may have arrived: look for it where there is a list, else send it once more to a service that recognises
    /// what it has.
    fn settle_unsure(&mut self, service: ServiceId, job: &Job) {
        let Some(lane) = self.lane(service) else {
            return;
        };
        if lane.client.can_list() {
            return self.read_list(service);
        }
        // What cannot be written down is still due, and looked at again.
        let _ = self.step(service, job, Happened::NothingToSearch);
    }

    pub(crate) fn read_list(&mut self, service: ServiceId) {
        let inbox = self.inbox.clone();
        let handle = self.runtime.handle().clone();
        let clock = Arc::clone(&self.clock);
        let asked_at = self.now();
        let Some(lane) = self.lane(service).filter(|lane| !lane.listing) else {
            return;
        };
        lane.listing = true;
        let (client, by) = (Arc::clone(&lane.client), lane.generation);
        handle.spawn(async move {
            let ticking = Arc::clone(&clock);
            let reading = async move { client.list(&*ticking).await };
            let list = unbroken(reading, || Err(Outcome::Unknown(BROKE_OFF.into()))).await;
            // The engine may have ended; the list is read again when it is needed.
            let _ = inbox.send(Event::Listed {
                service,
                by,
                asked_at,
                came_at: clock(),
                list,
            });
        });
    }

    /// The service's list has come: it settles every unsure upload that was to be looked for when it was asked for, and is
    /// searched before first uploads. A list says nothing of what may have arrived since it was made.
    pub(crate) fn listed(
        &mut self,
        service: ServiceId,
        by: u32,
        [asked_at, came_at]: [Timestamp; 2],
        list: Result<Vec<RemoteActivity>, Outcome>,
    ) {
        let Some(lane) = self.lane(service).filter(|lane| lane.generation == by) else {
            return;
        };
        lane.listing = false;
        let Some(account) = lane.account else { return };
        let list = match list {
            Ok(list) => list,
            Err(outcome) => return self.list_failed(service, outcome),
        };
        // Since then the clock may have been set back.
        let now = self.now();
        let asked_at = asked_at.min(now);
        let due = self.library.looks_due(account, asked_at, u32::MAX);
        let unsure = |job: &&Job| job.upload.state == UploadState::Unsure;
        let is_written = self.check(due).is_some_and(|due| {
            due.iter().filter(unsure).all(|job| {
                let found = self.search(&list, job);
                self.step(service, job, Happened::Searched(&found)).is_ok()
            })
        });
        if !is_written {
            // It is not asked for once more because of our own disk.
            return self.unsettled.push(Event::Listed {
                service,
                by,
                asked_at,
                came_at,
                list: Ok(list),
            });
        }
        if let Some(lane) = self.lane(service) {
            // One that was under way while the computer slept is as old as that.
            lane.list = schedule::list_is_new(asked_at, came_at).then_some((came_at, list));
        }
    }

    /// The list is not there: whatever waits for it waits on.
    fn list_failed(&mut self, service: ServiceId, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Unknown(what) | Outcome::Refused(what) => {
                Outcome::Transient { what, after: None }
            }
            outcome => outcome,
        };
        let now = self.now();
        let Some(account) = self.lane(service).and_then(|lane| lane.account) else {
            return;
        };
        let unsure = self
            .library
            .looks_due(account, now, 1)
            .ok()
            .and_then(|jobs| jobs.into_iter().next());
        let waiting = self.library.next_due(account, now).ok().flatten();
        if let Some(job) = unsure.or(waiting) {
            // That is the account's trouble, however often this one was tried or looked for.
            let now = Circumstances {
                failures: 1,
                ..self.circumstances(service, &job)
            };
            // What cannot be written down is still due, and tried again.
            let _ = self.step_under(service, &job, Happened::Answered(outcome), &now);
        }
    }

    /// Looks for an upload in the service's list.
    pub(crate) fn search(&self, list: &[RemoteActivity], job: &Job) -> Match {
        let held = |id: &str| {
            let by = self.library.others_called(&job.upload, id);
            match by.as_deref() {
                Ok([]) => Held::Free,
                Ok(others) if others.iter().all(is_made) => Held::MadeByAnother,
                // What cannot be read is no clear find.
                Ok(_) | Err(_) => Held::LinkedToAnother,
            }
        };
        matching(list, &self.wanted(job), held)
    }

    /// What a service would have of this upload.
    fn wanted(&self, job: &Job) -> Wanted {
        let activity = &job.activity;
        Wanted {
            start: activity.start,
            distance_m: activity.distance_m,
            durations_s: [activity.elapsed_s, activity.timer_s]
                .into_iter()
                .flatten()
                .collect(),
            attempt_began: self.last_attempt(&job.upload),
            may_wait: may_wait(job.upload.unready_since, self.now()),
        }
    }

    /// When an upload that may have arrived was last sent; its row has changed since.
    fn last_attempt(&self, upload: &UploadRow) -> Option<Timestamp> {
        if upload.state != UploadState::Unsure {
            return None;
        }
        let story = self.library.story(upload.id).unwrap_or_default();
        let sent = story
            .iter()
            .rfind(|line| line.state == UploadState::Sending);
        Some(sent.map_or(upload.changed_at, |line| line.at))
    }
}

/// Whether an upload has made the activity that it goes by, as the service's own answer said, and was not found to be it.
fn is_made((state, is_found): &(UploadState, bool)) -> bool {
    *state != UploadState::Existing && !is_found
}

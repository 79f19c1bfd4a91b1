//! The queue's side of the loop: what is due goes out, what comes back is written down.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use library::{AccountState, Change, Job, State as UploadState, UploadId};
use service::{Outcome, RemoteActivity, ServiceId};

use crate::clock;
use crate::event::Event;
use crate::keeping::reason;
use crate::lane::Lane;
use crate::next::{self, AccountEffect, Circumstances, Step};
use crate::reconcile::{Match, Wanted, matching};
use crate::sending;
use crate::state::State;
use crate::view::{Notice, Problem};

/// Uploads asked about at once, per account.
const POLLS_AT_ONCE: u32 = 8;
/// While a request is under way its answer wakes the loop; this only catches what else falls due.
const BUSY_NAP: SignedDuration = SignedDuration::from_secs(1);

impl State {
    /// Starts every request that is due, in every lane.
    pub(crate) fn send_what_is_due(&mut self) {
        for at in 0..self.lanes.len() {
            let Some(lane) = self.lanes.get(at) else {
                continue;
            };
            if lane.signing_out || lane.account.is_none() {
                continue;
            }
            let service = lane.service;
            self.look_after(service);
            self.send_next(service);
        }
    }

    /// When the next upload or look falls due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let now = self.now();
        let due = |lane: &Lane| {
            let due = self
                .library
                .next_due_at(lane.account?, now)
                .ok()
                .flatten()?;
            Some(if lane.is_on_the_line() {
                due.max(now + BUSY_NAP)
            } else {
                due
            })
        };
        self.lanes
            .iter()
            .filter(|lane| !lane.signing_out)
            .filter_map(due)
            .min()
    }

    /// Asks about uploads that are processing or unsure.
    fn look_after(&mut self, service: ServiceId) {
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
        let Some(lane) = self.lane(service) else {
            return;
        };
        let Some(remote_id) = job.upload.remote_id.clone() else {
            return;
        };
        if !lane.polling.insert(upload) {
            return;
        }
        let client = Arc::clone(&lane.client);
        handle.spawn(async move {
            let outcome = client.poll(&remote_id, &*clock).await;
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
        let again = lane.client.recognises_duplicates() && lane.look(job.upload.id) == 1;
        let name = service.display();
        let change = if again {
            Change::to(
                UploadState::Waiting,
                format!("Sent once more; {name} recognises what it already has."),
            )
        } else {
            let reason = format!(
                "{name} gave no clear answer. Look there whether it arrived, then retry or dismiss."
            );
            Change {
                reason,
                due_at: Some(self.now() + library_wait()),
                ..Change::to(UploadState::Unsure, format!("{name} gave no clear answer."))
            }
        };
        self.settle(service, job.upload.id, UploadState::Unsure, &change);
    }

    fn read_list(&mut self, service: ServiceId) {
        let inbox = self.inbox.clone();
        let handle = self.runtime.handle().clone();
        let clock = Arc::clone(&self.clock);
        let Some(lane) = self.lane(service).filter(|lane| !lane.listing) else {
            return;
        };
        lane.listing = true;
        let client = Arc::clone(&lane.client);
        handle.spawn(async move {
            let list = client.list(&*clock).await;
            // The engine may have ended; the list is read again when it is needed.
            let _ = inbox.send(Event::Listed { service, list });
        });
    }

    /// The service's list has come: it settles every unsure upload, and is searched before first uploads.
    pub(crate) fn listed(
        &mut self,
        service: ServiceId,
        list: Result<Vec<RemoteActivity>, Outcome>,
    ) {
        let now = self.now();
        let Some(lane) = self.lane(service) else {
            return;
        };
        lane.listing = false;
        let Some(account) = lane.account else { return };
        let list = match list {
            Ok(list) => list,
            Err(outcome) => return self.list_failed(service, outcome),
        };
        let due = self.library.looks_due(account, now, u32::MAX);
        for job in self.check(due).unwrap_or_default() {
            if job.upload.state == UploadState::Unsure {
                let found = matching(&list, &wanted(&job));
                let Some(lane) = self.lane(service) else {
                    return;
                };
                let look = lane.look(job.upload.id);
                if found == Match::None && look >= 2 {
                    lane.looks.remove(&job.upload.id);
                }
                let step = next::after_look(&found, look, &self.circumstances(service, &job));
                self.take(service, &job, step);
            }
        }
        if let Some(lane) = self.lane(service) {
            lane.list = Some(list);
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
            let step = next::after_answer(
                outcome,
                job.upload.state,
                &self.circumstances(service, &job),
            );
            self.take(service, &job, step);
        }
    }

    /// Sends the next waiting upload, if the lane is free.
    fn send_next(&mut self, service: ServiceId) {
        let now = self.now();
        let Some(lane) = self
            .lane(service)
            .filter(|lane| lane.sending.is_none() && !lane.listing)
        else {
            return;
        };
        let Some(account) = lane.account else { return };
        let next = self.library.next_due(account, now);
        let Some(job) = self.check(next).flatten() else {
            return;
        };
        let Some(lane) = self.lane(service) else {
            return;
        };
        if lane.client.can_list() && lane.list.is_none() {
            return self.read_list(service);
        }
        let found = lane
            .list
            .as_deref()
            .map_or(Match::None, |list| matching(list, &wanted(&job)));
        match found {
            Match::None => self.send(service, &job),
            Match::One(_) | Match::Several(_) => {
                let mut step = next::after_look(&found, 2, &self.circumstances(service, &job));
                if let Match::One(id) = &found {
                    step.what = format!("{} already had it, as number {id}.", service.display());
                    step.reason = format!("{} already had this activity.", service.display());
                }
                if step.state == UploadState::Unsure {
                    // It was never sent by us: it waits for a word, not for a look.
                    step.state = UploadState::Held;
                }
                self.take(service, &job, step);
            }
        }
    }

    /// Claims and sends. The claim is on the disk before the first byte leaves.
    fn send(&mut self, service: ServiceId, job: &Job) {
        let now = self.now();
        let Some(lane) = self.lane(service) else {
            return;
        };
        let (gap, upload) = (
            Duration::from_millis(lane.settings.min_gap_ms),
            job.upload.id,
        );
        let claimed = self.library.claim(upload, gap, now);
        if self.check(claimed).is_none() {
            return;
        }
        let path = self.library.original_path(job.activity.id);
        let Some(path) = self.check(path) else { return };
        let (inbox, clock) = (self.inbox.clone(), Arc::clone(&self.clock));
        let handle = self.runtime.handle().clone();
        let Some(lane) = self.lane(service) else {
            return;
        };
        lane.sending = Some((upload, 0.0));
        let (client, visibility, activity) = (
            Arc::clone(&lane.client),
            lane.settings.visibility,
            job.activity.clone(),
        );
        handle.spawn(async move {
            let preparing = Arc::clone(&client);
            let ready = tokio::task::spawn_blocking(move || {
                sending::ready(
                    &path,
                    &activity,
                    |format| preparing.accepts(format),
                    visibility,
                )
            });
            let event = match ready.await {
                Ok(Ok(file)) => {
                    let progress = |sent, of| {
                        // The engine may have ended.
                        let _ = inbox.send(Event::Progress { upload, sent, of });
                    };
                    let outcome = client.upload(file, &progress, &*clock).await;
                    Event::Answered {
                        service,
                        upload,
                        outcome,
                    }
                }
                Ok(Err(problem)) => Event::Unsendable {
                    service,
                    upload,
                    problem,
                },
                Err(_) => Event::Unsendable {
                    service,
                    upload,
                    problem: crate::inspect::broke_the_reader("The original"),
                },
            };
            // The engine may have ended; the claim says that it may have arrived.
            let _ = inbox.send(event);
        });
    }

    pub(crate) fn progressed(&mut self, upload: UploadId, sent: u64, of: u64) {
        let share = if of == 0 {
            0.0
        } else {
            (sent as f64 / of as f64).min(1.0)
        };
        for lane in &mut self.lanes {
            if let Some((_, progress)) = lane.sending.as_mut().filter(|(own, _)| *own == upload) {
                *progress = share;
            }
        }
    }

    /// An answer has come: what it means is decided in [`next`], and written down here.
    pub(crate) fn answered(&mut self, service: ServiceId, upload: UploadId, outcome: Outcome) {
        self.over(service, upload);
        let job = self.library.upload(upload).and_then(|row| {
            Ok(Job {
                activity: self.library.activity(row.activity)?,
                upload: row,
            })
        });
        let Some(job) = self.check(job) else { return };
        if !matches!(
            job.upload.state,
            UploadState::Sending | UploadState::Processing
        ) {
            return;
        }
        let step = next::after_answer(
            outcome,
            job.upload.state,
            &self.circumstances(service, &job),
        );
        self.take(service, &job, step);
    }

    /// The file could not even be made ready: nothing left this computer.
    pub(crate) fn unsendable(&mut self, service: ServiceId, upload: UploadId, problem: &Problem) {
        self.over(service, upload);
        let change = Change {
            reason_code: problem.code.clone(),
            reason: format!("{} {}", problem.title, problem.hint),
            ..Change::to(UploadState::Held, format!("Not sent: {}", problem.title))
        };
        self.settle(service, upload, UploadState::Sending, &change);
    }

    fn over(&mut self, service: ServiceId, upload: UploadId) {
        let Some(lane) = self.lane(service) else {
            return;
        };
        lane.polling.remove(&upload);
        lane.sending = lane.sending.take().filter(|(own, _)| *own != upload);
    }

    fn circumstances(&self, service: ServiceId, job: &Job) -> Circumstances<'static> {
        let lane = self.lanes.iter().find(|lane| lane.service == service);
        Circumstances {
            service: service.display(),
            failures: job.upload.failures.saturating_add(1),
            recognises_duplicates: lane.is_some_and(|lane| lane.client.recognises_duplicates()),
            can_list: lane.is_some_and(|lane| lane.client.can_list()),
            resent: lane
                .and_then(|lane| lane.looks.get(&job.upload.id).copied())
                .unwrap_or_default(),
            poll_first: self.timing.poll_first,
            look_again: self.timing.look_again,
            asked: if job.upload.state == UploadState::Processing {
                job.upload.failures
            } else {
                0
            },
            dice: clock::dice(),
        }
    }

    /// Writes a step down, for the upload and for its account.
    fn take(&mut self, service: ServiceId, job: &Job, step: Step) {
        let now = self.now();
        let change = Change {
            state: step.state,
            due_at: step
                .due_in
                .map(|wait| now.checked_add(wait).unwrap_or(Timestamp::MAX))
                .or_else(|| Some(now + library_wait())),
            remote_id: step.remote_id,
            link: step.link,
            reason_code: String::new(),
            reason: step.reason,
            what: step.what,
        };
        self.settle(service, job.upload.id, job.upload.state, &change);
        let state = match step.account {
            AccountEffect::None => return,
            AccountEffect::NeedsSignIn(problem) => AccountState::NeedsSignIn(reason(&problem)),
            AccountEffect::Pause(problem, wait) => AccountState::Paused {
                reason: reason(&problem),
                until: now.checked_add(wait).ok(),
            },
        };
        let written = self
            .library
            .set_account_state(job.upload.account, &state, now);
        self.check(written);
    }

    fn settle(&mut self, service: ServiceId, upload: UploadId, from: UploadState, change: &Change) {
        let settled = self.library.settle(upload, change, self.now());
        let Some(row) = self.check(settled) else {
            return;
        };
        if row.state == from {
            return;
        }
        self.tell(Notice::Upload {
            id: upload.0,
            activity: row.activity.0,
            service: service.name().to_owned(),
            state: row.state.into(),
            reason: row.reason,
            remote_id: row.remote_id,
        });
    }
}

/// As long as the library lets anything wait.
fn library_wait() -> SignedDuration {
    SignedDuration::try_from(library::LONGEST_WAIT).unwrap_or(SignedDuration::ZERO)
}

/// What a service would have of this upload.
fn wanted(job: &Job) -> Wanted {
    let activity = &job.activity;
    Wanted {
        start: activity.start,
        distance_m: activity.distance_m,
        durations_s: [activity.elapsed_s, activity.timer_s]
            .into_iter()
            .flatten()
            .collect(),
        attempt_began: (job.upload.state == UploadState::Unsure).then_some(job.upload.changed_at),
    }
}

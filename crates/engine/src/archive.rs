//! Everything that is not live: history by page, one activity whole, accounts, the queue. Reads beside a running engine, in
//! this process or another.

use std::cell::RefCell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use library::{AccountState, ActivityId, ActivityRow, Attempts, Filter, Reader, State, UploadId};
use track::{Sport, Track};

use crate::clock;
use crate::detail;
use crate::inspect;
use crate::problem;
use crate::rows::{activity_report, history_row, small, story_view, upload_report};
use crate::trial::{self, Trial};
use crate::view::{
    AccountReport, ActivityDetail, ActivityReport, HistoryFilter, HistoryPage, MonthTotal, Problem,
    Series, UploadReport,
};

/// Uploads read at a time.
const QUEUE_PAGE: usize = 1_000;

/// The library as it is now, open for reading.
pub struct Archive {
    pub(crate) reader: Reader,
    attempts: Attempts,
    trial: Trial,
    /// Originals that are set aside, by their hash: several activities may be in one, and each trial takes its time.
    set_aside: RefCell<HashSet<[u8; 32]>>,
}

/// The library in this data folder; none where there is none yet.
pub(crate) fn reader(data_dir: &Path) -> Result<Option<Reader>, Problem> {
    match Reader::open(data_dir) {
        Ok(reader) => Ok(Some(reader)),
        Err(library::Error::NoLibrary(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Archive {
    /// Opens the library of a data folder; none where there is none yet.
    ///
    /// # Errors
    /// It is of a newer version, or cannot be read.
    pub fn open(data_dir: &Path) -> Result<Option<Self>, Problem> {
        let trial: Trial = Arc::new(trial::goes_well_shown);
        Ok(reader(data_dir)?.map(|reader| {
            let attempts = reader.attempts();
            Self::over(reader, &attempts, trial)
        }))
    }

    /// As [`Archive::open`], in the program that has the library open for writing: its notes are kept with that one's.
    pub(crate) fn open_within(
        data_dir: &Path,
        attempts: &Attempts,
    ) -> Result<Option<Self>, Problem> {
        let trial: Trial = Arc::new(trial::goes_well_shown);
        Ok(reader(data_dir)?.map(|reader| Self::over(reader, attempts, trial)))
    }

    fn over(reader: Reader, attempts: &Attempts, trial: Trial) -> Self {
        Self {
            reader,
            attempts: attempts.of_showing(),
            trial,
            set_aside: RefCell::default(),
        }
    }

    /// What is to be called when the program is told to end: what is read just then has not ended it.
    pub fn ending(&self) -> impl FnOnce() + Send + 'static {
        let attempts = self.attempts.clone();
        move || attempts.close()
    }

    /// A page of history for the window.
    ///
    /// # Errors
    /// The cursor is not one of ours, or the database failed.
    pub fn history(
        &self,
        wanted: &HistoryFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<HistoryPage, Problem> {
        let Some(filter) = filter(wanted) else {
            return Ok(HistoryPage {
                rows: Vec::new(),
                next: None,
                total: 0,
                months: Vec::new(),
            });
        };
        let page = self.reader.history(&filter, cursor, limit as usize)?;
        let month = |month: &library::MonthTotal| MonthTotal {
            month: month.month.clone(),
            activities: small(month.activities),
            distance_m: month.distance_m,
            timer_s: month.timer_s,
        };
        Ok(HistoryPage {
            rows: page.rows.iter().map(history_row).collect(),
            next: page.next,
            total: small(page.total),
            months: page.months.iter().map(month).collect(),
        })
    }

    /// A page of history for the terminal, and the cursor of the next.
    ///
    /// # Errors
    /// As [`Archive::history`].
    pub fn reports(
        &self,
        wanted: &HistoryFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<ActivityReport>, Option<String>), Problem> {
        let Some(filter) = filter(wanted) else {
            return Ok((Vec::new(), None));
        };
        let page = self.reader.history(&filter, cursor, limit)?;
        let report = |row: &library::HistoryRow| {
            activity_report(
                &row.activity,
                row.uploads
                    .iter()
                    .map(|upload| upload_report(upload, None))
                    .collect(),
            )
        };
        Ok((page.rows.iter().map(report).collect(), page.next))
    }

    /// One activity with every upload and its story.
    ///
    /// # Errors
    /// Code `no_such_activity`, or the database failed.
    pub fn report(&self, id: i64) -> Result<ActivityReport, Problem> {
        let row = self.row(id)?;
        let mut uploads = Vec::new();
        for upload in self.reader.uploads(row.id)? {
            let story = self.reader.story(upload.id)?;
            uploads.push(upload_report(&upload, Some(story)));
        }
        Ok(activity_report(&row, uploads))
    }

    /// One activity whole, its points read again from the original.
    ///
    /// # Errors
    /// Code `no_such_activity`, or the database failed. A missing or unreadable original is told in the answer.
    pub fn activity(&self, id: i64) -> Result<ActivityDetail, Problem> {
        let activity = self.row(id)?;
        let uploads = self.reader.uploads(activity.id)?;
        let mut stories = Vec::new();
        for upload in &uploads {
            stories.push(
                self.reader
                    .story(upload.id)?
                    .iter()
                    .map(story_view)
                    .collect(),
            );
        }
        let mut detail = ActivityDetail {
            original: activity.original.display().to_string(),
            original_bytes: activity.original_bytes as f64,
            format: activity.format.name().to_owned(),
            recorded_by: recorded_by(&activity),
            points: small(activity.points),
            laps: Vec::new(),
            series: Series::default(),
            skipped: activity.skipped.clone(),
            problem: None,
            stories,
            row: history_row(&library::HistoryRow {
                activity: activity.clone(),
                uploads,
            }),
        };
        let shown = |track: &Track| (detail::laps(track), detail::series(track));
        match self.read(&activity, shown) {
            Ok((laps, series)) => (detail.laps, detail.series) = (laps, series),
            Err(problem) => detail.problem = Some(problem),
        }
        Ok(detail)
    }

    /// Reads an activity's original and makes something of what it says; under a note, as what a device holds is read. A panic
    /// costs this one activity.
    pub(crate) fn read<T>(
        &self,
        activity: &ActivityRow,
        make: impl FnOnce(&Track) -> T,
    ) -> Result<T, Problem> {
        let original = self.reader.original(activity.id)?;
        let path = original.path.display().to_string();
        if self.set_aside.borrow().contains(&original.sha256) {
            return Err(inspect::not_read(&path));
        }
        let bytes = original.read()?;
        let gone = || problem::part_missing(&path);
        let read = || {
            let reading = inspect::read_named(&path, &bytes, clock::system()())?;
            let track = reading.tracks.get(activity.part).ok_or_else(gone)?;
            let made = catch_unwind(AssertUnwindSafe(|| make(track)));
            made.map_err(|_| inspect::broke_the_reader(&path))
        };
        let trial = || (self.trial)(&original.path);
        let read = self.attempts.read(&original.sha256, trial, read);
        read.unwrap_or_else(|| {
            self.set_aside.borrow_mut().insert(original.sha256);
            Err(inspect::not_read(&path))
        })
    }

    pub(crate) fn row(&self, id: i64) -> Result<ActivityRow, Problem> {
        self.reader
            .activity(ActivityId(id))
            .map_err(|error| match error.code() {
                "not_found" => problem::no_such_activity(id),
                _ => error.into(),
            })
    }

    /// Every activity's number, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn ids(&self) -> Result<Vec<i64>, Problem> {
        let (mut ids, mut cursor) = (Vec::new(), None);
        loop {
            let page = self
                .reader
                .history(&Filter::default(), cursor.as_deref(), QUEUE_PAGE)?;
            ids.extend(page.rows.iter().map(|row| row.activity.id.0));
            cursor = page.next;
            if cursor.is_none() {
                return Ok(ids);
            }
        }
    }

    /// All accounts, also those that are signed out.
    ///
    /// # Errors
    /// The database failed.
    pub fn account_reports(&self) -> Result<Vec<AccountReport>, Problem> {
        let counts = self.reader.counts()?;
        let now = clock::system()();
        let report = |account: library::AccountRow| {
            let (state, reason) = match &account.state {
                AccountState::Connected => ("connected", None),
                AccountState::NeedsSignIn(reason) => ("needs_sign_in", Some(reason)),
                AccountState::Paused {
                    until: Some(until), ..
                } if *until <= now => ("connected", None),
                AccountState::Paused { reason, .. } => ("paused", Some(reason)),
                AccountState::SignedOut => ("signed_out", None),
            };
            let own = counts.accounts.iter().find(|own| own.account == account.id);
            AccountReport {
                id: account.id.0,
                reason: reason
                    .map(|reason| reason.title.clone())
                    .unwrap_or_default(),
                state,
                service: account.service,
                label: account.label,
                remote_id: account.remote_id,
                signed_in: account.signed_in_at.to_string(),
                earlier: own.map(|own| small(own.earlier)).unwrap_or_default(),
            }
        };
        Ok(self.reader.accounts()?.into_iter().map(report).collect())
    }

    /// Every upload that is not done, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn queue(&self) -> Result<Vec<UploadReport>, Problem> {
        const OPEN: &[State] = &[
            State::Waiting,
            State::Sending,
            State::Processing,
            State::Refused,
            State::Unsure,
            State::Held,
        ];
        let mut uploads: Vec<UploadReport> = Vec::new();
        loop {
            let after = uploads.last().map(|upload| UploadId(upload.id));
            let page = self.reader.queue(OPEN, after, QUEUE_PAGE)?;
            let full = page.len() == QUEUE_PAGE;
            uploads.extend(page.iter().map(|upload| upload_report(upload, None)));
            if !full {
                return Ok(uploads);
            }
        }
    }

    /// Opens the folder of an activity's original in the desktop's file manager.
    ///
    /// # Errors
    /// Code `no_such_activity`, or no file manager could be started.
    pub fn open_original_folder(&self, id: i64) -> Result<(), Problem> {
        let path = self.original(id)?;
        let folder = path.parent().unwrap_or(&path);
        crate::browser::open_folder(folder).map_err(|error| {
            Problem::new(
                "no_file_manager",
                format!(
                    "No file manager could be started: {}.",
                    problem::words(&error)
                ),
                format!("The file is {}.", path.display()),
            )
        })
    }

    pub(crate) fn original(&self, id: i64) -> Result<PathBuf, Problem> {
        let row = self.row(id)?;
        Ok(self.reader.original(row.id)?.path)
    }
}

/// The library's filter; none when it asks for a sport that does not exist, which nothing has.
fn filter(wanted: &HistoryFilter) -> Option<Filter> {
    let at = |millis: f64| Timestamp::from_millisecond(millis as i64).ok();
    Some(Filter {
        search: wanted.search.clone(),
        sport: match wanted.sport.as_deref() {
            Some(name) => Some(Sport::from_name(name)?),
            None => None,
        },
        state: wanted.state.map(State::from),
        from: wanted.from.and_then(at),
        to: wanted.to.and_then(at),
    })
}

fn recorded_by(activity: &ActivityRow) -> Option<String> {
    let parts: Vec<&str> = [&activity.manufacturer, &activity.product]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;

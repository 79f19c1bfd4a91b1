//! The library's rows as view types. Nothing is decided here.

use jiff::Timestamp;
use library::{ActivityRow, HistoryRow, State, StateCounts, StoryLine, UploadRow};

use crate::sending::sport_of;
use crate::view::{
    self, ActivityReport, QueueCounts, StoryReport, UploadReport, UploadState, UploadView,
};

pub(crate) fn millis(at: Timestamp) -> f64 {
    at.as_millisecond() as f64
}

pub(crate) fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Ids are counted up from 1; a library of four thousand million rows is out of reach.
fn id(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

impl From<view::Choice> for library::Choice {
    fn from(choice: view::Choice) -> Self {
        match choice {
            view::Choice::All => Self::All,
            view::Choice::Last30Days => Self::Last30Days,
            view::Choice::OnlyNew => Self::OnlyNew,
        }
    }
}

impl From<State> for UploadState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Sending => Self::Sending,
            State::Processing => Self::Processing,
            State::Sent => Self::Sent,
            State::Existing => Self::Existing,
            State::Refused => Self::Refused,
            State::Unsure => Self::Unsure,
            State::Held => Self::Held,
            State::Dismissed => Self::Dismissed,
        }
    }
}

impl From<UploadState> for State {
    fn from(state: UploadState) -> Self {
        match state {
            UploadState::Waiting => Self::Waiting,
            UploadState::Sending => Self::Sending,
            UploadState::Processing => Self::Processing,
            UploadState::Sent => Self::Sent,
            UploadState::Existing => Self::Existing,
            UploadState::Refused => Self::Refused,
            UploadState::Unsure => Self::Unsure,
            UploadState::Held => Self::Held,
            UploadState::Dismissed => Self::Dismissed,
        }
    }
}

pub(crate) fn counts(counts: &StateCounts) -> QueueCounts {
    let of = |state| small(counts.get(state));
    QueueCounts {
        waiting: of(State::Waiting),
        sending: of(State::Sending),
        processing: of(State::Processing),
        sent: of(State::Sent),
        existing: of(State::Existing),
        refused: of(State::Refused),
        unsure: of(State::Unsure),
        held: of(State::Held),
        dismissed: of(State::Dismissed),
    }
}

pub(crate) fn upload_view(row: &UploadRow) -> UploadView {
    UploadView {
        id: id(row.id.0),
        activity: id(row.activity.0),
        service: row.service.clone(),
        account: id(row.account.0),
        state: row.state.into(),
        reason: row.reason.clone(),
        due_at: row.due_at.map(millis),
        remote_id: row.remote_id.clone(),
        attempts: row.attempts,
        changed_at: millis(row.changed_at),
    }
}

pub(crate) fn story_view(line: &StoryLine) -> view::StoryLine {
    view::StoryLine {
        at: millis(line.at),
        state: line.state.into(),
        what: line.what.clone(),
    }
}

pub(crate) fn history_row(row: &HistoryRow) -> view::HistoryRow {
    let activity = &row.activity;
    view::HistoryRow {
        id: id(activity.id.0),
        sport: sport_of(activity).name().to_owned(),
        name: activity.name.clone(),
        start: activity.start.map(millis),
        utc_offset_s: activity.utc_offset_s,
        distance_m: activity.distance_m,
        elapsed_s: activity.elapsed_s,
        timer_s: activity.timer_s,
        ascent_m: activity.ascent_m,
        outline: activity.outline.clone(),
        damaged: activity.is_damaged(),
        twin_of: activity.twin_of.map(|twin| id(twin.0)),
        uploads: row.uploads.iter().map(upload_view).collect(),
    }
}

pub(crate) fn activity_report(
    activity: &ActivityRow,
    uploads: Vec<UploadReport>,
) -> ActivityReport {
    ActivityReport {
        id: activity.id.0,
        sport: sport_of(activity).name().to_owned(),
        name: activity.name.clone(),
        start: activity.start.map(|start| start.to_string()),
        utc_offset_s: activity.utc_offset_s,
        elapsed_s: activity.elapsed_s,
        timer_s: activity.timer_s,
        distance_m: activity.distance_m,
        ascent_m: activity.ascent_m,
        format: activity.format.name().to_owned(),
        sha256: activity
            .sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        part: u32::try_from(activity.part).unwrap_or(u32::MAX),
        original: activity.original.display().to_string(),
        damaged: activity.is_damaged(),
        twin_of: activity.twin_of.map(|twin| twin.0),
        uploads,
    }
}

pub(crate) fn upload_report(row: &UploadRow, story: Option<Vec<StoryLine>>) -> UploadReport {
    let line = |line: StoryLine| StoryReport {
        at: line.at.to_string(),
        state: line.state.into(),
        what: line.what,
    };
    UploadReport {
        id: row.id.0,
        activity: row.activity.0,
        account: row.account.0,
        service: row.service.clone(),
        state: row.state.into(),
        reason: row.reason.clone(),
        due: row.due_at.map(|due| due.to_string()),
        remote_id: row.remote_id.clone(),
        attempts: row.attempts,
        story: story.map(|story| story.into_iter().map(line).collect()),
    }
}

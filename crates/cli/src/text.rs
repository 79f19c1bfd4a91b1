//! The same results as text for people.

use engine::view::{
    AccountReport, ActivityReport, Converted, DeviceReport, Exported, Facts, Finding, Inspection,
    MessageReport, Notice, Snapshot, UploadReport, UploadState,
};
use engine::{counted, service_name};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::output::one_line;

pub(crate) fn inspection(part: &Inspection) -> String {
    let path = inside(&part.path, part.entry.as_deref());
    let path = match part.part {
        Some(number) => format!("{path} (part {})", number + 1),
        None => path,
    };
    match (&part.facts, &part.error) {
        (Some(facts), _) => format!("{path}: {}", self::facts(facts)),
        (None, Some(problem)) => format!(
            "{path}: {}\n    {}",
            one_line(&problem.title),
            one_line(&problem.hint)
        ),
        (None, None) => path,
    }
}

fn facts(facts: &Facts) -> String {
    let mut words = vec![format!("{} {}", facts.format.to_uppercase(), facts.kind)];
    if facts.points > 0 {
        words.push(facts.sport.replace('_', " "));
        words.extend(
            facts
                .start
                .as_deref()
                .and_then(|start| moment(start, facts.utc_offset_s)),
        );
        words.extend(facts.distance_m.map(distance));
        words.extend(facts.timer_s.or(facts.elapsed_s).map(duration));
        words.push(format!("{} points", facts.points));
        words.push(format!("{} laps", facts.laps));
    }
    let maker: Vec<&str> = [&facts.manufacturer, &facts.product]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    if !maker.is_empty() {
        words.push(one_line(&maker.join(" ")));
    }
    let mut text = words.join(" · ");
    for skipped in &facts.skipped {
        text.push_str("\n    skipped: ");
        text.push_str(&one_line(skipped));
    }
    text
}

pub(crate) fn message(message: &MessageReport) -> String {
    let fields: Vec<String> = message
        .fields
        .iter()
        .map(|field| format!("{}={}{}", field.name, field.value, unit(&field.units)))
        .collect();
    one_line(&format!("{}: {}", message.message, fields.join(", ")))
}

fn unit(units: &str) -> String {
    if units.is_empty() {
        String::new()
    } else {
        format!(" {units}")
    }
}

pub(crate) fn device(device: &DeviceReport) -> String {
    let (name, place) = (one_line(&device.name), one_line(&device.place));
    let mut text = format!("{name} ({}) at {place}", device.kind);
    if let (Some(all), Some(new)) = (device.recordings, device.new) {
        text.push_str(&format!(
            ": {}, {new} new",
            counted(all.into(), "recording", "recordings")
        ));
    }
    for line in device
        .note
        .iter()
        .chain(device.error.as_ref().map(|problem| &problem.title))
    {
        text.push_str("\n    ");
        text.push_str(&one_line(line));
    }
    text
}

pub(crate) fn activity(activity: &ActivityReport) -> String {
    let start = activity
        .start
        .as_deref()
        .and_then(|start| moment(start, activity.utc_offset_s))
        .unwrap_or_else(|| "no date".into());
    let mut words = vec![format!(
        "{:>5}  {start}  {}",
        activity.id,
        activity.sport.replace('_', " ")
    )];
    words.extend(activity.name.clone());
    words.extend(activity.distance_m.map(distance));
    words.extend(activity.timer_s.or(activity.elapsed_s).map(duration));
    words.extend(
        activity
            .uploads
            .iter()
            .map(|upload| format!("{}: {}", service_name(&upload.service), state(upload.state))),
    );
    one_line(&words.join(" · "))
}

pub(crate) fn activity_whole(activity: &ActivityReport) -> String {
    let mut text = self::activity(activity);
    text.push_str(&format!("\n       original: {}", activity.original));
    for upload in &activity.uploads {
        text.push_str(&format!(
            "\n       {}: {}",
            service_name(&upload.service),
            state(upload.state)
        ));
        for line in upload.story.iter().flatten() {
            text.push_str(&format!(
                "\n           {}  {}",
                moment(&line.at, None).unwrap_or_default(),
                one_line(&line.what)
            ));
        }
    }
    text
}

pub(crate) fn upload(upload: &UploadReport) -> String {
    let mut text = format!(
        "{:>5}  activity {} to {}: {}",
        upload.id,
        upload.activity,
        service_name(&upload.service),
        state(upload.state)
    );
    text.push('.');
    if !upload.reason.is_empty() {
        text.push_str(&format!(" {}", one_line(&upload.reason)));
    }
    if let Some(due) = upload.due.as_deref().and_then(|due| moment(due, None)) {
        text.push_str(&format!(" Next: {due}."));
    }
    text
}

pub(crate) fn account(account: &AccountReport) -> String {
    let mut text = format!(
        "{:>5}  {}: {} ({})",
        account.id,
        service_name(&account.service),
        one_line(&account.label),
        account.state.replace('_', " ")
    );
    if !account.reason.is_empty() {
        text.push_str(&format!("\n       {}", one_line(&account.reason)));
    }
    text
}

pub(crate) fn signed_in(account: &AccountReport) -> String {
    let mut text = format!(
        "Signed in to {}: {}.",
        service_name(&account.service),
        one_line(&account.label)
    );
    if account.earlier > 0 {
        text.push_str(&format!(
            "\n{} kept before this sign-in. Earlier activities are not sent by themselves; `trackdock-cli login {} --earlier` queues them too.",
            counted(account.earlier.into(), "activity", "activities"), account.service
        ));
    }
    text
}

/// A file, or one in a zip archive.
fn inside(path: &str, entry: Option<&str>) -> String {
    let whole = entry.map(|entry| format!("{path}/{entry}"));
    one_line(whole.as_deref().unwrap_or(path))
}

pub(crate) fn exported(exported: &Exported) -> String {
    let path = inside(&exported.path, exported.entry.as_deref());
    let mut text = format!("{}: {path}", exported.activity);
    for left_out in &exported.left_out {
        text.push_str(&format!("\n    {left_out}"));
    }
    text
}

pub(crate) fn converted(converted: &Converted) -> String {
    let mut text = one_line(&converted.path);
    if let Some(part) = converted.part {
        let from = one_line(&converted.from);
        text.push_str(&format!(" (activity {} of {from})", part + 1));
    }
    for left_out in &converted.left_out {
        text.push_str(&format!("\n    {left_out}"));
    }
    for skipped in &converted.skipped {
        text.push_str(&format!("\n    skipped: {}", one_line(skipped)));
    }
    text
}

pub(crate) fn finding(finding: &Finding) -> String {
    let mark = if finding.ok { "ok" } else { "!!" };
    let hint = if finding.hint.is_empty() {
        String::new()
    } else {
        format!("\n      {}", one_line(&finding.hint))
    };
    format!(
        "{mark}  {}: {}{hint}",
        finding.subject,
        one_line(&finding.what)
    )
}

pub(crate) fn notice(notice: &Notice) -> String {
    one_line(&match notice {
        Notice::TakenIn {
            path, known: true, ..
        } => format!("{path}: in the library already"),
        Notice::TakenIn {
            path, activities, ..
        } => {
            let numbers: Vec<String> = activities.iter().map(i64::to_string).collect();
            format!("{path}: taken in as {}", numbers.join(", "))
        }
        Notice::Ignored { path, what } => format!("{path}: {what}"),
        Notice::Trouble { path, error } if error.title.starts_with(path.as_str()) => {
            format!("{} {}", error.title, error.hint)
        }
        Notice::Trouble { path, error } => format!("{path}: {} {}", error.title, error.hint),
        Notice::DeviceTrouble { device, error } => {
            format!("{device}: {} {}", error.title, error.hint)
        }
        Notice::SignInTrouble { error, .. } => format!("{} {}", error.title, error.hint),
        Notice::Upload {
            activity,
            service,
            state,
            reason,
            ..
        } => {
            let reason = if reason.is_empty() {
                String::new()
            } else {
                format!(". {reason}")
            };
            format!(
                "activity {activity} to {}: {}{reason}",
                service_name(service),
                self::state(*state)
            )
        }
    })
}

pub(crate) fn summary(snapshot: &Snapshot) -> String {
    let queue = &snapshot.queue;
    let mut words = vec![format!(
        "{} in the library",
        counted(snapshot.activities.into(), "activity", "activities")
    )];
    for (count, word) in [
        (queue.sent, "sent"),
        (queue.existing, "already there"),
        (queue.waiting + queue.sending, "waiting"),
        (queue.processing, "processing at the service"),
        (queue.held, "on hold"),
        (queue.refused, "refused"),
        (queue.unsure, "unsure"),
    ] {
        if count > 0 {
            words.push(format!("{count} {word}"));
        }
    }
    words.join(" · ")
}

/// The state words of the window.
fn state(state: UploadState) -> &'static str {
    match state {
        UploadState::Waiting => "waiting",
        UploadState::Sending => "sending",
        UploadState::Processing => "processing at the service",
        UploadState::Sent => "sent",
        UploadState::Existing => "already there",
        UploadState::Refused => "refused",
        UploadState::Unsure => "unsure whether it arrived",
        UploadState::Held => "on hold",
        UploadState::Dismissed => "dismissed",
    }
}

/// The wall clock at the activity's place where its offset is known, else here.
fn moment(start: &str, utc_offset_s: Option<i32>) -> Option<String> {
    let at: Timestamp = start.parse().ok()?;
    let zone = utc_offset_s
        .and_then(|seconds| Offset::from_seconds(seconds).ok())
        .map_or_else(TimeZone::system, TimeZone::fixed);
    Some(at.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string())
}

fn distance(metres: f64) -> String {
    format!("{:.2} km", metres / 1000.0)
}

fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_distances_read_like_a_watch() {
        assert_eq!(duration(3_725.4), "1:02:05");
        assert_eq!(duration(-1.0), "0:00:00");
        assert_eq!(distance(12_984.3), "12.98 km");
    }

    #[test]
    fn times_are_those_of_the_place() {
        assert_eq!(
            moment("2026-03-29T06:30:00Z", Some(7200)).unwrap(),
            "2026-03-29 08:30"
        );
        assert_eq!(moment("never", None), None);
    }
}

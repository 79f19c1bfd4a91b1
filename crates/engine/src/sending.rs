//! Makes one stored activity ready for one service, and sends it: the original bytes where it takes them, else its own format.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use library::{ActivityRow, Attempts, Original, UploadId};
use service::{Accept, Client, Outcome, ServiceId, Upload, Visibility};
use track::{Format, Sport};

use crate::clock::Clock;
use crate::event::Event;
use crate::inspect;
use crate::network::Aside;
use crate::problem;
use crate::schedule;
use crate::trial::Trial;
use crate::view::Problem;

/// What is to be made ready.
pub(crate) struct Prepared {
    pub(crate) original: Original,
    pub(crate) activity: ActivityRow,
    pub(crate) visibility: Option<Visibility>,
    pub(crate) attempts: Attempts,
    pub(crate) trial: Trial,
}

impl Prepared {
    /// The file as it goes out; an original with which the program ended again and again is not read.
    pub(crate) fn file(&self, accepts: impl Fn(Format) -> Accept) -> Result<Upload, Problem> {
        let ready = || ready(&self.original, &self.activity, accepts, self.visibility);
        let original = &self.original;
        let trial = || (self.trial)(&original.path);
        let read = self.attempts.read(&original.sha256, trial, ready);
        read.unwrap_or_else(|| Err(inspect::set_aside(&name_of(original))))
    }
}

/// An upload whose claim is on the disk.
pub(crate) struct Claimed {
    pub(crate) service: ServiceId,
    pub(crate) upload: UploadId,
    pub(crate) at: Timestamp,
    pub(crate) prepared: Prepared,
    pub(crate) client: Arc<Client>,
    pub(crate) clock: Clock,
    pub(crate) aside: Aside,
}

impl Claimed {
    /// Makes the file ready and sends it: what came of it. How far it is goes to `inbox`.
    pub(crate) async fn send(self, inbox: Sender<Event>) -> Event {
        let (service, upload, client) = (self.service, self.upload, self.client);
        let answered = |outcome| Event::Answered {
            service,
            upload,
            outcome,
        };
        let unsendable = |problem| Event::Unsendable {
            service,
            upload,
            problem,
        };
        let (preparing, prepared) = (Arc::clone(&client), self.prepared);
        let accepts = move |format| preparing.accepts(format);
        let file = self.aside.run(move || prepared.file(accepts)).await;
        match file {
            // The computer has slept since: what is known of the service is as old as that.
            Some(Ok(_)) if !schedule::list_serves(self.at, (self.clock)()) => {
                let what = "this computer was asleep".into();
                answered(Outcome::Transient { what, after: None })
            }
            Some(Ok(file)) => {
                let progress = |sent, of| {
                    // The engine may have ended.
                    let _ = inbox.send(Event::Progress { upload, sent, of });
                };
                answered(client.upload(file, &progress, &*self.clock).await)
            }
            Some(Err(problem)) => unsendable(problem),
            None => unsendable(inspect::broke_the_reader("The original")),
        }
    }
}

fn name_of(original: &Original) -> String {
    let name = original.path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Reads the original again and takes out the part that is sent.
fn ready(
    original: &Original,
    activity: &ActivityRow,
    accepts: impl Fn(Format) -> Accept,
    visibility: Option<Visibility>,
) -> Result<Upload, Problem> {
    let name = name_of(original);
    let unreadable = |error: track::ReadError| Problem::unreadable(&name, &error);
    let file = original.read()?;
    let unpacked = track::unpack(&file).map_err(unreadable)?;
    let reading = track::read(&unpacked).map_err(unreadable)?;
    let (format, bytes) = track::extract(&unpacked, &reading, activity.part).map_err(unreadable)?;
    let (format, bytes) = match accepts(format) {
        Accept::AsIs => (format, bytes.into_owned()),
        Accept::ConvertTo(Format::Gpx) => {
            let track = reading
                .tracks
                .get(activity.part)
                .ok_or_else(|| problem::part_missing(&name))?;
            (Format::Gpx, track::write_gpx(track).bytes)
        }
        Accept::ConvertTo(other) => return Err(no_such_writer(other)),
    };
    Ok(Upload {
        file_name: file_name(activity, format),
        format,
        bytes: bytes.into(),
        name: Some(title(activity)),
        sport: sport_of(activity),
        visibility,
    })
}

fn no_such_writer(format: Format) -> Problem {
    Problem::new(
        "no_writer",
        format!(
            "The settings ask for {} files, which are not written for uploads.",
            format.name().to_uppercase()
        ),
        "Set `else_convert_to` to gpx in config.toml.",
    )
}

/// The sport as exactly as the file says it.
pub(crate) fn sport_of(activity: &ActivityRow) -> Sport {
    activity.sport.refined(activity.sub_sport.as_deref())
}

/// Plain ASCII whatever the device called it, with the ending that says the format.
fn file_name(activity: &ActivityRow, format: Format) -> String {
    let when = activity.start.map_or_else(
        || format!("activity-{}", activity.id),
        |start| start.strftime("%Y-%m-%dT%H-%M-%SZ").to_string(),
    );
    format!(
        "{when}-{}.{}",
        sport_of(activity).name(),
        format.extension()
    )
}

/// The activity's own name or its sport, with the wall clock of its place: unique, because a service may take two activities of
/// one name for the same (CONTRACTS.md §1.4).
pub(crate) fn title(activity: &ActivityRow) -> String {
    let name = activity
        .name
        .clone()
        .filter(|name| !name.trim().is_empty())
        .unwrap_or_else(|| in_words(sport_of(activity)));
    let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    match activity.start {
        Some(start) => format!(
            "{} {}",
            name.trim(),
            wall_clock(start, activity.utc_offset_s)
        ),
        None => name.trim().to_owned(),
    }
}

/// "Trail running" from `trail_running`.
fn in_words(sport: Sport) -> String {
    let mut words = sport.name().replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

fn wall_clock(start: Timestamp, utc_offset_s: Option<i32>) -> String {
    let zone = utc_offset_s
        .and_then(|seconds| Offset::from_seconds(seconds).ok())
        .map_or(TimeZone::UTC, TimeZone::fixed);
    start.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use library::{Kept, Library, Origin, Reach};

    use super::*;

    /// As when a newer version of the reader sees other activities in a file than the one that took it in.
    #[test]
    fn what_the_file_does_not_show_any_more_is_told_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let mut library = Library::open(folder.path()).unwrap();
        let gpx = br#"<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
            <trkpt lat="47" lon="11"><time>2026-05-01T10:00:00Z</time></trkpt>
            <trkpt lat="47.1" lon="11"><time>2026-05-01T10:10:00Z</time></trkpt></trkseg></trk></gpx>"#;
        let reading = track::read(gpx).unwrap();
        let mut staged = library.stage().unwrap();
        std::io::Write::write_all(&mut staged, gpx).unwrap();
        let origin = Origin {
            device: None,
            file_name: "a.gpx".into(),
            manual: true,
            reach: Reach::Since(None),
        };
        let staged = staged.finish().unwrap();
        let kept = library.keep(staged, &reading, &origin, Timestamp::UNIX_EPOCH);
        let Ok(Kept::New(ids)) = kept else {
            panic!("{kept:?}")
        };
        let original = library.original(ids[0]).unwrap();
        let mut activity = library.activity(ids[0]).unwrap();
        let code = |activity: &ActivityRow, accept: Accept| {
            let ready = ready(&original, activity, |_| accept, None);
            ready.err().map(|problem| problem.code)
        };
        let both = [Accept::AsIs, Accept::ConvertTo(Format::Gpx)];
        assert_eq!(both.map(|accept| code(&activity, accept)), [None, None]);
        activity.part = 7;
        let missing = || Some("part_missing".to_owned());
        assert_eq!(
            both.map(|accept| code(&activity, accept)),
            [missing(), missing()]
        );
    }
}

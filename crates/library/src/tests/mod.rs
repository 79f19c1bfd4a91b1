//! Tests of the whole library, and what they share: a library in a folder of its own, and files made of few words.

mod attempts;
mod choices;
mod corpus;
mod folder;
mod keeping;
mod life;
mod pages;
mod story;
mod transitions;
mod twins;
mod versions;

use std::io::Write;

use jiff::Timestamp;
use tempfile::TempDir;
use track::{Format, Kind, Reading, Sport, Track};

use crate::*;

/// 2023-11-14T22:13:20Z: the start of the first activity of each test.
pub(crate) const START_S: i64 = 1_700_000_000;
pub(crate) const DAY_S: i64 = 86_400;

/// So many seconds after [`START_S`].
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START_S + seconds).unwrap()
}

/// An activity of an hour that began then.
pub(crate) fn ride(start: i64) -> Track {
    Track {
        kind: Kind::Activity,
        sport: Sport::Cycling,
        start: Some(at(start)),
        elapsed_s: Some(3_600.0),
        timer_s: Some(3_500.0),
        distance_m: Some(20_000.0),
        file_sessions: 1,
        ..Track::default()
    }
}

pub(crate) fn reading(format: Format, tracks: Vec<Track>) -> Reading {
    let kind = tracks.first().map_or(Kind::Empty, |track| track.kind);
    Reading {
        format,
        kind,
        complete: true,
        tracks,
        skipped: Vec::new(),
    }
}

pub(crate) fn fit(start: i64) -> Reading {
    reading(Format::Fit, vec![ride(start)])
}

pub(crate) fn import(reach: Reach) -> Origin {
    Origin {
        device: None,
        file_name: "A.FIT".into(),
        manual: false,
        reach,
    }
}

pub(crate) fn by_hand() -> Origin {
    Origin {
        manual: true,
        ..import(Reach::Since(None))
    }
}

pub(crate) fn from_device() -> Origin {
    Origin {
        device: Some("garmin:7".into()),
        ..import(Reach::Pending)
    }
}

/// A library in a folder that goes with it.
pub(crate) struct Shelf {
    pub(crate) library: Library,
    pub(crate) folder: TempDir,
}

impl Shelf {
    pub(crate) fn new() -> Shelf {
        let folder = tempfile::tempdir().unwrap();
        Shelf {
            library: Library::open(folder.path()).unwrap(),
            folder,
        }
    }

    /// As after a kill: nothing is said to the library before it is opened again.
    pub(crate) fn reopened(self) -> Shelf {
        drop(self.library);
        Shelf {
            library: Library::open(self.folder.path()).unwrap(),
            folder: self.folder,
        }
    }

    pub(crate) fn staged(&self, bytes: &[u8]) -> StagedFile {
        let mut staged = self.library.stage().unwrap();
        staged.write_all(bytes).unwrap();
        staged.finish().unwrap()
    }

    pub(crate) fn keep(&mut self, bytes: &str, reading: &Reading, origin: &Origin) -> Kept {
        let file = self.staged(bytes.as_bytes());
        self.library.keep(file, reading, origin, at(0)).unwrap()
    }

    /// Keeps a file that must give exactly one new activity.
    pub(crate) fn one(&mut self, bytes: &str, reading: &Reading, origin: &Origin) -> ActivityId {
        match self.keep(bytes, reading, origin) {
            Kept::New(ids) if ids.len() == 1 => ids[0],
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn account(&mut self, service: &str) -> AccountId {
        match self
            .library
            .sign_in_account(&sign_in(service, None), IfOther::Ask, at(0))
            .unwrap()
        {
            SignedIn::New(id) | SignedIn::Again(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// The only upload of an activity.
    pub(crate) fn upload(&self, activity: ActivityId) -> UploadRow {
        let uploads = self.library.uploads(activity).unwrap();
        assert_eq!(uploads.len(), 1, "{uploads:?}");
        uploads[0].clone()
    }

    /// State and reason code of the only upload, as `held/twin`.
    pub(crate) fn stands(&self, activity: ActivityId) -> String {
        let upload = self.upload(activity);
        let slash = if upload.reason_code.is_empty() {
            ""
        } else {
            "/"
        };
        format!("{}{slash}{}", upload.state.name(), upload.reason_code)
    }

    /// The states that the story of the only upload tells.
    pub(crate) fn told(&self, activity: ActivityId) -> Vec<&'static str> {
        let story = self.library.story(self.upload(activity).id).unwrap();
        story.iter().map(|line| line.state.name()).collect()
    }

    /// Brings the only upload of an activity to this state, by the ways there are.
    pub(crate) fn bring(&mut self, activity: ActivityId, state: State) -> UploadId {
        let upload = self.upload(activity).id;
        let library = &mut self.library;
        match state {
            State::Waiting => {}
            State::Held => assert_eq!(library.hold(Selection::Upload(upload), at(0)).unwrap(), 1),
            State::Dismissed => assert_eq!(
                library.dismiss(Selection::Upload(upload), at(0)).unwrap(),
                1
            ),
            State::Sending => drop(
                library
                    .claim(upload, std::time::Duration::ZERO, at(0))
                    .unwrap(),
            ),
            _ => {
                library
                    .claim(upload, std::time::Duration::ZERO, at(0))
                    .unwrap();
                library
                    .settle(upload, &Change::to(state, "It answered."), |_| None, at(0))
                    .unwrap();
            }
        }
        assert_eq!(self.upload(activity).state, state);
        upload
    }
}

pub(crate) fn sign_in(service: &str, remote_id: Option<&str>) -> SignIn {
    SignIn {
        service: service.into(),
        remote_id: remote_id.map(str::to_owned),
        tells_who: false,
        label: service.to_uppercase(),
        scopes: vec!["read".into(), "write".into()],
    }
}

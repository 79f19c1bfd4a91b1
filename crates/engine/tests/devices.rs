//! A new device uploads nothing before the athlete has chosen, and then exactly what the choice covers.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::path::{Path, PathBuf};

use common::{Home, Volume, fit};
use engine::view::{Choice, DeviceState, NeedAction, UploadState};
use engine::{Command, Connected, ServiceId};
use sandbox::ServiceName;

const TREK_POINT: ServiceId = ServiceId::TrekPoint;

/// Rides of these days ago lie on the device before it is plugged in.
#[track_caller]
fn check_choice(choice: Choice, sent: &[u32]) {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    for days_ago in [100, 40, 20, 3] {
        home.put(days_ago);
    }
    home.ask(Command::LookAgain).unwrap();
    let asks = home.until("the question", || {
        let rides = home.rides();
        rides.asks.filter(|asks| asks.all == 4)
    });
    assert_eq!(asks.last_30_days, 2);
    home.settle();
    assert!(home.sandbox.uploads().is_empty());
    assert_eq!(home.states(TREK_POINT), [UploadState::Held; 4]);
    let device = home.rides().id;
    let needs = home.engine().snapshot().needs;
    let asked = NeedAction::ChooseFor {
        device: device.clone(),
    };
    assert!(needs.iter().any(|need| need.action == asked), "{needs:?}");

    home.ask(Command::Choose {
        device: device.clone(),
        choice,
    })
    .unwrap();
    // The snapshot after the answer knows it already.
    let rides = home.rides();
    assert_eq!((rides.asks, rides.choice), (None, Some(choice)));
    home.settle();
    let expected: Vec<Vec<u8>> = sent.iter().map(|days_ago| fit(*days_ago)).collect();
    assert_eq!(home.received(ServiceName::TrekPoint), expected);
    let held = home.states(TREK_POINT);
    let held = held.iter().filter(|state| **state == UploadState::Held);
    assert_eq!(held.count(), 4 - sent.len());

    // A file that comes later is judged by the same choice.
    home.put(200);
    home.ask(Command::LookAgain).unwrap();
    home.until("the late file", || {
        (home.history().len() == 5).then_some(())
    });
    home.settle();
    let all = usize::from(choice == Choice::All);
    assert_eq!(home.sandbox.uploads().len(), sent.len() + all);
}

#[test]
fn all_means_all_oldest_first() {
    check_choice(Choice::All, &[100, 40, 20, 3]);
}

#[test]
fn the_last_30_days() {
    check_choice(Choice::Last30Days, &[20, 3]);
}

#[test]
fn only_new_ones() {
    check_choice(Choice::OnlyNew, &[]);
}

#[test]
fn a_device_that_was_answered_for_is_not_asked_about_again() {
    let mut home = Home::new();
    home.put(3);
    home.ask(Command::LookAgain).unwrap();
    home.until("the question", || home.rides().asks);
    let device = home.rides().id;
    let choice = Choice::All;
    home.ask(Command::Choose { device, choice }).unwrap();
    home.stop();
    home.start(Connected::Watched);
    home.settle();
    assert_eq!(home.rides().asks, None);
    assert_eq!(home.rides().choice, Some(Choice::All));
}

/// The one original in the library.
fn original(home: &Home) -> PathBuf {
    let only = |folder: &Path| {
        let mut names = std::fs::read_dir(folder).unwrap();
        let first = names.next().unwrap().unwrap().path();
        assert!(names.next().is_none());
        first
    };
    only(&only(&home.path("data/originals")))
}

#[test]
fn an_original_that_went_missing_is_put_back_at_the_next_plug_in() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    let bytes = home.send_one();
    home.settle();
    assert_eq!(
        home.received(ServiceName::TrekPoint),
        std::slice::from_ref(&bytes)
    );
    let path = original(&home);
    for harm in [None, Some(&bytes[..9])] {
        let plugged = |yes: bool| {
            let (from, to) = if yes {
                ("away", "rides")
            } else {
                ("rides", "away")
            };
            std::fs::rename(home.path(from), home.path(to)).unwrap();
            home.ask(Command::LookAgain).unwrap();
            home.until("the folder comes and goes", || {
                (home.engine().snapshot().devices.is_empty() != yes).then_some(())
            });
        };
        plugged(false);
        match harm {
            None => std::fs::remove_file(&path).unwrap(),
            Some(part) => std::fs::write(&path, part).unwrap(),
        }
        plugged(true);
        home.until("the original", || {
            std::fs::read(&path)
                .is_ok_and(|found| found == bytes)
                .then_some(())
        });
        home.settle();
        assert_eq!((original(&home), home.history().len()), (path.clone(), 1));
        assert_eq!(
            home.received(ServiceName::TrekPoint),
            std::slice::from_ref(&bytes)
        );
    }
}

#[test]
fn what_is_said_of_a_half_written_file_goes_with_it() {
    let home = Home::new();
    let route = b"<gpx version=\"1.1\"><rte><rtept lat=\"47\" lon=\"11\"/></rte></gpx>";
    let half = fit(3);
    for becomes in [Some(route), None] {
        let path = home.path("rides/new.fit");
        std::fs::write(&path, &half[..half.len() / 2]).unwrap();
        home.ask(Command::LookAgain).unwrap();
        let told = home.until("the words", || home.rides().problems.pop());
        assert_eq!(
            (told.path.as_str(), told.problem.code.as_str()),
            ("new.fit", "unfinished")
        );
        match becomes {
            Some(bytes) => home.put_bytes("rides/new.fit", bytes),
            None => std::fs::remove_file(&path).unwrap(),
        }
        home.ask(Command::LookAgain).unwrap();
        home.until("the end of the words", || {
            home.rides().problems.is_empty().then_some(())
        });
        home.settle();
        assert!(home.history().is_empty() && home.rides().problems.is_empty());
    }
}

#[test]
fn an_import_of_many_files_is_one_look_and_a_relative_path_is_one() {
    let mut home = Home::at_rest();
    home.start(Connected::Nothing);
    let paths: Vec<PathBuf> = (0..300)
        .map(|days_ago| {
            home.put(days_ago);
            home.path(&format!("rides/{days_ago}.fit"))
        })
        .collect();
    home.ask(Command::Import { paths }).unwrap();
    assert!(home.engine().snapshot().devices.len() <= 1);
    home.settle();
    assert_eq!(home.history().len(), 300);
    let here = Path::new("Cargo.toml").to_owned();
    home.ask(Command::Import { paths: vec![here] }).unwrap();
    home.settle();
    assert_eq!(home.history().len(), 300);
    assert!(home.engine().snapshot().devices.is_empty());
}

#[test]
fn a_plain_volume_is_read_only_after_a_yes() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    let Some(volume) = Volume::mount(&home.path("volume"), "1m") else {
        return;
    };
    home.put_bytes("volume/ride.fit", &fit(5));
    home.ask(Command::LookAgain).unwrap();
    let device = home.device(&volume.0);
    assert_eq!(device.state, DeviceState::Offered);
    home.settle();
    assert!(home.history().is_empty());

    let device = device.id;
    let answer = |yes| {
        let device = device.clone();
        home.ask(Command::ApproveDevice { device, yes }).unwrap();
    };
    answer(false);
    assert_eq!(home.device(&volume.0).state, DeviceState::Refused);
    answer(true);
    home.until("the question", || home.device(&volume.0).asks);
    home.settle();
    assert!(home.sandbox.uploads().is_empty());
    let choice = Choice::All;
    home.ask(Command::Choose { device, choice }).unwrap();
    home.settle();
    assert_eq!(home.received(ServiceName::TrekPoint), [fit(5)]);
}

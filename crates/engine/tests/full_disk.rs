//! The disk that holds the library is full for a while: one clear word, no hammering, and it goes on by itself.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use common::{Home, Volume, fit};
use engine::view::{Choice, UploadState};
use engine::{Command, Connected, ServiceId};
use sandbox::{Fault, Harm, ServiceName};

const TREK_POINT: ServiceId = ServiceId::TrekPoint;

/// A world whose data folder is a small volume.
fn small() -> Option<(Home, Volume)> {
    let mut home = Home::at_rest();
    let config = fs::read(home.path("data/config.toml")).unwrap();
    let volume = Volume::mount(&home.path("data"), "24m")?;
    fs::write(home.path("data/config.toml"), config).unwrap();
    home.start(Connected::Watched);
    Some((home, volume))
}

/// Takes every byte that is left.
fn fill(home: &Home) {
    let mut ballast = fs::File::create(home.path("data/ballast")).unwrap();
    while ballast.write_all(&[0; 512]).is_ok() {}
}

fn make_room(home: &Home) {
    fs::remove_file(home.path("data/ballast")).unwrap();
}

fn code_of_trouble(home: &Home) -> Option<String> {
    home.engine().snapshot().trouble.map(|problem| problem.code)
}

#[test]
fn a_device_is_taken_in_once_there_is_room_again() {
    let Some((home, _volume)) = small() else {
        return;
    };
    home.settle();
    fill(&home);
    home.put(3);
    home.ask(Command::LookAgain).unwrap();
    let told = home.until("the trouble", || match home.rides().state {
        engine::view::DeviceState::Trouble { problem } => Some(problem.code),
        _ => None,
    });
    assert_eq!(told, "disk_full");
    // Whoever waits for the end of the work doesn't wait for the disk.
    home.settle();
    make_room(&home);
    home.until("the ride", || (home.history().len() == 1).then_some(()));
    home.until("the end of the trouble", || {
        code_of_trouble(&home).is_none().then_some(())
    });
}

#[test]
fn an_answer_that_cannot_be_written_down_is_not_lost() {
    let Some((mut home, _volume)) = small() else {
        return;
    };
    home.sign_in(TREK_POINT);
    home.put(4);
    home.put(3);
    let slow = Harm::Slow { ms: 1_000 };
    home.sandbox
        .fault(Fault::once(
            ServiceName::TrekPoint,
            "activities.create",
            slow,
        ))
        .unwrap();
    home.ask(Command::LookAgain).unwrap();
    home.until("the question", || {
        home.rides().asks.filter(|asks| asks.all == 2)
    });
    let (device, choice) = (home.rides().id, Choice::All);
    home.ask(Command::Choose { device, choice }).unwrap();
    // What is made ready is noted; once it goes out, only the answer is to be written down.
    home.until("the first upload", || {
        let sending = home.engine().snapshot().sending;
        let is_out = sending.iter().any(|sending| sending.share >= 1.0);
        is_out.then_some(())
    });
    fill(&home);
    // Something else may be written down meanwhile, as that a volume of another test was plugged in.
    home.until("the first upload there", || {
        (home.received(ServiceName::TrekPoint) == [fit(4)]).then_some(())
    });
    home.until("the trouble", || code_of_trouble(&home));
    assert_eq!(home.received(ServiceName::TrekPoint), [fit(4)]);
    make_room(&home);
    home.until("both uploads", || {
        (home.states(TREK_POINT) == [UploadState::Sent; 2]).then_some(())
    });
    assert_eq!(home.received(ServiceName::TrekPoint), [fit(4), fit(3)]);
    home.stop();
}

#[test]
fn nothing_more_is_asked_while_no_answer_can_be_written_down() {
    const LOOK: &str = "activities.detail";
    let Some((mut home, _volume)) = small() else {
        return;
    };
    home.sign_in(TREK_POINT);
    home.sandbox
        .switch(|switches| switches.processing_ms = None);
    home.send_one();
    home.until("an upload that is worked on", || {
        (home.states(TREK_POINT) == [UploadState::Processing]).then_some(())
    });
    let looks = || home.sandbox.count(ServiceName::TrekPoint, LOOK);
    fill(&home);
    home.until("the trouble", || code_of_trouble(&home));
    let asked = looks();
    // Long enough for two tries to write down what the last look told.
    std::thread::sleep(Duration::from_secs(11));
    assert!(looks() <= asked + 1, "{} looks, {asked} before", looks());
    make_room(&home);
    home.until("another look", || (looks() > asked + 1).then_some(()));
    home.until("the end of the trouble", || {
        code_of_trouble(&home).is_none().then_some(())
    });
    home.stop();
}

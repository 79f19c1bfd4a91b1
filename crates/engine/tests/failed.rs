//! A file that the service takes, works on, and then cannot use: it is told, and neither found later nor in the way. And what it
//! works on, and nobody here knows of.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use common::Home;
use engine::view::{Choice, UploadState};
use engine::{Command, Connected, Retry, ServiceId};
use sandbox::{Fault, Harm, ServiceName};

const TREK_POINT: ServiceId = ServiceId::TrekPoint;
const CREATE: &str = "activities.create";
const SHOW: &str = "activities.detail";

fn fails_after(home: &Home, ms: u64) {
    let harm = Harm::Processing {
        ms: Some(ms),
        then: Some("failed".into()),
    };
    let fault = Fault::once(ServiceName::TrekPoint, CREATE, harm);
    home.sandbox.fault(fault).unwrap();
}

fn sent(home: &Home) -> usize {
    home.sandbox.count(ServiceName::TrekPoint, CREATE)
}

#[test]
fn it_is_refused_and_sent_again_when_the_user_says_so() {
    let mut home = Home::new();
    home.sign_in(TREK_POINT);
    fails_after(&home, 50);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Refused]);
    // A run that reads the list anew, in which it still stands.
    home.stop();
    home.start(Connected::Watched);
    home.ask(Command::Retry(Retry::All)).unwrap();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    assert_eq!(sent(&home), 2);
}

/// The answer is lost, and the list shows it while it is worked on: that it is there is not said before it is so.
#[test]
fn it_is_not_taken_for_there_while_the_service_works_on_it() {
    for (then, expected) in [
        (Some("failed"), UploadState::Refused),
        (None, UploadState::Existing),
    ] {
        let mut home = Home::new();
        home.sign_in(TREK_POINT);
        let works = Harm::Processing {
            ms: Some(4_000),
            then: then.map(str::to_owned),
        };
        for harm in [works, Harm::Lost] {
            let fault = Fault::once(ServiceName::TrekPoint, CREATE, harm);
            home.sandbox.fault(fault).unwrap();
        }
        home.send_one();
        let is_over = || (home.states(TREK_POINT) == [expected]).then_some(());
        home.until("an end", is_over);
        assert_eq!(sent(&home), 1, "{then:?}");
        let asked = home.sandbox.count(ServiceName::TrekPoint, SHOW);
        assert!(asked > 0, "{then:?}: it was done before it was found");
        home.stop();
    }
}

/// Another library sent it: whether there will be one is not known yet, and it is not waited for without end.
#[test]
fn what_another_program_sent_is_waited_for_and_then_taken_for_there() {
    let mut home = Home::new();
    home.sandbox
        .switch(|switches| switches.processing_ms = None);
    home.sign_in(TREK_POINT);
    home.send_one();
    home.until("the work", || {
        (home.states(TREK_POINT) == [UploadState::Processing]).then_some(())
    });
    home.stop();
    for file in ["library.db", "library.db-wal", "library.db-shm"] {
        let _ = std::fs::remove_file(home.path("data").join(file));
    }
    std::fs::remove_dir_all(home.path("data/originals")).unwrap();
    home.start(Connected::Watched);
    home.sign_in(TREK_POINT);
    home.choose_all();
    let account = home.service(TREK_POINT).account.unwrap().id.into();
    let choice = Choice::All;
    home.ask(Command::SendEarlier { account, choice }).unwrap();
    home.until("the wait", || {
        let waits = home.states(TREK_POINT) == [UploadState::Waiting];
        let is_told = || {
            let reason = home.upload(TREK_POINT).reason;
            reason.contains("still working on")
        };
        (waits && is_told()).then_some(())
    });
    home.stop();
    let db = rusqlite::Connection::open(home.path("data/library.db")).unwrap();
    let waits = "UPDATE upload SET due_at = 0, unready_since = unready_since - 21 * 60 * 1000";
    db.execute(waits, []).unwrap();
    drop(db);
    home.start(Connected::Watched);
    home.until("the end of the wait", || {
        (home.states(TREK_POINT) == [UploadState::Existing]).then_some(())
    });
    assert_eq!(sent(&home), 1);
}

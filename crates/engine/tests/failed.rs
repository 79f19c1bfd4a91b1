//! A file that the service takes, works on, and then cannot use: it is told, and neither found later nor in the way.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use common::Home;
use engine::view::UploadState;
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

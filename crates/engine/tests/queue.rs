//! What holds for the uploads of an account together: how often its list is read, whose trouble stops whom, and what a deletion
//! takes out of the queue.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::time::Duration;

use common::{Home, SERVICES, fit, now, status};
use engine::view::{AccountState, UploadState};
use engine::{Command, Connected, Retry, ServiceId};
use library::{Change, Library, State};
use sandbox::{Expire, Fault, Harm, ServiceName};

const TREK_POINT: ServiceId = ServiceId::TrekPoint;
const CREATE: &str = "activities.create";
const LIST: &str = "activities.list";

fn count(home: &Home, endpoint: &str) -> usize {
    home.sandbox.count(ServiceName::TrekPoint, endpoint)
}

/// A fault of Trek Point from now on.
fn fault(home: &Home, endpoint: &str, harm: Harm) {
    let fault = Fault::once(ServiceName::TrekPoint, endpoint, harm);
    home.sandbox.fault(fault.always()).unwrap();
}

/// As if each had been sent, and no answer had come.
fn all_unsure(home: &Home) {
    let mut library = Library::open(&home.path("data")).unwrap();
    for upload in library.queue(&[State::Waiting], None, 10).unwrap() {
        library.claim(upload.id, Duration::ZERO, now()).unwrap();
        let unsure = Change::to(State::Unsure, "No answer came.");
        library.settle(upload.id, &unsure, |_| None, now()).unwrap();
    }
}

#[test]
fn one_list_answers_for_all_unsure_uploads() {
    let mut home = Home::new();
    home.sign_in(TREK_POINT);
    home.put(5);
    home.put(4);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent; 3]);
    home.stop();
    // They are there, and a new library does not know it.
    for name in ["library.db", "library.db-wal", "library.db-shm"] {
        std::fs::remove_file(home.path("data").join(name)).ok();
    }
    std::fs::remove_dir_all(home.path("data/originals")).unwrap();
    // Signed in before the folder is looked at.
    home.start(Connected::Nothing);
    home.sign_in(TREK_POINT);
    home.stop();
    home.start(Connected::Watched);
    fault(&home, LIST, status(503, Some(3_600)));
    home.choose_all();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Waiting; 3]);
    home.stop();
    all_unsure(&home);
    home.sandbox.clear_faults();
    let lists = count(&home, LIST);
    home.start(Connected::Watched);
    home.ask(Command::Retry(Retry::All)).unwrap();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Existing; 3]);
    assert_eq!(count(&home, LIST), lists + 1);
    assert_eq!(count(&home, CREATE), 3, "none was sent again");
}

#[test]
fn the_list_is_read_once_in_a_run_before_what_is_sent_for_the_first_time() {
    let mut home = Home::new();
    home.sign_in(TREK_POINT);
    home.put(5);
    home.put(4);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent; 3]);
    assert_eq!(count(&home, LIST), 1);
    let comes = |home: &Home, days_ago, rides| {
        home.put(days_ago);
        home.ask(Command::LookAgain).unwrap();
        home.until("the ride", || (home.history().len() == rides).then_some(()));
        home.settle();
        assert_eq!(home.states(TREK_POINT), vec![UploadState::Sent; rides]);
    };
    comes(&home, 2, 4);
    assert_eq!(count(&home, LIST), 1);
    home.stop();
    home.start(Connected::Watched);
    home.settle();
    assert_eq!(count(&home, LIST), 1, "nothing is to be sent");
    comes(&home, 1, 5);
    assert_eq!(count(&home, LIST), 2);
}

/// Two rides for both services, one of which is in trouble: the other's uploads go on.
#[track_caller]
fn stops_only_its_own(what: &str, trouble: impl Fn(&Home, usize)) {
    for troubled in [0, 1] {
        let home = Home::new();
        let (bad, good) = (SERVICES[troubled], SERVICES[1 - troubled]);
        home.sign_in(bad.0);
        home.sign_in(good.0);
        trouble(&home, troubled);
        home.put(4);
        home.send_one();
        home.settle();
        let what = format!("{}: {what}", bad.0.name());
        assert_eq!(home.states(good.0), [UploadState::Sent; 2], "{what}");
        assert_eq!(home.received(good.1), [fit(4), fit(3)], "{what}");
        let account = home.service(good.0).account.unwrap();
        assert_eq!(account.state, AccountState::Connected, "{what}");
        // And the trouble was one.
        assert_eq!(home.states(bad.0), [UploadState::Waiting; 2], "{what}");
        assert!(home.received(bad.1).is_empty(), "{what}");
        let account = home.service(bad.0).account.unwrap();
        assert_ne!(account.state, AccountState::Connected, "{what}");
    }
}

#[test]
fn a_service_that_throttles_stops_only_its_own_account() {
    stops_only_its_own("throttles", |home, troubled| {
        let (_, service, upload) = SERVICES[troubled];
        let fault = Fault::once(service, upload, status(429, Some(3_600)));
        home.sandbox.fault(fault.always()).unwrap();
    });
}

#[test]
fn a_service_that_cannot_be_reached_stops_only_its_own_account() {
    stops_only_its_own("cannot be reached", |home, troubled| {
        let (id, ..) = SERVICES[troubled];
        let settings = home.engine().settings().unwrap().services;
        let mut settings = settings
            .into_iter()
            .find(|settings| settings.service == id.name())
            .unwrap();
        // Nobody listens there.
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = closed.local_addr().unwrap().port();
        for address in &mut settings.addresses {
            if matches!(address.key.as_str(), "base" | "api_base") {
                address.value = format!("http://127.0.0.1:{closed}/");
            }
        }
        home.ask(Command::SaveService {
            settings,
            secret: None,
        })
        .unwrap();
    });
}

#[test]
fn an_account_that_needs_a_sign_in_stops_only_itself() {
    stops_only_its_own("needs a sign-in", |home, troubled| {
        let (_, service, _) = SERVICES[troubled];
        home.sandbox.expire(Some(service), Expire::Session);
    });
}

/// A ride whose upload failed so, and waits: it is deleted, and nothing of it goes out any more, whatever comes.
#[track_caller]
fn goes_no_more(harm: Harm, attempts: usize) {
    let mut home = Home::new();
    home.sign_in(TREK_POINT);
    fault(&home, CREATE, harm);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Waiting]);
    assert_eq!(count(&home, CREATE), attempts);
    let requests = home.sandbox.requests().len();
    let id = home.history()[0].id;
    home.ask(Command::DeleteActivity { id }).unwrap();
    home.sandbox.clear_faults();
    // What waits would go now, and after a start, too.
    home.ask(Command::Retry(Retry::All)).unwrap();
    home.settle();
    home.stop();
    home.start(Connected::Watched);
    home.ask(Command::Retry(Retry::All)).unwrap();
    home.settle();
    assert_eq!(
        home.sandbox.requests().len(),
        requests,
        "{:#?}",
        home.sandbox.requests()
    );
    assert!(home.history().is_empty());
    // The queue goes on, without it.
    home.put(2);
    home.ask(Command::LookAgain).unwrap();
    home.until("the next ride", || {
        (home.history().len() == 1).then_some(())
    });
    home.settle();
    home.ask(Command::Retry(Retry::All)).unwrap();
    home.settle();
    assert_eq!(home.received(ServiceName::TrekPoint), [fit(2)]);
    assert_eq!(count(&home, CREATE), attempts + 1);
    assert_eq!(count(&home, "activities.delete"), 0);
}

#[test]
fn what_waits_behind_a_pause_is_not_sent_once_it_is_deleted() {
    goes_no_more(status(429, Some(3_600)), 1);
}

#[test]
fn what_is_retried_later_is_not_sent_once_it_is_deleted() {
    goes_no_more(status(500, None), 2);
}

#[test]
fn what_was_sent_stays_at_the_service_when_it_is_deleted_here() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    let requests = home.sandbox.requests().len();
    let id = home.history()[0].id;
    home.ask(Command::DeleteActivity { id }).unwrap();
    home.settle();
    assert!(home.history().is_empty());
    assert_eq!(home.sandbox.requests().len(), requests);
}

#[test]
fn a_word_that_lets_an_upload_go_is_for_one_attempt() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    fault(&home, CREATE, status(429, Some(3_600)));
    home.send_one();
    home.settle();
    let upload = home.upload(TREK_POINT).id;
    home.ask(Command::Hold { upload }).unwrap();
    home.ask(Command::Release { upload }).unwrap();
    home.sandbox.clear_faults();
    cut_next(&home);
    let lists = count(&home, LIST);
    home.ask(Command::Retry(Retry::All)).unwrap();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    assert_eq!(count(&home, CREATE), 3, "refused, lost and sent");
    assert_eq!(count(&home, LIST), lists + 2, "the lost one is looked for");
}

#[test]
fn to_let_go_what_is_not_on_hold_says_nothing() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    // The list that is read before the first upload is the last one for a while.
    let later = Fault {
        skip: 1,
        ..Fault::once(ServiceName::TrekPoint, LIST, status(429, Some(3_600)))
    };
    home.sandbox.fault(later.always()).unwrap();
    cut_next(&home);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Unsure]);
    let upload = home.upload(TREK_POINT).id;
    assert!(home.ask(Command::Release { upload }).is_err());
    home.sandbox.clear_faults();
    let lists = count(&home, LIST);
    home.ask(Command::Retry(Retry::All)).unwrap();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    assert_eq!(count(&home, LIST), lists + 2, "nobody has looked yet");
}

/// It may be the file that the service dislikes, whatever it says: the newer ones have their turn.
#[test]
fn a_file_that_fails_again_does_not_hold_up_those_behind_it() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    for _ in 0..2 {
        let fails = Fault::once(ServiceName::TrekPoint, CREATE, status(429, Some(1)));
        home.sandbox.fault(fails).unwrap();
    }
    home.put(4);
    home.send_one();
    home.until("the newer one", || {
        home.states(TREK_POINT)
            .contains(&UploadState::Sent)
            .then_some(())
    });
    assert_eq!(home.received(ServiceName::TrekPoint), [fit(3)]);
    assert!(home.states(TREK_POINT).contains(&UploadState::Waiting));
    assert_eq!(count(&home, CREATE), 3);
}

/// The next upload is read whole, and its answer never comes.
fn cut_next(home: &Home) {
    let lost = Fault::once(ServiceName::TrekPoint, CREATE, Harm::Cut);
    home.sandbox.fault(lost).unwrap();
}

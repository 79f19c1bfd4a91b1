//! What the athlete says while uploads are on their way, and what the services do meanwhile.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use common::{Home, fit, status};
use engine::view::{AccountState, Choice, ServiceSettings, UploadState};
use engine::{AccountName, Command, Connected, Retry, ServiceId};
use sandbox::{Fault, Harm, ServiceName};

const TREK_POINT: ServiceId = ServiceId::TrekPoint;

fn fault(home: &Home, harm: Harm) {
    let fault = Fault::once(ServiceName::TrekPoint, "activities.create", harm);
    home.sandbox.fault(fault.always()).unwrap();
}

fn sign_out() -> Command {
    Command::SignOut {
        account: AccountName::Service("trek-point".into()),
    }
}

fn settings(home: &Home) -> ServiceSettings {
    let settings = home.engine().settings().unwrap().services;
    settings
        .into_iter()
        .find(|service| service.service == "trek-point")
        .unwrap()
}

fn save(home: &Home, settings: ServiceSettings) -> Result<Option<String>, engine::view::Problem> {
    home.ask(Command::SaveService {
        settings,
        secret: None,
    })
}

fn wait_for(home: &Home, state: UploadState) {
    home.until("the upload's state", || {
        (home.upload(TREK_POINT).state == state).then_some(())
    });
}

#[test]
fn signed_out_while_sending_stays_signed_out() {
    let mut home = Home::new();
    home.sign_in(TREK_POINT);
    fault(&home, Harm::Slow { ms: 1_500 });
    fault(&home, status(401, None));
    home.send_one();
    wait_for(&home, UploadState::Sending);
    home.ask(sign_out()).unwrap();
    // The upload that is on its way must not end with somebody else's tokens.
    let again = home.ask(Command::SignIn {
        service: TREK_POINT,
    });
    assert_eq!(again.unwrap_err().code, "busy");
    wait_for(&home, UploadState::Waiting);
    home.settle();
    let account = || home.engine().archive().unwrap().account_reports().unwrap();
    assert_eq!(account()[0].state, "signed_out");
    home.stop();
    home.sandbox.clear_faults();
    home.start(Connected::Watched);
    home.settle();
    assert_eq!(home.service(TREK_POINT).account, None);
    assert!(home.sandbox.uploads().is_empty());
    home.sign_in(TREK_POINT);
    home.settle();
    assert_eq!(home.received(ServiceName::TrekPoint), [fit(3)]);
}

#[test]
fn settings_that_are_saved_while_sending_change_nothing_for_it() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    fault(&home, Harm::Slow { ms: 400 });
    home.put(4);
    home.send_one();
    wait_for(&home, UploadState::Sending);
    save(&home, settings(&home)).unwrap();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent; 2]);
    assert_eq!(home.received(ServiceName::TrekPoint), [fit(4), fit(3)]);
}

#[test]
fn settings_end_a_pause_and_take_only_known_addresses() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    fault(&home, status(404, None));
    home.send_one();
    home.until("the pause", || {
        let account = home.service(TREK_POINT).account?;
        matches!(account.state, AccountState::Paused { .. }).then_some(())
    });
    home.sandbox.clear_faults();
    let mut other = settings(&home);
    other.addresses[0].key = "min_gap_ms".into();
    assert_eq!(save(&home, other).unwrap_err().code, "no_such_setting");
    save(&home, settings(&home)).unwrap();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    let account = home.service(TREK_POINT).account.unwrap();
    assert_eq!(account.state, AccountState::Connected);
}

#[test]
fn a_service_that_breaks_each_time_is_left_alone_for_longer_and_longer() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    fault(&home, status(500, None));
    home.send_one();
    home.settle();
    let creates = || {
        home.sandbox
            .count(ServiceName::TrekPoint, "activities.create")
    };
    assert_eq!(creates(), 2);
    assert_eq!(home.states(TREK_POINT), [UploadState::Waiting]);
    // It was looked for, and nobody had to decide anything.
    let needs = home.engine().snapshot().needs;
    assert!(
        needs.iter().all(|need| need.problem.code != "unsure"),
        "{needs:?}"
    );
    home.sandbox.clear_faults();
    home.ask(Command::Retry(Retry::All)).unwrap();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    assert_eq!(creates(), 3);
}

#[test]
fn the_queue_survives_a_restart_and_a_retry_lifts_the_pause() {
    let mut home = Home::new();
    home.sign_in(TREK_POINT);
    fault(&home, status(503, Some(3_600)));
    home.put(4);
    home.send_one();
    home.settle();
    home.stop();
    home.start(Connected::Watched);
    home.settle();
    // A server that fell over while it worked on the file says the same.
    let states = [UploadState::Waiting, UploadState::Unsure];
    assert_eq!(home.states(TREK_POINT), states);
    let account = home.service(TREK_POINT).account.unwrap();
    assert!(matches!(account.state, AccountState::Paused { .. }));
    let creates = home
        .sandbox
        .count(ServiceName::TrekPoint, "activities.create");
    assert_eq!(creates, 1, "a pause outlives the program");
    home.sandbox.clear_faults();
    home.ask(Command::Retry(Retry::All)).unwrap();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent; 2]);
    assert_eq!(home.received(ServiceName::TrekPoint).len(), 2);
}

#[test]
fn ended_while_sending_it_is_looked_for_and_not_sent_twice() {
    let mut home = Home::new();
    home.sign_in(TREK_POINT);
    fault(&home, Harm::Hang { kept: true });
    home.send_one();
    home.until("the file's arrival", || {
        (!home.sandbox.uploads().is_empty()).then_some(())
    });
    home.stop();
    home.sandbox.clear_faults();
    home.start(Connected::Watched);
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Existing]);
    assert_eq!(home.received(ServiceName::TrekPoint).len(), 1);
}

#[test]
fn held_released_dismissed() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    fault(&home, status(429, Some(3_600)));
    home.send_one();
    home.settle();
    let id = home.upload(TREK_POINT).id;
    let state = || home.upload(TREK_POINT).state;
    home.ask(Command::Hold { upload: id }).unwrap();
    assert_eq!(state(), UploadState::Held);
    home.ask(Command::Dismiss { upload: id }).unwrap();
    assert_eq!(state(), UploadState::Dismissed);
    let none = home.ask(Command::Retry(Retry::Upload(id)));
    assert_eq!(none.unwrap_err().code, "not_possible");
    home.ask(Command::Release { upload: id }).unwrap();
    assert_eq!(state(), UploadState::Waiting);
    home.sandbox.clear_faults();
    home.ask(Command::Retry(Retry::Upload(id))).unwrap();
    home.settle();
    assert_eq!(state(), UploadState::Sent);
    for done in [
        Command::Hold { upload: id },
        Command::Release { upload: id },
        Command::Dismiss { upload: id },
        Command::Retry(Retry::Upload(id)),
    ] {
        assert_eq!(home.ask(done).unwrap_err().code, "not_possible");
    }
    let nobody = home.ask(Command::Hold { upload: 99 });
    assert_eq!(nobody.unwrap_err().code, "not_found");
    // A wish that cannot be fulfilled is no trouble of the whole program.
    assert_eq!(home.engine().snapshot().trouble, None);
}

#[test]
fn a_damaged_file_goes_only_when_it_is_released() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    let mut bytes = fit(3);
    bytes.truncate(bytes.len() - 30);
    home.put_bytes("rides/3.fit", &bytes);
    home.choose_all();
    home.settle();
    let upload = home.upload(TREK_POINT);
    assert_eq!(upload.state, UploadState::Held);
    assert!(home.sandbox.uploads().is_empty());
    home.ask(Command::Release { upload: upload.id }).unwrap();
    home.settle();
    let state = home.upload(TREK_POINT).state;
    assert!(
        matches!(state, UploadState::Sent | UploadState::Refused),
        "{state:?}"
    );
    let asked = home
        .sandbox
        .count(ServiceName::TrekPoint, "activities.create");
    assert_eq!(asked, 1);
}

#[test]
fn what_was_deleted_stays_deleted_until_it_is_imported() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    let bytes = home.send_one();
    home.settle();
    let id = home.history()[0].id;
    home.ask(Command::DeleteActivity { id }).unwrap();
    home.put_bytes("rides/the same again.fit", &bytes);
    home.ask(Command::LookAgain).unwrap();
    home.until("the second file", || {
        (home.rides().ignored == 1).then_some(())
    });
    home.settle();
    assert!(home.history().is_empty());
    let paths = vec![home.path("rides/3.fit")];
    home.ask(Command::Import { paths }).unwrap();
    home.settle();
    // It had been sent, and isn't sent twice.
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    assert_eq!(home.received(ServiceName::TrekPoint).len(), 1);
}

#[test]
fn deleted_while_the_service_works_on_it() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    home.sandbox
        .switch(|switches| switches.processing_ms = None);
    home.send_one();
    wait_for(&home, UploadState::Processing);
    let slow = Fault::once(
        ServiceName::TrekPoint,
        "activities.detail",
        Harm::Slow { ms: 600 },
    );
    home.sandbox.fault(slow.always()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let id = home.history()[0].id;
    home.ask(Command::DeleteActivity { id }).unwrap();
    home.settle();
    assert_eq!(home.engine().snapshot().trouble, None);
    assert!(home.history().is_empty());
}

#[test]
fn a_second_account_gets_what_comes_later_and_the_rest_on_demand() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    home.send_one();
    home.settle();
    home.sign_in(ServiceId::MapMyTracks);
    home.put(2);
    home.ask(Command::LookAgain).unwrap();
    home.until("the second ride", || {
        (home.history().len() == 2).then_some(())
    });
    home.settle();
    assert_eq!(home.received(ServiceName::MapMyTracks), [fit(2)]);
    assert_eq!(home.received(ServiceName::TrekPoint), [fit(3), fit(2)]);
    let account = home.service(ServiceId::MapMyTracks).account.unwrap();
    // More when somebody's volume is mounted on this computer just now.
    assert!(account.earlier >= 1);
    home.ask(Command::SendEarlier {
        account: account.id.into(),
        choice: Choice::All,
    })
    .unwrap();
    home.settle();
    assert_eq!(home.received(ServiceName::MapMyTracks), [fit(2), fit(3)]);
}

/// As when their disk is not there for a while, and when one of them was changed and the file comes again.
#[test]
fn an_original_that_cannot_be_read_is_waited_for() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    fault(&home, status(429, Some(2)));
    let bytes = home.send_one();
    wait_for(&home, UploadState::Waiting);
    let (there, away) = (home.path("data/originals"), home.path("data/away"));
    std::fs::rename(&there, &away).unwrap();
    home.sandbox.clear_faults();
    let is_told = |what: &str| {
        home.until(what, || {
            let upload = home.upload(TREK_POINT);
            (upload.state == UploadState::Waiting && upload.reason.contains(what)).then_some(())
        });
    };
    is_told("cannot be read");
    std::fs::rename(&away, &there).unwrap();
    let year = std::fs::read_dir(&there).unwrap().next().unwrap().unwrap();
    let original = std::fs::read_dir(year.path()).unwrap().next().unwrap();
    std::fs::write(original.unwrap().path(), vec![0; bytes.len()]).unwrap();
    home.ask(Command::Retry(Retry::All)).unwrap();
    is_told("changed since");
    let paths = vec![home.path("again.fit")];
    std::fs::write(&paths[0], &bytes).unwrap();
    // What waits for it goes on by itself.
    home.ask(Command::Import { paths }).unwrap();
    wait_for(&home, UploadState::Sent);
    assert_eq!(home.received(ServiceName::TrekPoint), [bytes]);
}

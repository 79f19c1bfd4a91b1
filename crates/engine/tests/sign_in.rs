//! Who signs in, while uploads wait and are on their way: what belongs to one account never goes out with another's sign-in.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use common::{Home, status};
use engine::view::{AccountState, UploadState};
use engine::{AccountName, Command, Connected, ServiceId};
use sandbox::{ATHLETES, Fault, Harm, ServiceName};

const TREK_POINT: ServiceId = ServiceId::TrekPoint;
const SIGN_IN: Command = Command::SignIn {
    service: TREK_POINT,
};

fn sign_out() -> Command {
    Command::SignOut {
        account: AccountName::Service("trek-point".into()),
    }
}

/// The name of the account that is signed in.
fn label(home: &Home) -> Option<String> {
    let account = home.service(TREK_POINT).account?;
    Some(account.label)
}

/// Somebody else sits at the browser from now on.
fn switch_to_another(home: &Home) -> String {
    let first = label(home);
    let mut others = ATHLETES.iter().map(|athlete| athlete.username.to_owned());
    let other = others.find(|name| Some(name) != first.as_ref()).unwrap();
    home.sandbox
        .switch(|switches| switches.account.clone_from(&other));
    other
}

fn fault(home: &Home, endpoint: &str, harm: Harm) {
    let fault = Fault::once(ServiceName::TrekPoint, endpoint, harm);
    home.sandbox.fault(fault).unwrap();
}

/// A sign-in that has its tokens, and waits for the answer to whose they are: a request counts once it is answered.
fn begin_slowly(home: &Home) {
    fault(home, "profile", Harm::Slow { ms: 6_000 });
    let traded = || home.sandbox.count(ServiceName::TrekPoint, "token");
    let before = traded();
    home.begin(SIGN_IN);
    home.until("the tokens", || (traded() > before).then_some(()));
}

#[track_caller]
fn connected(home: &Home) {
    let account = home.service(TREK_POINT).account.unwrap();
    assert_eq!(account.state, AccountState::Connected);
}

/// There are uploads, and all of them came to this account.
#[track_caller]
fn all_are(home: &Home, whose: &str) {
    let uploads = home.sandbox.uploads();
    let accounts: Vec<_> = uploads.into_iter().map(|upload| upload.account).collect();
    assert!(!accounts.is_empty());
    assert!(
        accounts.iter().all(|account| account == whose),
        "{accounts:?}"
    );
}

#[test]
fn somebody_else_may_sign_in_only_after_a_sign_out() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    let first = label(&home);
    let other = switch_to_another(&home);
    let turned_away = home.ask(Command::SignIn {
        service: TREK_POINT,
    });
    assert_eq!(turned_away.unwrap_err().code, "other_account");
    // The one that was turned away is revoked, and the one that was there goes on.
    let live = home.sandbox.tokens()["trek-point"];
    assert_eq!(live.refresh.live, 1, "{live:?}");
    assert_eq!(label(&home), first);
    connected(&home);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    all_are(&home, first.as_deref().unwrap());

    home.ask(sign_out()).unwrap();
    home.sign_in(TREK_POINT);
    assert_eq!(label(&home), Some(other));
}

/// What is left of it at the service can only be removed there.
#[test]
fn who_is_turned_away_hears_what_could_not_be_revoked() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    switch_to_another(&home);
    fault(&home, "revoke", status(500, None));
    fault(&home, "revoke", status(500, None));
    let problem = home.ask(SIGN_IN).unwrap_err();
    assert_eq!(problem.code, "other_account");
    assert!(problem.hint.contains("could not be told"), "{problem:?}");
    connected(&home);
}

/// Whose uploads are here is known; who signs in must be known, too.
#[test]
fn nobody_unknown_signs_in_to_what_belongs_to_somebody() {
    let home = Home::new();
    let silent = || {
        let fault = Fault::once(ServiceName::TrekPoint, "profile", status(500, None));
        home.sandbox.fault(fault).unwrap();
    };
    let sign_in = || {
        home.ask(Command::SignIn {
            service: TREK_POINT,
        })
    };
    let account = || home.service(TREK_POINT).account;
    home.sign_in(TREK_POINT);
    silent();
    assert_eq!(sign_in().unwrap_err().code, "unconfirmed");
    connected(&home);
    assert_eq!(home.sandbox.tokens()["trek-point"].refresh.live, 1);
    // Also after a sign-out: it may be somebody else.
    home.ask(sign_out()).unwrap();
    silent();
    assert_eq!(sign_in().unwrap_err().code, "unconfirmed");
    assert!(account().is_none());
    home.sign_in(TREK_POINT);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
}

/// A request that is refused while somebody else signs in is renewed with its own account's sign-in.
#[test]
fn an_upload_that_is_refused_meanwhile_goes_on_as_its_own_account() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    let first = label(&home).unwrap();
    switch_to_another(&home);
    fault(&home, "activities.create", Harm::Slow { ms: 2_000 });
    fault(&home, "activities.create", status(401, None));
    fault(&home, "profile", Harm::Slow { ms: 4_000 });
    home.send_one();
    home.until("the upload's beginning", || {
        let state = home.upload(TREK_POINT).state;
        (state == UploadState::Sending).then_some(())
    });
    assert_eq!(home.ask(SIGN_IN).unwrap_err().code, "other_account");
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    all_are(&home, &first);
    connected(&home);
    let tokens = home.sandbox.tokens()["trek-point"];
    assert_eq!(
        (tokens.refreshes, tokens.refresh.live),
        (1, 1),
        "{tokens:?}"
    );
}

/// Its request showed the sign-in of before, which has ended; the athlete has just signed in again.
#[test]
fn an_upload_that_is_refused_with_the_sign_in_of_before_goes_on_with_the_new_one() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    let refused = Fault::once(
        ServiceName::TrekPoint,
        "activities.create",
        status(401, None),
    );
    home.sandbox.fault(refused.times(2)).unwrap();
    let slow = Harm::Slow { ms: 8_000 };
    let slow = Fault::once(ServiceName::TrekPoint, "activities.create", slow);
    home.sandbox.fault(Fault { skip: 1, ..slow }).unwrap();
    home.send_one();
    home.until("the second request", || {
        let tokens = home.sandbox.tokens()["trek-point"];
        (tokens.refreshes == 1).then_some(())
    });
    home.ask(SIGN_IN).unwrap();
    assert_eq!(home.upload(TREK_POINT).state, UploadState::Sending);
    home.settle();
    connected(&home);
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    assert_eq!(home.sandbox.uploads().len(), 1);
}

/// The program ends before it knows who has signed in: it goes on as whom it knew.
#[test]
fn a_sign_in_that_ends_in_the_middle_changes_nothing() {
    let mut home = Home::new();
    home.sign_in(TREK_POINT);
    let first = label(&home).unwrap();
    switch_to_another(&home);
    let profiles = || home.sandbox.count(ServiceName::TrekPoint, "profile");
    let before = profiles();
    fault(&home, "profile", Harm::Hang { kept: false });
    home.begin(SIGN_IN);
    home.until("the question whose it is", || {
        (profiles() > before).then_some(())
    });
    home.stop();
    home.sandbox.clear_faults();
    home.start(Connected::Watched);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
    all_are(&home, &first);
    assert_eq!(label(&home), Some(first));
}

/// Settings that are saved meanwhile make a new client; the sign-in is let in all the same.
#[test]
fn a_sign_in_outlives_settings_that_are_saved_meanwhile() {
    let home = Home::new();
    begin_slowly(&home);
    // Nobody knows yet who is to be signed out.
    assert_eq!(home.ask(sign_out()).unwrap_err().code, "no_such_account");
    let settings = home.engine().settings().unwrap().services;
    let settings = settings
        .into_iter()
        .find(|service| service.service == "trek-point")
        .unwrap();
    home.ask(Command::SaveService {
        settings,
        secret: None,
    })
    .unwrap();
    home.until("the end of the sign-in", || label(&home));
    connected(&home);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Sent]);
}

/// What is signed out is known before the sign-out, so it waits for a sign-in that is under way.
#[test]
fn a_sign_out_waits_for_a_sign_in() {
    let home = Home::new();
    home.sign_in(TREK_POINT);
    begin_slowly(&home);
    assert_eq!(home.ask(sign_out()).unwrap_err().code, "busy");
    home.settle();
    connected(&home);
    home.ask(sign_out()).unwrap();
    assert_eq!(label(&home), None);
}

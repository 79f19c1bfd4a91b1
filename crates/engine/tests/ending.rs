//! The engine ends: what it alone knows by then is not lost.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::fs;

use common::Home;
use engine::ServiceId;
use engine::view::UploadState;
use sandbox::Expire;

const TREK_POINT: ServiceId = ServiceId::TrekPoint;

/// The refresh token that is stored.
fn stored(home: &Home) -> String {
    let text = fs::read_to_string(home.path("data/secrets.json")).unwrap();
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    let account = all["account:trek-point"].as_str().unwrap();
    let account: serde_json::Value = serde_json::from_str(account).unwrap();
    account["refresh_token"].as_str().unwrap().to_owned()
}

/// The service has replaced the old ones by then: without the new ones the athlete would have to sign in again.
#[test]
fn new_tokens_that_could_not_be_stored_are_stored_at_the_end() {
    let mut home = Home::new();
    home.sign_in(TREK_POINT);
    let before = stored(&home);
    // In the way of every write.
    let in_the_way = home.path("data/secrets.json.new");
    fs::create_dir(&in_the_way).unwrap();
    home.sandbox.expire(None, Expire::Access);
    home.send_one();
    home.settle();
    assert_eq!(home.states(TREK_POINT), [UploadState::Waiting]);
    assert_eq!(stored(&home), before);
    assert!(!home.sandbox.is_live(&before));
    fs::remove_dir(&in_the_way).unwrap();
    home.stop();
    assert!(home.sandbox.is_live(&stored(&home)));
}

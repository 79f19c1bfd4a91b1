//! The main job without a window: sign in, plug in, take in, send, see, sign out; and again, with nothing sent twice.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::collections::BTreeSet;

use common::{Home, SERVICES, fit, ride};
use sandbox::{Expire, Fault, Harm, ServiceName};

const BOTH: [ServiceName; 2] = [ServiceName::MapMyTracks, ServiceName::TrekPoint];

/// Every upload's state in history.
fn states(home: &Home) -> Vec<String> {
    let rows = home.well(&["history"]);
    let uploads = rows
        .iter()
        .flat_map(|row| row["uploads"].as_array().unwrap());
    uploads
        .map(|upload| upload["state"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_activity_reaches_both_services_byte_for_byte() {
    let home = Home::new();
    home.sign_in();
    let files: Vec<Vec<u8>> = (0..4).map(fit).collect();
    for (number, bytes) in files.iter().enumerate() {
        home.put(&format!("GARMIN/Activity/{number}.fit"), bytes);
    }
    let ended = home.sync();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let sent: BTreeSet<Vec<u8>> = files.into_iter().collect();
    for service in BOTH {
        let received = home.received(service);
        assert_eq!(received.len(), 4, "{service:?}");
        assert_eq!(
            received.into_iter().collect::<BTreeSet<_>>(),
            sent,
            "{service:?}"
        );
    }
    assert_eq!(states(&home), ["sent"; 8]);

    // Nothing new: nothing is sent, and nothing is taken in.
    let again = home.sync();
    assert_eq!((again.code, again.lines.len()), (Some(0), 0), "{again:#?}");
    assert_eq!(home.sandbox.uploads().len(), 8);
}

#[test]
fn a_file_of_several_activities_is_sent_one_by_one() {
    let home = Home::new();
    home.sign_in();
    let chain = [fit(1), fit(2)].concat();
    home.put("GARMIN/Activity/chain.fit", &chain);
    assert_eq!(home.sync().code, Some(0));
    let expected: BTreeSet<Vec<u8>> = [fit(1), fit(2)].into();
    for service in BOTH {
        assert_eq!(
            home.received(service).into_iter().collect::<BTreeSet<_>>(),
            expected
        );
    }
    let row = &home.well(&["history", "--limit", "1"])[0];
    let out = home.path("back.fit");
    home.well(&[
        "export",
        &row["id"].to_string(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(std::fs::read(out).unwrap(), chain);
}

#[test]
fn tcx_goes_to_trek_point_as_gpx() {
    let home = Home::new();
    home.sign_in();
    let tcx = track::write_tcx(&ride(7)).bytes;
    home.put("GARMIN/Activity/ride.tcx", &tcx);
    assert_eq!(home.sync().code, Some(0));
    assert_eq!(home.received(ServiceName::MapMyTracks), [tcx]);
    let gpx = home.received(ServiceName::TrekPoint).remove(0);
    let reading = track::read(&gpx).unwrap();
    assert_eq!(
        (reading.format, reading.tracks[0].file_points),
        (track::Format::Gpx, 120)
    );
}

#[test]
fn expired_and_rotated_tokens_are_renewed_without_a_word() {
    let home = Home::new();
    home.sign_in();
    for number in 0..3 {
        home.sandbox.expire(None, Expire::Access);
        home.put(&format!("GARMIN/Activity/{number}.fit"), &fit(number));
        assert_eq!(home.sync().code, Some(0));
    }
    assert_eq!(states(&home), ["sent"; 6]);
    for counts in home.sandbox.tokens().values() {
        assert_eq!((counts.refreshes, counts.replays), (3, 0), "{counts:?}");
    }
}

#[test]
fn a_revoked_sign_in_keeps_everything_until_one_signs_in_again() {
    let home = Home::new();
    home.sign_in();
    home.sandbox.expire(None, Expire::Session);
    home.put("GARMIN/Activity/1.fit", &fit(1));
    let ended = home.sync();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert_eq!(states(&home), ["waiting"; 2]);
    let accounts = home.well(&["accounts"]);
    assert!(
        accounts
            .iter()
            .all(|account| account["state"] == "needs_sign_in"),
        "{accounts:?}"
    );
    home.sign_in();
    assert_eq!(home.sync().code, Some(0));
    assert_eq!(states(&home), ["sent"; 2]);
}

#[test]
fn an_answer_that_is_lost_is_looked_for_and_nothing_is_sent_twice() {
    let home = Home::new();
    home.sign_in();
    for (service, endpoint) in [(BOTH[0], "uploadActivity"), (BOTH[1], "activities.create")] {
        home.sandbox
            .fault(Fault::once(service, endpoint, Harm::Lost))
            .unwrap();
    }
    home.put("GARMIN/Activity/1.fit", &fit(1));
    let ended = home.sync();
    assert_eq!(states(&home), ["existing"; 2], "{ended:#?}");
    for service in BOTH {
        assert_eq!(home.received(service).len(), 1, "{service:?}");
    }
    // Trek Point was asked by its list; Map My Tracks recognised the file by itself.
    assert_eq!(home.sandbox.count(BOTH[1], "activities.create"), 1);
    assert_eq!(home.sandbox.count(BOTH[0], "uploadActivity"), 2);
}

#[test]
fn throttling_is_obeyed_and_refusals_are_told_in_the_services_words() {
    let home = Home::new();
    home.sign_in();
    let wait = Harm::Status {
        status: 429,
        retry_after_s: Some(1),
        retry_after_date: false,
        body: None,
    };
    home.sandbox
        .fault(Fault::once(BOTH[0], "uploadActivity", wait))
        .unwrap();
    home.put("GARMIN/Activity/1.fit", &fit(1));
    let began = std::time::Instant::now();
    let ended = home.sync();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(
        began.elapsed().as_millis() >= 900,
        "the service asked for a second"
    );
    assert_eq!(states(&home), ["sent"; 2]);

    let body = serde_json::json!({ "function": "uploadActivity", "error": "INVALID_PARAMENTER", "message": "no <b>points</b>" });
    let no = Harm::Status {
        status: 403,
        retry_after_s: None,
        retry_after_date: false,
        body: Some(body),
    };
    home.sandbox
        .fault(Fault::once(BOTH[0], "uploadActivity", no))
        .unwrap();
    home.put("GARMIN/Activity/2.fit", &fit(2));
    let ended = home.sync();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let refused = home.well(&["history", "--state", "refused"]);
    let reason = refused[0]["uploads"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("no <b>points</b>"), "{reason}");

    home.well(&["retry", "--all"]);
    assert_eq!(home.sync().code, Some(0));
    assert_eq!(states(&home), ["sent"; 4]);
}

#[test]
fn signing_out_revokes_every_token_and_keeps_the_history() {
    let home = Home::new();
    home.sign_in();
    home.put("GARMIN/Activity/1.fit", &fit(1));
    assert_eq!(home.sync().code, Some(0));
    for service in SERVICES {
        home.well(&["logout", service]);
    }
    for counts in home.sandbox.tokens().values() {
        assert_eq!(
            (counts.access.live, counts.refresh.live),
            (0, 0),
            "{counts:?}"
        );
    }
    assert_eq!(states(&home), ["sent"; 2]);
    let accounts = home.well(&["accounts"]);
    assert!(
        accounts
            .iter()
            .all(|account| account["state"] == "signed_out"),
        "{accounts:?}"
    );
    let secrets = std::fs::read_to_string(home.data().join("secrets.json")).unwrap();
    assert!(!secrets.contains("refresh_token"), "a token is left behind");
}

#[test]
fn what_was_kept_before_an_account_is_sent_only_when_asked_for() {
    let home = Home::new();
    home.put("GARMIN/Activity/1.fit", &fit(1));
    assert_eq!(home.sync().code, Some(0));
    home.sign_in();
    home.run(&["sync"]);
    assert_eq!(home.sandbox.uploads().len(), 0);
    home.well(&["login", "trek-point", "--earlier"]);
    assert_eq!(home.sync().code, Some(0));
    assert_eq!(home.received(ServiceName::TrekPoint), [fit(1)]);
    assert_eq!(home.received(ServiceName::MapMyTracks).len(), 0);
}

#[test]
fn of_twins_the_best_original_is_sent() {
    let home = Home::new();
    home.sign_in();
    let ride = ride(5);
    // The order in which they are found must not matter: the worse comes first.
    home.put("GARMIN/Activity/a.gpx", &track::write_gpx(&ride).bytes);
    home.put("GARMIN/Activity/b.tcx", &track::write_tcx(&ride).bytes);
    home.put("GARMIN/Activity/c.fit", &track::write_fit(&ride).bytes);
    assert_eq!(home.sync().code, Some(0));
    for service in BOTH {
        assert_eq!(
            home.received(service),
            [track::write_fit(&ride).bytes],
            "{service:?}"
        );
    }
    let mut all = states(&home);
    all.sort();
    assert_eq!(all, ["held", "held", "held", "held", "sent", "sent"]);
}

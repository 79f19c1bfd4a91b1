//! Tests of the settings: the descriptors are whole, overrides land where they are meant, nothing unsafe gets in.

use track::{Format, Sport};

use super::*;
use crate::descriptor::RequestKind;

fn read(id: ServiceId, own: &str) -> Result<Settings, SettingsError> {
    let own: Table = own.parse().unwrap();
    Settings::from_table(id, Some(&own))
}

#[test]
fn both_descriptors_are_whole() {
    let mmt = Settings::from_table(ServiceId::MapMyTracks, None).unwrap();
    assert_eq!(
        mmt.url(Base::Api, "/uploadActivity").unwrap().as_str(),
        "https://www.mapmytracks.com/api3/uploadActivity"
    );
    assert_eq!(mmt.missing(), ["the client id (client_id)"]);
    assert!(mmt.wants_secret() && !mmt.partly_assumed() && !mmt.descriptor.oauth.pkce);
    assert_eq!(
        (mmt.visibility, mmt.min_gap_ms),
        (Some(Visibility::Private), 1000)
    );
    let tp = Settings::from_table(ServiceId::TrekPoint, None).unwrap();
    assert_eq!(
        tp.missing(),
        [
            "the address of Trek Point (oauth_base)",
            "the client id (client_id)"
        ]
    );
    assert!(
        !tp.wants_secret()
            && tp.partly_assumed()
            && tp.descriptor.oauth.pkce
            && tp.visibility.is_none()
    );
    assert_eq!(
        tp.addresses()
            .iter()
            .map(|(key, _)| key.as_str())
            .collect::<Vec<_>>(),
        ["oauth_base", "api_base", "export_base"]
    );
    assert_eq!(tp.redirect_uris.len(), 2);
}

/// The 41 words of the service's own page.
const MMT_TYPES: &str = "canoeing, cross country skiing, cycling, driving, enduro, flying, gliding, hand cycling, hang gliding, hiking, horse riding, hot air ballooning, indoor cycling, inline skating, jet skiing, kayaking, kiteboarding, miscellaneous, motor racing, motorcycling, mountain biking, mountaineering, nordic walking, off road driving, orienteering, paragliding, powerboating, rowing, running, sailing, sea kayaking, skateboarding, skating, skiing, snowboarding, snowshoeing, stand up paddle boarding, swimming, walking, wheelchair, windsurfing";

#[test]
fn every_sport_of_the_maps_exists_on_both_sides() {
    let words: Vec<&str> = MMT_TYPES.split(", ").collect();
    assert_eq!(words.len(), 41);
    for id in ServiceId::ALL {
        let rules = Settings::from_table(id, None).unwrap().descriptor.upload;
        for (sport, word) in &rules.sports {
            assert!(
                Sport::ALL.iter().any(|known| known.name() == sport),
                "{sport} is no sport"
            );
            assert!(
                id == ServiceId::TrekPoint || words.contains(&word.as_str()),
                "{word} is not in the list"
            );
        }
    }
    let mmt = Settings::from_table(ServiceId::MapMyTracks, None)
        .unwrap()
        .descriptor
        .upload;
    let unused: Vec<_> = words
        .iter()
        .filter(|word| **word != "miscellaneous" && !mmt.sports.values().any(|own| own == *word))
        .collect();
    assert!(unused.is_empty(), "no sport leads to {unused:?}");
}

#[test]
fn overrides_are_merged_deeply() {
    let tp = read(
        ServiceId::TrekPoint,
        "nonsense = 3\n[upload]\nfields = { name = \"title\" }\nunknown = true",
    )
    .unwrap();
    assert_eq!(tp.descriptor.upload.fields.name, "title");
    assert_eq!(tp.descriptor.upload.fields.file, "file");
    let tp = read(
        ServiceId::TrekPoint,
        "upload.kind = \"json_base64\"\nupload.formats = [\"fit\", \"gpx\", \"tcx\"]",
    )
    .unwrap();
    assert_eq!(tp.descriptor.upload.kind, RequestKind::JsonBase64);
    assert!(tp.descriptor.upload.formats.contains(&Format::Tcx));
    let tp = read(ServiceId::TrekPoint, "[response]\nready = [\"done\"]\nduplicate_text = \"(?i)Twin|known\"\n[limits]\nmin_gap_ms = 5").unwrap();
    assert_eq!(tp.descriptor.response.ready, ["done"]);
    assert_eq!(tp.descriptor.response.duplicate_words, ["twin", "known"]);
    assert_eq!(tp.min_gap_ms, 5);
}

#[test]
fn a_key_that_stands_alone_finds_its_table() {
    for own in [
        "pkce = true",
        "pkce = \"S256\"",
        "oauth.pkce = \"s256\"",
        "[oauth]\npkce = true",
    ] {
        assert!(
            read(ServiceId::MapMyTracks, own)
                .unwrap()
                .descriptor
                .oauth
                .pkce,
            "{own}"
        );
    }
    assert!(
        !read(ServiceId::TrekPoint, "pkce = false")
            .unwrap()
            .descriptor
            .oauth
            .pkce
    );
    let mmt = read(
        ServiceId::MapMyTracks,
        "extra_authorize_params = { redirect_url = \"{redirect_uri}\" }",
    )
    .unwrap();
    assert_eq!(
        mmt.descriptor
            .oauth
            .extra_authorize
            .get("redirect_url")
            .unwrap(),
        "{redirect_uri}"
    );
    let tp = read(ServiceId::TrekPoint, "oauth.base = \"https://tp.test/\"").unwrap();
    assert_eq!(
        tp.url(Base::Api, "/api/v1/activities").unwrap().as_str(),
        "https://tp.test/api/v1/activities"
    );
    let tp = read(ServiceId::TrekPoint, "oauth_base = \"https://tp.test\"\napi_base = \"https://api.tp.test\"\nvisibility = \"private\"").unwrap();
    assert_eq!(
        tp.url(Base::Api, "/x").unwrap().as_str(),
        "https://api.tp.test/x"
    );
    assert!(
        read(ServiceId::TrekPoint, "client = \"confidential\"")
            .unwrap()
            .wants_secret()
    );
}

#[track_caller]
fn check_error(id: ServiceId, own: &str, key: &str) {
    match read(id, own) {
        Ok(_) => panic!("{own} was taken"),
        Err(error) => assert_eq!(error.key, key, "{own}: {error}"),
    }
}

#[test]
fn what_is_wrong_is_named_by_its_key() {
    use ServiceId::{MapMyTracks, TrekPoint};
    check_error(MapMyTracks, "min_gap_ms = \"x\"", "min_gap_ms");
    check_error(MapMyTracks, "min_gap_ms = -1", "min_gap_ms");
    check_error(MapMyTracks, "visibility = \"everyone\"", "visibility");
    check_error(MapMyTracks, "client_id = 5", "client_id");
    check_error(MapMyTracks, "client_id = \"a\\r\\nb\"", "client_id");
    check_error(
        MapMyTracks,
        "redirect_uris = \"http://127.0.0.1:1/\"",
        "redirect_uris",
    );
    check_error(TrekPoint, "upload = 3", "upload");
    check_error(TrekPoint, "upload.fields.name = 3", "upload.fields.name");
    check_error(TrekPoint, "upload.kind = \"json_geometry\"", "upload.kind");
    check_error(TrekPoint, "upload.kind = \"carrier pigeon\"", "upload.kind");
    check_error(TrekPoint, "upload.formats = [\"kml\"]", "upload.formats");
    check_error(TrekPoint, "response.ok = [9]", "response.ok");
    check_error(TrekPoint, "oauth.state = \"off\"", "oauth.state");
    check_error(TrekPoint, "poll.first_s = 0", "poll.first_s");
}

#[test]
fn nothing_unsafe_gets_in() {
    use ServiceId::{MapMyTracks, TrekPoint};
    for address in [
        "http://mapmytracks.com/api3",
        "ftp://x.test",
        "https://u:p@x.test",
        "https://x.test/?a",
        "https://x.test/#a",
        "x.test",
        "http://127.0.0.1.evil.test",
        "file:///etc/passwd",
    ] {
        check_error(MapMyTracks, &format!("base = \"{address}\""), "base");
        check_error(TrekPoint, &format!("api_base = \"{address}\""), "api_base");
    }
    for address in [
        "http://127.0.0.1:8080",
        "http://localhost:1/x",
        "http://[::1]:5",
        "https://x.test:444/deep/",
    ] {
        assert!(
            read(MapMyTracks, &format!("base = \"{address}\"")).is_ok(),
            "{address}"
        );
    }
}

#[test]
fn the_browser_comes_back_to_this_computer_only() {
    use ServiceId::TrekPoint;
    for uri in [
        "http://localhost:5/x",
        "http://192.168.0.1:5/x",
        "https://127.0.0.1:5/x",
        "http://127.0.0.1:0/x",
        "http://[::1]:5/x",
        "http://127.0.0.1:5/x?a=b",
        "x",
        "http://a@127.0.0.1:5/",
        "http://127.0.0.2:5/",
    ] {
        check_error(
            TrekPoint,
            &format!("redirect_uris = [\"{uri}\"]"),
            "redirect_uris",
        );
    }
    for uri in ["http://127.0.0.1:5", "http://127.0.0.1:5/a/b%20c"] {
        assert!(
            read(TrekPoint, &format!("redirect_uris = [\"{uri}\"]")).is_ok(),
            "{uri}"
        );
    }
}

#[test]
fn no_override_leads_elsewhere_or_into_a_header() {
    use ServiceId::TrekPoint;
    for name in ["a\\\"b", "a\\r\\nX: y", "a b", "ü", "a;b"] {
        check_error(
            TrekPoint,
            &format!("upload.fields.name = \"{name}\""),
            "upload.fields.name",
        );
    }
    check_error(
        TrekPoint,
        "upload.content_types.fit = \"a/b\\r\\nX: y\"",
        "upload.content_types.fit",
    );
    check_error(TrekPoint, "upload.path = \"@evil.test/\"", "upload.path");
    check_error(TrekPoint, "upload.path = \"//evil.test/\"", "upload.path");
    check_error(
        TrekPoint,
        "oauth.token = \"https://evil.test\"",
        "oauth.token",
    );
}

//! The house rules for tauri.conf.json and the manifests around it: what the page may load, call and be called.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::source::{read, report};

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn config() -> Value {
    json("tauri.conf.json")
}

/// What follows `start` up to `end`, for the one place where a file has it.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let after = text
        .split(start)
        .nth(1)
        .unwrap_or_else(|| panic!("{start} is gone"));
    after.split(end).next().unwrap_or_default()
}

#[test]
fn the_content_policy_is_strict() {
    let config = config();
    let policy = config["app"]["security"]["csp"]
        .as_str()
        .expect("app.security.csp is one text");
    let rules: BTreeMap<&str, Vec<&str>> = policy
        .split(';')
        .filter_map(|rule| {
            let mut words = rule.split_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect();
    // What each directive may allow at most. Map tiles from the net would be a decision of their own.
    let most: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("default-src", &["'self'"][..]),
        (
            "connect-src",
            &["'self'", "ipc:", "http://ipc.localhost"][..],
        ),
        ("img-src", &["'self'", "data:"][..]),
        ("style-src", &["'self'"][..]),
        ("script-src", &["'self'"][..]),
        ("font-src", &["'self'"][..]),
        ("base-uri", &["'none'"][..]),
        ("object-src", &["'none'"][..]),
        ("form-action", &["'none'"][..]),
        ("frame-ancestors", &["'none'"][..]),
    ]);
    let mut faults = Vec::new();
    for (directive, sources) in &rules {
        let allowed = most.get(directive).copied().unwrap_or_default();
        faults.extend(
            sources
                .iter()
                .filter(|source| !allowed.contains(source))
                .map(|source| format!("{directive} {source}")),
        );
    }
    report(
        &faults,
        "the content policy in tauri.conf.json allows more than it may: keep the page self-contained",
    );
    assert_eq!(
        rules.get("default-src"),
        Some(&vec!["'self'"]),
        "default-src is 'self', for everything that is not named"
    );
}

#[test]
fn the_page_is_shut_in() {
    let config = config();
    let security = &config["app"]["security"];
    let dangerous: Vec<_> = security
        .as_object()
        .expect("app.security")
        .keys()
        .filter(|key| key.starts_with("dangerous"))
        .collect();
    assert!(
        dangerous.is_empty(),
        "take {dangerous:?} out of app.security"
    );
    assert_eq!(
        security["freezePrototype"], true,
        "app.security.freezePrototype is true"
    );
    assert_ne!(
        security["assetProtocol"]["enable"], true,
        "files go through commands, not through the asset protocol"
    );
    assert_eq!(
        config["app"]["withGlobalTauri"], false,
        "app.withGlobalTauri is false: ui/src/engine.ts imports what it needs"
    );
    assert!(
        config["build"]["devUrl"].is_null(),
        "no build.devUrl: with it a plain `cargo build` gives an empty window"
    );
    assert_eq!(
        config["build"]["frontendDist"], "ui/dist",
        "the page comes from ui/dist, never from an address"
    );
}

/// Every permission of every capability, all of which must be for the one window.
fn granted() -> BTreeSet<String> {
    let config = config();
    let capabilities = &config["app"]["security"]["capabilities"];
    let mut granted = BTreeSet::new();
    for capability in capabilities.as_array().into_iter().flatten() {
        assert!(
            capability["remote"].is_null(),
            "no capability is for a remote address"
        );
        assert_eq!(
            capability["windows"],
            serde_json::json!(["main"]),
            "capabilities are for the one window"
        );
        for permission in capability["permissions"].as_array().into_iter().flatten() {
            let name = permission.as_str();
            assert!(name.is_some(), "a permission is a name, without a scope");
            granted.extend(name.map(str::to_owned));
        }
    }
    granted
}

#[test]
fn every_command_is_granted_by_name() {
    let granted = granted();
    let core: Vec<_> = granted
        .iter()
        .filter(|name| name.contains(':'))
        .cloned()
        .collect();
    let expected_core = ["core:event:allow-listen", "core:event:allow-unlisten"];
    assert_eq!(
        core, expected_core,
        "of Tauri itself the page needs to hear events, nothing else"
    );

    let declared: BTreeSet<String> =
        between(&read("src-tauri/build.rs"), "COMMANDS: &[&str] = &[", "]")
            .split('"')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
    let allowed = declared
        .iter()
        .map(|name| format!("allow-{}", name.replace('_', "-")));
    let own: BTreeSet<String> = granted
        .into_iter()
        .filter(|name| !name.contains(':'))
        .collect();
    assert_eq!(
        allowed.collect::<BTreeSet<_>>(),
        own,
        "src-tauri/build.rs and tauri.conf.json name the same commands"
    );

    let handled: BTreeSet<String> = between(&read("src-tauri/lib.rs"), "generate_handler![", "]")
        .split(',')
        .filter_map(|path| path.trim().rsplit("::").next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    assert_eq!(
        handled, declared,
        "src-tauri/lib.rs answers the commands that src-tauri/build.rs names"
    );
}

#[test]
fn versions_are_equal() {
    let manifest = read("Cargo.toml");
    let version = between(&manifest, "[workspace.package]\nversion = \"", "\"");
    let page = json("ui/package.json");
    assert_eq!(
        page["version"], version,
        "ui/package.json has the version of Cargo.toml"
    );
    let own = &config()["version"];
    assert!(
        own.is_null(),
        "tauri.conf.json has no version ({own}): it takes that of Cargo.toml"
    );
    for line in manifest.lines().filter(|line| line.starts_with("version")) {
        assert!(
            line == "version.workspace = true" || line.contains(version),
            "Cargo.toml says its version once"
        );
    }

    let minor = |version: &str| version.split('.').take(2).collect::<Vec<_>>().join(".");
    let shell = between(&manifest, "\ntauri = \"", "\"");
    let api = page["dependencies"]["@tauri-apps/api"]
        .as_str()
        .expect("the page depends on @tauri-apps/api");
    assert_eq!(
        minor(api),
        minor(shell),
        "@tauri-apps/api and the tauri crate have the same major and minor version"
    );
}

#[test]
fn every_crate_takes_its_facts_from_the_workspace() {
    let mut faults = Vec::new();
    for name in crate::source::crates() {
        let path = format!("crates/{name}/Cargo.toml");
        let manifest = read(&path);
        for line in [
            "version.workspace = true",
            "license.workspace = true",
            "publish.workspace = true",
            "[lints]\nworkspace = true",
        ] {
            if !manifest.contains(line) {
                faults.push(format!("{path} lacks {line:?}"));
            }
        }
    }
    report(
        &faults,
        "take it from the workspace, so that it is said once",
    );
}

/// What a profile in a manifest or in Cargo's own settings says of panics, if that is not `unwind`, which it is by default; and
/// what hands it to the compiler.
fn other_ends(path: &str, text: &str) -> Vec<String> {
    let (mut is_profile, mut faults) = (false, Vec::new());
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let line: String = line.split_whitespace().collect();
        if line.starts_with('[') {
            is_profile = line.starts_with("[profile");
        }
        let is_of_profile = is_profile || line.starts_with("profile.");
        let says_other = line.contains("panic=") && !line.contains("panic=\"unwind\"");
        if is_of_profile && says_other || line.contains("panic=abort") {
            faults.push(format!("{path}:{}: {line}", number + 1));
        }
    }
    faults
}

#[test]
fn a_panic_unwinds_in_every_profile() {
    let crates = crate::source::crates().into_iter();
    let mut paths: Vec<String> = crates
        .map(|name| format!("crates/{name}/Cargo.toml"))
        .collect();
    let others = ["Cargo.toml", "fuzz/Cargo.toml", ".cargo/config.toml", "dev"];
    paths.extend(others.map(str::to_owned));
    let faults: Vec<String> = paths
        .iter()
        .flat_map(|path| other_ends(path, &read(path)))
        .collect();
    report(
        &faults,
        "a file that makes a reader panic costs that file and not the program: leave panic to its default, or say \"unwind\"",
    );
}

#[test]
fn packages_say_what_they_need() {
    let config = config();
    for kind in ["deb", "rpm"] {
        let package = &config["bundle"]["linux"][kind];
        let names = |key: &str| package[key].as_array().cloned().unwrap_or_default();
        assert!(
            names("depends").contains(&"ca-certificates".into()),
            "bundle.linux.{kind}.depends: TLS needs ca-certificates"
        );
        assert!(
            names("recommends").contains(&"gnome-keyring".into()),
            "bundle.linux.{kind}.recommends: sign-ins are kept in a keyring"
        );
    }
    assert_eq!(
        config["bundle"]["license"],
        between(&read("Cargo.toml"), "license = \"", "\""),
        "the licence of Cargo.toml"
    );
}

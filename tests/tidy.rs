//! The house rules that a machine can check. Each test says what to do when it fails. It runs no code of the app.

#[path = "tidy/config.rs"]
mod config;
#[path = "tidy/source.rs"]
mod source;

use std::collections::BTreeSet;

use source::{crates, names_dependency, ours, read, report, rust_files, section};

/// Who may use whom. A new arrow is a decision: change this table and ARCHITECTURE.md in the same commit.
const ARROWS: &[(&str, &[&str])] = &[
    ("track", &[]),
    ("device", &[]),
    ("service", &["track"]),
    ("library", &["track"]),
    ("engine", &["device", "library", "service", "track"]),
    ("cli", &["engine"]),
    ("played-disk", &["library"]),
    ("sandbox", &[]),
];

/// Longest file, in lines. Generated files are exempt.
const LONGEST_FILE: usize = 500;

#[test]
fn arrows_point_one_way() {
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let there: BTreeSet<String> = crates().into_iter().collect();
    let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
    assert_eq!(
        there, known,
        "a crate came or went: change ARROWS in tests/tidy.rs and the code map in ARCHITECTURE.md"
    );

    let mut faults = Vec::new();
    let packages = [
        "track",
        "device",
        "service",
        "library",
        "engine",
        "played-disk",
        "trackdock-cli",
        "trackdock-sandbox",
    ];
    for (name, allowed) in ARROWS {
        let path = format!("crates/{name}/Cargo.toml");
        let manifest = read(&path);
        // Tests may use any crate that lies below, and the sandbox; the program itself only what the table says.
        let uses = section(&manifest, "dependencies") + &section(&manifest, "build-dependencies");
        for package in packages.iter().filter(|package| !allowed.contains(package)) {
            if names_dependency(&uses, package) {
                faults.push(format!("{path} uses {package}"));
            }
        }
    }
    let root = read("Cargo.toml");
    let uses = section(&root, "dependencies") + &section(&root, "build-dependencies");
    for package in packages.iter().filter(|package| **package != "engine") {
        if names_dependency(&uses, package) {
            faults.push(format!("Cargo.toml: the shell uses {package}"));
        }
    }
    report(
        &faults,
        "an arrow that ARROWS does not have: turn the dependency round, or decide anew and change the table",
    );
}

#[test]
fn only_the_root_package_knows_tauri() {
    let mut faults = Vec::new();
    for name in crates() {
        let path = format!("crates/{name}/Cargo.toml");
        if read(&path)
            .lines()
            .any(|line| !line.trim_start().starts_with('#') && line.contains("tauri"))
        {
            faults.push(path);
        }
    }
    report(
        &faults,
        "a crate names tauri: move that code to src-tauri/, or say what it needs by an argument",
    );
}

#[test]
fn rust_files_say_what_they_are() {
    let is_told = |text: &str| text.starts_with("//! ") || text.starts_with("//! \u{60}");
    let faults: Vec<_> = rust_files()
        .into_iter()
        .filter(|path| !is_told(&read(path)))
        .collect();
    report(
        &faults,
        "open the file with `//!`: one line on what it is and what it does not know",
    );
}

#[test]
fn files_are_short() {
    let page = ours(
        &["ui/src", "ui/tests", "ui/preview"],
        &["ts", "svelte", "css"],
    );
    let page = page
        .into_iter()
        .filter(|path| !path.starts_with("ui/src/generated/"));
    let faults: Vec<_> = rust_files()
        .into_iter()
        .chain(page)
        .map(|path| (read(&path).lines().count(), path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    report(
        &faults,
        "over 500 lines: there are two things in this file; give each its own",
    );
}

#[test]
fn one_file_of_the_page_talks_to_tauri() {
    let faults: Vec<_> = ours(&["ui/src"], &["ts", "svelte", "js"])
        .into_iter()
        .filter(|path| path != "ui/src/engine.ts" && read(path).contains("@tauri-apps"))
        .collect();
    report(
        &faults,
        "only ui/src/engine.ts imports @tauri-apps: put the call there and import it from there",
    );
}

#[test]
fn domain_types_are_not_serialised() {
    const MAY: &[&str] = &[
        "crates/engine/src/view.rs",
        "crates/engine/src/view/",
        "crates/cli/",
        "crates/sandbox/",
        "crates/service/",
    ];
    let derives = |text: &str| {
        let derived = text
            .split("#[derive(")
            .skip(1)
            .filter_map(|rest| rest.split(")]").next());
        derived
            .flat_map(|list| list.split(','))
            .any(|name| name.trim().ends_with("Serialize"))
    };
    let faults: Vec<_> = rust_files()
        .into_iter()
        .filter(|path| !MAY.iter().any(|may| path.starts_with(may)) && derives(&read(path)))
        .collect();
    report(
        &faults,
        "a domain type derives Serialize: make a type in engine::view (or a private wire type) and convert",
    );
}

#[test]
fn the_shell_is_thin() {
    let count = |paths: &[String]| {
        paths
            .iter()
            .map(|path| read(path).lines().count())
            .sum::<usize>()
    };
    let (shell, rest): (Vec<_>, Vec<_>) = rust_files()
        .into_iter()
        .filter(|path| !path.starts_with("tests/") && !path.contains("/tests/"))
        .partition(|path| path.starts_with("src-tauri/"));
    let (shell, all) = (count(&shell), count(&shell) + count(&rest));
    assert!(
        shell * 20 <= all,
        "src-tauri/ has {shell} of {all} Rust lines, over 5 %: move logic into engine"
    );
}

#[test]
fn nothing_is_left_for_later() {
    // Spelled apart, or this file would find itself.
    let words = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["XX", "X:"].concat(),
    ];
    let mut faults = Vec::new();
    for path in source::text_files() {
        for (number, line) in read(&path).lines().enumerate() {
            if words.iter().any(|word| {
                line.split(|c: char| !c.is_ascii_alphabetic() && c != ':')
                    .any(|part| part.trim_end_matches(':') == word.trim_end_matches(':'))
            }) {
                faults.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    report(&faults, "do it now, or open an issue");
}

#[test]
fn the_page_has_no_style_attributes() {
    let mut faults = Vec::new();
    for path in ours(&["ui/src", "ui/index.html"], &["svelte", "html"]) {
        for (number, line) in read(&path).lines().enumerate() {
            // `style:left={…}` goes through the CSSOM, which the content policy allows; `style=` does not.
            if [" style=", "\tstyle=", "style={"]
                .iter()
                .any(|bad| line.contains(bad))
                || line.trim_start().starts_with("style=")
            {
                faults.push(format!("{path}:{}", number + 1));
            }
        }
    }
    report(
        &faults,
        "the content policy forbids style attributes: use a class, or `style:property={value}`",
    );
}

#[test]
fn names_are_nouns_of_the_trade() {
    const VAGUE: &[&str] = &["Manager", "Helper", "Util", "Utils", "Processor", "Wrapper"];
    let mut faults = Vec::new();
    for path in rust_files() {
        for line in read(&path).lines() {
            let words: Vec<&str> = line
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .collect();
            let named = words
                .windows(2)
                .find(|pair| matches!(pair.first(), Some(&("struct" | "enum" | "trait"))));
            if let Some(name) = named
                .and_then(|pair| pair.get(1))
                .filter(|name| VAGUE.iter().any(|vague| name.ends_with(vague)))
            {
                faults.push(format!("{path}: {name}"));
            }
        }
    }
    report(&faults, "name it after the thing of the trade that it is");
}

#[test]
fn readme_opens_with_the_two_commands() {
    let text = read("README.md");
    let opening: Vec<&str> = text.lines().take(20).collect();
    for command in ["./dev demo", "./dev test"] {
        assert!(
            opening.iter().any(|line| line.starts_with(command)),
            "README.md opens with `{command}`: within its first 20 lines"
        );
    }
}

#[test]
fn architecture_stays_short_and_names_every_crate() {
    let text = read("ARCHITECTURE.md");
    assert!(
        text.lines().count() <= 150,
        "ARCHITECTURE.md has at most 150 lines: it is a map, not the land"
    );
    let missing: Vec<_> = crates()
        .into_iter()
        .map(|name| format!("crates/{name}"))
        .filter(|name| !text.contains(name.as_str()))
        .collect();
    report(&missing, "the code map of ARCHITECTURE.md lacks a crate");
}

#[test]
fn no_path_of_a_machine_is_written_down() {
    // Spelled apart, or this file would find itself. Made-up places of made-up people in tests are fine.
    let mut bad = vec![
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        env!("CARGO_MANIFEST_DIR").to_owned(),
    ];
    bad.extend(
        std::env::var("HOME")
            .ok()
            .filter(|home| home.len() > 1)
            .map(|home| home + "/"),
    );
    let mut faults = Vec::new();
    for path in source::text_files() {
        for (number, line) in read(&path).lines().enumerate() {
            if bad.iter().any(|bad| source::is_path(line, bad)) {
                faults.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    report(
        &faults,
        "a path that exists on one machine only: make it relative, or take it from the environment",
    );
}

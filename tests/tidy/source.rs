//! The repository's own files as the house rules see them: what is ours, what is generated. It judges nothing.

use std::path::{Path, PathBuf};

/// Folders that hold nothing written by hand, wherever they lie.
const NOT_OURS: &[&str] = &[
    "target",
    "node_modules",
    "dist",
    "gen",
    "permissions",
    "generated",
    "shots",
    ".git",
];

/// Where the repository lies.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file's text; a file that is not there fails the test with its name.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The folders below `crates/`.
pub(crate) fn crates() -> Vec<String> {
    let folder = root().join("crates");
    let found =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<_> = found
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names
}

/// Our files with one of these extensions below these places, relative to the root and sorted.
pub(crate) fn ours(places: &[&str], extensions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for place in places {
        collect(&root().join(place), &mut found);
    }
    let extension = |path: &Path| {
        path.extension()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let mut found: Vec<_> = found
        .into_iter()
        .filter(|path| extensions.contains(&extension(path).as_str()))
        .filter_map(|path| {
            path.strip_prefix(root())
                .ok()
                .map(|path| path.to_string_lossy().replace('\\', "/"))
        })
        .collect();
    found.sort();
    found
}

fn collect(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_file() {
        return found.push(path.to_owned());
    }
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    }; // a place that is not there yet holds nothing
    for entry in entries.flatten() {
        let name = entry.file_name();
        let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if !link && !NOT_OURS.iter().any(|not| name == *not) {
            collect(&entry.path(), found);
        }
    }
}

/// Every Rust file of ours.
pub(crate) fn rust_files() -> Vec<String> {
    ours(&["crates", "src-tauri", "tests", "fuzz"], &["rs"])
}

/// Every text of ours that a person writes.
pub(crate) fn text_files() -> Vec<String> {
    const WRITTEN: &[&str] = &[
        "rs", "ts", "js", "svelte", "css", "html", "md", "toml", "sql", "json", "desktop", "yml",
        "yaml", "sh",
    ];
    let mut files = ours(
        &["crates", "src-tauri", "tests", "fuzz", "ui", "docs"],
        WRITTEN,
    );
    files.retain(|path| !path.ends_with("package-lock.json"));
    let at_root = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "Cargo.toml",
        "clippy.toml",
        "deny.toml",
        "tauri.conf.json",
        "dev",
        ".ci/run",
    ];
    files.extend(at_root.map(str::to_owned));
    files
}

/// The lines of one table of a manifest, with its sub-tables and those of single targets.
pub(crate) fn section(manifest: &str, name: &str) -> String {
    let mut within = false;
    let mut lines = String::new();
    for line in manifest.lines() {
        if let Some(header) = line.trim().strip_prefix('[') {
            let header = header.trim_end_matches(']');
            let own = header.starts_with("target.") && header.ends_with(&format!(".{name}"));
            within = own || header == name || header.starts_with(&format!("{name}."));
            if let Some(entry) = header.strip_prefix(&format!("{name}.")) {
                lines += &format!("{entry} = {{}}\n"); // [dependencies.x] names x
            }
        } else if within {
            lines += line;
            lines.push('\n');
        }
    }
    lines
}

/// Whether a table's lines name this package as a dependency, under its own name or another.
pub(crate) fn names_dependency(lines: &str, package: &str) -> bool {
    lines.lines().map(str::trim).any(|line| {
        let key = line
            .split(['.', '=', ' '])
            .next()
            .unwrap_or_default()
            .trim_matches('"');
        key == package
            || line.contains(&format!("package = \"{package}\""))
            || line.contains(&format!("crates/{package}\""))
    })
}

/// Whether a line holds this absolute path: at a place where a path can begin.
pub(crate) fn is_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|before| before.is_alphanumeric() || "/._-}".contains(before))
    })
}

/// Fails with every fault on a line of its own, and with what to do.
#[track_caller]
pub(crate) fn report(faults: &[String], what_to_do: &str) {
    assert!(
        faults.is_empty(),
        "\n{}\n\n→ {what_to_do}\n",
        faults.join("\n")
    );
}

#[test]
fn a_manifest_is_read_by_its_tables() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\ntrack.workspace = true\n[dependencies.device]\npath = \"..\"\n\
                    [target.'cfg(unix)'.dependencies]\nlibrary = { workspace = true }\n[dev-dependencies]\nsandbox = {}\n";
    let uses = section(manifest, "dependencies");
    for (package, expected) in [
        ("track", true),
        ("device", true),
        ("library", true),
        ("sandbox", false),
        ("package", false),
    ] {
        assert_eq!(names_dependency(&uses, package), expected, "{package}");
    }
    assert!(names_dependency(
        "tracks = { package = \"track\" }",
        "track"
    ));
}

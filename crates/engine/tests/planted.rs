//! Thirty-seven faults that a program of this kind could have, each planted into a copy of the sources: the simulation must find
//! every one. What a test cannot find, it does not prove. `TRACKDOCK_FAULT`: only those whose words hold one of
//! these, set apart by semicolons.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Worlds that are played for each.
const SEEDS: &str = "2000";

/// A file, what it says, and what it says then.
type Place = (&'static str, &'static str, &'static str);
/// What is wrong, and where.
type Fault = (&'static str, &'static [Place]);

const VERDICT: &str = "engine/src/verdict.rs";
const LOOKING: &str = "engine/src/looking.rs";
const RECONCILE: &str = "engine/src/reconcile.rs";
const LIFE: &str = "library/src/life.rs";
const QUEUE: &str = "library/src/queue.rs";
const LIBRARY: &str = "library/src/lib.rs";
const STAGING: &str = "library/src/staging.rs";
const ORIGINALS: &str = "library/src/originals.rs";
const SCHEDULE: &str = "engine/src/schedule.rs";
const CHECKS: &str = "engine/src/checks.rs";
const CLIENT: &str = "service/src/client.rs";
const CLASSIFY: &str = "service/src/classify.rs";
const SESSION: &str = "service/src/session.rs";

const FAULTS: [Fault; 37] = [
    (
        "an upload of unknown outcome is sent again without a look",
        &[(
            VERDICT,
            "    if now.can_list {\n        return Step::to(\n            State::Unsure,",
            "    if now.can_list {\n        return Step::to(\n            State::Waiting,",
        )],
    ),
    (
        "what was on its way when the program died is sent again",
        &[(
            LIFE,
            "state: State::Unsure,\n            failures: self.failures_after(State::Unsure),",
            "state: State::Waiting,\n            failures: self.failures_after(State::Unsure),",
        )],
    ),
    (
        "what was on its way when the program died is forgotten",
        &[(
            QUEUE,
            "for upload in &found {",
            "for upload in found.iter().skip(1) {",
        )],
    ),
    (
        "new tokens are used before they are stored",
        &[(
            SESSION,
            "match self.store_tokens(&tokens).await {\n            Ok(()) =>",
            "match Ok::<(), SecretError>(()) {\n            Ok(()) =>",
        )],
    ),
    (
        "the refresh token is not renewed",
        &[(
            SESSION,
            "    async fn keep(\n        &self,\n        held: &mut Held<'_>,\n        before: Secret,\n        tokens: Tokens,\n    ) -> Result<Secret, Outcome> {",
            "    async fn keep(\n        &self,\n        held: &mut Held<'_>,\n        before: Secret,\n        mut tokens: Tokens,\n    ) -> Result<Secret, Outcome> {\n        if let Ok(Some(old)) = self.stored().await {\n            tokens.refresh = old.refresh;\n        }",
        )],
    ),
    (
        "an ended sign-in is taken for a refusal of the file",
        &[(
            SESSION,
            "let over = || Outcome::NeedsSignIn(\"the sign-in is no longer accepted\".into());",
            "let over = || Outcome::Refused(\"the sign-in is no longer accepted\".into());",
        )],
    ),
    (
        "the gap between two uploads is not kept",
        &[(
            QUEUE,
            "Ok(works_from.map(|from| from.max(time(next))))",
            "Ok(works_from.map(|from| from.max(time(next.min(0)))))",
        )],
    ),
    (
        "two uploads go out at once",
        &[
            (
                QUEUE,
                "        if on_the_way {",
                "        if on_the_way && now == Timestamp::MIN {",
            ),
            (
                QUEUE,
                "            if busy {",
                "            if busy && gap.is_zero() {",
            ),
            (
                CHECKS,
                "lane.sending.is_none() && !lane.listing",
                "!lane.listing",
            ),
        ],
    ),
    (
        "a service that recognises what it has is sent the same without end",
        &[(
            VERDICT,
            "now.recognises_duplicates && now.looks == 0",
            "now.recognises_duplicates",
        )],
    ),
    (
        "an internal error after the file has gone is taken for a no",
        &[(
            CLASSIFY,
            "None => Outcome::Unknown(\"it has an internal problem\".into()),",
            "None => Outcome::transient(\"it has an internal problem\"),",
        )],
    ),
    (
        "a service that asks to wait is taken not to have taken the file",
        &[(
            CLASSIFY,
            "if answer.status == 503 => {",
            "if answer.status == 599 => {",
        )],
    ),
    (
        "a redirect after the file has gone is taken for a no",
        &[(
            CLASSIFY,
            "if (301..=303).contains(&answer.status) =>",
            "if answer.status == 399 =>",
        )],
    ),
    (
        "a list that was asked for before it was time to look settles an upload",
        &[(
            LOOKING,
            "self.library.looks_due(account, asked_at, u32::MAX)",
            "self.library.looks_due(account, now.max(asked_at), u32::MAX)",
        )],
    ),
    (
        "a connection that breaks after the file has gone is taken for a no",
        &[(
            CLIENT,
            "Err(lost) if lost.perhaps_taken => Verdict::Is(Outcome::Unknown(lost.what)),",
            "Err(lost) if lost.perhaps_taken => Verdict::Is(Outcome::transient(lost.what)),",
        )],
    ),
    (
        "a page in place of an answer is taken for a refusal",
        &[(
            CLASSIFY,
            "_ => Outcome::Unknown(\"its answer names no activity\".into()),",
            "_ => Outcome::Refused(\"its answer names no activity\".into()),",
        )],
    ),
    (
        "a list that cannot be read is taken for an empty one",
        &[(
            LOOKING,
            "Err(outcome) => return self.list_failed(service, outcome),",
            "Err(_) => Vec::new(),",
        )],
    ),
    (
        "what is in the list is not found there",
        &[(
            RECONCILE,
            "if theirs.duration_since(ours).abs() <= START",
            "if theirs.duration_since(ours).abs() > START",
        )],
    ),
    (
        "one activity of a service is taken for two uploads",
        &[(
            LOOKING,
            "Ok([]) => Held::Free,",
            "_ => Held::Free,\n                #[allow(unreachable_patterns)]\n                Ok([]) => Held::Free,",
        )],
    ),
    (
        "a pause of an account holds up only the upload that met it",
        &[(
            "library/src/accounts.rs",
            "Some(self.state.rests_until(now).unwrap_or(now))",
            "Some(now)",
        )],
    ),
    (
        "a refusal is tried again by itself",
        &[(
            VERDICT,
            "    Step::to(\n        State::Refused,\n        format!(\"{service} refused the file: {words}.\"),\n    )",
            "    Step::to(\n        State::Waiting,\n        format!(\"{service} refused the file: {words}.\"),\n    )\n    .due(BLOCKED)",
        )],
    ),
    (
        "a block of the program is taken for a refusal of the file",
        &[(
            CLASSIFY,
            "403 => with_code && (rules.forbidden_is_refusal || invalid),",
            "403 => true,",
        )],
    ),
    (
        "what a service asks to wait is not waited",
        &[(
            VERDICT,
            "Outcome::Throttled { after, .. } => throttled(after, from, now),",
            "Outcome::Throttled { .. } => throttled(None, from, now),",
        )],
    ),
    (
        "a file that has grown is not looked at again",
        &[(
            "engine/src/intake.rs",
            ".filter(|seen| seen.size == recording.size && seen.modified_ms == recording.modified_ms)",
            "",
        )],
    ),
    (
        "a copied file is not synced",
        &[(
            STAGING,
            "let asked = self.held.disk.before(Act::Sync(path));\n        asked\n            .and_then(|()| self.file.sync_all())\n",
            "let asked: io::Result<()> = Ok(());\n        asked\n",
        )],
    ),
    (
        "a commit is not synced",
        &[
            (
                LIBRARY,
                "\"synchronous\", \"FULL\"",
                "\"synchronous\", \"NORMAL\"",
            ),
            (LIBRARY, "if level < 2 {", "if level < 1 {"),
        ],
    ),
    (
        "what a killed run left in the log is synced, but not written again",
        &[(
            LIBRARY,
            "    match disk::rewrite(disk, log) {",
            "    match disk::sync_file(disk, log) {",
        )],
    ),
    (
        "the name of an original is not synced before its row",
        &[(
            ORIGINALS,
            "    disk::sync_folder(disk, folder)?;\n    disk::sync_folder_of(disk, folder)",
            "    disk::sync_folder_of(disk, folder)",
        )],
    ),
    (
        "the name of a new folder of originals is not synced",
        &[
            (ORIGINALS, "disk::sync_folder_of(disk, folder)", "Ok(())"),
            (
                "library/src/disk.rs",
                "sync_names_on(disk, here_if_empty(parent))?;",
                "let _ = here_if_empty(parent);",
            ),
        ],
    ),
    (
        "an answer that could not be written down is forgotten",
        &[(
            "engine/src/state.rs",
            "std::mem::take(&mut self.unsettled).into_iter();",
            "std::mem::take(&mut self.unsettled).into_iter().skip(9);",
        )],
    ),
    (
        "what could not be claimed is sent",
        &[(
            CHECKS,
            "if self.check(claimed).is_none() {",
            "if self.check(claimed).is_none() && upload.0 == 0 {",
        )],
    ),
    (
        "a device is not looked at again after our disk was full",
        &[(
            "engine/src/keeping.rs",
            "if OUR_DISK.contains(&problem.code.as_str()) => Some(LOOK_AGAIN),",
            "if OUR_DISK.contains(&problem.code.as_str()) => None,",
        )],
    ),
    (
        "what may arrive late is looked for only once",
        &[(
            VERDICT,
            "Match::Untold(_) if look < 2",
            "Match::Untold(_) if look < 1",
        )],
    ),
    (
        "the list is not read before the first upload",
        &[(
            CHECKS,
            "if lane.lacks_list(now) {",
            "if lane.lacks_list(now) && job.upload.attempts > 0 {",
        )],
    ),
    (
        "a list counts for as long as the program runs",
        &[(
            SCHEDULE,
            "age.is_ok_and(|age| age <= LIST_SERVES)",
            "age.is_ok_and(|age| age <= LIST_SERVES.saturating_mul(100_000))",
        )],
    ),
    (
        "what another program had sent is sent once more",
        &[(
            VERDICT,
            "        Match::None | Match::Untold(_) | Match::Failed(_) => None,\n",
            "        Match::None | Match::Untold(_) | Match::Failed(_) | Match::One(_) => None,\n",
        )],
    ),
    (
        "a person is asked about what the list surely lacks",
        &[(
            VERDICT,
            "Match::None => sent_again(format!(\"It did not arrive at {service}\"), now),",
            "Match::None => Step::to(State::Unsure, undecided(service)).coded(UNDECIDED),",
        )],
    ),
    (
        "a device on which nothing can be seen is taken for one whose files were deleted",
        &[(
            "engine/src/keeping.rs",
            "            Found::Listed { recordings, fresh } => {\n",
            "            Found::Listed { recordings, fresh } => {\n                for id in (1..64).filter(|_| recordings == 0) {\n                    drop(self.library.delete_activity(library::ActivityId(id), jiff::Timestamp::UNIX_EPOCH));\n                }\n                let Some(look) = self.devices.get_mut(id).and_then(|entry| entry.look.as_mut()) else {\n                    return;\n                };\n",
        )],
    ),
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The sources as they are now, without what was built of them.
fn copy(to: &Path) {
    let tracked = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(workspace())
        .output()
        .unwrap();
    for name in String::from_utf8(tracked.stdout)
        .unwrap()
        .split_terminator('\0')
    {
        let (from, to) = (workspace().join(name), to.join(name));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
}

/// Whether the simulation goes well in that copy; and what it says.
fn goes_well(at: &Path) -> (bool, String) {
    let ended = Command::new(env!("CARGO"))
        .args(["test", "--package", "engine", "--lib", "sim::whatever"])
        .current_dir(at)
        .env("TRACKDOCK_SEEDS", SEEDS)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        said.contains("running 1 test"),
        "it was not built: {errors}"
    );
    (ended.status.success(), said)
}

/// Which file a fault goes into, what it says, and what it says then.
fn plant(at: &Path, what: &str, (file, old, new): &Place) -> (PathBuf, String, String) {
    let path = at.join("crates").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let found = text.matches(old).count();
    assert_eq!(found, 1, "{what}: {file} says otherwise now");
    let planted = text.replacen(old, new, 1);
    (path, text, planted)
}

/// Each by itself; those of several places change different ones.
#[test]
fn every_fault_still_finds_its_place() {
    for (what, places) in FAULTS {
        for place in places {
            let (_, text, planted) = plant(&workspace(), what, place);
            assert_ne!(text, planted, "{what}");
        }
    }
}

#[test]
#[ignore = "builds the engine once for each: ./dev soak"]
fn soak_every_planted_fault_is_found() {
    let folder = tempfile::tempdir().unwrap();
    copy(folder.path());
    let (well, said) = goes_well(folder.path());
    assert!(well, "nothing was planted yet: {said}");
    let mut missed = Vec::new();
    let words = std::env::var("TRACKDOCK_FAULT").unwrap_or_default();
    let is_asked_for = |what: &str| words.split(';').any(|words| what.contains(words));
    for (what, places) in FAULTS.iter().filter(|(what, _)| is_asked_for(what)) {
        let mut before = Vec::new();
        for place in *places {
            let (path, text, planted) = plant(folder.path(), what, place);
            std::fs::write(&path, planted).unwrap();
            before.push((path, text));
        }
        let (well, said) = goes_well(folder.path());
        let first = said
            .lines()
            .find(|line| line.starts_with("seed "))
            .unwrap_or_default();
        eprintln!("{}: {what}: {first}", if well { "MISSED" } else { "found" });
        if well {
            missed.push(*what);
        }
        for (path, text) in before.into_iter().rev() {
            std::fs::write(path, text).unwrap();
        }
    }
    assert!(missed.is_empty(), "missed: {missed:#?}");
}

//! The faults, each with its place in the sources. Where a line of the program moves, its fault moves with it.

/// A file, what it says, and what it says then.
pub(super) type Place = (&'static str, &'static str, &'static str);
/// What is wrong, and where.
pub(super) type Fault = (&'static str, &'static [Place]);

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

pub(super) const FAULTS: [Fault; 46] = [
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
            "match self.store_tokens(&tokens).await {\n                Ok(()) =>",
            "match Ok::<(), SecretError>(()) {\n                Ok(()) =>",
        )],
    ),
    (
        "the refresh token is not renewed",
        &[(
            SESSION,
            "    async fn keep(\n        &self,\n        held: &mut Held<'_>,\n        before: Secret,\n        tokens: Tokens,\n    ) -> Result<Secret, SecretError> {",
            "    async fn keep(\n        &self,\n        held: &mut Held<'_>,\n        before: Secret,\n        mut tokens: Tokens,\n    ) -> Result<Secret, SecretError> {\n        if let Ok(Some(old)) = self.stored().await {\n            tokens.refresh = old.refresh;\n        }",
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
    (
        "an activity is queued for all accounts but the first",
        &[(
            "library/src/keep.rs",
            "    for account in accounts {\n",
            "    for account in accounts.into_iter().skip(1) {\n",
        )],
    ),
    (
        "of the earlier activities that are to be sent one is left out",
        &[(
            "library/src/wishes.rs",
            "for (activity, open) in &found {",
            "for (activity, open) in found.iter().skip(1) {",
        )],
    ),
    (
        "a person is asked about the only one that it can be",
        &[(
            RECONCILE,
            "[one] => Match::One(one.id.clone()),",
            "[_] => Match::Several(1),",
        )],
    ),
    (
        "what the service still works on is taken for there",
        &[(
            RECONCILE,
            "list.iter().filter(|one| one.progress == Progress::Working);",
            "list.iter().filter(|one| one.progress == Progress::Failed);",
        )],
    ),
    (
        "what the service could not use is taken for there",
        &[(
            CLASSIFY,
            "Some(Outcome::Refused(_)) => Progress::Failed,",
            "Some(Outcome::Refused(_)) => Progress::Done,",
        )],
    ),
    (
        "only the first page of a list is read",
        &[(
            CLIENT,
            "Next::Page(next) => pages.turned(&answer, next).map_err(Outcome::NoList)?,",
            "Next::Page(next) => {\n                    drop(pages.turned(&answer, next));\n                    return Ok(list);\n                }",
        )],
    ),
    (
        "a conflict is taken for a refusal",
        &[(
            CLASSIFY,
            "        return Verdict::Is(Outcome::Existing {\n            id: answer.id(json, &details).or(id),\n        });",
            "        drop(answer.id(json, &details).or(id));\n        return Verdict::Is(Outcome::Refused(\"it has it\".into()));",
        )],
    ),
    (
        "a date to wait for is measured by our own clock",
        &[(
            "service/src/retry_after.rs",
            "let since = date.and_then(http_date).unwrap_or(now);",
            "let since = date.and_then(http_date).map_or(now, |_| now);",
        )],
    ),
    (
        "a client that is turned away is taken for an ended sign-in",
        &[(
            SESSION,
            "                Err(Outcome::Blocked(redacted(&what, ours)))\n",
            "                let _ = redacted(&what, ours);\n                Err(over())\n",
        )],
    ),
];

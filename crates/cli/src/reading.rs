//! Commands that only read: they work while another engine runs on the same data folder.

use std::path::{Path, PathBuf};

use engine::view::{HistoryFilter, Problem, UploadState};
use engine::{Archive, SecretsPlace};
use jiff::Timestamp;

use crate::End;
use crate::output::Output;
use crate::text;
use crate::working::asked_to_end;

/// Rows asked for at a time, so that a large library never lies in memory whole.
const PAGE: usize = 500;

pub(crate) fn inspect(files: &[PathBuf], output: Output) -> End {
    let mut all_well = true;
    for file in files {
        for part in engine::inspect::inspect(file) {
            all_well &= part.ok;
            output.item(&part, text::inspection);
        }
    }
    End::of(all_well)
}

pub(crate) fn messages(files: &[PathBuf], output: Output) -> End {
    let mut all_well = true;
    for file in files {
        match engine::inspect::messages(file) {
            Ok(messages) => messages
                .iter()
                .for_each(|message| output.item(message, text::message)),
            Err(problem) => {
                all_well = false;
                output.problem(&problem);
            }
        }
    }
    End::of(all_well)
}

pub(crate) fn devices(data_dir: &Path, output: Output) -> Result<End, Problem> {
    let devices = engine::connected(data_dir)?;
    if devices.is_empty() {
        output.say("No device is connected. Plug in your watch or bike computer; if it doesn't appear, its USB mode may have to be mass storage.");
    }
    devices
        .iter()
        .for_each(|device| output.item(device, text::device));
    Ok(End::of(devices.iter().all(|device| device.error.is_none())))
}

pub(crate) fn filter(
    state: Option<UploadState>,
    sport: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    search: Option<String>,
) -> HistoryFilter {
    let millis = |at: Timestamp| at.as_millisecond() as f64;
    HistoryFilter {
        search: search.unwrap_or_default(),
        sport,
        state,
        from: from.map(millis),
        to: to.map(millis),
    }
}

pub(crate) fn history(
    data_dir: &Path,
    filter: &HistoryFilter,
    limit: Option<usize>,
    output: Output,
) -> Result<End, Problem> {
    let Some(archive) = Archive::open(data_dir)? else {
        output.say("The library is empty.");
        return Ok(End::Done);
    };
    let mut left = limit.unwrap_or(usize::MAX);
    let mut cursor = None;
    let mut shown = 0;
    while left > 0 {
        let (rows, next) = archive.reports(filter, cursor.as_deref(), left.min(PAGE))?;
        rows.iter().for_each(|row| output.item(row, text::activity));
        shown += rows.len();
        left -= rows.len().min(left);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    if shown == 0 {
        output.say("Nothing found.");
    }
    Ok(End::Done)
}

pub(crate) fn show(data_dir: &Path, id: i64, output: Output) -> Result<End, Problem> {
    let archive = Archive::open(data_dir)?.ok_or_else(|| engine::no_such_activity(id))?;
    output.item(&archive.report(id)?, text::activity_whole);
    Ok(End::Done)
}

pub(crate) async fn export(
    data_dir: &Path,
    ids: Vec<i64>,
    all: bool,
    format: &str,
    out: PathBuf,
    output: Output,
) -> Result<End, Problem> {
    let format = engine::ExportFormat::from_name(format)?;
    let Some(archive) = Archive::open(data_dir)? else {
        return ids
            .first()
            .map_or(Ok(End::Done), |id| Err(engine::no_such_activity(*id)));
    };
    let ids = if all { archive.ids()? } else { ids };
    let into_folder = all || ids.len() > 1 || out.is_dir();
    let ending = archive.ending();
    let write = move || write(&archive, &ids, format, &out, into_folder, output);
    tokio::select! {
        // Heard before the first file is read.
        biased;
        () = asked_to_end() => {
            ending();
            // What is being written goes with the thread that writes it.
            std::process::exit(1)
        }
        written = async { tokio::task::spawn_blocking(write).await } => match written {
            Ok(end) => end,
            Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        },
    }
}

fn write(
    archive: &Archive,
    ids: &[i64],
    format: engine::ExportFormat,
    out: &Path,
    into_folder: bool,
    output: Output,
) -> Result<End, Problem> {
    let mut all_well = true;
    let mut tell = |result| match result {
        Ok(exported) => output.item(&exported, text::exported),
        Err(problem) => {
            all_well = false;
            output.problem(&problem);
        }
    };
    let is_zip = out
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("zip"));
    if is_zip && !out.is_dir() {
        archive.export_to_zip(ids, format, out, &mut tell)?;
    } else {
        for id in ids {
            tell(archive.export(*id, format, out, into_folder));
        }
    }
    Ok(End::of(all_well))
}

pub(crate) fn convert(from: &Path, to: &Path, output: Output) -> Result<End, Problem> {
    for converted in engine::convert(from, to)? {
        output.item(&converted, text::converted);
    }
    Ok(End::Done)
}

pub(crate) fn accounts(data_dir: &Path, output: Output) -> Result<End, Problem> {
    let accounts = match Archive::open(data_dir)? {
        Some(archive) => archive.account_reports()?,
        None => Vec::new(),
    };
    if accounts.is_empty() {
        output.say("No account yet. `trackdock-cli login SERVICE` signs in to map-my-tracks or trek-point.");
    }
    accounts
        .iter()
        .for_each(|account| output.item(account, text::account));
    Ok(End::Done)
}

pub(crate) fn queue(data_dir: &Path, output: Output) -> Result<End, Problem> {
    let uploads = match Archive::open(data_dir)? {
        Some(archive) => archive.queue()?,
        None => Vec::new(),
    };
    if uploads.is_empty() {
        output.say("Nothing waits.");
    }
    uploads
        .iter()
        .for_each(|upload| output.item(upload, text::upload));
    Ok(End::Done)
}

pub(crate) async fn doctor(
    data_dir: &Path,
    secrets: SecretsPlace,
    output: Output,
) -> Result<End, Problem> {
    let findings = engine::doctor::examine(data_dir, secrets).await;
    findings
        .iter()
        .for_each(|finding| output.item(finding, text::finding));
    Ok(End::of(findings.iter().all(|finding| finding.ok)))
}

//! Looks for what is wrong, and says what to do.

use std::path::Path;
use std::time::Duration;

use service::ServiceId;

use crate::archive;
use crate::clock;
use crate::config::Config;
use crate::problem::words;
use crate::secrets::{self, SecretsPlace};
use crate::view::{Finding, Problem};

/// Before this no version of Trackdock existed: a clock that shows less is wrong.
const EARLIEST_YEAR: i16 = 2026;

/// Looks at everything that commonly goes wrong. Reads every original, so it takes as long as that.
pub async fn examine(data_dir: &Path, place: SecretsPlace) -> Vec<Finding> {
    let mut findings = vec![clock_finding(), data_folder(data_dir)];
    findings.extend(keyring(data_dir, place).await);
    findings.extend(library(data_dir).await);
    findings.push(devices(data_dir));
    match Config::read(data_dir) {
        Ok(config) => {
            findings.push(well(
                "config",
                format!("{} can be read.", config.path.display()),
            ));
            for id in ServiceId::ALL {
                findings.push(service(&config, id).await);
            }
        }
        Err(problem) => findings.push(bad("config", &problem)),
    }
    findings
}

fn well(subject: &'static str, what: impl Into<String>) -> Finding {
    Finding {
        subject,
        ok: true,
        what: what.into(),
        hint: String::new(),
    }
}

fn bad(subject: &'static str, problem: &Problem) -> Finding {
    Finding {
        subject,
        ok: false,
        what: problem.title.clone(),
        hint: problem.hint.clone(),
    }
}

fn clock_finding() -> Finding {
    let now = clock::system()();
    let year = now.to_zoned(jiff::tz::TimeZone::UTC).year();
    if year >= EARLIEST_YEAR {
        return well(
            "clock",
            format!("The clock says {}.", now.strftime("%Y-%m-%d %H:%M UTC")),
        );
    }
    bad(
        "clock",
        &Problem::new(
            "clock",
            format!("The clock says {year}, which cannot be."),
            "Set the computer's clock; sign-ins fail with a wrong one.",
        ),
    )
}

/// Whether the data folder takes a file.
fn data_folder(data_dir: &Path) -> Finding {
    if !data_dir.exists() {
        return well(
            "disk",
            format!(
                "{} does not exist yet; it is made when it is needed.",
                data_dir.display()
            ),
        );
    }
    let probe = data_dir.join(".doctor");
    let written = std::fs::write(&probe, b"probe").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => well("disk", format!("{} can be written.", data_dir.display())),
        Err(error) => bad(
            "disk",
            &Problem::new(
                "disk",
                format!(
                    "{} cannot be written: {}.",
                    data_dir.display(),
                    words(&error)
                ),
                "Make room on the disk, and check that the folder belongs to you.",
            ),
        ),
    }
}

/// Whether the secret store keeps what it is given.
async fn keyring(data_dir: &Path, place: SecretsPlace) -> Option<Finding> {
    const NAME: &str = "doctor";
    let store = secrets::store(place, data_dir);
    if place == SecretsPlace::File && !data_dir.exists() {
        return None;
    }
    let asked = tokio::task::spawn_blocking(move || {
        let secret = service::Secret::new("probe");
        let kept = store
            .set(NAME, &secret)
            .and_then(|()| store.get(NAME))
            .and_then(|read| store.delete(NAME).map(|()| read));
        (
            kept.map(|read| read.is_some_and(|read| read.is(&secret))),
            store.place(),
        )
    });
    Some(match asked.await.ok()? {
        (Ok(true), place) => well("secrets", format!("Sign-ins are kept {place}.")),
        (Ok(false), place) => bad(
            "secrets",
            &Problem::new(
                "secrets",
                format!("What is put {place} cannot be read again."),
                "Use `--secrets file`.",
            ),
        ),
        (Err(error), _) => bad("secrets", &Problem::from(error)),
    })
}

/// Whether the database is sound and the originals are what they were.
async fn library(data_dir: &Path) -> Vec<Finding> {
    let reader = match archive::reader(data_dir) {
        Ok(Some(reader)) => reader,
        Ok(None) => {
            return vec![well(
                "library",
                "There is no library yet; it is made when the first activity comes.",
            )];
        }
        Err(problem) => return vec![bad("library", &not_sent_here(problem))],
    };
    let checked = tokio::task::spawn_blocking(move || {
        reader
            .check()
            .map(|found| (found, reader.counts().unwrap_or_default()))
    });
    match checked.await {
        Ok(Ok((found, counts))) if found.is_empty() => {
            vec![well(
                "library",
                format!(
                    "{}; every original is as it was kept.",
                    crate::counted(counts.activities, "activity", "activities")
                ),
            )]
        }
        Ok(Ok((found, _))) => found
            .iter()
            .map(|finding| {
                bad(
                    "library",
                    &Problem::new(finding.code(), finding.to_string(), finding.hint()),
                )
            })
            .collect(),
        Ok(Err(error)) => vec![bad("library", &not_sent_here(Problem::from(error)))],
        Err(_) => vec![bad(
            "library",
            &Problem::new(
                "library",
                "The check of the library broke off.",
                "Run it again.",
            ),
        )],
    }
}

/// A database that does not even open sends to the doctor; here it is told what the doctor says of any other damage.
fn not_sent_here(mut problem: Problem) -> Problem {
    let damaged = library::Finding::Database {
        what: String::new(),
    };
    if problem.code == damaged.code() {
        damaged.hint().clone_into(&mut problem.hint);
    }
    problem
}

fn devices(data_dir: &Path) -> Finding {
    match crate::connected(data_dir) {
        Ok(devices) if devices.is_empty() => well("devices", "No device is connected."),
        Ok(devices) => match devices.iter().find_map(|device| device.error.as_ref()) {
            Some(problem) => bad("devices", problem),
            None => well(
                "devices",
                format!(
                    "{} connected, and readable.",
                    crate::counted(devices.len() as u64, "device", "devices")
                ),
            ),
        },
        Err(problem) => bad("devices", &problem),
    }
}

/// Whether a service is set up, and whether its computer answers at all.
async fn service(config: &Config, id: ServiceId) -> Finding {
    let name = id.name();
    let Some(settings) = config.service(id) else {
        return well(name, "Not configured.");
    };
    let missing = settings.missing();
    if !missing.is_empty() {
        return well(
            name,
            format!("Not set up yet; missing: {}.", missing.join(", ")),
        );
    }
    for (key, address) in settings.addresses() {
        if let Some(problem) = unreachable(id, key, address).await {
            return bad(name, &problem);
        }
    }
    well(name, "Set up, and its computers answer.")
}

/// Why the host of an address does not answer; none when it does, or when there is no address.
async fn unreachable(id: ServiceId, key: &str, address: &str) -> Option<Problem> {
    let rest = address.split_once("://")?;
    let authority = rest.1.split('/').next()?;
    let port = if rest.0 == "http" { 80 } else { 443 };
    let target = if authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    {
        authority.to_owned()
    } else {
        format!("{authority}:{port}")
    };
    let connected = tokio::time::timeout(
        Duration::from_secs(5),
        tokio::net::TcpStream::connect(&target),
    )
    .await;
    let why = match connected {
        Ok(Ok(_)) => return None,
        Ok(Err(error)) => words(&error),
        Err(_) => "no answer within 5 seconds".to_owned(),
    };
    Some(Problem::new(
        "unreachable",
        format!(
            "{} ({key}) cannot be reached at {target}: {why}.",
            id.display()
        ),
        "Check the connection to the internet and the address.",
    ))
}

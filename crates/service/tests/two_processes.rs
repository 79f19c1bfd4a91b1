//! The app and the terminal program with one sign-in, as processes of their own: however they meet, a refresh token is used once.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Seen, client, now, rotating_after, run, settings, signed_in, silent};
use service::{FileStore, Outcome, SecretStore, ServiceId};
use track::Format;

/// Tells the other process what to do: service, port, folder.
const TASK: &str = "TRACKDOCK_TEST_TASK";
const PROCESSES: usize = 3;
/// Uploads that each process begins at once.
const UPLOADS: usize = 4;
/// Rounds for each service.
const ROUNDS: usize = 5;
/// How long new tokens are kept back until every process has come with the old one.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before the number of the process in the file that it uploads.
const FROM: &str = "from process ";

/// One process; it waits for the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of the test beside it"]
async fn other_process() {
    let task = std::env::var(TASK).expect("only the test beside it starts this");
    let [service, port, folder] = task.split('\n').collect::<Vec<_>>().try_into().unwrap();
    let id = ServiceId::ALL
        .into_iter()
        .find(|id| id.name() == service)
        .unwrap();
    let folder = Path::new(folder);
    let store: Arc<dyn SecretStore> = Arc::new(FileStore::new(folder));
    let client = client(settings(id, port.parse().unwrap(), ""), store, folder);
    // It waits for the others longer than they are waited for.
    let client = Arc::new(client.with_limits(3 * PATIENCE, 3 * PATIENCE));
    std::fs::write(folder.join(format!("ready-{}", std::process::id())), "").unwrap();
    while !folder.join("go").exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let tasks: Vec<_> = (0..UPLOADS)
        .map(|_| {
            let client = Arc::clone(&client);
            let file = run(format!("{FROM}{}", std::process::id()), Format::Fit);
            tokio::spawn(async move { client.upload(file, &silent, &now).await })
        })
        .collect();
    for task in tasks {
        let outcome = task.await.unwrap();
        assert!(matches!(outcome, Outcome::Created { .. }), "{outcome:?}");
    }
}

fn other(id: ServiceId, port: u16, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "other_process", "--ignored", "--nocapture"])
        .env(TASK, format!("{}\n{port}\n{}", id.name(), folder.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The processes that came with the old token, and are refused.
#[derive(Default)]
struct Refused(Mutex<BTreeSet<u32>>);

impl Refused {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Takes note of an upload with the old token; an answer with new ones waits until all the processes have come, so that they
    /// meet on the slowest machine, too.
    fn before(&self, seen: &Seen) {
        if seen.header("authorization") == "Bearer a1" {
            let body = String::from_utf8_lossy(&seen.body);
            let process = body.split(FROM).nth(1).unwrap();
            let process = process
                .split(|letter: char| !letter.is_ascii_digit())
                .next();
            self.0
                .lock()
                .unwrap()
                .insert(process.unwrap().parse().unwrap());
        }
        if seen.path.ends_with("/oauth/token") {
            let began = Instant::now();
            tokio::task::block_in_place(|| {
                while self.count() < PROCESSES && began.elapsed() < PATIENCE {
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
    }
}

fn ready(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with("ready-"))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_meet_refresh_once() {
    for id in ServiceId::ALL {
        for round in 0..ROUNDS {
            let folder = tempfile::tempdir().unwrap();
            let store: Arc<dyn SecretStore> = Arc::new(FileStore::new(folder.path()));
            signed_in(store.as_ref(), id, "a1", Some("r1"), None);
            let refused = Arc::new(Refused::default());
            let noting = Arc::clone(&refused);
            let before = move |seen: &Seen| noting.before(seen);
            let fake = rotating_after(id, Arc::clone(&store), before).await;
            let others: Vec<Child> = (0..PROCESSES)
                .map(|_| other(id, fake.port, folder.path()))
                .collect();
            while ready(folder.path()) < PROCESSES {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            std::fs::write(folder.path().join("go"), "").unwrap();
            let ends = tokio::task::spawn_blocking(move || {
                let ends = others
                    .into_iter()
                    .map(|other| other.wait_with_output().unwrap());
                ends.collect::<Vec<_>>()
            });
            for end in ends.await.unwrap() {
                assert!(
                    end.status.success(),
                    "{}",
                    String::from_utf8_lossy(&end.stderr)
                );
                let said = String::from_utf8_lossy(&end.stdout);
                assert!(said.contains("1 passed"), "{said}");
            }
            let path = match id {
                ServiceId::MapMyTracks => "/api3/oauth/token",
                ServiceId::TrekPoint => "/oauth/token",
            };
            assert_eq!(fake.seen(path).len(), 1, "{id:?}, round {round}");
            // Those that come one after the other find the new tokens stored, and no two of them want to renew.
            assert_eq!(refused.count(), PROCESSES, "{id:?}, round {round}");
        }
    }
}

//! The app and the terminal program with one sign-in, as processes of their own: however they meet, a refresh token is used once.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{client, now, rotating, run, settings, signed_in, silent};
use service::{FileStore, Outcome, SecretStore, ServiceId};
use track::Format;

/// Tells the other process what to do: service, port, folder.
const TASK: &str = "TRACKDOCK_TEST_TASK";
const PROCESSES: usize = 3;
/// Uploads that each process begins at once.
const UPLOADS: usize = 4;
/// Rounds for each service.
const ROUNDS: usize = 5;

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
    let client = Arc::new(client(
        settings(id, port.parse().unwrap(), ""),
        store,
        folder,
    ));
    std::fs::write(folder.join(format!("ready-{}", std::process::id())), "").unwrap();
    while !folder.join("go").exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let tasks: Vec<_> = (0..UPLOADS)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.upload(run("x", Format::Fit), &silent, &now).await })
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
            let fake = rotating(id, Arc::clone(&store)).await;
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
        }
    }
}

//! What the window is given while services repeat what they know of us: in no snapshot, history, story or setting is a secret.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::sync::{Arc, Mutex};

use common::{Home, SERVICES};
use engine::view::HistoryFilter;
use engine::{AccountName, Command, Retry};
use sandbox::{Expire, Fault, Harm, ServiceName};
use serde::Serialize;

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Notes every snapshot from now on.
fn watched(home: &Home) -> Arc<Mutex<Vec<String>>> {
    let seen = Arc::new(Mutex::new(vec![json(&home.engine().snapshot())]));
    let (mut snapshots, notes) = (home.engine().watch(), Arc::clone(&seen));
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.build().unwrap();
        // Ends with the engine.
        while runtime.block_on(snapshots.changed()).is_ok() {
            let text = json(&*snapshots.borrow_and_update());
            notes.lock().unwrap().push(text);
        }
    });
    seen
}

/// Everything else that a page asks for.
fn pages(home: &Home) -> Vec<String> {
    let archive = home.engine().archive().unwrap();
    let all = HistoryFilter::default();
    let mut pages = vec![
        json(&archive.history(&all, None, 100).unwrap()),
        json(&archive.account_reports().unwrap()),
        json(&archive.queue().unwrap()),
        json(&home.engine().settings().unwrap()),
    ];
    for id in archive.ids().unwrap() {
        pages.push(json(&archive.activity(id).unwrap()));
        pages.push(json(&archive.report(id).unwrap()));
    }
    pages
}

/// One more ride, taken in and sent, or not.
fn rides(home: &Home, days_ago: u32) {
    home.put(days_ago);
    home.ask(Command::LookAgain).unwrap();
    home.settle();
}

fn repeats(home: &Home, service: ServiceName, endpoint: &str, status: u16) {
    let fault = Fault::once(service, endpoint, Harm::Echo { status });
    home.sandbox.fault(fault).unwrap();
}

#[test]
fn no_secret_reaches_the_window() {
    let home = Home::new();
    let seen = watched(&home);
    let mut said = Vec::new();
    for (id, _, _) in SERVICES {
        home.sign_in(id);
    }
    home.put(1);
    home.choose_all();
    home.settle();
    for (days_ago, status) in (2..).zip([400, 403, 422, 500, 429]) {
        for (id, name, endpoint) in SERVICES {
            // What an answer before has paused goes on.
            home.sign_in(id);
            repeats(&home, name, endpoint, status);
        }
        rides(&home, days_ago);
        said.extend(pages(&home));
        home.sandbox.clear_faults();
        home.ask(Command::Retry(Retry::All)).unwrap();
        home.settle();
    }
    // Renewals, sign-ins and sign-outs that are refused in words that repeat all of it.
    home.sandbox.expire(None, Expire::Access);
    for (_, name, _) in SERVICES {
        repeats(&home, name, "token", 400);
    }
    rides(&home, 9);
    said.extend(pages(&home));
    for (id, name, _) in SERVICES {
        home.sandbox.clear_faults();
        repeats(&home, name, "token", 400);
        let refused = home.ask(Command::SignIn { service: id }).unwrap_err();
        said.push(json(&refused));
        home.sign_in(id);
        repeats(&home, name, "revoke", 500);
        let account = AccountName::Service(id.name().into());
        said.push(json(&home.ask(Command::SignOut { account }).ok()));
    }
    said.extend(pages(&home));
    said.extend(seen.lock().unwrap().iter().cloned());

    let mut secrets = home.sandbox.secrets();
    secrets.push(home.sandbox.clients().map_my_tracks_secret.clone());
    assert!(secrets.len() > 30, "{}", secrets.len());
    // The words that repeat it all were shown, without it.
    let shown = said.iter().filter(|text| text.contains("Bearer …"));
    assert!(shown.count() > 5, "{said:#?}");
    for text in &said {
        let leak = secrets.iter().find(|secret| text.contains(*secret));
        assert_eq!(leak, None, "{text}");
    }
}

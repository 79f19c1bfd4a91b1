//! Tests: the table of arrows in ARCHITECTURE.md is that of `life`. Whoever changes one is told what the other says.

use std::collections::BTreeSet;

use super::*;

/// By what an upload comes from one state to another, in the letters of the table.
fn letter(event: &Event<'_>) -> char {
    match event {
        Event::Placed(_) => 'k',
        Event::TakenUp(_) => 'b',
        Event::Claimed => 'c',
        Event::Settled(_) => 'a',
        Event::Interrupted => 'e',
        Event::Retried { .. }
        | Event::HeldBack
        | Event::Dismissed
        | Event::Released
        | Event::Chosen(_) => 'w',
        Event::Outdone | Event::LeftAlone => 't',
        Event::PutBack => 'o',
        Event::Deleted => panic!("what is deleted has no state any more"),
    }
}

/// A row of the table: what leads to each state, in the order of [`State::ALL`].
fn row(name: &str, before: &[Option<Standing>]) -> String {
    let (gone, changes) = (all_gone(), all_changes());
    let mut cells = [const { BTreeSet::new() }; State::ALL.len()];
    for event in all_events(&gone, &changes) {
        if matches!(event, Event::Deleted) {
            continue;
        }
        for before in before {
            if let Ok(Some(after)) = next(before.as_ref(), &event, at(0)) {
                cells[after.standing().state as usize].insert(letter(&event));
            }
        }
    }
    let mut line = name.to_owned();
    for letters in cells {
        line.push(' ');
        match letters.is_empty() {
            true => line.push('-'),
            false => line.extend(letters),
        }
    }
    line
}

#[test]
fn the_table_of_arrows_in_the_architecture_is_that_of_life() {
    let mut expected = vec![row("(new)", &[None])];
    for state in State::ALL {
        let mut standings = standings(state);
        for standing in standings.clone() {
            let reason_code = "library_file".to_owned();
            standings.push(Standing {
                reason_code,
                ..standing
            });
        }
        let standings: Vec<_> = standings.into_iter().map(Some).collect();
        expected.push(row(state.name(), &standings));
    }
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page
        .lines()
        .skip_while(|line| !line.starts_with("from \\ to"));
    let heads = rows.clone().next().unwrap().split_whitespace().skip(3);
    assert!(heads.eq(State::ALL.map(State::name)));
    let written: Vec<String> = rows
        .skip(1)
        .take_while(|line| !line.starts_with("```"))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        written,
        expected,
        "the table should say:\n{}",
        expected.join("\n")
    );
}

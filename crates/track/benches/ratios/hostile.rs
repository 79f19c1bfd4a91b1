//! Whether the time for files that were made to do harm grows no faster than they do.

use std::time::Duration;

use track::read;

use crate::contest::{median, time_of};
use crate::hostile_files;

/// The smallest size; each is measured at this, twice and four times as much.
const SIZE: usize = 1 << 20;
/// How many of the worst are shown.
const SHOWN: usize = 12;
/// For four times the bytes at most so many times the time: linear, and room for caches that no longer hold everything.
const MOST: f64 = 6.0;

fn times(files: impl Fn(usize) -> Vec<(String, Vec<u8>)>) -> Vec<(String, [Duration; 3])> {
    let sizes = [1, 2, 4].map(|factor| files(SIZE * factor));
    let [small, ..] = &sizes;
    let mut all = Vec::new();
    for (index, (name, _)) in small.iter().enumerate() {
        let mut rounds = [const { Vec::new() }; 3];
        for _ in 0..5 {
            for (files, times) in sizes.iter().zip(&mut rounds) {
                let bytes = files.get(index).map_or(&[][..], |(_, bytes)| bytes);
                times.push(time_of(|| read(bytes)));
            }
        }
        all.push((name.clone(), rounds.map(median)));
    }
    all
}

/// Prints how the time grows, the worst first, and says which grow faster than the file.
pub(crate) fn measure() {
    eprintln!("measures: hostile files of 1, 2 and 4 MiB");
    let mut rows = times(hostile_files::xml);
    rows.extend(times(hostile_files::fit));
    let growth =
        |[small, _, large]: &[Duration; 3]| large.as_secs_f64() / small.as_secs_f64().max(1e-9);
    rows.sort_by(|one, other| growth(&other.1).total_cmp(&growth(&one.1)));
    println!("| hostile file | ms for 1 MiB | 2 MiB takes | 4 MiB takes | linear |");
    println!("| --- | --: | --: | --: | --- |");
    // What is over in no time grows by chance.
    let linear = |times: &[Duration; 3]| {
        growth(times) <= MOST || times.iter().all(|time| time.as_micros() < 500)
    };
    for (name, times) in rows.iter().take(SHOWN) {
        let [small, middle, _] = times.map(|time| time.as_secs_f64() * 1e3);
        println!(
            "| {name} | {small:.1} | × {:.1} | × {:.1} | {} |",
            middle / small.max(1e-6),
            growth(times),
            if linear(times) { "yes" } else { "**no**" }
        );
    }
    let bad = rows.iter().filter(|(_, times)| !linear(times)).count();
    println!("\n{} hostile files, {bad} of them not linear.", rows.len());
}

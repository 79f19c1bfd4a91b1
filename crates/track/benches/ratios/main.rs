//! How fast the readers and writers are, as ratios to others' within one run: `./dev bench`, or a part of it by
//! `./dev bench fit`. Contenders take turns, one thread, files in memory, CPU time, medians.
//!
//! A harness of our own, because what is promised are ratios: criterion and divan measure one contender after the other,
//! and what else the machine does in the meantime ends up in the ratio.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and ends at once where something is wrong"
)]

mod contest;
mod fit;
mod hostile;
mod text;
mod writing;

#[path = "../../tests/proof/corpus.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod corpus;
#[path = "../../tests/proof/generated.rs"]
mod generated;
#[path = "../../tests/proof/hostile.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod hostile_files;

use contest::Table;

/// Points of the ride that our own code makes: ten hours, one each second.
const POINTS: u32 = 36_000;

/// Files that are measured together.
struct Files {
    name: String,
    all: Vec<Vec<u8>>,
}

impl Files {
    fn bytes(&self) -> usize {
        self.all.iter().map(Vec::len).sum()
    }

    /// Those that a contender takes, too; and says how many it does not.
    fn taken_by(&self, contender: &str, takes: impl Fn(&[u8]) -> bool) -> Files {
        let all: Vec<_> = self
            .all
            .iter()
            .filter(|bytes| takes(bytes))
            .cloned()
            .collect();
        let refused = self.all.len() - all.len();
        let name = match refused {
            0 => self.name.clone(),
            _ => format!("{}, without {refused} that {contender} refuses", self.name),
        };
        Files { name, all }
    }
}

/// The ten largest activities of a format in the corpus, if there is one.
fn largest(format: &str) -> Option<Files> {
    let mut recordings = corpus::recordings(format);
    recordings.retain(|file| {
        let kind = &file.truth["kind"];
        file.is_sound() && (kind == "activity" || kind == "track")
    });
    recordings.sort_by_key(|file| std::cmp::Reverse(file.bytes.len()));
    recordings.truncate(10);
    (!recordings.is_empty()).then(|| Files {
        name: format!("{} largest of the corpus", recordings.len()),
        all: recordings.into_iter().map(|file| file.bytes).collect(),
    })
}

/// The largest of the corpus; and always a ride written by our own writer.
fn files(format: &str, written: Vec<u8>) -> Vec<Files> {
    let own = Files {
        name: "generated, 36,000 points".to_owned(),
        all: vec![written],
    };
    largest(format).into_iter().chain([own]).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return eprintln!("benchmarks say something only when optimised: cargo bench");
    }
    let wanted = |part: &str| {
        let mut parts = arguments
            .iter()
            .filter(|argument| !argument.starts_with('-'));
        let any = parts.clone().next().is_none();
        any || parts.any(|wanted| wanted == part)
    };
    let mut table = Table::default();
    let ride = generated::ride(POINTS);
    if wanted("fit") {
        let all = files("fit", track::write_fit(&ride).bytes);
        all.iter().for_each(|files| fit::measure(&mut table, files));
    }
    if wanted("gpx") {
        let all = files("gpx", track::write_gpx(&ride).bytes);
        all.iter()
            .for_each(|files| text::measure_gpx(&mut table, files));
    }
    if wanted("tcx") {
        let all = files("tcx", track::write_tcx(&ride).bytes);
        all.iter()
            .for_each(|files| text::measure_tcx(&mut table, files));
    }
    if wanted("write") {
        let recordings = largest("fit");
        writing::measure(&mut table, &ride, recordings.as_ref());
    }
    println!("{table}");
    if wanted("hostile") {
        hostile::measure();
    }
}

//! Measures contenders in turns and keeps the table of their ratios. Knows no formats.

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Rounds that are measured at least and at most, and the time after which there are enough of them.
const FEWEST: usize = 5;
const MOST: usize = 51;
const ENOUGH: Duration = Duration::from_secs(2);

/// CPU time of this thread: what others do on the machine is not in it.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanoseconds)
}

/// The CPU time that a piece of work takes.
pub(crate) fn time_of<T>(work: impl FnOnce() -> T) -> Duration {
    let start = cpu_time();
    let result = black_box(work());
    let taken = cpu_time() - start;
    drop(result);
    taken
}

/// The median; of nothing it is nothing.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Runs both works in turns and gives the median of each. Dropping the result counts for nobody.
pub(crate) fn contest<A, B>(
    mut first: impl FnMut() -> A,
    mut second: impl FnMut() -> B,
) -> (Duration, Duration) {
    let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
    // Once each for the caches and for tables that are made once.
    black_box(first());
    black_box(second());
    let start = cpu_time();
    while firsts.len() < FEWEST || firsts.len() < MOST && cpu_time() - start < ENOUGH {
        firsts.push(time_of(&mut first));
        seconds.push(time_of(&mut second));
    }
    (median(firsts), median(seconds))
}

/// What a ratio should be.
#[derive(Clone, Copy)]
pub(crate) enum Reach {
    /// We are at least so many times as fast as the other.
    Faster(f64),
    /// We take at most so many times as long as the other.
    Within(f64),
}

struct Row {
    work: String,
    files: String,
    bytes: usize,
    other: &'static str,
    times: (Duration, Duration),
    reach: Reach,
}

/// All rows of a run.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Lets our work and another's take turns over the same files.
    pub(crate) fn contest<A, B>(
        &mut self,
        (work, files, bytes): (&str, &str, usize),
        ours: impl FnMut() -> A,
        (other, theirs): (&'static str, impl FnMut() -> B),
        reach: Reach,
    ) {
        eprintln!("measures: {work}, {files}, and {other}");
        self.0.push(Row {
            work: work.to_owned(),
            files: files.to_owned(),
            bytes,
            other,
            times: contest(ours, theirs),
            reach,
        });
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "files are smaller than 2^52 bytes"
)]
fn speed(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9)
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "| work | files | MB | MB/s | against | MB/s | ratio | to reach | reached |"
        )?;
        writeln!(
            out,
            "| --- | --- | --: | --: | --- | --: | --: | --: | --- |"
        )?;
        for row in &self.0 {
            let (ours, theirs) = (row.times.0.as_secs_f64(), row.times.1.as_secs_f64());
            let (ratio, reach, reached) = match row.reach {
                Reach::Faster(least) => {
                    (theirs / ours, format!("≥ {least}"), theirs >= ours * least)
                }
                Reach::Within(most) => (ours / theirs, format!("≤ {most}"), ours <= theirs * most),
            };
            writeln!(
                out,
                "| {} | {} | {:.1} | {:.0} | {} | {:.1} | {ratio:.2} | {reach} | {} |",
                row.work,
                row.files,
                row.bytes as f64 / 1e6,
                speed(row.bytes, row.times.0),
                row.other,
                speed(row.bytes, row.times.1),
                if reached { "met" } else { "**not met**" },
            )?;
        }
        Ok(())
    }
}

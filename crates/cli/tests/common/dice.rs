//! Which points of a way are harmed: others on each day, and the same ones again for the same seed.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::time::SystemTime;

/// Asks for a seed, to repeat what failed.
const ASKED_FOR: &str = "TRACKDOCK_SEED";

const SECONDS_OF_A_DAY: u64 = 86_400;

/// The seed that is asked for, or else the number of the day. Says it, so that a failure can be repeated.
pub(crate) fn seed() -> u64 {
    let seed = match std::env::var(ASKED_FOR) {
        Ok(asked) if !asked.is_empty() => asked
            .parse()
            .unwrap_or_else(|_| panic!("{ASKED_FOR} is a number, not {asked:?}")),
        _ => today(),
    };
    eprintln!("{ASKED_FOR}={seed}");
    seed
}

/// Days since 1970.
fn today() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "nothing of the program: which day it is chooses what is tried"
    )]
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    since.as_secs() / SECONDS_OF_A_DAY
}

/// Numbers of a seed (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    /// Those of a name: they stay the same when others are not thrown.
    pub(crate) fn of(seed: u64, name: &str) -> Dice {
        let mut dice = Dice(seed);
        for byte in name.bytes() {
            dice.0 = dice.next() ^ u64::from(byte);
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        let upper = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(upper) / f64::from(u32::MAX)
    }

    /// One of the numbers from 1 to `all`, in the stretch of this number where they are cut into so many stretches, from 1.
    pub(crate) fn within(&mut self, stretch: u64, stretches: u64, all: u64) -> u64 {
        let before = (stretch - 1) * all / stretches;
        let end = stretch * all / stretches;
        before + 1 + self.next() % (end - before)
    }
}

//! The engine in a world that is played: clock, network, services, keyring, device and athlete come out of one seed, which also
//! says when the program dies. What must hold in every world is checked at its end.

mod files;
mod late;
mod model;
mod oracle;
mod power;
mod services;
mod store;
mod world;

use service::ServiceId;

use crate::event::{Command, Retry};
use world::World;

/// Plays one world; what went wrong, and what happened.
fn play(seed: u64) -> (Vec<String>, Vec<String>) {
    let mut world = World::new(seed);
    let mut athlete = oracle::Athlete::default();
    world
        .services
        .badness([0, 15, 30, 60][world.rng.usize(0..4)]);
    for id in ServiceId::ALL {
        if world.rng.u8(0..8) > 0 {
            world.sign_in(id);
        }
    }
    for _ in 0..world.rng.usize(4..16) {
        if world.rng.u8(0..4) == 0 {
            world.dies_in = world.rng.u32(1..12);
        }
        if world.rng.u8(0..5) == 0 {
            // In the middle of whatever is being written.
            let most = [10, 60, 300][world.rng.usize(0..3)];
            world.disk.go_off_in(Some(world.rng.u32(1..most)));
        }
        if world.rng.u8(0..6) == 0 {
            world.trouble();
        }
        act(&mut world, &mut athlete);
        let time = [10, 1_000, 20_000, 120_000, 3_600_000, 40_000_000];
        let time = time[world.rng.usize(0..time.len())];
        world.pass(time);
    }
    oracle::heal(&mut world);
    let wrong = oracle::judge(&world, &athlete);
    (wrong, world.services.traced())
}

/// Somebody or something does something.
fn act(world: &mut World, athlete: &mut oracle::Athlete) {
    let service = ServiceId::ALL[world.rng.usize(0..2)];
    let what = world.rng.u8(0..22);
    world.services.trace(format!("act {what}"));
    match what {
        0..=7 => {
            for _ in 0..world.rng.usize(1..4) {
                let file = world.rng.usize(0..files::pool().len());
                let half = world.rng.u8(0..6) == 0;
                let length = files::pool()[file].bytes.len();
                if !athlete.recorded.contains(&file) || athlete.halves.contains(&file) {
                    world.record(file, if half { length / 2 } else { length });
                    athlete.wrote(file, half, world.device().is_dir());
                }
            }
            world.plug_in();
        }
        8 => {
            // The cable is pulled; it comes back later.
            world.pull_or_plug();
        }
        9 => {
            let file = world.rng.usize(0..files::pool().len());
            world
                .services
                .take_from_elsewhere(ServiceId::TrekPoint, file);
        }
        10 => world.services.end_tokens(service, false),
        11 => world.services.end_tokens(service, true),
        12 => world.sign_in(service),
        13 => {
            let locked = world.rng.bool();
            world.store.lock(locked);
        }
        14 => {
            let far = [-3_600_000, 3_600_000, -86_400_000, 86_400_000, 1_500];
            let far = far[world.rng.usize(0..far.len())];
            world.jump(far);
        }
        15 => {
            athlete.gave_a_word(world);
            world.command(Command::Retry(Retry::All));
        }
        16 => athlete.decides(world),
        17 => athlete.deletes(world),
        18 => {
            let account = crate::event::AccountName::Service(service.name().into());
            world.command(Command::SignOut { account });
        }
        19 => world.die(),
        20 => world.cut(),
        _ => world.trouble(),
    }
}

fn play_all(seeds: std::ops::Range<u64>) -> Vec<String> {
    let next = std::sync::atomic::AtomicU64::new(seeds.start);
    let wrong = std::sync::Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed >= seeds.end || wrong.lock().unwrap().len() >= 20 {
                        return;
                    }
                    let played = std::panic::catch_unwind(|| play(seed).0);
                    let found = played.unwrap_or_else(|_| vec!["it panicked".to_owned()]);
                    let found = found.into_iter().map(|what| format!("seed {seed}: {what}"));
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

/// How many worlds are played: `TRACKDOCK_SEEDS`, else so many as a usual run has time for.
fn seeds() -> u64 {
    let asked = std::env::var("TRACKDOCK_SEEDS").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(10_000)
}

#[test]
fn whatever_happens_nothing_is_lost_and_nothing_knowingly_sent_twice() {
    let wrong = play_all(0..seeds());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "takes hours: ./dev soak"]
fn soak_a_million_worlds() {
    let wrong = play_all(0..1_000_000);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One world, told line by line: `TRACKDOCK_SEED`.
#[test]
fn the_same_seed_is_the_same_world() {
    let asked = std::env::var("TRACKDOCK_SEED").ok();
    let seeds = match asked.and_then(|asked| asked.parse::<u64>().ok()) {
        Some(seed) => seed..seed + 1,
        None => 0..50,
    };
    for seed in seeds.clone() {
        let (first, second) = (play(seed), play(seed));
        if seeds.clone().count() == 1 {
            eprintln!("{}", first.1.join("\n"));
        }
        let differing = first
            .1
            .iter()
            .zip(&second.1)
            .find(|(one, other)| one != other);
        assert_eq!(differing, None, "seed {seed}");
        assert_eq!(first, second, "seed {seed}");
    }
}

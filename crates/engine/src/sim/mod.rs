//! The engine in a world that is played: clock, network, services, keyring, device and athlete come out of one seed, which also
//! says when the program dies. What must hold in every world is checked at its end.

mod athlete;
mod elsewhere;
mod fate;
mod files;
mod late;
mod model;
mod oracle;
mod owed;
mod power;
mod services;
mod shut;
mod store;
mod tokens;
mod unplug;
mod world;

use std::any::Any;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use service::ServiceId;

use crate::event;
use athlete::Athlete;
use world::World;

/// Plays one world; what went wrong, and what happened.
fn play(seed: u64) -> (Vec<String>, Vec<String>) {
    let mut world = World::new(seed);
    let mut athlete = Athlete::default();
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
fn act(world: &mut World, athlete: &mut Athlete) {
    let service = ServiceId::ALL[world.rng.usize(0..2)];
    let what = world.rng.u8(0..28);
    world.services.trace(format!("act {what}"));
    match what {
        0..=7 => {
            athlete.records(world);
            world.plug_in();
        }
        8 => world.pull_or_plug(),
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
            let why = world.rng.u8(0..10);
            if why < 5 {
                world.store.close(why);
            } else {
                world.store.open_up();
            }
        }
        14 => {
            let far = [-3_600_000, 3_600_000, -86_400_000, 86_400_000, 1_500];
            let far = far[world.rng.usize(0..far.len())];
            world.jump(far);
        }
        15 => athlete.retries_all(world),
        16 => athlete.decides(world),
        17 => athlete.deletes(world),
        18 => {
            let account = event::AccountName::Service(service.name().into());
            world.services.signs_out(service);
            world.command(event::Command::SignOut { account });
        }
        19 => world.die(),
        20 => world.cut(),
        21 => world.shift_times(),
        22 => athlete.retries_one(world),
        23 => Athlete::sends_earlier(world),
        24 => athlete.imports(world),
        25 | 26 => {
            world.pulled_in = world.rng.u32(1..6);
            athlete.records(world);
            world.plug_in();
        }
        _ => world.trouble(),
    }
}

/// Plays the worlds of these seeds, in as many processes of this program's own as there are cores: threads of one process wait for
/// each other inside SQLite half of the time. What went wrong in them, as far as it is not too much to read.
fn play_all(seeds: Range<u64>) -> Vec<String> {
    let next = AtomicU64::new(seeds.start);
    let wrong = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for core in 0..workers {
            let (next, wrong, seeds) = (&next, &wrong, &seeds);
            scope.spawn(move || {
                while wrong.lock().unwrap().len() < most() {
                    let first = next.fetch_add(SLICE, Ordering::Relaxed);
                    let slice = first..seeds.end.min(first + SLICE);
                    if slice.is_empty() {
                        return;
                    }
                    let found = play_apart(&slice, core);
                    wrong.lock().unwrap().extend(found);
                    if slice.end % TOLD == 0 {
                        eprintln!("{} worlds were played", slice.end - seeds.start);
                    }
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

/// Plays a slice in a process of its own, which tells what went wrong, and at its end how many worlds it has played.
fn play_apart(slice: &Range<u64>, core: usize) -> Vec<String> {
    // Where the name of this program's file leads to another one meanwhile, because it was built again.
    let ours = Path::new("/proc/self/exe");
    let program = if ours.exists() {
        ours.to_owned()
    } else {
        std::env::current_exe().unwrap()
    };
    let ended = Command::new(program)
        .args(["sim::a_slice", "--exact", "--ignored", "--nocapture"])
        .env("TRACKDOCK_SLICE", format!("{}..{}", slice.start, slice.end))
        .env("TRACKDOCK_CORE", core.to_string())
        .output();
    let output = match ended {
        Ok(output) => output,
        Err(error) => return vec![format!("seeds {slice:?}: {error}")],
    };
    let told = String::from_utf8_lossy(&output.stderr);
    let found = told.lines().filter_map(|line| line.split_once(WRONG));
    let mut found: Vec<String> = found.map(|(_, what)| what.to_owned()).collect();
    let all = format!("{PLAYED}{}", slice.end - slice.start);
    if found.is_empty() && !told.lines().any(|line| line == all) {
        found.push(format!("seeds {slice:?}: {}: {told}", output.status));
    }
    found
}

/// So many worlds are played by one process.
const SLICE: u64 = 500;
/// After so many it is said how far it is.
const TOLD: u64 = 10_000;
/// What a line begins with that tells what went wrong.
const WRONG: &str = "went wrong: ";
/// What the last line begins with.
const PLAYED: &str = "worlds played: ";
/// More than this is not worth reading, unless somebody wants to know only whether there is anything: `TRACKDOCK_MOST`.
const MOST: usize = 20;

fn most() -> usize {
    let asked = std::env::var("TRACKDOCK_MOST").ok();
    asked.map_or(MOST, |most| most.parse().unwrap())
}

/// The seeds that somebody asks for by `variable`: `5`, for the first five, or `3..5`.
fn asked(variable: &str) -> Option<Range<u64>> {
    let asked = std::env::var(variable).ok()?;
    let (first, end) = asked.split_once("..").unwrap_or(("0", &asked));
    let seeds = first.parse().ok().zip(end.parse().ok());
    let seeds = seeds.map(|(first, end)| first..end);
    let seeds = seeds.filter(|seeds: &Range<u64>| !seeds.is_empty());
    Some(seeds.unwrap_or_else(|| panic!("{variable} is no range of seeds: {asked}")))
}

#[test]
fn whatever_happens_nothing_is_lost_and_nothing_knowingly_sent_twice() {
    let wrong = play_all(asked("TRACKDOCK_SEEDS").unwrap_or(0..10_000));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "takes hours: ./dev soak"]
fn soak_a_million_worlds() {
    let wrong = play_all(asked("TRACKDOCK_SEEDS").unwrap_or(0..1_000_000));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "a part of the others, in a process of its own"]
fn a_slice() {
    let Some(seeds) = asked("TRACKDOCK_SLICE") else {
        return;
    };
    stay_on_one_core();
    let (mut played, mut wrong) = (0, 0);
    for seed in seeds {
        let found = std::panic::catch_unwind(|| play(seed).0);
        let panicked = |words: Box<dyn Any + Send>| {
            let words = words.downcast_ref::<String>().cloned();
            vec![format!("it panicked: {}", words.unwrap_or_default())]
        };
        for what in found.unwrap_or_else(panicked) {
            eprintln!("{WRONG}seed {seed}: {}", what.replace('\n', " "));
            wrong += 1;
        }
        played += 1;
        if wrong >= most() {
            return;
        }
    }
    eprintln!("{PLAYED}{played}");
}

/// The loop and a copy take turns: on two cores each would wait until the other's core wakes. Without it all goes well, too.
fn stay_on_one_core() {
    #[cfg(target_os = "linux")]
    {
        use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
        use nix::unistd::Pid;

        let core = std::env::var("TRACKDOCK_CORE").ok();
        let core = core.and_then(|core| core.parse::<usize>().ok());
        let one = core.zip(sched_getaffinity(Pid::from_raw(0)).ok());
        let one = one.and_then(|(core, ours)| {
            let usable = |core: &usize| ours.is_set(*core).unwrap_or(false);
            let mut one = CpuSet::new();
            let core = (0..CpuSet::count()).filter(usable).nth(core)?;
            one.set(core).ok().map(|()| one)
        });
        // Where it cannot be had it takes longer.
        let _ = one.map(|one| sched_setaffinity(Pid::from_raw(0), &one));
    }
}

/// One world, told line by line: `TRACKDOCK_SEED`.
#[test]
fn the_same_seed_is_the_same_world() {
    let one = std::env::var("TRACKDOCK_SEED").ok();
    let one = one.map(|seed| seed.parse::<u64>().unwrap());
    let seeds = one.map_or(0..50, |seed| seed..seed + 1);
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

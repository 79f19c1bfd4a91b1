//! A keyring that is shut when the program starts, and what is known of the client secret then.

use super::world::World;
use crate::event::{Command, Retry};
use crate::lane::ClientSecret;

const DAY_MS: u64 = 86_400_000;
/// Why the keyring gives nothing out, by its number.
const LOCKED: u8 = 0;
const ABSENT: u8 = 1;
const SLOW: u8 = 2;

fn is_known(world: &World) -> bool {
    matches!(world.client_secret(), ClientSecret::Stored)
}

/// The program starts with a keyring that is shut, and runs for a day; how often the keyring was asked meanwhile.
fn started(why: u8) -> (World, u32) {
    let mut world = World::new(1);
    world.services.badness(0);
    world.pass(1_000);
    assert!(is_known(&world));
    world.store.close(why);
    let before = world.store.asked();
    world.die();
    world.pass(DAY_MS);
    assert!(!is_known(&world));
    let asked = world.store.asked() - before;
    (world, asked)
}

/// Each time it is asked, a window may come up that wants a password.
#[test]
fn a_locked_keyring_is_asked_when_somebody_is_there() {
    let (mut world, asked) = started(LOCKED);
    assert_eq!(asked, 1);
    let before = world.store.asked();
    world.command(Command::Retry(Retry::All));
    world.pass(DAY_MS);
    assert!(!is_known(&world));
    assert_eq!(world.store.asked() - before, 1);
    world.store.open_up();
    world.command(Command::Retry(Retry::All));
    world.pass(1_000);
    assert!(is_known(&world));
}

#[test]
fn an_absent_keyring_is_asked_again_by_itself_and_ever_more_rarely() {
    let (mut world, asked) = started(ABSENT);
    assert!((8..20).contains(&asked), "{asked}");
    world.store.open_up();
    world.pass(DAY_MS);
    assert!(is_known(&world));
}

/// It may be slow because a window waits for somebody who is not there.
#[test]
fn a_slow_keyring_is_asked_twice_more() {
    let (mut world, asked) = started(SLOW);
    assert_eq!(asked, 3);
    world.store.open_up();
    world.command(Command::Retry(Retry::All));
    world.pass(1_000);
    assert!(is_known(&world));
}

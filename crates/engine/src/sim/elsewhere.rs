//! Another computer that sends to the same account, while the program runs and runs.

use library::State as UploadState;
use service::ServiceId::TrekPoint;

use super::files;
use super::oracle::uploads;
use super::world::World;

const DAY_MS: u64 = 86_400_000;

fn sends(world: &mut World, file: usize) {
    world.record(file, files::pool()[file].bytes.len());
    world.plug_in();
    world.pass(DAY_MS);
}

fn states(world: &World) -> Vec<UploadState> {
    let all = uploads(world.library()).into_iter();
    all.map(|upload| upload.state).collect()
}

#[test]
fn what_another_computer_sent_since_the_start_is_existing() {
    for seed in 0..8 {
        let mut world = World::new(seed);
        world.services.badness(0);
        world.sign_in(TrekPoint);
        if !world.is_plugged_in() {
            world.pull_or_plug();
        }
        sends(&mut world, 0);
        assert_eq!(states(&world), [UploadState::Sent], "seed {seed}");
        world.services.take_from_elsewhere(TrekPoint, 1);
        world.pass(DAY_MS);
        sends(&mut world, 1);
        let expected = [UploadState::Sent, UploadState::Existing];
        assert_eq!(states(&world), expected, "seed {seed}");
        assert_eq!(world.services.remotes(TrekPoint).len(), 2, "seed {seed}");
    }
}

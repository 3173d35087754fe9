//! Kill -9 of keeper and provers at any moment of a loaded run loses no money, no request and no proof, and a reorg of five
//! blocks is followed. `CHAOS_SEED` chooses other moments.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../chain/tests/fixture/reorg.rs"]
mod reorg;
mod storm;

use std::time::Duration;

use storm::{Customers, Storm, World};

const SEED: u64 = 20_261_123;
/// How long requests are made, and how long processes are killed.
const LOAD: Duration = Duration::from_secs(38);
const STORM: Duration = Duration::from_secs(42);
/// How long what was begun may take to end after that.
const PATIENCE: Duration = Duration::from_secs(60);
const BEAT: Duration = Duration::from_millis(25);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_in_a_storm() {
    let seed = std::env::var("CHAOS_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    println!("seed {seed}");
    let began = std::time::Instant::now();
    let mut world = World::start().await;
    let mut follower = world.session.history();
    let mut customers = Customers::start(&world, seed, LOAD).await;
    let mut storm = Storm::new(seed, STORM);
    println!("ready after {} s", began.elapsed().as_secs());
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            update = follower.next() => storm.hear(&update.unwrap()),
            () = customers.failed() => {}
            _ = beat.tick() => if storm.blow(&mut world).await { break },
        }
    }
    storm.assert_fierce(&world);
    let records = customers.finish().await;
    println!("all asked for after {} s", began.elapsed().as_secs());
    world.calm(&records, PATIENCE).await;
    println!("over after {} s", began.elapsed().as_secs());
    world.audit(&records, &storm).await;
    world.processes.stop().await;
    std::fs::remove_dir_all(&world.folder).unwrap();
    println!("{} s in all", began.elapsed().as_secs());
}

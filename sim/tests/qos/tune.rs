//! Instances whose owner moves their parameters, a step at a time.

use bourse_sim::Wei;
use bourse_sim::event::{Config, Event, Setup};
use bourse_sim::mechanisms::by_name;
use bourse_sim::mechanisms::posted::PostedParams;
use bourse_sim::qos::retune::WORD;
use bourse_sim::qos::select::Pace;
use bourse_sim::qos::tune::{REST, Retuning, tune};

use crate::market::{ALICE, BOB, KEEPER, NUMBER, World, wish};
use crate::world::job;

/// An instance of the keeper's that pays a good deal more than it has to, and nothing else that the lanes could go to.
fn dear(patience: u32) -> (World, u32) {
    let mut world = World::new();
    let mechanism = world.market.instances()[&world.instances["posted"]].versions[0].mechanism;
    for instance in world.instances.values().copied().collect::<Vec<_>>() {
        world.tell(Event::InstanceRetired { instance });
    }
    let instance = u32::try_from(world.market.instances().len()).unwrap() + 1;
    world.instances.insert("dear".to_owned(), instance);
    let params = PostedParams { base: 0, rate: 2_200 * 1_000_000, patience }.encode();
    set(&mut world, (instance, 1), &Setup { mechanism, params, ..Setup::default() });
    for requester in [ALICE, BOB] {
        world.lane(requester, |terms| terms.wishes = vec![wish(0, 500, 2_500)]);
        world.route(requester, "dear");
    }
    (world, instance)
}

fn set(world: &mut World, (instance, version): (u32, u32), setup: &Setup) {
    let shape = by_name("posted").unwrap().check(&setup.params).unwrap();
    let config = Config { shape, ..setup.clone().into() };
    world.tell(Event::InstanceSet { instance, version, owner: KEEPER, open: true, config });
}

fn step(world: &World, instance: u32) -> Option<Retuning> {
    tune(&world.market, &world.names, instance, world.now, &Pace::default())
}

/// Requests that are paid what the version says that the lane leads to.
fn serve(world: &mut World) {
    let (instance, version) = world.market.lanes()[&(ALICE, NUMBER)].route.unwrap();
    let params = &world.market.instances()[&instance].config(version).unwrap().params;
    let price = PostedParams::decode(params).unwrap().rate / 1_000_000 * Wei::from(job().work);
    for number in 0..5 {
        world.serve(ALICE, 1 + number % 3, price, (4, Some(85)));
    }
}

#[test]
fn an_instance_steps_towards_what_its_lanes_want_and_stops_there() {
    let (mut world, instance) = dear(40);
    world.now += REST;
    assert_eq!(step(&world, instance), None, "nothing was seen of it yet");
    let mut versions = 1;
    let mut moves = 0;
    loop {
        serve(&mut world);
        world.now += REST;
        let Some(tuning) = step(&world, instance) else { break };
        assert_eq!(step(&world, instance).as_ref(), Some(&tuning), "the same fold leads to the same step");
        let [now, next, goal] = tuning.scores;
        assert!(now <= next && now + 0.02 < goal, "{tuning}");
        assert_eq!((tuning.version, tuning.lanes), (versions + 1, 2));
        let before = world.market.instances()[&instance].versions.last().unwrap().params.clone();
        let changed = before.chunks(WORD).zip(tuning.setup.params.chunks(WORD)).filter(|(a, b)| a != b).count();
        assert_eq!(changed, 1, "one parameter at a time");
        set(&mut world, (instance, tuning.version), &tuning.setup);
        versions += 1;
        assert_eq!(step(&world, instance), None, "it rests");
        let led = world.market.lanes()[&(ALICE, NUMBER)].route;
        let record = world.keep(ALICE);
        if record.changes() {
            moves += 1;
            assert_eq!((record.from, record.to, record.version), (Some(instance), instance, versions), "{record}");
            assert!(record.to_string().contains(&format!("to version {versions} of instance {instance}")), "{record}");
        } else {
            assert_eq!(world.market.lanes()[&(ALICE, NUMBER)].route, led);
        }
        assert!(versions < 30, "there is no end to it: {tuning}");
    }
    assert!(versions > 3 && moves > 1, "{versions} versions, {moves} moves");
    assert_eq!(
        world.market.lanes()[&(BOB, NUMBER)].route,
        Some((instance, 1)),
        "whoever leads its own lane is not moved"
    );
}

#[test]
fn no_step_breaks_a_limit_of_a_lane_on_the_instance() {
    // Far from what the menu has, so that it is what moves first; and exactly what one of the lanes insists on.
    let (mut world, instance) = dear(10);
    serve(&mut world);
    world.now += REST;
    let patience = |tuning: &Retuning| PostedParams::decode(&tuning.setup.params).unwrap().patience;
    assert_eq!(step(&world, instance).as_ref().map(patience), Some(11));
    let award = u32::try_from(world.survey(BOB).outlooks[&instance].envelope.award).unwrap();
    for (award, next) in [(award, None), (award + 1, Some(11))] {
        world.lane(BOB, |terms| (terms.award, terms.wishes) = (award, vec![wish(0, 500, 2_500)]));
        assert!(world.decide(BOB).to == instance, "as it is, it holds the limit");
        assert_eq!(step(&world, instance).as_ref().map(patience), next, "a lane that nobody asked is not pushed out");
    }
}

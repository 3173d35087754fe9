//! Instances that nobody has registered yet.

use bourse_sim::event::{Config, Event, Setup};
use bourse_sim::lane::{List, Mandate};
use bourse_sim::market::Lane;
use bourse_sim::mechanisms::by_name;
use bourse_sim::qos::fresh::{A_DAY, Proposal, left};
use bourse_sim::qos::select::Pace;
use bourse_sim::{Account, Time};

use crate::market::{ALICE, KEEPER, NUMBER, START, World, wish};

const DAY: Time = 86_400;

impl World {
    fn proposal(&self) -> Option<Proposal> {
        let (survey, pace) = (self.survey(ALICE), Pace::default());
        survey.propose(&survey.decide(&pace), &pace)
    }

    fn register(&mut self, setup: &Setup) -> u32 {
        let instance = u32::try_from(self.market.instances().len()).unwrap() + 1;
        let shape = by_name(&self.names[&setup.mechanism]).unwrap().check(&setup.params).unwrap();
        let config = Config { shape, ..setup.clone().into() };
        self.tell(Event::InstanceSet { instance, version: 1, owner: KEEPER, open: true, config });
        instance
    }

    fn own(&self) -> &Lane {
        &self.market.lanes()[&(ALICE, NUMBER)]
    }

    /// Leaves nothing but instances of `name`.
    fn retire_all_but(&mut self, name: &str) {
        let others: Vec<u32> = self.instances.iter().filter(|(n, _)| *n != name).map(|(_, number)| *number).collect();
        for instance in others {
            self.tell(Event::InstanceRetired { instance });
        }
    }
}

#[test]
fn what_nothing_can_hold_is_registered_and_then_routed_to() {
    let mut world = World::new();
    // Nothing that is there finds a prover within four seconds but by the clock; and nothing by it is as short.
    world.retire_all_but("sealed");
    world.lane(ALICE, |terms| {
        terms.award = 60;
        terms.latency = 330;
    });
    let survey = world.survey(ALICE);
    assert!(!survey.outlooks.is_empty() || !survey.unfit.is_empty());
    world.lane(ALICE, |terms| terms.award = 15);
    assert!(world.survey(ALICE).decide(&Pace::default()).is_err(), "two phases take longer");
    let proposal = world.proposal().unwrap();
    assert_eq!(proposal.gain, None);
    assert!(proposal.to_string().contains("none that is there can hold the limits"), "{proposal}");
    assert_eq!(world.proposal(), Some(proposal.clone()), "the same fold proposes the same");
    let instance = world.register(&proposal.setup);
    let record = world.keep(ALICE);
    assert_eq!((record.to, world.own().route), (instance, Some((instance, 1))), "{record}");
    assert_eq!(world.proposal(), None, "once is enough");
}

#[test]
fn a_fresh_instance_has_to_beat_what_is_there_by_what_it_costs() {
    let mut world = World::new();
    world.lane(ALICE, |terms| terms.wishes = vec![wish(0, 500, 2_500)]);
    while let Some(proposal) = world.proposal() {
        let gain = proposal.gain.unwrap();
        assert!(gain > Pace::default().registering, "{proposal}");
        let before = world.decide(ALICE);
        let instance = world.register(&proposal.setup);
        let record = world.keep(ALICE);
        assert_eq!(record.to, instance);
        assert!(record.value() > before.value(), "{record}");
        assert!(instance < 20, "there is no end to it");
    }
    let dear = Pace { registering: 1.0, ..Pace::default() };
    let survey = world.survey(ALICE);
    assert_eq!(survey.propose(&survey.decide(&dear), &dear), None);
}

#[test]
fn only_mechanisms_of_the_mandate_are_registered() {
    let mut world = World::new();
    world.lane(ALICE, |terms| terms.award = 15);
    let mandate = Mandate { until: START + DAY, anyone: true, ..Mandate::default() };
    world.tell(Event::MandateSet { requester: ALICE, lane: NUMBER, mandate });
    assert_eq!(world.proposal(), None, "none is listed");
    let sealed: Account = *world.names.iter().find(|(_, name)| *name == "sealed").unwrap().0;
    let entries = vec![(sealed, true)];
    world.tell(Event::Listed { requester: ALICE, lane: NUMBER, list: List::Mechanisms, entries });
    let listed = world.survey(ALICE);
    assert!(listed.fresh.values().all(|fresh| fresh.setup.mechanism == sealed));
}

#[test]
fn a_keeper_registers_so_many_a_day() {
    let mut world = World::new();
    world.lane(ALICE, |_| {});
    let quota = |world: &World, keeper: Account| left(&world.market, world.own(), &keeper, world.now);
    let survey = world.survey(ALICE);
    let setups: Vec<Setup> = survey.fresh.values().map(|fresh| fresh.setup.clone()).collect();
    for (number, setup) in setups.iter().cycle().take(A_DAY).enumerate() {
        assert_eq!(quota(&world, KEEPER), A_DAY - number);
        world.register(setup);
    }
    assert_eq!((quota(&world, KEEPER), quota(&world, [0x77; 20])), (0, A_DAY), "each keeper for itself");
    world.now += DAY;
    assert_eq!(quota(&world, KEEPER), A_DAY);
}

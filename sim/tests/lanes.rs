//! Lanes in the fold: requests enter where they lead, tips change hands, and all of it can be taken back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bourse_sim::event::{Config, Event};
use bourse_sim::lane::{LANE, List, Mandate, Terms};
use bourse_sim::market::{Market, Violation};
use bourse_sim::request::Request;
use bourse_sim::{Account, Wei, ZERO};

const ALICE: Account = [0xa1; 20];
const KEEPER: Account = [0xee; 20];
const LANE_NUMBER: u32 = 7;

fn prologue() -> Vec<Event> {
    let set =
        |instance| Event::InstanceSet { instance, version: 1, owner: ALICE, open: true, config: Config::default() };
    vec![
        Event::Deposited { token: ZERO, account: ALICE, from: ALICE, amount: 1_000 },
        set(1),
        set(2),
        Event::TermsSet { requester: ALICE, lane: LANE_NUMBER, terms: Terms { work: 5, ..Terms::default() } },
        Event::MandateSet { requester: ALICE, lane: LANE_NUMBER, mandate: Mandate { tip: 10, ..Mandate::default() } },
        Event::Listed {
            requester: ALICE,
            lane: LANE_NUMBER,
            list: List::Keepers,
            entries: vec![(KEEPER, true), (ALICE, true), (ALICE, false)],
        },
    ]
}

fn routed(instance: u32, by: Account, tip: Wei) -> Event {
    Event::Routed { requester: ALICE, lane: LANE_NUMBER, instance, version: 1.min(instance), by, tip }
}

#[test]
fn a_lane_is_what_its_events_say() {
    let mut market = Market::new(ZERO);
    market.commit(&prologue(), 50).unwrap();
    let lane = &market.lanes()[&(ALICE, LANE_NUMBER)];
    assert_eq!((lane.terms.work, lane.mandate.tip, lane.route), (5, 10, None));
    assert!(lane.lists(List::Keepers, &KEEPER) && !lane.lists(List::Keepers, &ALICE));
    assert!(!lane.lists(List::Provers, &KEEPER));

    market.commit(&[routed(1, ALICE, 0)], 60).unwrap();
    assert_eq!(market.lanes()[&(ALICE, LANE_NUMBER)].moved_at, 0, "only keepers wait for each other");
    market.commit(&[routed(2, KEEPER, 10)], 70).unwrap();
    let lane = &market.lanes()[&(ALICE, LANE_NUMBER)];
    assert_eq!((lane.route, lane.moved_at), (Some((2, 1)), 70));
    assert_eq!((market.balance(ZERO, ALICE), market.balance(ZERO, KEEPER)), (990, 10));

    market.revert().unwrap();
    assert_eq!(market.lanes()[&(ALICE, LANE_NUMBER)].route, Some((1, 1)));
    assert_eq!((market.balance(ZERO, ALICE), market.balance(ZERO, KEEPER)), (1_000, 0));
}

#[test]
fn a_request_of_a_lane_is_under_the_rules_where_it_entered() {
    let mut market = Market::new(ZERO);
    market.commit(&prologue(), 50).unwrap();
    let request = Request { requester: ALICE, instance: LANE | LANE_NUMBER, max_price: 100, ..Request::default() };
    let id = [9; 32];
    let opened = Event::Opened { id, requester: ALICE, instance: 2, version: 1, request, input: Vec::new() };
    market.commit(&[routed(2, ALICE, 0), opened, routed(0, ALICE, 0)], 60).unwrap();
    assert_eq!(market.request(&id).unwrap().instance, 2);
    assert_eq!(market.lanes()[&(ALICE, LANE_NUMBER)].route, None);
}

#[test]
fn a_lane_without_terms_is_not_routed() {
    let mut market = Market::new(ZERO);
    let unknown = Violation::UnknownLane { requester: ALICE, lane: LANE_NUMBER };
    assert_eq!(market.commit(&[routed(1, ALICE, 0)], 60), Err(unknown));
}

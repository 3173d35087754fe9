//! Bids on instances themselves, against the twins, without a chain.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bidders;

use std::time::Duration;

use bourse_prover::bid::{
    Bidder, Policy, Reason, Rule,
    capacity::{Load, Schedule},
    cost::Tariff,
    stand,
    standing::{Demand, Place, Reserve, Stand, Step},
};
use bourse_sim::{
    Account, Id, Time, Wei,
    ask::{Actor, Ask, Cause, MoveKind, Status},
    market::Ticket,
    mechanisms::{
        Mechanism,
        batch::{Batch, BatchParams, book::WORDS},
        reserved::{NOTICE, Reserved, ReservedParams},
        seat::{Seat, SeatParams, Seating},
        sortition::{Enrolment, SortitionParams},
    },
    request::Request,
};
use proptest::prelude::*;

const NOW: Time = 100_000;
const MILLION: Wei = 1_000_000;

fn bidder(number: u8, rate: Wei, schedule: &Schedule) -> Bidder<'_> {
    let plain = bidders::bidder(number, 0, 30, schedule);
    Bidder {
        tariff: Some(Tariff { rate, ..Tariff::default() }),
        policy: Policy { margin_bps: 1_000, ..plain.policy },
        stake: 10_000,
        seats: 8,
        length: Duration::from_secs(5),
        ..plain
    }
}

/// An instance, moved by its twin.
struct Hall {
    twin: &'static dyn Mechanism,
    rule: Rule,
    params: Vec<u8>,
    shared: Vec<Id>,
    tickets: std::collections::BTreeMap<Account, Ticket>,
    awards: u16,
    demand: Demand,
    now: Time,
}

impl Hall {
    fn new(twin: &'static dyn Mechanism, params: Vec<u8>, words: usize) -> Self {
        let rule = Rule::read(twin.name(), &params).unwrap();
        let demand = Demand { work: 0, every: 60, utilisation_bps: 5_000 };
        let (shared, tickets) = (vec![Id::default(); words], Default::default());
        Self { twin, rule, params, shared, tickets, awards: 0, demand, now: NOW }
    }

    fn place(&self, who: &Account) -> Place<'_> {
        Place {
            rule: self.rule,
            params: &self.params,
            shared: &self.shared,
            ticket: self.tickets.get(who).copied(),
            awards: self.awards,
            trusted: true,
            served: true,
            leaving: false,
            allowance: 5_000,
            demand: self.demand,
        }
    }

    fn decide(&self, bidder: &Bidder<'_>) -> Result<Step, Reason> {
        stand(&self.place(&bidder.account), bidder, self.now)
    }

    /// Decides, and has the twin take what is bid.
    fn bid(&mut self, bidder: &Bidder<'_>) -> Option<Stand> {
        match self.decide(bidder) {
            Ok(Step::Bid(stand) | Step::Leave(stand)) => {
                self.take(bidder, &stand);
                Some(stand)
            }
            _ => None,
        }
    }

    fn take(&mut self, bidder: &Bidder<'_>, stand: &Stand) {
        let ticket = self.tickets.get(&bidder.account).copied().unwrap_or_default();
        let actor = Actor { prover: bidder.account, free: bidder.stake, held: ticket.amount, ..Actor::default() };
        let ask = Ask {
            cause: Cause::Bid,
            status: Status::None,
            time: self.now,
            actor: Actor { tag: ticket.tag, ..actor },
            price: stand.price,
            data: stand.data.clone(),
            params: self.params.clone(),
            shared: self.shared.clone(),
            ..Ask::default()
        };
        let answer = self.twin.step(&ask).unwrap();
        for step in answer.moves {
            assert!(step.amount <= stand.deposit, "no more than was said");
            match step.kind {
                MoveKind::Hold => drop(self.tickets.insert(step.prover, Ticket { amount: step.amount, tag: step.tag })),
                _ => drop(self.tickets.remove(&step.prover)),
            }
        }
        self.shared = answer.shared;
    }

    /// A request that opens now: whom it is awarded to, for how much.
    fn open(&mut self, request: Request) -> Option<(Account, Wei)> {
        let ask = Ask {
            cause: Cause::Opened,
            status: Status::Open,
            request,
            opened_at: self.now,
            time: self.now,
            params: self.params.clone(),
            shared: self.shared.clone(),
            ..Ask::default()
        };
        let answer = self.twin.step(&ask).unwrap();
        self.shared = answer.shared;
        answer.moves.iter().find(|step| step.kind == MoveKind::Award).map(|step| (step.prover, step.amount))
    }

    fn reserve(&self, who: &Bidder<'_>) -> Reserve {
        self.place(&who.account).reserve(&who.account, who.length, self.now)
    }
}

fn request(work: u64) -> Request {
    let window = 60;
    Request { work, max_price: 1_000 * MILLION, bond: 100, deadline: NOW + 5_000, window, ..Request::default() }
}

fn seat_params() -> SeatParams {
    SeatParams {
        ceiling: 1_000 * MILLION,
        decrement_bps: 1_000,
        handover: 30,
        term: 1_000,
        notice: 40,
        deposit: 500,
        miss_bps: 1_000,
        max_misses: 3,
        burst: 2,
        refill: 10,
        max_work: 1_000,
        max_bond: 100,
        min_window: 30,
        ..SeatParams::default()
    }
}

fn contract_params() -> ReservedParams {
    ReservedParams {
        ceiling: 1_000 * MILLION,
        decrement_bps: 1_000,
        offering: 30,
        term: 1_000,
        notice: 40,
        deposit: 500,
        credit_bps: 1_000,
        max_misses: 3,
        period: 100,
        holders: 2,
        burst: 2,
        refill: 10,
        max_work: 1_000,
        max_bond: 100,
        latency: 30,
        ..ReservedParams::default()
    }
}

fn seat() -> Hall {
    Hall::new(&Seat, seat_params().encode(), 4)
}

#[test]
fn an_empty_seat_is_bid_for_from_the_ceiling_and_not_twice() {
    let idle = Schedule::default();
    let me = bidder(1, 100 * MILLION, &idle);
    let mut seat = seat();
    let bid = seat.bid(&me).unwrap();
    assert_eq!((bid.price, bid.deposit, bid.until), (1_000 * MILLION, 500, NOW + 30));
    let load = Load { release: NOW + 30, length: Duration::from_secs(5), due: NOW + 60 };
    assert_eq!(bid.reserve, Reserve { stake: 200, places: 2, loads: vec![load; 2] });
    assert_eq!(seat.decide(&me), Ok(Step::Stay));
    assert_eq!(seat.reserve(&me), bid.reserve, "what it promised is kept free");
    seat.now += 31;
    assert_eq!(seat.decide(&me), Ok(Step::Stay), "nobody challenges it");
    assert_eq!(seat.open(request(1_000)), Some(([1; 20], MILLION)));
    seat.awards = 1;
    assert_eq!(seat.reserve(&me).places, 1, "one is under way");
    seat.now = NOW + 30 + 1_000 - 30;
    assert_eq!(seat.bid(&me).unwrap().price, 1_000 * MILLION, "the next term is sold from the ceiling");
}

proptest! {
    /// Whoever has the lowest cost sits in the end, at no more than a step above the second-lowest cost and margin.
    #[test]
    fn a_seat_is_an_open_auction(costs in proptest::collection::vec(1..800_u128, 2..5)) {
        let idle = Schedule::default();
        let costs: Vec<Wei> = costs.into_iter().map(|cost| cost * MILLION).collect();
        let all: Vec<_> = (1..).zip(&costs).map(|(number, cost)| bidder(number, *cost, &idle)).collect();
        let mut seat = seat();
        while all.iter().any(|bidder| seat.bid(bidder).is_some()) {}
        let next = Seating::at(&seat_params(), &seat.shared, seat.now).unwrap().next.unwrap();
        let mut least: Vec<Wei> = costs.iter().map(|cost| cost * 11 / 10).collect();
        prop_assert!(least[usize::from(next.prover[0]) - 1] <= next.rate);
        least.sort_unstable();
        prop_assert!(least[1] * 9 / 10 <= next.rate + 1, "{} of {least:?}", next.rate);
        prop_assert!(next.rate <= (least[1] * 10 / 9 + 1).min(1_000 * MILLION), "{} of {least:?}", next.rate);
    }
}

#[test]
fn an_incumbent_defends_its_seat_and_leaves_it_when_it_no_longer_pays() {
    let idle = Schedule::default();
    let [me, rival] = [bidder(1, 100 * MILLION, &idle), bidder(2, 800 * MILLION, &idle)];
    let mut seat = seat();
    seat.bid(&me).unwrap();
    seat.now += 31;
    assert_eq!(seat.bid(&rival).unwrap().price, 900 * MILLION);
    assert_eq!(seat.bid(&me).unwrap().price, 810 * MILLION, "a step below the challenger");
    assert_eq!(seat.decide(&rival), Err(Reason::Price { have: 729 * MILLION, want: 880 * MILLION }));
    seat.now += 31;
    let dear = bidder(1, 811 * MILLION, &idle);
    let notice = seat.bid(&dear).unwrap();
    assert_eq!((notice.data.as_slice(), notice.deposit), (NOTICE.as_slice(), 0));
    assert_ne!(seat.bid(&dear).map(|bid| bid.data), Some(NOTICE.to_vec()), "notice is given once");
    assert_eq!(Seating::at(&seat_params(), &seat.shared, seat.now).unwrap().leaves, seat.now + 40);
}

#[test]
fn nothing_is_promised_that_cannot_be_kept() {
    let idle = Schedule::default();
    let seat = seat();
    let with = |change: &dyn Fn(&mut Bidder<'_>)| {
        let mut me = bidder(1, 100 * MILLION, &idle);
        change(&mut me);
        seat.decide(&me)
    };
    assert_eq!(with(&|me| me.stake = 699), Err(Reason::Stake { have: 699, want: 700 }), "the deposit and two bonds");
    assert_eq!(with(&|me| me.seats = 2), Err(Reason::Seats));
    assert_eq!(with(&|me| me.offer.bond_limit = 99), Err(Reason::Bond { have: 100, limit: 99 }));
    assert!(matches!(with(&|me| me.length = Duration::from_secs(16)), Err(Reason::Late(_))), "two in 30 s");
    let slow = Duration::from_secs(11);
    assert_eq!(with(&|me| me.length = slow), Err(Reason::Pace { length: slow, every: 10 }));
    assert!(matches!(with(&|me| me.offer.throughput = 33), Err(Reason::Throughput { .. })));
    assert_eq!(with(&|me| me.offer.accepted = false), Err(Reason::Token));
    let high = with(&|me| me.offer.floor = 2_000);
    assert_eq!(high, Err(Reason::Price { have: 1_000 * MILLION, want: 2_000 * MILLION }), "below its declared floor");

    let me = bidder(1, 100 * MILLION, &idle);
    let decide = |place: Place<'_>| stand(&place, &me, NOW);
    let place = || seat.place(&me.account);
    assert_eq!(decide(Place { allowance: 499, ..place() }), Err(Reason::Allowance { have: 499, want: 500 }));
    assert_eq!(decide(Place { trusted: false, ..place() }), Err(Reason::Strangers));
    assert_eq!(decide(Place { served: false, ..place() }), Err(Reason::Verifiers));
    assert_eq!(decide(Place { leaving: true, ..place() }), Ok(Step::Stay));
}

#[test]
fn a_contract_pays_for_standing_by() {
    let idle = Schedule::default();
    let mut contract = Hall::new(&Reserved, contract_params().encode(), 8);
    let [me, other, third] = [(1, 300), (2, 400), (3, 420)].map(|(n, cost)| bidder(n, cost * MILLION, &idle));
    assert_eq!(contract.bid(&me).unwrap().price, 1_000 * MILLION);
    assert_eq!(contract.bid(&other).unwrap().price, 1_000 * MILLION, "the second place");
    // Half of it is expected to be asked for: 420 and a tenth is 924, twice.
    assert_eq!(contract.decide(&third), Err(Reason::Price { have: 900 * MILLION, want: 924 * MILLION }));
    contract.now += 31;
    assert_eq!(contract.decide(&me), Ok(Step::Stay), "the next contract is not offered yet");
    for number in [1, 1, 2, 2] {
        assert_eq!(contract.open(request(500)), Some(([number; 20], MILLION / 2)));
    }
    assert_eq!(contract.open(request(500)), None);
    contract.awards = 2;
    assert_eq!(contract.reserve(&me), Reserve::default(), "all that it promised is under way");
    let dear = bidder(1, 1_001 * MILLION, &idle);
    assert_eq!(contract.bid(&dear).unwrap().data, NOTICE);
    assert_eq!(contract.decide(&dear), Ok(Step::Stay));
    contract.now = NOW + 30 + 1_000 - 30;
    assert_eq!(contract.bid(&other).unwrap().price, 1_000 * MILLION, "the next term");
}

fn batch_params() -> BatchParams {
    BatchParams {
        interval: 100,
        grace: 50,
        window: 60,
        lot: 1_000,
        floor: 1,
        ceiling: 10_000,
        work: 2_000,
        bond: 100,
        orders: 8,
        offers: 2,
        carry: 0,
    }
}

#[test]
fn a_lot_is_offered_at_its_cost_when_there_is_an_order() {
    let idle = Schedule::default();
    let mut batch = Hall::new(&Batch, batch_params().encode(), WORDS);
    // 3 wei for a unit of work, and no margin: the price is made by others.
    let all = [1, 2, 3].map(|number| bidder(number, 3 * MILLION, &idle));
    assert_eq!(batch.decide(&all[0]), Ok(Step::Stay), "nobody asks");
    batch.open(request(2_000));
    let bid = batch.bid(&all[0]).unwrap();
    assert_eq!((bid.price, bid.deposit, bid.until), (3_000, 100, NOW + 99));
    let load = Load { release: NOW + 100, length: Duration::from_secs(5), due: NOW + 160 };
    assert_eq!(bid.reserve, Reserve { loads: vec![load], ..Reserve::default() });
    assert_eq!(batch.reserve(&all[0]), bid.reserve);
    assert_eq!(batch.decide(&all[0]), Ok(Step::Stay), "one offer each");
    batch.bid(&all[1]).unwrap();
    assert_eq!(batch.decide(&all[2]), Err(Reason::Crowded(2)));
    batch.now += 150;
    assert_eq!(batch.reserve(&all[0]), Reserve::default(), "void: nobody cleared it");
    batch.open(request(2_000));
    assert_eq!(batch.bid(&all[0]).unwrap().price, 3_000, "the next batch");
    let dear = bidder(3, 11 * MILLION, &idle);
    assert_eq!(batch.decide(&dear), Err(Reason::Price { have: 10_000, want: 11_000 }));
    let slow = Bidder { length: Duration::from_secs(61), ..bidder(3, 1, &idle) };
    assert!(matches!(batch.decide(&slow), Err(Reason::Late(_))));
}

#[test]
fn a_pool_is_entered_for_what_can_be_proven_and_left_when_it_pays_no_more() {
    let idle = Schedule::default();
    let params = SortitionParams {
        base: 1_000,
        min_deposit: 100,
        max_deposit: 4_000,
        notice: 50,
        distance: 4,
        lead: 20,
        stagger: 30,
        stages: 3,
        patience: 60,
        backups: 1,
        ..SortitionParams::default()
    };
    let me = bidder(1, 500 * MILLION, &idle);
    let empty = [Id::default()];
    let place = |ticket: Option<Ticket>| Place {
        rule: Rule::read("sortition", &params.encode()).unwrap(),
        params: &[],
        shared: &empty,
        ticket,
        awards: 0,
        trusted: true,
        served: true,
        leaving: false,
        allowance: 3_000,
        demand: Demand { work: 1, every: 60, utilisation_bps: 10_000 },
    };
    let tag = Enrolment { block: 7, leaves: 0 }.tag();
    let held = |amount| place(Some(Ticket { amount, tag }));
    let decide = |place: Place<'_>, cost| stand(&place, &Bidder { tariff: Some(cost), ..me.clone() }, NOW);
    let cost = |fixed| Tariff { fixed, ..Tariff::default() };
    let weight = |step: Result<Step, Reason>| match step.unwrap() {
        Step::Bid(stand) => Some((stand.deposit, *stand.data.last_chunk::<2>().unwrap())),
        Step::Leave(stand) => Some((stand.deposit, [*stand.data.last().unwrap(); 2])),
        Step::Stay => None,
    };
    assert_eq!(weight(decide(place(None), cost(500))), Some((3_000, 3_000_u16.to_be_bytes())), "all that may stand");
    assert_eq!(decide(place(None), cost(910)), Err(Reason::Price { have: 1_000, want: 1_001 }));
    assert_eq!(weight(decide(held(2_000), cost(500))), None, "it would not double");
    assert_eq!(weight(decide(held(1_500), cost(500))), Some((3_000, 3_000_u16.to_be_bytes())));
    assert_eq!(weight(decide(held(2_000), cost(910))), Some((2_000, [0; 2])), "notice");
    assert_eq!(weight(decide(Place { leaving: true, ..held(2_000) }, cost(500))), Some((2_000, [0; 2])));
    let noticed = Ticket { amount: 2_000, tag: Enrolment { block: 7, leaves: NOW + 9 }.tag() };
    assert_eq!(weight(decide(Place { leaving: true, ..place(Some(noticed)) }, cost(500))), None);
    let unknown = Place { demand: Demand::default(), ..place(None) };
    assert_eq!(decide(unknown, cost(500)), Err(Reason::Work));
    assert_eq!(decide(Place { served: false, ..place(None) }, cost(500)), Err(Reason::Verifiers));
    let little = Place { allowance: 99, ..place(None) };
    assert_eq!(decide(little, cost(500)), Err(Reason::Allowance { have: 99, want: 100 }));
}

//! What has to hold for every price, time and order of events.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use bourse_sim::ask::{Actor, Ask, Cause, MoveKind, Refusal, Status};
use bourse_sim::mechanisms::dutch::{self, DutchParams};
use bourse_sim::mechanisms::posted::PostedParams;
use bourse_sim::mechanisms::sealed::{self, Payment, SealedParams};
use bourse_sim::mechanisms::{Mechanism, by_name};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei};
use proptest::prelude::*;

const OPENED: Time = 1_800_000_000;
const MAX_PRICE: Wei = 1_000_000;

fn climbs() -> impl Strategy<Value = DutchParams> {
    (0..9_999_u16, 0..1_000_u32, 1..100_000_u32, 1..1_000_u32).prop_flat_map(|(start_bps, delay, ramp, patience)| {
        (start_bps + 1..=10_000_u16).prop_map(move |end_bps| DutchParams { start_bps, end_bps, delay, ramp, patience })
    })
}

proptest! {
    #[test]
    fn dutch_price_climbs_and_stays_in_its_bounds(
        p in climbs(), max in 0..1_u128 << 88, a in 0..300_000_u64, b in 0..300_000_u64,
    ) {
        let (a, b) = (a.min(b), a.max(b));
        let price = |after| dutch::price_at(&p, max, OPENED, OPENED + after);
        prop_assert!(price(a) <= price(b));
        prop_assert!(price(0) == max * Wei::from(p.start_bps) / 10_000);
        prop_assert!(price(b) <= max * Wei::from(p.end_bps) / 10_000);
    }

    #[test]
    fn dutch_time_is_the_first_at_which_the_price_is_met(p in climbs(), max in 0..1_u128 << 88, bps in 0..11_000_u128) {
        let wanted = max * bps / 10_000;
        match dutch::time_at(&p, max, OPENED, wanted) {
            None => prop_assert!(dutch::price_at(&p, max, OPENED, p.last(OPENED)) < wanted),
            Some(time) => {
                prop_assert!(dutch::price_at(&p, max, OPENED, time) >= wanted);
                prop_assert!(time == OPENED || dutch::price_at(&p, max, OPENED, time - 1) < wanted);
            }
        }
    }

    #[test]
    fn posted_price_is_the_tariff_or_the_most_that_is_paid(
        base in 0..1_u128 << 40, rate in 0..1_u128 << 60, work in 1..1_u64 << 28, max_price in 0..1_u128 << 88,
    ) {
        let p = PostedParams { base, rate, patience: 1 };
        let price = p.price(&Request { work, max_price, ..Request::default() });
        prop_assert_eq!(price, (base + rate * Wei::from(work) / 1_000_000).min(max_price));
    }

    #[test]
    fn posted_price_never_overflows(
        base in 0..1_u128 << 88, rate in 0..1_u128 << 88, work: u64, max_price in 0..1_u128 << 88,
    ) {
        let p = PostedParams { base, rate, patience: 1 };
        let more = PostedParams { rate: rate / 2, ..p };
        let request = Request { work, max_price, ..Request::default() };
        prop_assert!(more.price(&request) <= p.price(&request));
        prop_assert!(p.price(&request) <= max_price);
    }

    #[test]
    fn sealed_outcome_does_not_depend_on_the_order_of_reveals(
        (bids, shuffled) in bids().prop_flat_map(|bids| (Just(bids.clone()), Just(bids).prop_shuffle())),
        standbys in 0..=6_u8, second: bool,
    ) {
        let payment = if second { Payment::SecondPrice } else { Payment::FirstPrice };
        let one = Auction::of(payment, standbys, &bids).finish();
        let other = Auction::of(payment, standbys, &shuffled).finish();
        prop_assert_eq!(one, other);
    }

    #[test]
    fn sealed_awards_the_lowest_and_pays_within_the_reserve(bids in bids(), standbys in 0..=6_u8) {
        let mut sorted = bids.clone();
        sorted.sort_by_key(|(_, price)| *price);
        sorted.retain(|(_, price)| *price <= MAX_PRICE / 2);
        let first = Auction::of(Payment::FirstPrice, standbys, &bids).finish();
        let second = Auction::of(Payment::SecondPrice, standbys, &bids).finish();
        let depth = sorted.len().min(1 + usize::from(standbys));
        prop_assert_eq!(first, sorted[..depth].to_vec());
        let next = |i: usize| sorted.get(i + 1).map_or(MAX_PRICE / 2, |(_, price)| *price);
        let want: Vec<_> = (0..depth).map(|i| (sorted[i].0, next(i))).collect();
        prop_assert_eq!(second, want);
    }
}

/// Up to nine bids at different prices, some above the reserve.
fn bids() -> impl Strategy<Value = Vec<(Account, Wei)>> {
    prop::collection::btree_map(0..MAX_PRICE, any::<[u8; 19]>(), 1..10).prop_map(|bids| {
        let account = |(price, rest): (Wei, [u8; 19])| {
            let mut account = [1; 20];
            account[1..].copy_from_slice(&rest);
            (account, price)
        };
        // One bid per prover.
        let unique: BTreeMap<_, _> = bids.into_iter().map(account).collect();
        unique.into_iter().collect()
    })
}

/// The mechanism with the little of a market that it needs.
struct Auction {
    params: SealedParams,
    ask: Ask,
    tickets: BTreeMap<Account, [u8; 22]>,
}

impl Auction {
    fn of(payment: Payment, standbys: u8, bids: &[(Account, Wei)]) -> Self {
        let params = SealedParams {
            payment,
            commit: 100,
            reveal: 100,
            reserve_bps: 5_000,
            deposit_bps: 0,
            deposit_floor: 10,
            standbys,
            bidders: 64,
        };
        let shape = sealed::SealedBid.check(&params.encode()).unwrap();
        let request = Request { max_price: MAX_PRICE, deadline: OPENED + 1_000, ..Request::default() };
        let ask = Ask {
            status: Status::Open,
            request,
            opened_at: OPENED,
            params: params.encode(),
            words: vec![Id::default(); shape.words.into()],
            ..Ask::default()
        };
        let mut auction = Self { params, ask, tickets: BTreeMap::new() };
        for (prover, price) in bids {
            let commitment = sealed::commitment(&Id::default(), prover, *price, &[7; 32]);
            auction.bid(OPENED + 1, prover, 0, commitment);
        }
        for (prover, price) in bids {
            auction.bid(OPENED + 101, prover, *price, [7; 32]);
        }
        auction
    }

    fn bid(&mut self, time: Time, prover: &Account, price: Wei, data: Id) {
        let tag = self.tickets.get(prover).copied();
        let held = if tag.is_some() { 10 } else { 0 };
        let actor = Actor { prover: *prover, free: 100, held, tag: tag.unwrap_or_default(), ..Actor::default() };
        self.step(Ask { cause: Cause::Bid, time, actor, price, data: data.to_vec(), ..self.ask.clone() }).unwrap();
    }

    fn step(&mut self, ask: Ask) -> Result<Vec<(Account, Wei)>, Refusal> {
        let answer = sealed::SealedBid.step(&Ask { holds: self.tickets.len() as u8, ..ask })?;
        self.ask.words = answer.words;
        let mut awards = Vec::new();
        for m in answer.moves {
            match m.kind {
                MoveKind::Hold => drop(self.tickets.insert(m.prover, m.tag)),
                MoveKind::Close => assert!(self.tickets.is_empty()),
                MoveKind::Release => drop(self.tickets.remove(&m.prover).unwrap()),
                MoveKind::Award => {
                    self.tickets.remove(&m.prover).unwrap();
                    awards.push((m.prover, m.amount));
                }
                other => panic!("{other:?}"),
            }
        }
        Ok(awards)
    }

    /// Everybody who is awarded, if all of them fail, and what for. No ticket is left over.
    fn finish(mut self) -> Vec<(Account, Wei)> {
        let time = self.params.commit_end(OPENED) + 2;
        let mut all = self.step(Ask { cause: Cause::Tick, time, ..self.ask.clone() }).unwrap();
        while let Some(next) = self.step(Ask { cause: Cause::Failed, time, ..self.ask.clone() }).unwrap().pop() {
            all.push(next);
        }
        assert!(self.tickets.is_empty());
        all
    }
}

#[test]
fn twins_are_found_by_the_name_their_contract_has() {
    for name in [
        "batch",
        "contest",
        "posted",
        "dutch",
        "sealed",
        "english",
        "race",
        "rfq",
        "seat",
        "scoring",
        "reserved",
        "sortition",
    ] {
        assert_eq!(by_name(name).unwrap().name(), name);
    }
    assert!(by_name("Sealed").is_none());
}

//! A small fleet and a kind of work for it.

use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::menu::menu;
use bourse_sim::qos::play::Rule;
use bourse_sim::qos::predict::{Futures, Outlook};
use bourse_sim::qos::supply::{Conduct, Contender, Fleet, Job, Supplier};
use bourse_sim::qos::terms::Usual;
use bourse_sim::{Account, Wei};

pub(crate) const UNIT: Wei = 1_000_000_000;
pub(crate) const USUAL: Usual = Usual { price: 1e9, time: 100.0 };

pub(crate) fn account(number: u32) -> Account {
    let mut account = [0xb1; 20];
    account[16..].copy_from_slice(&number.to_be_bytes());
    account
}

/// A hundred seconds' work for the middle of the fleet.
pub(crate) fn job() -> Job {
    Job { work: 100_000_000, max_price: 250 * UNIT, bond: 20 * UNIT, window: 250, deadline: 400, usage: 0.6 }
}

pub(crate) fn fleet() -> Fleet {
    let mut chance = Chance::new(&[7]);
    let suppliers = (1..=16).map(|number| Supplier {
        account: account(number),
        number,
        cost: 1e9 * chance.between(0.6, 1.6),
        speed: 1e6 * chance.between(0.6, 2.0),
        jitter: 0.1,
        failure: 0.03,
        reaction: 2.0,
        busy: 0.4,
        stake: 1_000 * UNIT,
        site: number % 4,
    });
    Fleet { suppliers: suppliers.collect(), conduct: Conduct { noise: 0.05, outage: 0.01, ..Conduct::default() } }
}

pub(crate) fn outlooks(futures: u32) -> Vec<Outlook> {
    let (fleet, job) = (fleet(), job());
    let futures = Futures::new(&fleet, &job, 3, futures);
    menu(USUAL, &job).into_iter().map(|rule| Outlook::new(rule, &fleet, &job, &futures).unwrap()).collect()
}

/// Somebody who is ready at once, keeps what it promises and asks for `cost`.
pub(crate) fn contender(number: u32, cost: Wei) -> Contender {
    Contender {
        account: account(number),
        number,
        free: true,
        cost,
        reckoned: cost,
        expected: 1,
        length: 1,
        fails: false,
        reaction: 0,
        stake: 1_000_000 * UNIT,
    }
}

/// Provers whose costs for a job of a million units of work are everything from 0 to `UNIT`.
pub(crate) fn uniform() -> Fleet {
    let suppliers = (0..=1_000).map(|step| Supplier {
        account: account(step + 1),
        number: step + 1,
        cost: f64::from(step) / 1_000.0 * UNIT as f64,
        speed: 1e6,
        jitter: 0.0,
        failure: 0.0,
        reaction: 0.0,
        busy: 0.0,
        stake: UNIT,
        site: 0,
    });
    Fleet { suppliers: suppliers.collect(), conduct: Conduct::default() }
}

pub(crate) fn names(rules: &[Rule]) -> Vec<&'static str> {
    let mut names: Vec<_> = rules.iter().map(Rule::name).collect();
    names.dedup();
    names
}

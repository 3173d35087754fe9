//! What the fold of events costs: events per second on one core, and memory per request. `make bench` runs it.

use std::time::Instant;

use anyhow::{Context, Result};
use bourse_sim::ask::Shape;
use bourse_sim::event::{Config, Declaration, Event, Offer};
use bourse_sim::market::{ANY_MECHANISM, ANY_VERIFIER, Market};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

const REQUESTS: u64 = 1_000_000;
/// Requests whose events share a block, and that live at once.
const PER_BLOCK: u64 = 100;
const REQUESTER: Account = [0xa1; 20];
const PROVERS: u64 = 64;
const PRICE: Wei = 1_000;

fn main() -> Result<()> {
    println!("{REQUESTS} requests, each opened, awarded and fulfilled: {} events", 3 * REQUESTS);
    for (name, remembers) in [("the fold alone", false), ("with undo of the last 128 blocks", true)] {
        let before = resident()?;
        let mut market = prologue()?;
        let mut spent = 0.0;
        for first in (0..REQUESTS).step_by(PER_BLOCK as usize) {
            let events = block(first);
            let start = Instant::now();
            if remembers {
                market.checkpoint();
            }
            for event in &events {
                market.apply(event, time(first))?;
            }
            spent += start.elapsed().as_secs_f64();
        }
        println!("{name}: {:.2} million events per second", 3e-6 * REQUESTS as f64 / spent);
        // A second market would be given the memory that the first one left.
        if !remembers {
            println!("{:.0} bytes per request, ended", (resident()? - before) as f64 / REQUESTS as f64);
        }
    }
    Ok(())
}

/// An instance, provers with stake, a requester with money.
fn prologue() -> Result<Market> {
    let mut market = Market::new(ZERO);
    let config =
        Config { mechanism: [0x3e; 20], shape: Shape { gas: 30_000, ..Shape::default() }, ..Config::default() };
    let mut events = vec![
        Event::VerifierRegistered {
            verifier: 1,
            target: [1; 20],
            registrar: REQUESTER,
            codehash: [2; 32],
            gas: 30_000,
        },
        Event::InstanceSet { instance: 1, version: 1, owner: REQUESTER, open: true, config },
        deposited(REQUESTER, Wei::from(2 * REQUESTS) * PRICE),
    ];
    for number in 0..PROVERS {
        let offer = Offer { accepted: true, bond_limit: Wei::MAX, ..Offer::default() };
        let declaration = Declaration {
            concurrency: u16::MAX,
            flags: ANY_MECHANISM | ANY_VERIFIER,
            offers: vec![(ZERO, offer)],
            ..Declaration::default()
        };
        events.push(deposited(prover(number), PRICE));
        events.push(Event::Declared { prover: prover(number), number: number as u32 + 1, declaration });
        events.push(Event::Staked { prover: prover(number), amount: PRICE });
    }
    events.iter().try_for_each(|event| market.apply(event, 0))?;
    Ok(market)
}

/// The lives of a block's requests, one stage after the other.
fn block(first: u64) -> Vec<Event> {
    let all = first..first + PER_BLOCK;
    let opened = |n| Event::Opened {
        id: id(n),
        requester: REQUESTER,
        instance: request(n).instance,
        version: 1,
        request: request(n),
        input: n.to_be_bytes().repeat(8),
    };
    let awarded =
        |n| Event::Awarded { id: id(n), prover: prover(n), price: PRICE, due: time(n) + 60, bond_bps: 10_000 };
    let fulfilled = |n| Event::Fulfilled { id: id(n), prover: prover(n), price: PRICE, proof: vec![0x5a; 260] };
    all.clone().map(opened).chain(all.clone().map(awarded)).chain(all.map(fulfilled)).collect()
}

fn request(nonce: u64) -> Request {
    Request {
        requester: REQUESTER,
        nonce,
        instance: 1,
        verifier: 1,
        work: 1,
        max_price: PRICE,
        bond: 1,
        deadline: time(nonce) + 600,
        window: 60,
        ..Request::default()
    }
}

/// Ids are hashes: they come in no order.
fn id(n: u64) -> Id {
    let mut id = Id::default();
    for (part, salt) in id.chunks_exact_mut(8).zip([0x9e37_79b9_7f4a_7c15_u64, 0xbf58_476d_1ce4_e5b9, 1, 3]) {
        part.copy_from_slice(&(n + 1).wrapping_mul(salt).to_be_bytes());
    }
    id
}

fn prover(n: u64) -> Account {
    [(n % PROVERS) as u8 + 1; 20]
}

fn deposited(account: Account, amount: Wei) -> Event {
    Event::Deposited { token: ZERO, account, from: account, amount }
}

fn time(n: u64) -> Time {
    n / PER_BLOCK
}

/// Bytes of memory that this process holds.
fn resident() -> Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status").context("Linux tells a process' memory in /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc/self/status")?;
    let kib: i64 = line.trim().trim_end_matches(" kB").parse().context("VmRSS in kB")?;
    Ok(kib * 1024)
}

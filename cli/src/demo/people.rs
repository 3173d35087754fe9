//! Who takes part in the demo, and what they want.

use bourse_prover::backend::circuit::rounds_for;

use crate::blueprint::{Blueprint, Dutch, English, Posted, Sealed};
use crate::deploy::GROTH16;

/// A prover.
#[derive(Clone, Copy, Debug)]
pub struct Prover {
    /// What it is called.
    pub name: &'static str,
    /// Circuit sizes it has keys for, as powers of two.
    pub sizes: &'static [u32],
    /// Awards it serves at once.
    pub concurrency: u16,
    /// What it declares: the least it is paid for one constraint, and constraints per second.
    pub floor: &'static str,
    /// See `floor`.
    pub throughput: u32,
    /// What a million constraints cost it.
    pub rate: &'static str,
    /// Cores it proves with.
    pub threads: &'static str,
    /// The port of this machine where it serves metrics; nowhere if 0.
    pub port: u16,
}

/// A requester.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requester {
    /// What it is called.
    pub name: &'static str,
    /// What it cares about.
    pub wish: &'static str,
    /// It signs, and somebody else brings its requests.
    pub signs: bool,
}

/// One request of the demo.
#[derive(Clone, Copy, Debug)]
pub struct Errand {
    /// Whose: an index into [`REQUESTERS`].
    pub requester: usize,
    /// Seconds after the start.
    pub at: u64,
    /// Circuit size, as a power of two.
    pub size: u32,
    /// The instance it is sent through.
    pub instance: &'static str,
    /// The most it pays, in the native coin.
    pub max_price: &'static str,
    /// How long it waits at most.
    pub deadline: &'static str,
}

/// Sizes of the circuit, as powers of two: constraints that fit.
pub const SIZES: [u32; 3] = [10, 12, 14];

/// The prover that will be killed while it proves.
pub const DOOMED: &str = "ember";

/// The provers.
pub const PROVERS: [Prover; 4] = [
    Prover {
        name: "atlas",
        sizes: &[10, 12, 14],
        concurrency: 2,
        floor: "400 gwei",
        throughput: 4_000,
        rate: "0.5 ether",
        threads: "2",
        port: 0,
    },
    Prover {
        name: "borea",
        sizes: &[10, 12],
        concurrency: 4,
        floor: "500 gwei",
        throughput: 2_000,
        rate: "0.65 ether",
        threads: "1",
        port: 0,
    },
    Prover {
        name: "cinder",
        sizes: &[10, 12, 14],
        concurrency: 6,
        floor: "600 gwei",
        throughput: 4_000,
        rate: "0.8 ether",
        threads: "2",
        port: 0,
    },
    Prover {
        name: DOOMED,
        sizes: &[14],
        concurrency: 2,
        floor: "200 gwei",
        throughput: 2_000,
        rate: "0.3 ether",
        threads: "1",
        port: 0,
    },
];

const ADA: usize = 0;
const BEN: usize = 1;
const CLEO: usize = 2;
const DORA: usize = 3;
const ELI: usize = 4;
const FAY: usize = 5;

/// The requesters.
pub const REQUESTERS: [Requester; 6] = [
    Requester { name: "Ada", wish: "fast", signs: false },
    Requester { name: "Ben", wish: "cheap", signs: false },
    Requester { name: "Cleo", wish: "cheap, and bids that are honest", signs: false },
    Requester { name: "Dora", wish: "a price known beforehand, no transactions", signs: true },
    Requester { name: "Eli", wish: "for next to nothing", signs: false },
    Requester { name: "Fay", wish: "to see the price fall", signs: false },
];

/// What they ask for.
pub const ERRANDS: [Errand; 12] = [
    Errand { requester: ADA, at: 0, size: 10, instance: "steep", max_price: "0.006", deadline: "60s" },
    Errand { requester: DORA, at: 0, size: 12, instance: "posted", max_price: "0.02", deadline: "60s" },
    Errand { requester: ELI, at: 1, size: 12, instance: "steep", max_price: "0.001", deadline: "26s" },
    Errand { requester: CLEO, at: 1, size: 14, instance: "vickrey", max_price: "0.05", deadline: "90s" },
    Errand { requester: BEN, at: 2, size: 12, instance: "sealed", max_price: "0.02", deadline: "90s" },
    Errand { requester: ADA, at: 4, size: 14, instance: "dutch", max_price: "0.05", deadline: "90s" },
    Errand { requester: FAY, at: 5, size: 10, instance: "english", max_price: "0.003", deadline: "90s" },
    Errand { requester: DORA, at: 6, size: 10, instance: "posted", max_price: "0.02", deadline: "60s" },
    Errand { requester: CLEO, at: 8, size: 12, instance: "vickrey", max_price: "0.02", deadline: "90s" },
    Errand { requester: ADA, at: 10, size: 12, instance: "steep", max_price: "0.02", deadline: "60s" },
    Errand { requester: BEN, at: 12, size: 14, instance: "sealed", max_price: "0.05", deadline: "90s" },
    Errand { requester: DORA, at: 14, size: 14, instance: "posted", max_price: "0.05", deadline: "60s" },
];

/// The mechanism instances, in an order in which each one's fallback comes before it: sealed, english → dutch → posted.
pub fn instances() -> Vec<Blueprint> {
    let base = |name: &str, fallback: Option<&str>| Blueprint {
        name: Some(name.to_owned()),
        fallback: fallback.map(ToOwned::to_owned),
        open: true,
        verifiers: vec![GROTH16.to_owned()],
        ..Blueprint::default()
    };
    let posted = Posted { base: "0.001".into(), rate: "1.2".into(), patience: "15s".into() };
    let dutch = |start_bps, ramp: &str| Dutch {
        start_bps,
        end_bps: 10_000,
        delay: None,
        ramp: ramp.into(),
        patience: "4s".into(),
    };
    let sealed = |payment: &str, standbys| Sealed {
        payment: payment.into(),
        commit: "4s".into(),
        reveal: "4s".into(),
        reserve_bps: 10_000,
        deposit_bps: 5_000,
        deposit_floor: "0.001".into(),
        standbys,
        bidders: 8,
    };
    let english = English {
        duration: "6s".into(),
        extension: "3s".into(),
        overtime: Some("6s".into()),
        patience: "10s".into(),
        decrement_bps: 1_500,
        start_bps: 10_000,
        deposit_bps: 10_000,
        deposit_floor: "0.001".into(),
        standbys: 1,
        closing: None,
    };
    vec![
        Blueprint { posted: Some(posted), ..base("posted", None) },
        Blueprint { dutch: Some(dutch(500, "20s")), ..base("dutch", Some("posted")) },
        Blueprint { dutch: Some(dutch(3_000, "5s")), ..base("steep", Some("posted")) },
        Blueprint { sealed: Some(sealed("first", 1)), ..base("sealed", Some("dutch")) },
        Blueprint { sealed: Some(sealed("second", 1)), ..base("vickrey", Some("dutch")) },
        Blueprint { english: Some(english), ..base("english", Some("dutch")) },
    ]
}

/// The rounds of the circuit that fill a size.
pub fn rounds(size: u32) -> u32 {
    rounds_for(size)
}

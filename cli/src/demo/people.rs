//! Who takes part in the demo, and what they want.

use anyhow::{Context, Result};
use bourse_prover::backend::circuit::rounds_for;
use serde::Deserialize;

use crate::blueprint::Blueprint;
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
    /// The most stake that it has standing on instances.
    pub standing: &'static str,
    /// Cores it proves with.
    pub threads: &'static str,
    /// The port of this machine where it serves metrics and quotes; nowhere if 0.
    pub port: u16,
}

impl Prover {
    /// Where it is asked for quotes.
    pub fn url(&self) -> Option<String> {
        (self.port != 0).then(|| format!("http://127.0.0.1:{}", self.port))
    }
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

/// The instance whose requesters ask provers for quotes first.
pub const QUOTED: &str = "quotes";

/// The provers; the ports are where they serve if nobody else does.
pub const PROVERS: [Prover; 4] = [
    Prover {
        name: "atlas",
        sizes: &[10, 12, 14],
        concurrency: 16,
        floor: "400 gwei",
        throughput: 4_000,
        rate: "1 ether",
        standing: "1 ether",
        threads: "2",
        port: 9465,
    },
    Prover {
        name: "borea",
        sizes: &[10, 12],
        concurrency: 16,
        floor: "500 gwei",
        throughput: 2_000,
        rate: "0.65 ether",
        standing: "1 ether",
        threads: "1",
        port: 9466,
    },
    Prover {
        name: "cinder",
        sizes: &[10, 12, 14],
        concurrency: 16,
        floor: "600 gwei",
        throughput: 4_000,
        rate: "0.8 ether",
        standing: "1 ether",
        threads: "2",
        port: 9467,
    },
    Prover {
        name: DOOMED,
        sizes: &[14],
        concurrency: 2,
        floor: "200 gwei",
        throughput: 2_000,
        rate: "0.3 ether",
        standing: "0 ether",
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
const GUS: usize = 6;
const HANA: usize = 7;
const IVO: usize = 8;
const JUN: usize = 9;
const MIA: usize = 10;
const KIM: usize = 11;
const LOU: usize = 12;
const NIA: usize = 13;

/// The requesters.
pub const REQUESTERS: [Requester; 14] = [
    Requester { name: "Ada", wish: "fast", signs: false },
    Requester { name: "Ben", wish: "cheap", signs: false },
    Requester { name: "Cleo", wish: "cheap, by honest bids", signs: false },
    Requester { name: "Dora", wish: "a known price, no transactions", signs: true },
    Requester { name: "Eli", wish: "for next to nothing", signs: false },
    Requester { name: "Fay", wish: "to see the price fall", signs: false },
    Requester { name: "Gus", wish: "a prover that nobody can buy", signs: false },
    Requester { name: "Hana", wish: "speed, at what it is worth", signs: false },
    Requester { name: "Ivo", wish: "from whoever is first", signs: false },
    Requester { name: "Jun", wish: "from many that share it", signs: false },
    Requester { name: "Mia", wish: "offers to choose from", signs: false },
    Requester { name: "Kim", wish: "at once, at a steady rate", signs: false },
    Requester { name: "Lou", wish: "at the price of others", signs: false },
    Requester { name: "Nia", wish: "that provers take turns", signs: false },
];

/// What they ask for.
pub const ERRANDS: [Errand; 36] = [
    errand(0, ADA, 10, "steep", "0.006", "60s"),
    errand(0, DORA, 12, "posted", "0.02", "60s"),
    errand(1, ELI, 12, "steep", "0.001", "26s"),
    errand(1, CLEO, 14, "vickrey", "0.05", "90s"),
    errand(2, BEN, 12, "sealed", "0.02", "90s"),
    errand(2, IVO, 10, "race", "0.02", "90s"),
    errand(3, JUN, 10, "committee", "0.02", "90s"),
    errand(3, MIA, 10, "quotes", "0.02", "90s"),
    errand(4, ADA, 14, "dutch", "0.05", "90s"),
    errand(4, NIA, 10, "fair", "0.02", "90s"),
    errand(5, FAY, 10, "english", "0.003", "90s"),
    errand(5, HANA, 10, "scoring", "0.02", "90s"),
    errand(6, DORA, 10, "posted", "0.02", "60s"),
    errand(6, GUS, 10, "contest", "0.02", "90s"),
    errand(7, LOU, 10, "batch", "0.02", "90s"),
    errand(7, BEN, 10, "batch", "0.016", "90s"),
    errand(7, HANA, 10, "batch", "0.012", "90s"),
    errand(7, FAY, 10, "batch", "0.008", "90s"),
    errand(8, GUS, 10, "sortition", "0.02", "90s"),
    errand(8, CLEO, 12, "vickrey", "0.02", "90s"),
    errand(9, KIM, 10, "seat", "0.02", "90s"),
    errand(10, KIM, 10, "reserved", "0.02", "90s"),
    errand(10, ADA, 12, "steep", "0.02", "60s"),
    errand(10, NIA, 10, "fair", "0.02", "90s"),
    errand(11, KIM, 10, "seat", "0.02", "90s"),
    errand(11, MIA, 12, "quotes", "0.02", "90s"),
    errand(12, BEN, 14, "sealed", "0.05", "90s"),
    errand(12, GUS, 10, "contest", "0.02", "90s"),
    errand(13, JUN, 10, "committee", "0.02", "90s"),
    errand(14, DORA, 14, "posted", "0.05", "60s"),
    errand(13, KIM, 10, "reserved", "0.02", "90s"),
    errand(14, GUS, 10, "sortition", "0.02", "90s"),
    errand(14, IVO, 10, "race", "0.02", "90s"),
    errand(15, HANA, 12, "scoring", "0.02", "90s"),
    errand(15, KIM, 10, "seat", "0.02", "90s"),
    errand(16, NIA, 10, "fair", "0.02", "90s"),
];

const fn errand(
    at: u64,
    requester: usize,
    size: u32,
    instance: &'static str,
    max_price: &'static str,
    deadline: &'static str,
) -> Errand {
    Errand { requester, at, size, instance, max_price, deadline }
}

/// The mechanism instances, in an order in which each one's fallback comes before it.
///
/// # Errors
/// If the file is none of instances.
pub fn instances() -> Result<Vec<Blueprint>> {
    #[derive(Deserialize)]
    struct File {
        instance: Vec<Blueprint>,
    }
    let file: File = toml::from_str(include_str!("instances.toml")).context("the instances of the demo")?;
    let verifiers = vec![GROTH16.to_owned()];
    Ok(file.instance.into_iter().map(|said| Blueprint { verifiers: verifiers.clone(), ..said }).collect())
}

/// The rounds of the circuit that fill a size.
pub fn rounds(size: u32) -> u32 {
    rounds_for(size)
}

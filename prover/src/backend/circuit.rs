//! The built-in circuit `pow5`: a chain of rounds x → (x + i)⁵, of any length.
//!
//! Public inputs: the author, which binds the proof to its prover; the seed, which the requester pins; the output, which
//! it wants to learn. The input of a request is JSON:
//!
//! ```json
//! {"circuit": "pow5", "rounds": 339, "seed": "7"}
//! ```
//!
//! with the seed in decimal or 0x-hex, below the order of the scalar field. One round is three constraints and one more
//! binds the author; the work of a request is the number of constraints.
//!
//! **Unless key files are given, keys come from a setup whose randomness anyone can recompute: whoever cares to can forge
//! proofs under them.** That is what tests and demos need, and nothing else.

mod keys;
mod pow5;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use alloy::primitives::{B256, U256};
use ark_bn254::Fr;
use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{
    Backend, Fault, Job, Pace, Proof, Slots,
    groth16::{self, Key, Pinned},
    require_size,
    setup::Setup,
    slots::timed,
};
pub use keys::Keys;
pub use pow5::Pow5;

/// The circuit's name in inputs.
pub const NAME: &str = "pow5";
/// The most rounds that keys are made for: 3 million constraints.
pub const MAX_ROUNDS: u32 = 1 << 20;

/// What this backend serves, and where its keys are.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where keys of the test setup are kept between starts.
    pub folder: PathBuf,
    /// Where keys of a real setup are: `pow5-<rounds>.key`, arkworks proving keys, uncompressed. Used where they exist.
    #[serde(default)]
    pub provided: Option<PathBuf>,
    /// The sizes served. Keys for all of them are loaded, or made, at the start.
    #[serde(default = "default_rounds")]
    pub rounds: Vec<u32>,
}

/// The largest sizes whose proofs fit domains of 2^8, 2^10, 2^12 and 2^14.
pub fn default_rounds() -> Vec<u32> {
    [8, 10, 12, 14].into_iter().map(rounds_for).collect()
}

/// The most rounds that fit a domain of `2^log` constraints and public inputs; at least one.
pub fn rounds_for(log: u32) -> u32 {
    let rounds = (1_u64.checked_shl(log).unwrap_or(u64::MAX).saturating_sub(5) / 3).max(1);
    u32::try_from(rounds).unwrap_or(u32::MAX).min(MAX_ROUNDS)
}

/// Constraints of so many rounds: the work of a request.
pub fn work(rounds: u32) -> u64 {
    3 * u64::from(rounds) + 1
}

/// What a requester puts into its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The statement.
    pub statement: B256,
    /// The input bytes, to be published.
    pub input: Vec<u8>,
    /// The work, in constraints.
    pub work: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    circuit: String,
    rounds: u32,
    seed: String,
}

/// The request for the end of the chain that starts at `seed`; `key` is the one for this number of rounds.
///
/// # Errors
///
/// If the seed is not below the order of the scalar field, or there are no rounds or too many.
pub fn task(key: &Key, rounds: u32, seed: U256) -> Result<Task, Fault> {
    require_rounds(rounds)?;
    parse_seed(&seed.to_string())?;
    let input = Input { circuit: NAME.into(), rounds, seed: seed.to_string() };
    let input = serde_json::to_vec(&input).map_err(|e| Fault::Failed(e.to_string()))?;
    Ok(Task { statement: key.statement(&pin(seed)), input, work: work(rounds) })
}

/// The end of the chain: what a proof for this seed has as its output.
pub fn output(rounds: u32, seed: U256) -> Result<U256, Fault> {
    require_rounds(rounds)?;
    Ok(groth16::scalar(&pow5::chain(rounds, parse_seed(&seed.to_string())?.1)))
}

/// Proves `pow5`.
pub struct CircuitBackend {
    setups: BTreeMap<u32, Arc<Setup>>,
    slots: Slots,
    pace: Arc<Pace>,
}

impl CircuitBackend {
    /// Loads or makes the keys, then measures how fast this machine proves.
    ///
    /// # Errors
    ///
    /// If a key can be neither loaded nor made, or does not prove.
    pub async fn open(settings: Settings, slots: Slots) -> Result<Self, Fault> {
        if settings.rounds.is_empty() {
            return Err(Fault::Failed("no sizes to serve: `rounds` is empty, right would be for example [339]".into()));
        }
        let setups = slots
            .run(move |abandoned| {
                let keys = Keys::new(settings.folder, settings.provided);
                let mut setups = BTreeMap::new();
                for rounds in settings.rounds {
                    abandoned.check()?;
                    setups.insert(rounds, Arc::new(keys.load(rounds)?));
                }
                Ok(setups)
            })
            .await?;
        let backend = Self { setups, slots, pace: Arc::default() };
        backend.calibrate().await?;
        Ok(backend)
    }

    /// The verification key for so many rounds, if they are served.
    pub fn key(&self, rounds: u32) -> Option<&Key> {
        self.setups.get(&rounds).map(|setup| setup.key())
    }

    /// The sizes served.
    pub fn rounds(&self) -> impl Iterator<Item = u32> + '_ {
        self.setups.keys().copied()
    }

    /// Proves at the smallest and at the largest size.
    async fn calibrate(&self) -> Result<(), Fault> {
        let ends = [self.setups.first_key_value(), self.setups.last_key_value()];
        let ends: Vec<_> = ends.into_iter().flatten().map(|(rounds, setup)| (*rounds, Arc::clone(setup))).collect();
        let measured = self
            .slots
            .run(move |_| {
                let mut measured = Vec::new();
                for (rounds, setup) in ends {
                    let task = task(setup.key(), rounds, U256::from(7))?;
                    let job = job(&task);
                    let ((), took) = timed(|| prove(&setup, rounds, Fr::from(7), &job, rand::random()).map(drop))?;
                    measured.push((task.work, took));
                }
                Ok(measured)
            })
            .await?;
        self.pace.calibrate(&measured);
        Ok(())
    }

    /// Reads a job and finds the key for it.
    fn read(&self, job: &Job) -> Result<(u32, Fr, Arc<Setup>), Fault> {
        require_size(&job.input)?;
        let want = || r#"JSON like {"circuit": "pow5", "rounds": 339, "seed": "7"}"#;
        let input: Input = serde_json::from_slice(&job.input).map_err(|e| Fault::unsupported("input", e, want()))?;
        if input.circuit != NAME {
            return Err(Fault::unsupported("circuit", shorten(&input.circuit), NAME));
        }
        let Some(setup) = self.setups.get(&input.rounds) else {
            let sizes: Vec<_> = self.rounds().map(|rounds| rounds.to_string()).collect();
            return Err(Fault::unsupported("rounds", input.rounds, sizes.join(", ")));
        };
        let (word, seed) = parse_seed(&input.seed)?;
        let statement = setup.key().statement(&pin(word));
        if statement != job.statement {
            return Err(Fault::mismatch("statement", job.statement, statement));
        }
        if job.work < work(input.rounds) {
            return Err(Fault::mismatch("work", job.work, format!("at least {}", work(input.rounds))));
        }
        Ok((input.rounds, seed, Arc::clone(setup)))
    }
}

#[async_trait]
impl Backend for CircuitBackend {
    fn name(&self) -> &str {
        NAME
    }

    async fn check(&self, job: &Job) -> Result<(), Fault> {
        self.read(job).map(drop)
    }

    fn estimate(&self, work: u64) -> Duration {
        self.pace.estimate(work)
    }

    async fn prove(&self, job: &Job) -> Result<Proof, Fault> {
        let (rounds, seed, setup) = self.read(job)?;
        let job = job.clone();
        let pace = Arc::clone(&self.pace);
        self.slots
            .run(move |_| {
                let (proof, took) = timed(|| prove(&setup, rounds, seed, &job, rand::random()))?;
                pace.observe(work(rounds), took);
                Ok(proof)
            })
            .await
    }
}

/// Proves a job for so many rounds from `seed`, and verifies. The entropy makes the proof zero-knowledge; the same bytes
/// make the same proof.
///
/// # Errors
///
/// If the setup is for another size, or the job for another seed.
pub fn prove(setup: &Setup, rounds: u32, seed: Fr, job: &Job, entropy: [u8; 32]) -> Result<Proof, Fault> {
    let assignment = pow5::assign(rounds, groth16::author_input(job.author), seed)
        .map_err(|e| Fault::Failed(format!("the circuit could not be assigned: {e}")))?;
    let proof = setup.prove::<LibsnarkReduction>(&assignment, entropy)?;
    let inputs = setup.key().carried(setup.public(&assignment));
    let proof = setup.key().encode(&proof, &pin(groth16::scalar(&seed)), &inputs);
    setup.key().verify(job.statement, job.author, &proof).map_err(|e| Fault::Invalid(e.to_string()))?;
    Ok(Proof(proof))
}

fn pin(seed: U256) -> Pinned {
    Pinned { first: 0, values: vec![seed] }
}

fn job(task: &Task) -> Job {
    let (statement, input, work) = (task.statement, task.input.clone(), task.work);
    Job { id: B256::ZERO, author: B256::ZERO, statement, input, work }
}

fn parse_seed(text: &str) -> Result<(U256, Fr), Fault> {
    let word = if text.len() <= 80 { text.parse::<U256>().ok() } else { None };
    let value = word.and_then(|word| groth16::field::<Fr>(word).map(|seed| (word, seed)));
    value.ok_or_else(|| Fault::mismatch("seed", shorten(text), "a number below the order of the BN254 scalar field"))
}

fn require_rounds(rounds: u32) -> Result<(), Fault> {
    if (1..=MAX_ROUNDS).contains(&rounds) {
        return Ok(());
    }
    Err(Fault::unsupported("rounds", rounds, format!("1 to {MAX_ROUNDS}")))
}

/// What a stranger wrote, short enough for a message.
fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

//! Circuits that a user brings: the r1cs and wasm that circom compiled, and a snarkjs zkey for it.
//!
//! The input of a request is JSON:
//!
//! ```json
//! {"circuit": "multiplier", "inputs": {"a": "3", "b": ["4", "5"]}, "first": 1, "pinned": ["3"]}
//! ```
//!
//! `inputs` are the circuit's input signals (arrays of any depth are read in order), without the author's if the circuit
//! has one. `pinned` are the values of the public signals from `first` on that the statement pins; signals are counted
//! from 0, without the author's, in circom's order: outputs first, then public inputs.

use std::{collections::BTreeMap, fs::File, io::BufReader, path::PathBuf, sync::Arc, time::Duration};

use alloy::primitives::{B256, U256};
use ark_bn254::Fr;
use ark_circom::{
    CircomReduction, WitnessCalculator,
    circom::{R1CS, R1CSFile},
    read_zkey,
};
use ark_ff::{One, Zero};
use async_trait::async_trait;
use num_bigint::BigInt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmer::{Engine, Module, Store};

use super::{
    Backend, Fault, Job, Pace, Proof, Slots,
    groth16::{self, Key, Pinned},
    require_size,
    setup::Setup,
    slots::timed,
};

/// The most elements that the input signals of one request may have.
const MAX_SIGNALS: usize = 1 << 16;

/// A circuit and its artifacts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What requests call the circuit.
    pub name: String,
    /// The constraints, from `circom --r1cs`.
    pub r1cs: PathBuf,
    /// The witness generator, from `circom --wasm`.
    pub wasm: PathBuf,
    /// The proving key, from snarkjs, after at least one contribution.
    pub zkey: PathBuf,
    /// The public input that carries the author, if the circuit has one.
    #[serde(default)]
    pub author: Option<Author>,
}

/// Where a circuit takes its author.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// The input signal.
    pub signal: String,
    /// Its place among the public signals (outputs first), counted from 1.
    pub position: usize,
}

/// Proves one circom circuit.
pub struct CircomBackend {
    circuit: Arc<Circuit>,
    slots: Slots,
    /// Witnesses are computed to check requests while a proof is being made.
    checks: Slots,
    pace: Arc<Pace>,
}

struct Circuit {
    name: String,
    author: Option<Author>,
    r1cs: R1CS<Fr>,
    /// Elements of all input signals, arrays counted by element.
    elements: usize,
    engine: Engine,
    module: Module,
    setup: Setup,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Input {
    circuit: String,
    inputs: BTreeMap<String, Value>,
    #[serde(default)]
    first: usize,
    #[serde(default)]
    pinned: Vec<U256>,
}

/// A request that was read: what to compute the witness from, and what it must show.
struct Question {
    signals: Vec<(String, Vec<BigInt>)>,
    pinned: Pinned,
}

/// The input bytes and the statement of a request for a circuit. `inputs` maps signals to numbers, texts of numbers, or
/// arrays of them.
///
/// # Errors
///
/// If the values cannot be written as JSON.
pub fn task(
    key: &Key,
    circuit: &str,
    inputs: BTreeMap<String, Value>,
    pinned: Pinned,
) -> Result<(B256, Vec<u8>), Fault> {
    let statement = key.statement(&pinned);
    let input = Input { circuit: circuit.into(), inputs, first: pinned.first, pinned: pinned.values };
    Ok((statement, serde_json::to_vec(&input).map_err(|e| Fault::Failed(e.to_string()))?))
}

impl CircomBackend {
    /// Loads the artifacts.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or the three do not belong together.
    pub async fn open(settings: Settings, slots: Slots) -> Result<Self, Fault> {
        let circuit = slots.run(move |_| Circuit::load(settings)).await?;
        Ok(Self { circuit: Arc::new(circuit), slots, checks: Slots::default(), pace: Arc::default() })
    }

    /// The verification key.
    pub fn key(&self) -> &Key {
        self.circuit.setup.key()
    }

    /// The circuit's size: the least work a request must state.
    pub fn constraints(&self) -> u64 {
        self.circuit.setup.constraints()
    }

    /// Measures a proof of these inputs, so that estimates are right from the first request on.
    ///
    /// # Errors
    ///
    /// If the inputs do not satisfy the circuit.
    pub async fn calibrate(&self, inputs: BTreeMap<String, Value>) -> Result<(), Fault> {
        let (statement, input) = task(self.key(), &self.circuit.name, inputs, Pinned::default())?;
        let work = self.constraints();
        let job = Job { id: B256::ZERO, author: B256::ZERO, statement, input, work };
        self.prove(&job).await.map(drop)
    }
}

#[async_trait]
impl Backend for CircomBackend {
    fn name(&self) -> &str {
        &self.circuit.name
    }

    async fn check(&self, job: &Job) -> Result<(), Fault> {
        let question = self.circuit.read(job)?;
        let (circuit, author) = (Arc::clone(&self.circuit), job.author);
        self.checks.run(move |_| circuit.witness(question.signals, author, &question.pinned).map(drop)).await
    }

    fn estimate(&self, work: u64) -> Duration {
        self.pace.estimate(work)
    }

    async fn prove(&self, job: &Job) -> Result<Proof, Fault> {
        let question = self.circuit.read(job)?;
        let (circuit, pace, job) = (Arc::clone(&self.circuit), Arc::clone(&self.pace), job.clone());
        self.slots
            .run(move |abandoned| {
                let (proof, took) = timed(|| {
                    let witness = circuit.witness(question.signals, job.author, &question.pinned)?;
                    abandoned.check()?;
                    circuit.prove(&witness, &job, &question.pinned)
                })?;
                pace.observe(circuit.setup.constraints(), took);
                Ok(proof)
            })
            .await
    }
}

impl Circuit {
    fn load(settings: Settings) -> Result<Self, Fault> {
        let failed = |path: &PathBuf, e: &dyn std::fmt::Display| Fault::Failed(format!("{}: {e}", path.display()));
        let open = |path: &PathBuf| File::open(path).map(BufReader::new).map_err(|e| failed(path, &e));
        let file = R1CSFile::<Fr>::new(open(&settings.r1cs)?).map_err(|e| failed(&settings.r1cs, &e))?;
        let elements = file.header.n_pub_in as usize + file.header.n_prv_in as usize;
        let r1cs = R1CS::from(file);
        let (proving, index) = read_zkey(&mut open(&settings.zkey)?).map_err(|e| failed(&settings.zkey, &e))?;
        let (instance, variables) = (index.num_instance_variables, proving.a_query.len());
        if (instance, variables) != (r1cs.num_inputs, r1cs.num_variables) {
            let (have, want) = (r1cs.num_inputs - 1, r1cs.num_variables);
            let e =
                format!("for {} public signals and {variables} wires, the r1cs has {have} and {want}", instance - 1);
            return Err(failed(&settings.zkey, &e));
        }
        let author = settings.author.as_ref().map_or(0, |author| author.position);
        if settings.author.is_some() && author == 0 {
            let e = format!("author.position is 0, positions are counted from 1 to {}", instance - 1);
            return Err(Fault::Failed(format!("circuit {}: {e}", settings.name)));
        }
        let setup = Setup::new(proving, vec![index.a, index.b], instance, index.num_constraints, author)
            .map_err(|e| failed(&settings.zkey, &e))?;
        let engine = Engine::default();
        let wasm = std::fs::read(&settings.wasm).map_err(|e| failed(&settings.wasm, &e))?;
        let module = Module::new(&engine, wasm).map_err(|e| failed(&settings.wasm, &e))?;
        Ok(Self { name: settings.name, author: settings.author, r1cs, elements, engine, module, setup })
    }

    /// Reads a job without computing anything.
    fn read(&self, job: &Job) -> Result<Question, Fault> {
        require_size(&job.input)?;
        let want = r#"JSON like {"circuit": "…", "inputs": {"a": "3"}, "first": 0, "pinned": ["9"]}"#;
        let input: Input = serde_json::from_slice(&job.input).map_err(|e| Fault::unsupported("input", e, want))?;
        if input.circuit != self.name {
            return Err(Fault::unsupported("circuit", input.circuit.chars().take(80).collect::<String>(), &self.name));
        }
        let least = self.setup.constraints();
        if job.work < least {
            return Err(Fault::mismatch("work", job.work, format!("at least {least}")));
        }
        let pinned = Pinned { first: input.first, values: input.pinned };
        let statement = self.setup.key().statement(&pinned);
        if statement != job.statement {
            return Err(Fault::mismatch("statement", job.statement, statement));
        }
        let mut signals = Vec::new();
        let mut left = MAX_SIGNALS;
        for (name, value) in input.inputs {
            let mut values = Vec::new();
            flatten(&value, &mut values, &mut left)?;
            signals.push((name, values));
        }
        if let Some(author) = &self.author {
            if signals.iter().any(|(name, _)| *name == author.signal) {
                return Err(Fault::mismatch("inputs", &author.signal, "all signals but the author's"));
            }
            let value = groth16::scalar(&groth16::author_input(job.author));
            signals.push((author.signal.clone(), vec![big(value)]));
        }
        // The generated code answers a wrong signal or a missing element with a call that nobody hears.
        let have = signals.iter().map(|(_, values)| values.len()).sum::<usize>();
        if have != self.elements {
            let want = format!("{} in all, with the author's if there is one", self.elements);
            return Err(Fault::mismatch("inputs", format!("{have} elements of signals"), want));
        }
        Ok(Question { signals, pinned })
    }

    /// Computes the witness in a fresh instance, and checks it: the generator itself may accept too little.
    fn witness(&self, signals: Vec<(String, Vec<BigInt>)>, author: B256, pinned: &Pinned) -> Result<Vec<Fr>, Fault> {
        let mut store = Store::new(self.engine.clone());
        let unsolved = |e: &dyn std::fmt::Display| {
            Fault::mismatch("inputs", format!("no witness ({e})"), "values that satisfy the circuit")
        };
        let mut calculator = WitnessCalculator::from_module(&mut store, self.module.clone())
            .map_err(|e| Fault::Failed(format!("the witness generator does not load: {e}")))?;
        let witness: Vec<Fr> =
            calculator.calculate_witness_element(&mut store, signals, false).map_err(|e| unsolved(&e))?;
        if witness.len() != self.r1cs.num_variables || witness.first() != Some(&Fr::one()) {
            return Err(unsolved(&format!("{} wires of {}", witness.len(), self.r1cs.num_variables)));
        }
        if let Some(i) =
            self.r1cs.constraints.iter().position(|(a, b, c)| dot(a, &witness) * dot(b, &witness) != dot(c, &witness))
        {
            return Err(unsolved(&format!("constraint {i} is not satisfied")));
        }
        self.require_public(&witness, author, pinned)?;
        Ok(witness)
    }

    /// The public signals are what the statement pins, and the author's is the author.
    fn require_public(&self, witness: &[Fr], author: B256, pinned: &Pinned) -> Result<(), Fault> {
        let public = self.setup.public(witness);
        if let Some(place) = &self.author {
            let have = public.get(place.position - 1).map(groth16::scalar);
            let want = groth16::scalar(&groth16::author_input(author));
            if have != Some(want) {
                return Err(Fault::Failed(format!(
                    "public signal {} is {have:?}, not the author {want}",
                    place.position
                )));
            }
        }
        let carried: Vec<U256> = self.setup.key().carried(public).iter().map(groth16::scalar).collect();
        let end = pinned.first.checked_add(pinned.values.len());
        let have = end.and_then(|end| carried.get(pinned.first..end));
        if have == Some(pinned.values.as_slice()) {
            return Ok(());
        }
        let (first, values) = (pinned.first, &pinned.values);
        Err(Fault::mismatch("pinned signals", format!("{values:?} from {first}"), format!("a part of {carried:?}")))
    }

    fn prove(&self, witness: &[Fr], job: &Job, pinned: &Pinned) -> Result<Proof, Fault> {
        let proof = self.setup.prove::<CircomReduction>(witness, rand::random())?;
        let key = self.setup.key();
        let proof = key.encode(&proof, pinned, &key.carried(self.setup.public(witness)));
        key.verify(job.statement, job.author, &proof).map_err(|e| Fault::Invalid(e.to_string()))?;
        Ok(Proof(proof))
    }
}

fn dot(terms: &[(usize, Fr)], witness: &[Fr]) -> Fr {
    terms.iter().fold(Fr::zero(), |sum, (wire, factor)| witness.get(*wire).map_or(sum, |value| sum + *value * factor))
}

fn big(word: U256) -> BigInt {
    BigInt::from_bytes_be(num_bigint::Sign::Plus, &word.to_be_bytes::<32>())
}

/// Numbers in the order in which circom lays arrays out. JSON's own depth limit bounds the recursion.
fn flatten(value: &Value, values: &mut Vec<BigInt>, left: &mut usize) -> Result<(), Fault> {
    let text = match value {
        Value::Array(items) => return items.iter().try_for_each(|item| flatten(item, values, left)),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => other.to_string(),
    };
    *left = left.checked_sub(1).ok_or_else(|| {
        Fault::unsupported("inputs", format!("more than {MAX_SIGNALS} values"), format!("at most {MAX_SIGNALS}"))
    })?;
    let word = if text.len() <= 80 { text.parse::<U256>().ok() } else { None };
    let word = word.filter(|word| groth16::field::<Fr>(*word).is_some());
    let short = || text.chars().take(80).collect::<String>();
    values.push(big(word.ok_or_else(|| {
        Fault::mismatch("inputs", short(), "numbers below the order of the BN254 scalar field, as text or JSON numbers")
    })?));
    Ok(())
}

//! Groth16 over BN254 as `Groth16Verifier.sol` speaks it: keys, statements, proofs, and the same checks in Rust.

use alloy::{
    primitives::{B256, U256, keccak256},
    sol_types::{SolCall, SolValue},
};
use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger256, PrimeField};
use ark_groth16::{Groth16, PreparedVerifyingKey, Proof, VerifyingKey, prepare_verifying_key};

pub use solidity::VerifyingKey as SolidityKey;

/// The verifier's ABI as far as it is needed here.
mod solidity {
    alloy::sol! {
        #[derive(Debug)]
        struct VerifyingKey {
            uint256[2] alpha;
            uint256[4] beta;
            uint256[4] gamma;
            uint256[4] delta;
            uint256[2][] ic;
            uint256 author;
        }

        function registerKey(VerifyingKey verifyingKey) external returns (bytes32 key);
    }
}

/// Words of a proof before the inputs: key, first, number pinned, and A, B, C.
const HEAD: usize = 11;
/// The most points of inputs that the verifier takes, the constant's included.
const MAX_POINTS: usize = 256;

/// A verification key and the name it has on the chain.
#[derive(Clone, Debug)]
pub struct Key {
    prepared: PreparedVerifyingKey<Bn254>,
    exported: SolidityKey,
    hash: B256,
    author: usize,
}

/// What a request pins: some of the public inputs in a row, counted from 0 without the author's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinned {
    /// The first of them.
    pub first: usize,
    /// Their values, each below the order of the scalar field.
    pub values: Vec<U256>,
}

/// Why a proof is refused; the same order of checks as on the chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields")]
pub enum Refusal {
    #[error("{have} bytes, want {want}")]
    WrongLength { have: usize, want: usize },
    #[error("made under key {have}, want {want}")]
    WrongKey { have: B256, want: B256 },
    #[error("pins {count} inputs from {first}, but there are {inputs}")]
    PinnedOutOfRange { first: U256, count: U256, inputs: usize },
    #[error("shows statement {have}, want {want}")]
    WrongStatement { have: B256, want: B256 },
    #[error("word {word} is not below the order of its field")]
    NotInField { word: usize },
    #[error("the point at word {word} is not a finite point of its group")]
    NotAPoint { word: usize },
    #[error("well-formed, but it proves nothing")]
    Invalid,
}

impl Key {
    /// `author` says which public input carries the author, counted from 1; 0 if none does.
    ///
    /// # Errors
    ///
    /// If the verifier would refuse to register such a key.
    pub fn new(key: &VerifyingKey<Bn254>, author: usize) -> Result<Self, String> {
        let points = key.gamma_abc_g1.len();
        if !(1..=MAX_POINTS).contains(&points) {
            return Err(format!("the key has points for {points} inputs, right are 1 to {MAX_POINTS}"));
        }
        if author >= points {
            return Err(format!("the author is to be input {author}, but the key has only {}", points - 1));
        }
        if key.gamma_abc_g1.iter().any(AffineRepr::is_zero) {
            return Err("the key leaves a public input unconstrained".into());
        }
        if key.delta_g2 == G2Affine::generator() || key.delta_g2 == key.gamma_g2 {
            return Err("the key's setup was never finished: delta is the generator or equals gamma".into());
        }
        let exported = SolidityKey {
            alpha: g1(&key.alpha_g1),
            beta: g2(&key.beta_g2),
            gamma: g2(&key.gamma_g2),
            delta: g2(&key.delta_g2),
            ic: key.gamma_abc_g1.iter().map(g1).collect(),
            author: U256::from(author),
        };
        let hash = keccak256(exported.abi_encode());
        Ok(Self { prepared: prepare_verifying_key(key), exported, hash, author })
    }

    /// The key's name on the chain.
    pub fn hash(&self) -> B256 {
        self.hash
    }

    /// The key as the verifier's ABI has it.
    pub fn exported(&self) -> &SolidityKey {
        &self.exported
    }

    /// The call data of `registerKey`.
    pub fn registration(&self) -> Vec<u8> {
        solidity::registerKeyCall { verifyingKey: self.exported.clone() }.abi_encode()
    }

    /// How many public inputs a proof carries: all but the author's.
    pub fn inputs(&self) -> usize {
        self.exported.ic.len() - 1 - usize::from(self.author != 0)
    }

    /// The public inputs as a circuit has them, with the author's in its place.
    pub fn assignment(&self, author: B256, inputs: &[Fr]) -> Vec<Fr> {
        let mut all = inputs.to_vec();
        if self.author != 0 {
            all.insert(self.author - 1, author_input(author));
        }
        all
    }

    /// The public inputs as a proof carries them, without the author's.
    pub fn carried(&self, public: &[Fr]) -> Vec<Fr> {
        let author = self.author.checked_sub(1);
        public.iter().enumerate().filter(|(i, _)| Some(*i) != author).map(|(_, value)| *value).collect()
    }

    /// The statement that pins these inputs.
    pub fn statement(&self, pinned: &Pinned) -> B256 {
        statement(self.hash, pinned)
    }

    /// The proof in the verifier's encoding. `inputs` are all but the author's.
    pub fn encode(&self, proof: &Proof<Bn254>, pinned: &Pinned, inputs: &[Fr]) -> Vec<u8> {
        let head = [self.hash.into(), U256::from(pinned.first), U256::from(pinned.values.len())];
        let words = head.into_iter().chain(g1(&proof.a)).chain(g2(&proof.b)).chain(g1(&proof.c));
        words.chain(inputs.iter().map(scalar)).flat_map(|word| word.to_be_bytes::<32>()).collect()
    }

    /// Decides as the verifier would under this key, for bytes from anywhere.
    ///
    /// # Errors
    ///
    /// The first reason to refuse.
    pub fn verify(&self, statement: B256, author: B256, proof: &[u8]) -> Result<(), Refusal> {
        let want = 32 * (HEAD + self.inputs());
        if proof.len() != want {
            return Err(Refusal::WrongLength { have: proof.len(), want });
        }
        let words: Vec<U256> = proof.chunks_exact(32).map(U256::from_be_slice).collect();
        let (head, inputs) = words.split_at(HEAD);
        self.verify_statement(statement, head, inputs)?;
        let proof = Proof { a: to_g1(head, 3)?, b: to_g2(head, 5)?, c: to_g1(head, 9)? };
        let inputs: Vec<Fr> = (0..inputs.len()).map(|i| to_field(&words, HEAD + i)).collect::<Result<_, _>>()?;
        match Groth16::<Bn254>::verify_proof(&self.prepared, &proof, &self.assignment(author, &inputs)) {
            Ok(true) => Ok(()),
            _ => Err(Refusal::Invalid),
        }
    }

    fn verify_statement(&self, want: B256, head: &[U256], inputs: &[U256]) -> Result<(), Refusal> {
        let key = B256::from(head[0]);
        if key != self.hash {
            return Err(Refusal::WrongKey { have: key, want: self.hash });
        }
        let range = usize::try_from(head[1]).ok().zip(usize::try_from(head[2]).ok());
        let values = range.and_then(|(first, count)| inputs.get(first..first.checked_add(count)?));
        let (Some((first, _)), Some(values)) = (range, values) else {
            return Err(Refusal::PinnedOutOfRange { first: head[1], count: head[2], inputs: inputs.len() });
        };
        let have = self.statement(&Pinned { first, values: values.to_vec() });
        if have == want { Ok(()) } else { Err(Refusal::WrongStatement { have, want }) }
    }
}

/// The statement that pins inputs under the key with this name: `keccak256(abi.encode(key, first, pinned))`.
pub fn statement(key: B256, pinned: &Pinned) -> B256 {
    keccak256((key, U256::from(pinned.first), pinned.values.clone()).abi_encode_params())
}

/// The public input that carries an author: its upper 253 bits, which always fit the field.
pub fn author_input(author: B256) -> Fr {
    let shifted: U256 = U256::from_be_bytes(author.0) >> 3;
    Fr::from(BigInteger256::new(shifted.into_limbs()))
}

/// A scalar as a word.
pub fn scalar(value: &Fr) -> U256 {
    U256::from_limbs(value.into_bigint().0)
}

/// A word as a scalar, if it is below the order of the field.
pub fn field<F: PrimeField<BigInt = BigInteger256>>(word: U256) -> Option<F> {
    F::from_bigint(BigInteger256::new(word.into_limbs()))
}

fn coordinate(value: &Fq) -> U256 {
    U256::from_limbs(value.into_bigint().0)
}

fn g1(point: &G1Affine) -> [U256; 2] {
    point.xy().map_or([U256::ZERO; 2], |(x, y)| [coordinate(&x), coordinate(&y)])
}

fn g2(point: &G2Affine) -> [U256; 4] {
    let words = |(x, y): (Fq2, Fq2)| [x.c1, x.c0, y.c1, y.c0].map(|part| coordinate(&part));
    point.xy().map_or([U256::ZERO; 4], words)
}

fn to_field<F: PrimeField<BigInt = BigInteger256>>(words: &[U256], word: usize) -> Result<F, Refusal> {
    words.get(word).and_then(|value| field(*value)).ok_or(Refusal::NotInField { word })
}

fn to_g1(words: &[U256], word: usize) -> Result<G1Affine, Refusal> {
    let point = G1Affine::new_unchecked(to_field(words, word)?, to_field(words, word + 1)?);
    // Infinity is all zero in the encoding, which as affine coordinates is off the curve.
    if point.is_on_curve() { Ok(point) } else { Err(Refusal::NotAPoint { word }) }
}

fn to_g2(words: &[U256], word: usize) -> Result<G2Affine, Refusal> {
    let x = Fq2::new(to_field(words, word + 1)?, to_field(words, word)?);
    let y = Fq2::new(to_field(words, word + 3)?, to_field(words, word + 2)?);
    let point = G2Affine::new_unchecked(x, y);
    let inside = point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve();
    if inside { Ok(point) } else { Err(Refusal::NotAPoint { word }) }
}

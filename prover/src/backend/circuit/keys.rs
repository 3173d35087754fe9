use std::{
    fs, io,
    path::{Path, PathBuf},
};

use alloy::primitives::keccak256;
use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, ProvingKey};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use ark_std::rand::{SeedableRng, rngs::StdRng};

use super::{super::Fault, Job, MAX_ROUNDS, Pow5, Setup, pow5, prove, require_rounds, task, work};

/// Where the author stands among the public inputs of the circuit.
const AUTHOR: usize = 1;
/// The start of a cached key; the digest of what follows it comes next.
const MAGIC: &[u8; 8] = b"pow5key1";
const HEAD: usize = MAGIC.len() + 32;

/// Proving keys of the circuit on disk.
#[derive(Clone, Debug)]
pub struct Keys {
    folder: PathBuf,
    provided: Option<PathBuf>,
}

impl Keys {
    /// `folder` keeps keys of the test setup; `provided` holds those of a real one, if there was one.
    pub fn new(folder: PathBuf, provided: Option<PathBuf>) -> Self {
        Self { folder, provided }
    }

    /// The setup for so many rounds: a provided key, else the cached or freshly made test key. Takes seconds and all
    /// cores when it has to be made.
    ///
    /// # Errors
    ///
    /// If a provided key is not one for this circuit, or the folder cannot be written.
    pub fn load(&self, rounds: u32) -> Result<Setup, Fault> {
        require_rounds(rounds)?;
        let name = format!("pow5-{rounds}.key");
        if let Some(path) = self.provided.as_ref().map(|folder| folder.join(&name))
            && path.exists()
        {
            return load_provided(&path, rounds);
        }
        tracing::warn!(rounds, "pow5 keys of the test setup: anyone can forge proofs under them");
        let path = self.folder.join(&name);
        let proving = match read_cached(&path) {
            Some(key) => key,
            None => {
                let key = make(rounds)?;
                write_cached(&path, &key).map_err(|e| failed(&path, e))?;
                key
            }
        };
        assemble(proving, rounds).map_err(|e| failed(&path, e))
    }
}

/// A setup from randomness that anyone can recompute.
fn make(rounds: u32) -> Result<ProvingKey<Bn254>, Fault> {
    let seed = keccak256(format!("bourse pow5 test setup, {rounds} rounds, not for value"));
    let circuit = Pow5 { rounds, inputs: None };
    Groth16::<Bn254>::generate_random_parameters_with_reduction(circuit, &mut StdRng::from_seed(seed.0))
        .map_err(|e| Fault::Failed(format!("setup for {rounds} rounds failed: {e}")))
}

fn assemble(proving: ProvingKey<Bn254>, rounds: u32) -> Result<Setup, String> {
    let (matrices, instance, constraints) = pow5::matrices(rounds).map_err(|e| e.to_string())?;
    Setup::new(proving, matrices, instance, constraints, AUTHOR)
}

/// Reads a key that somebody else made: every point is checked, and one proof is made and verified.
fn load_provided(path: &Path, rounds: u32) -> Result<Setup, Fault> {
    let bytes = fs::read(path).map_err(|e| failed(path, e))?;
    let want = || format!("an uncompressed arkworks proving key for {rounds} rounds (at most {MAX_ROUNDS})");
    let proving = ProvingKey::deserialize_uncompressed(bytes.as_slice())
        .map_err(|e| failed(path, format!("{e}; want {}", want())))?;
    let setup = assemble(proving, rounds).map_err(|e| failed(path, format!("{e}; want {}", want())))?;
    let task = task(setup.key(), rounds, alloy::primitives::U256::from(1))?;
    let (id, author) = (Default::default(), Default::default());
    let job = Job { id, author, statement: task.statement, input: task.input, work: work(rounds) };
    prove(&setup, rounds, Fr::from(1), &job, rand::random())
        .map_err(|e| failed(path, format!("{e}; want {}", want())))?;
    Ok(setup)
}

/// The cached key, or none if there is none or it is damaged. Only its digest is checked: we wrote it.
fn read_cached(path: &Path) -> Option<ProvingKey<Bn254>> {
    let bytes = fs::read(path).ok()?;
    let (head, body) = bytes.split_at_checked(HEAD)?;
    let (magic, digest) = head.split_at(MAGIC.len());
    if magic != MAGIC || digest != keccak256(body).as_slice() {
        tracing::warn!(path = %path.display(), "damaged key in the cache, making it again");
        return None;
    }
    ProvingKey::deserialize_uncompressed_unchecked(body).ok()
}

/// Written beside and renamed, so that a reader never sees half a key.
fn write_cached(path: &Path, key: &ProvingKey<Bn254>) -> io::Result<()> {
    let mut body = Vec::with_capacity(key.uncompressed_size());
    key.serialize_uncompressed(&mut body).map_err(io::Error::other)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension(format!("{}-{}.new", std::process::id(), rand::random::<u32>()));
    fs::write(&beside, [MAGIC.as_slice(), keccak256(&body).as_slice(), &body].concat())?;
    fs::rename(&beside, path)
}

fn failed(path: &Path, e: impl std::fmt::Display) -> Fault {
    Fault::Failed(format!("{}: {e}", path.display()))
}

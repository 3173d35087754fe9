use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::{Groth16, Proof, ProvingKey, r1cs_to_qap::R1CSToQAP};
use ark_relations::gr1cs::Matrix;
use ark_std::rand::{SeedableRng, rngs::StdRng};

use super::{Fault, groth16::Key};

/// All that proving under one key needs, ready in memory.
pub struct Setup {
    key: Key,
    proving: ProvingKey<Bn254>,
    /// The matrices A and B (and C, which proving does not need).
    matrices: Vec<Matrix<Fr>>,
    /// Public inputs with the constant one.
    instance: usize,
    constraints: usize,
}

impl Setup {
    /// # Errors
    ///
    /// What is wrong with the key, or how it does not fit the circuit that the matrices describe.
    pub(super) fn new(
        proving: ProvingKey<Bn254>,
        matrices: Vec<Matrix<Fr>>,
        instance: usize,
        constraints: usize,
        author: usize,
    ) -> Result<Self, String> {
        let key = Key::new(&proving.vk, author)?;
        let points = proving.vk.gamma_abc_g1.len();
        if points != instance {
            return Err(format!("the key is for {points} public inputs with the constant, the circuit has {instance}"));
        }
        let variables = proving.a_query.len();
        let fits = proving.b_g1_query.len() == variables
            && proving.b_g2_query.len() == variables
            && proving.l_query.len() + instance == variables
            && instance <= variables;
        if !fits {
            return Err(format!("the parts of the key disagree about the number of variables, {variables} or another"));
        }
        let highest = matrices.iter().flatten().flatten().map(|(_, variable)| *variable).max().unwrap_or(0);
        if highest >= variables {
            return Err(format!("the circuit uses variable {highest}, the key is for {variables}"));
        }
        Ok(Self { key, proving, matrices, instance, constraints })
    }

    /// The verification key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The circuit's size.
    pub fn constraints(&self) -> u64 {
        self.constraints as u64
    }

    /// Proves with a full assignment (the constant one, public inputs, private ones). The proof is valid only if the
    /// assignment satisfies the circuit.
    pub(super) fn prove<Q: R1CSToQAP>(&self, assignment: &[Fr], entropy: [u8; 32]) -> Result<Proof<Bn254>, Fault> {
        let variables = self.proving.a_query.len();
        if assignment.len() != variables {
            return Err(Fault::Failed(format!("{} variables assigned, the key is for {variables}", assignment.len())));
        }
        let mut random = StdRng::from_seed(entropy);
        Groth16::<Bn254, Q>::create_proof_with_reduction_and_matrices(
            &self.proving,
            Fr::rand(&mut random),
            Fr::rand(&mut random),
            &self.matrices,
            self.instance,
            self.constraints,
            assignment,
        )
        .map_err(|e| Fault::Failed(format!("proving failed: {e}")))
    }

    /// The public inputs in an assignment, without the constant.
    pub(super) fn public<'a>(&self, assignment: &'a [Fr]) -> &'a [Fr] {
        assignment.get(1..self.instance).unwrap_or_default()
    }
}

use ark_bn254::Fr;
use ark_ff::Field;
use ark_relations::{
    gr1cs::{
        ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, LinearCombination, Matrix, R1CS_PREDICATE_LABEL,
        SynthesisError, SynthesisMode, Variable,
    },
    lc,
};

/// The circuit: x₀ is the seed, xᵢ₊₁ = (xᵢ + i)⁵, the output is the last. The author is squared, so that it is bound by
/// a constraint of its own whatever the proof system does with idle inputs.
#[derive(Clone, Debug)]
pub struct Pow5 {
    /// Length of the chain, at least 1.
    pub rounds: u32,
    /// Author and seed; absent for a setup.
    pub inputs: Option<(Fr, Fr)>,
}

/// The end of a chain.
pub(super) fn chain(rounds: u32, seed: Fr) -> Fr {
    (0..rounds).fold(seed, |x, i| {
        let x = x + Fr::from(i);
        x.square().square() * x
    })
}

impl ConstraintSynthesizer<Fr> for Pow5 {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let known = |value: Option<Fr>| value.ok_or(SynthesisError::AssignmentMissing);
        let (author, seed) = self.inputs.unzip();
        let last = seed.map(|seed| chain(self.rounds, seed));

        let author_input = cs.new_input_variable(|| known(author))?;
        let seed_input = cs.new_input_variable(|| known(seed))?;
        let output = cs.new_input_variable(|| known(last))?;
        let square = cs.new_witness_variable(|| known(author.map(|x| x.square())))?;
        cs.enforce_r1cs_constraint(|| lc!(author_input), || lc!(author_input), || lc!(square))?;

        let (mut x, mut value) = (seed_input, seed);
        for round in 0..self.rounds {
            let constant = Fr::from(round);
            let base = value.map(|value| value + constant);
            let sum = || -> LinearCombination<Fr> { lc!((Fr::ONE, x), (constant, Variable::One)) };
            let second = cs.new_witness_variable(|| known(base.map(|x| x.square())))?;
            let fourth = cs.new_witness_variable(|| known(base.map(|x| x.square().square())))?;
            value = base.map(|x| x.square().square() * x);
            let fifth = if round + 1 == self.rounds { output } else { cs.new_witness_variable(|| known(value))? };
            cs.enforce_r1cs_constraint(sum, sum, || lc!(second))?;
            cs.enforce_r1cs_constraint(|| lc!(second), || lc!(second), || lc!(fourth))?;
            cs.enforce_r1cs_constraint(|| lc!(fourth), sum, || lc!(fifth))?;
            x = fifth;
        }
        Ok(())
    }
}

/// The matrices of the circuit, its public inputs with the constant, and its constraints.
pub(super) fn matrices(rounds: u32) -> Result<(Vec<Matrix<Fr>>, usize, usize), SynthesisError> {
    let cs = ConstraintSystem::new_ref();
    cs.set_mode(SynthesisMode::Setup);
    Pow5 { rounds, inputs: None }.generate_constraints(cs.clone())?;
    cs.finalize();
    let mut all = cs.to_matrices()?;
    let matrices = all.remove(R1CS_PREDICATE_LABEL).ok_or(SynthesisError::MissingCS)?;
    Ok((matrices, cs.num_instance_variables(), cs.num_constraints()))
}

/// The full assignment: the constant one, public inputs, private ones.
pub(super) fn assign(rounds: u32, author: Fr, seed: Fr) -> Result<Vec<Fr>, SynthesisError> {
    let cs = ConstraintSystem::new_ref();
    cs.set_mode(SynthesisMode::Prove { construct_matrices: false, generate_lc_assignments: false });
    Pow5 { rounds, inputs: Some((author, seed)) }.generate_constraints(cs.clone())?;
    Ok([cs.instance_assignment()?, cs.witness_assignment()?].concat())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use ark_relations::gr1cs::ConstraintSystem;

    use super::*;

    #[test]
    fn the_chain_satisfies_the_circuit_and_has_the_size_it_says() {
        for rounds in [1, 2, 339] {
            let cs = ConstraintSystem::new_ref();
            let circuit = Pow5 { rounds, inputs: Some((Fr::from(11), Fr::from(7))) };
            circuit.generate_constraints(cs.clone()).unwrap();
            assert!(cs.is_satisfied().unwrap());
            assert_eq!(cs.num_constraints() as u64, super::super::work(rounds));
            assert_eq!(cs.instance_assignment().unwrap()[1..], [Fr::from(11), Fr::from(7), chain(rounds, Fr::from(7))]);
        }
        // (7 + 0)^5 = 16807, (16807 + 1)^5 by hand.
        assert_eq!(chain(2, Fr::from(7)), Fr::from(16808_u64).pow([5]));
    }
}

//! Instances of the keeper's own that would serve the lanes on them better with other parameters.

use bourse_sim::qos::tune::Retuning;

use super::{Action, Deed, Gain, act_in};
use crate::config::Goals;
use crate::state::State;

/// Gas that a retune usually takes, for reckoning: most of it is the configuration, which becomes code.
const RETUNE_GAS: u64 = 400_000;

/// Steps that the keeper's own instances should take. Nobody pays for one: what it brings is that lanes stay.
pub(super) fn retune(state: &State, goals: &Goals) -> Vec<Action> {
    let of = |tuning: &Retuning| {
        let Retuning { instance, version, setup, .. } = tuning;
        let present = state.market().instances().get(instance)?.version();
        let deed = Deed::Retune { instance: *instance, setup: setup.clone() };
        let gain = Gain { native: 0, gas: RETUNE_GAS };
        // Thought of before the last step landed, it is no step from where the instance is now.
        let next = (present + 1 == *version).then(|| format!("v{version}"))?;
        act_in(state, goals, next, deed, gain, tuning.to_string())
    };
    state.tunings().filter(|_| goals.registers).filter_map(of).collect()
}

//! What instances themselves would be moved to by a tick: as [`super::rules`] says of requests.

use bourse_sim::Account;
use bourse_sim::abi::{Encoder, keccak};
use bourse_sim::ask::Move;
use bourse_sim::event::Config;
use bourse_sim::market::{Instance, place_of};
use bourse_sim::mechanisms::Session;

use super::{Rule, State};

impl State {
    /// Instances that can be ticked themselves, and the present rules of each.
    pub fn tickable(&self) -> impl Iterator<Item = (u32, &Instance, &Config)> {
        let all = self.market.instances().iter().filter(|(_, instance)| !instance.shared.is_empty());
        all.filter_map(|(number, instance)| Some((*number, instance, instance.config(instance.version())?.as_ref())))
    }

    /// What a tick of an instance about `about` has to bring; nothing if its mechanism has no twin.
    pub fn session(&self, number: u32, about: Account) -> Option<Session> {
        let instance = self.market.instances().get(&number)?;
        let Some(twin) = self.twin(instance.config(instance.version())?) else {
            return Some(Session::default());
        };
        let (ask, requests) = self.market.session(twin, number, self.turn(about))?;
        Some(Session { requests, data: ask.data })
    }

    /// What that tick would lead to now, if it leads to anything and that is known. No moves are told by a mechanism without a twin.
    pub fn instance_verdict(&self, number: u32, instance: &Instance, about: Account) -> Option<Vec<Move>> {
        let config = instance.config(instance.version())?;
        match self.rule(config)? {
            Rule::Asking => None,
            Rule::Twin(twin) => {
                let (ask, _) = self.market.session(twin, number, self.turn(about))?;
                twin.step(&ask).ok().map(|answer| answer.moves).filter(|moves| !moves.is_empty())
            }
            Rule::Chain => self.told(&place_of(number), about, &self.instance_epoch(instance)),
        }
    }

    /// Names the state that a decision about an instance is based on.
    pub fn instance_epoch(&self, instance: &Instance) -> String {
        let seats = instance.seats.iter().fold(Encoder::new(3 * instance.seats.len()), |to, (prover, ticket)| {
            to.account(prover).uint(ticket.amount).bytes(&ticket.tag)
        });
        let encoding =
            Encoder::new(3).uint(instance.version().into()).words(&instance.shared).bytes(&seats.finish()).finish();
        hex::encode(&keccak(&encoding)[..8])
    }
}

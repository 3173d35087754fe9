use std::sync::Arc;

use bourse_sim::{
    Account, Id, Time,
    ask::{Answer, Ask},
    event::Config,
    market::{Instance, Ticket},
    mechanisms,
    request::Request,
};

use super::State;
use crate::bid::{Reason, Rule};

/// What instances say, and what stands on them.
impl State {
    /// The instances that can be bid on themselves.
    pub fn sold(&self) -> impl Iterator<Item = (u32, &Instance)> {
        let sold = |instance: &Instance| instance.config(instance.version()).is_some_and(|c| c.shape.shared != 0);
        self.market.instances().iter().filter(move |(_, instance)| sold(instance)).map(|(number, of)| (*number, of))
    }

    /// The rule of an instance's current version, and that version.
    ///
    /// # Errors
    /// As [`State::rule`].
    pub fn terms(&self, number: u32) -> Result<(Rule, &Arc<Config>), Reason> {
        let instance = self.market.instances().get(&number);
        let config = instance.and_then(|instance| instance.config(instance.version()));
        let config = config.ok_or_else(|| Reason::UnknownMechanism(format!("of instance {number}")))?;
        Ok((self.read(config)?, config))
    }

    /// The rule of one version of an instance, without the modifiers around it.
    ///
    /// # Errors
    /// As [`State::inside`].
    pub fn read(&self, config: &Config) -> Result<Rule, Reason> {
        let core = self.inside(config, &Request::default())?;
        Rule::read(&core.name, core.params)
    }

    /// What the mechanism of a version is called; empty if it is none that is bid under.
    pub fn name(&self, config: &Config) -> &str {
        self.names.get(&config.mechanism).map_or("", String::as_str)
    }

    /// The deposits of this prover on instances.
    pub fn seats(&self) -> impl Iterator<Item = (u32, Ticket)> + '_ {
        let mine = |(number, instance): (&u32, &Instance)| Some((*number, *instance.seats.get(&self.me)?));
        self.market.instances().iter().filter_map(mine)
    }

    /// How many awards stand for this prover under an instance.
    pub fn awards_under(&self, number: u32) -> u16 {
        let under = |id: &Id| self.market.request(id).is_some_and(|case| case.instance == number);
        u16::try_from(self.awards().filter(|(id, _)| under(id)).count()).unwrap_or(u16::MAX)
    }

    /// What a tick of an instance about `about` would do at `time`, by its twin, and what it has to bring; none if nothing.
    pub fn session(&self, number: u32, about: Account, time: Time) -> Option<(Answer, Ask, Vec<Id>)> {
        let (_, config) = self.terms(number).ok()?;
        let twin = mechanisms::by_name(self.names.get(&config.mechanism)?)?;
        let turn = self.turn(about, time);
        let (ask, requests) = self.market.session(twin, number, turn)?;
        let answer = twin.step(&ask).ok()?;
        Some((answer, ask, requests))
    }
}

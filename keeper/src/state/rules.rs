//! What each mechanism would answer: from its twin where there is one, from the chain otherwise.

use bourse_sim::abi::{Encoder, keccak};
use bourse_sim::ask::{DRAWS, Move, Status};
use bourse_sim::event::Config;
use bourse_sim::market::{Case, Turn, place_of};
use bourse_sim::mechanisms::{self, Mechanism, modifier};
use bourse_sim::{Account, Id, Time, Wei, ZERO};

use super::{Errand, State};
use crate::decide::{Action, Deed};

/// Where a mechanism's answers come from.
#[derive(Clone, Copy)]
pub enum Rule {
    /// It is being asked for its name.
    Asking,
    /// From its twin.
    Twin(&'static dyn Mechanism),
    /// From the chain: it has no twin, or was caught answering otherwise.
    Chain,
}

/// What the chain is asked about a mechanism without a twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The request, or the place of an instance.
    pub subject: Id,
    /// Whose ticket is looked at, or [`ZERO`].
    pub about: Account,
    /// The state that the answer is about.
    pub epoch: String,
    /// What the tick would bring.
    pub data: Vec<u8>,
}

/// The chain's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A tick leads to these moves; of an instance they are not told.
    Moves(Vec<Move>),
    /// It leads to none before this time; unix seconds, 0 for never as things are.
    Nothing(Time),
}

/// An answer kept: a mechanism without a twin is asked once per state and wake time, not at every block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    epoch: String,
    /// None while being asked.
    word: Option<Word>,
}

/// After a no that does not say when to come back.
pub const COME_BACK: Time = 60;

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Asking => f.write_str("Asking"),
            Self::Twin(twin) => write!(f, "Twin({})", twin.name()),
            Self::Chain => f.write_str("Chain"),
        }
    }
}

impl State {
    /// Where the answers under an instance's version come from; none if its mechanism was never heard of. A modifier has a twin if
    /// what it goes around has one.
    pub(super) fn rule(&self, config: &Config) -> Option<Rule> {
        match *self.rules.get(&config.mechanism)? {
            Rule::Twin(twin) if !modifier::is_known(twin.name(), &config.params) => Some(Rule::Chain),
            rule => Some(rule),
        }
    }

    /// The rule of an instance's version, if it has a twin.
    pub fn twin(&self, config: &Config) -> Option<&'static dyn Mechanism> {
        match self.rule(config)? {
            Rule::Twin(twin) => Some(twin),
            _ => None,
        }
    }

    /// The rules that hold for a request now.
    pub fn config(&self, case: &Case) -> Option<&Config> {
        let instance = self.market().instances().get(&case.instance)?;
        instance.config(case.version).map(AsRef::as_ref)
    }

    /// What a tick about `about` would lead to now. None if that is not known yet.
    pub fn verdict(&self, id: &Id, case: &Case, about: Account) -> Option<Vec<Move>> {
        let config = self.config(case)?;
        match self.rule(config)? {
            Rule::Asking => None,
            // A twin knows no hashes of blocks.
            Rule::Twin(twin) if config.shape.flags & DRAWS == 0 => {
                let ask = self.market().ticking(twin, id, self.turn(about))?;
                Some(twin.step(&ask).map(|answer| answer.moves).unwrap_or_default())
            }
            _ => self.told(id, about, &self.epoch(case, about)),
        }
    }

    /// The moves that the chain said a tick leads to in this state.
    pub(super) fn told(&self, subject: &Id, about: Account, epoch: &str) -> Option<Vec<Move>> {
        match self.peeks.get(&(*subject, about)) {
            Some(Peek { epoch: of, word: Some(Word::Moves(moves)) }) if of == epoch => Some(moves.clone()),
            _ => None,
        }
    }

    /// What a tick about `about` has to bring, as far as that is known here: a mechanism without a twin is brought nothing.
    pub fn brief(&self, id: &Id, about: Account) -> Vec<u8> {
        let config = self.market().request(id).and_then(|case| self.config(case));
        let Some(twin) = config.and_then(|config| self.twin(config)) else { return Vec::new() };
        self.market().ticking(twin, id, self.turn(about)).map(|ask| ask.data).unwrap_or_default()
    }

    /// A tick now, about `about`.
    pub(super) fn turn(&self, about: Account) -> Turn {
        let head = self.head();
        let (time, block_number, base_fee) = (head.time, head.number, head.base_fee);
        Turn { actor: about, time, block_number, base_fee, ..Turn::default() }
    }

    /// Names the state that a decision about a request is based on: the same decision on the same state is the same deed.
    pub fn epoch(&self, case: &Case, about: Account) -> String {
        let award = case.award.unwrap_or_default();
        let ticket = case.tickets.get(&about).copied().unwrap_or_default();
        let shared = self.market().instances().get(&case.instance).map_or(&[][..], |instance| &instance.shared);
        let encoding = Encoder::new(11)
            .uint(case.status as Wei)
            .uint(case.rung.into())
            .uint(case.tickets.len() as Wei)
            .uint(case.time.into())
            .account(&award.prover)
            .uint(award.price)
            .uint(ticket.amount)
            .bytes(&ticket.tag)
            .words(&case.words)
            .words(shared)
            .uint(case.beacon.unwrap_or_default().into())
            .finish();
        hex::encode(&keccak(&encoding)[..8])
    }

    /// Mechanisms whose names are not known yet.
    pub(super) fn names(&mut self, limit: usize) -> Vec<Errand> {
        let versions = self.market.instances().values().flat_map(|instance| &instance.versions);
        let mut unknown: Vec<Account> = versions.map(|config| config.mechanism).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|mechanism| !self.rules.contains_key(mechanism));
        unknown.truncate(limit);
        self.rules.extend(unknown.iter().map(|mechanism| (*mechanism, Rule::Asking)));
        unknown.into_iter().map(Errand::Name).collect()
    }

    pub(super) fn name(&mut self, mechanism: Account, name: Option<&str>) {
        let twin = name.and_then(mechanisms::by_name);
        self.rules.insert(mechanism, twin.map_or(Rule::Chain, Rule::Twin));
    }

    /// The name could not be asked for; it is asked again.
    pub(super) fn unname(&mut self, mechanism: &Account) {
        self.rules.remove(mechanism);
    }

    /// The chain did not do what the twin said: from now on it is asked.
    pub(super) fn doubt(&mut self, action: &Action) {
        let (config, brought) = match &action.deed {
            Deed::Tick { request, about } => {
                let config = self.market.request(request).and_then(|case| self.config(case));
                (config, self.brief(request, *about))
            }
            Deed::TickInstance { instance, about } => {
                let config = self.tickable().find(|(number, ..)| number == instance).map(|(.., config)| config);
                (config, self.session(*instance, *about).map(|session| session.data).unwrap_or_default())
            }
            _ => return,
        };
        // Asked on the chain, a mechanism could be brought nothing; and what was brought, a reorg may have changed.
        let mechanism = config.filter(|_| brought.is_empty()).map(|config| config.mechanism);
        if let Some(mechanism) = mechanism
            && let Some(rule @ Rule::Twin(_)) = self.rules.get_mut(&mechanism)
        {
            tracing::warn!(mechanism = crate::text::account(&mechanism), "answers otherwise than its twin");
            *rule = Rule::Chain;
        }
    }

    /// What mechanisms without a twin have to be asked now.
    pub(super) fn questions(&mut self, limit: usize) -> Vec<Errand> {
        if limit == 0 || !self.asks_at_all() {
            return Vec::new();
        }
        let (now, mut questions) = (self.head().time, Vec::new());
        for (subject, about, epoch) in self.untold() {
            if questions.len() == limit {
                break;
            }
            if self.peeks.get(&(subject, about)).is_none_or(|peek| peek.is_stale(&epoch, now)) {
                questions.push(Question { subject, about, epoch, data: self.brief(&subject, about) });
            }
        }
        for question in &questions {
            let peek = Peek { epoch: question.epoch.clone(), word: None };
            self.peeks.insert((question.subject, question.about), peek);
        }
        questions.into_iter().map(Errand::Peek).collect()
    }

    /// Whatever may be ticked where no twin answers, and the state that it is in.
    fn untold(&self) -> impl Iterator<Item = (Id, Account, String)> {
        let cases = self.market().live().chain(self.lingering());
        let cases = cases.filter(|(_, case)| self.config(case).is_some_and(|config| self.asks_chain(config)));
        let requests = cases.flat_map(|(id, case)| {
            let nobody = (case.status == Status::Open).then_some(ZERO);
            let all = nobody.into_iter().chain(case.tickets.keys().copied());
            all.map(|about| (*id, about, self.epoch(case, about)))
        });
        let strange = |config: &Config| matches!(self.rule(config), Some(Rule::Chain));
        let instances =
            self.tickable().filter(move |(.., config)| strange(config)).flat_map(|(number, instance, _)| {
                let epoch = self.instance_epoch(instance);
                let all = std::iter::once(ZERO).chain(instance.seats.keys().copied());
                all.map(move |about| (place_of(number), about, epoch.clone()))
            });
        requests.chain(instances)
    }

    pub(super) fn peeked(&mut self, question: Question, word: Word) {
        let peek = Peek { epoch: question.epoch, word: Some(word) };
        self.peeks.insert((question.subject, question.about), peek);
    }

    fn asks_chain(&self, config: &Config) -> bool {
        match self.rule(config) {
            Some(Rule::Chain) => true,
            Some(Rule::Twin(_)) => config.shape.flags & DRAWS != 0,
            _ => false,
        }
    }

    fn asks_at_all(&self) -> bool {
        let mut configs = self.market().instances().values().flat_map(|instance| &instance.versions);
        configs.any(|config| self.asks_chain(config))
    }
}

impl Peek {
    fn is_stale(&self, epoch: &str, now: Time) -> bool {
        match &self.word {
            _ if self.epoch != epoch => true,
            Some(Word::Nothing(again)) => *again != 0 && *again <= now,
            _ => false,
        }
    }
}

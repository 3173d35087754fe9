//! What this prover knows: the market as the fold of its events, and where it itself stands in it. Nothing here learns from
//! what this prover did, only from the chain.

mod instances;

use std::collections::{BTreeMap, VecDeque};

use bourse_chain::{Head, Update};
use bourse_sim::{
    Account, Id, Time, Wei, ZERO,
    ask::{Answer, Ask, Cause, Refusal, Status},
    event::{Config, Declaration},
    market::{Case, DRAINING, Market, Prover, Turn, Violation},
    mechanisms::{
        self, Mechanism,
        committee::CommitteeParams,
        modifier::{self, Core},
        race::RaceParams,
        sortition::Enrolment,
    },
    request::Request,
};

use crate::{
    bid::{Opening, Reason, Rule, committee, sortition::Lot},
    jobs::Standing,
};

/// Blocks over which the time between blocks is averaged.
const MEMORY: usize = 16;
/// Blocks whose hashes are known: as many as to contracts.
const HASHES: usize = 8_191;

/// The market as one prover sees it.
#[derive(Clone, Debug)]
pub struct State {
    me: Account,
    market: Market,
    /// Which rule each contract is trusted to follow.
    names: BTreeMap<Account, String>,
    head: Option<Head>,
    at_tip: bool,
    times: VecDeque<Time>,
    hashes: VecDeque<(u64, Id)>,
}

impl State {
    /// Before the first block. `names` says by which rule each mechanism contract plays.
    pub fn new(me: Account, stake_token: Account, names: BTreeMap<Account, String>) -> Self {
        let market = Market::new(stake_token);
        let (times, hashes) = (VecDeque::new(), VecDeque::new());
        Self { me, market, names, head: None, at_tip: false, times, hashes }
    }

    /// Takes in what the follower says.
    ///
    /// # Errors
    /// If the chain does what the model says it cannot do: then nothing may be decided any more.
    pub fn absorb(&mut self, update: &Update) -> Result<(), Violation> {
        match update {
            Update::Committed(block) => {
                self.at_tip = false;
                self.market.commit(&block.events, block.time)?;
                self.head = Some(block.head());
                self.times.push_back(block.time);
                if MEMORY < self.times.len() {
                    self.times.pop_front();
                }
                self.hashes.push_back((block.number, block.hash));
                if HASHES < self.hashes.len() {
                    self.hashes.pop_front();
                }
            }
            Update::Reverted(_) => {
                self.at_tip = false;
                self.market.revert()?;
                self.times.pop_back();
                self.hashes.pop_back();
            }
            Update::Tip(head) => {
                self.at_tip = true;
                self.head = Some(*head);
            }
        }
        Ok(())
    }

    /// The account of this prover.
    pub fn me(&self) -> Account {
        self.me
    }

    /// The market.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// The newest block, if that is what was followed last: only then there is a present to decide on.
    pub fn tip(&self) -> Option<Head> {
        self.head.filter(|_| self.at_tip)
    }

    /// The block followed last.
    pub fn head(&self) -> Option<Head> {
        self.head
    }

    /// When the next block is expected, `waited` seconds after the newest one was seen; unix seconds of the chain.
    pub fn next_time(&self, waited: u64) -> Time {
        let head = self.head.map_or(0, |head| head.time);
        head + self.interval().max(waited + 1)
    }

    /// Seconds between blocks; at least one.
    pub fn interval(&self) -> u64 {
        let (Some(first), Some(last)) = (self.times.front(), self.times.back()) else { return 1 };
        let steps = (self.times.len() as u64).saturating_sub(1).max(1);
        (last.saturating_sub(*first) / steps).max(1)
    }

    /// This prover, if it ever declared.
    pub fn prover(&self) -> Option<&Prover> {
        self.market.prover(&self.me)
    }

    /// All that stands of what this prover declared.
    pub fn declared(&self) -> Option<Declaration> {
        let prover = self.prover()?;
        Some(Declaration {
            concurrency: prover.concurrency,
            flags: prover.flags,
            offers: prover.offers.iter().map(|(token, offer)| (*token, *offer)).collect(),
            mechanisms: prover.mechanisms.iter().map(|(mechanism, accepted)| (*mechanism, *accepted)).collect(),
            verifiers: prover.verifiers.iter().map(|(verifier, accepted)| (*verifier, *accepted)).collect(),
        })
    }

    /// How a request stands towards this prover; none if it is not known.
    pub fn standing(&self, id: &Id) -> Option<Standing> {
        Some(self.standing_of(self.market.request(id)?))
    }

    /// All awards that stand for this prover.
    pub fn awards(&self) -> impl Iterator<Item = (Id, Standing)> + '_ {
        let ours = |case: &Case| matches!(self.standing_of(case), Standing::Ours { .. });
        self.market.live().filter(move |(_, case)| ours(case)).map(|(id, case)| (*id, self.standing_of(case)))
    }

    fn standing_of(&self, case: &Case) -> Standing {
        let award = case.award.filter(|award| award.prover == self.me);
        match self.rule(case) {
            Ok(Rule::Race(params)) if case.award.is_none() => return self.raced(case, &params),
            Ok(Rule::Committee(params)) if case.award.is_none() => return self.seated(case, &params),
            _ => {}
        }
        match (case.status, award) {
            (Status::Open, _) => Standing::Open { ticket: case.tickets.contains_key(&self.me) },
            (Status::Awarded, Some(award)) => Standing::Ours { price: award.price, due: award.due },
            (Status::Fulfilled, Some(_)) => Standing::Paid,
            _ => Standing::Gone,
        }
    }

    fn raced(&self, case: &Case, params: &RaceParams) -> Standing {
        let (request, standing) = (self.seen(case), params.standing(self.words(case)));
        let ticket = case.tickets.contains_key(&self.me);
        if case.status == Status::Open {
            let due = standing.map_or_else(|| params.last_first(&request, case.time), |race| race.end);
            return Standing::Raced { ticket, due };
        }
        let arrived = case.provers.iter().position(|prover| *prover == self.me);
        let ranked = standing.and_then(|race| race.ranked.iter().position(|(prover, _)| *prover == self.me));
        let rank = if params.commits() { ranked } else { arrived };
        match (arrived, rank.and_then(|rank| params.shares(request.max_price).get(rank).copied())) {
            (Some(_), price) => Standing::Ranked { price: price.unwrap_or_default() },
            (None, _) => Standing::Gone,
        }
    }

    /// A member waits until it is for it to bring the whole. What it is paid then is not known here if a quorum signed another split.
    fn seated(&self, case: &Case, params: &CommitteeParams) -> Standing {
        let ticket = case.tickets.contains_key(&self.me);
        let now = self.head.map_or(0, |head| head.time);
        let request = self.seen(case);
        let Ok(stage) = params.stage(&request, self.words(case), case.time, now) else { return Standing::Gone };
        match (case.status, committee::turn(params, &stage, &self.me, now)) {
            (Status::Open, Some((true, due))) if ticket => Standing::Raced { ticket, due },
            (Status::Open, _) => Standing::Open { ticket },
            (Status::Fulfilled, Some(_)) => {
                let brought = case.provers.contains(&self.me);
                Standing::Ranked { price: committee::pay(params, &stage, request.max_price, brought) }
            }
            _ => Standing::Gone,
        }
    }

    /// The requests that this prover could still bid on: open, not failed by it before, unless it needs no award, and without its
    /// ticket, unless it may have to bid again.
    pub fn open(&self) -> impl Iterator<Item = (&Id, &Case)> {
        let again = |case: &Case| matches!(self.rule(case), Ok(Rule::English(_) | Rule::Rfq(_)));
        let races = |case: &Case| matches!(self.rule(case), Ok(Rule::Race(_)));
        let failed = move |case: &Case| case.failed == Some(self.me) && !races(case);
        let fresh = move |case: &Case| !failed(case) && (!case.tickets.contains_key(&self.me) || again(case));
        self.market.live().filter(move |(_, case)| case.status == Status::Open && fresh(case))
    }

    /// The requests on which a ticket of this prover stands, ended ones included.
    pub fn tickets(&self) -> Vec<(&Id, &Case)> {
        let mine = |case: &Case| case.tickets.contains_key(&self.me);
        let mut found: Vec<_> = self.market.live().filter(|(_, case)| mine(case)).collect();
        let awards = self.awards().count();
        let busy = self.prover().map_or(0, |prover| usize::from(prover.busy));
        if found.len() + awards < busy {
            found.extend(self.market.requests().iter().filter(|(_, case)| !case.is_live() && mine(case)));
        }
        found
    }

    /// The rule that an open request is allocated by, without the modifiers around it.
    ///
    /// # Errors
    /// As [`State::inside`], and [`Reason::StakeToken`].
    pub fn rule(&self, case: &Case) -> Result<Rule, Reason> {
        Ok(match self.read(self.config(case)?)? {
            // It would be paid in one token less what it put down in another.
            Rule::Contest(params) if params.stake_token != self.market.stake_token() => return Err(Reason::StakeToken),
            Rule::Sortition(params, _) => Rule::Sortition(params, self.lot(case)),
            other => other,
        })
    }

    fn config(&self, case: &Case) -> Result<&Config, Reason> {
        let instance = self.market.instances().get(&case.instance);
        let config = instance.and_then(|instance| instance.config(case.version)).map(AsRef::as_ref);
        config.ok_or_else(|| Reason::UnknownMechanism(format!("of instance {}", case.instance)))
    }

    fn core(&self, case: &Case) -> Result<Core<'_>, Reason> {
        self.inside(self.config(case)?, &case.request)
    }

    /// What is inside of the modifiers, if there are any, around the rule of an instance, for `request`. Each contract on the way is one
    /// that is trusted.
    ///
    /// # Errors
    /// [`Reason::UnknownMechanism`] or [`Reason::Params`].
    pub fn inside<'a>(&self, config: &'a Config, request: &Request) -> Result<Core<'a>, Reason> {
        let core = modifier::core(self.trusted(&config.mechanism)?, &config.params, request);
        let core = core.map_err(Reason::Params)?;
        for inner in core.layers.iter().map(|layer| layer.inner()) {
            let name = self.trusted(&inner.mechanism)?;
            if name != inner.name {
                return Err(Reason::UnknownMechanism(inner.name.clone()));
            }
        }
        Ok(core)
    }

    /// The words that are kept for a request, without those of modifiers.
    pub fn words<'a>(&self, case: &'a Case) -> &'a [Id] {
        self.core(case).map_or(&case.words, |core| core.words(&case.words))
    }

    /// A request as its rule sees it, behind the modifiers.
    pub fn seen(&self, case: &Case) -> Request {
        self.core(case).map_or_else(|_| case.request.as_ref().clone(), |core| core.request)
    }

    /// What an award would be raised by now, for gas, in the token of the request.
    pub fn raise(&self, case: &Case) -> Wei {
        self.core(case).map_or(0, |core| core.raise(self.head.map_or(0, |head| head.base_fee)))
    }

    /// Whether the modifiers of a request's rule would let a bid of this prover through, at `time`.
    ///
    /// # Errors
    /// [`Reason::Modifier`] if they would not.
    pub fn require_admission(&self, id: &Id, case: &Case, time: Time) -> Result<(), Reason> {
        if self.core(case)?.layers.is_empty() {
            return Ok(());
        }
        let turn = Turn { cause: Cause::Bid, ..self.turn(self.me, time) };
        let Some(ask) = self.market.ask(id, turn) else { return Ok(()) };
        modifier::admits(self.trusted(&self.config(case)?.mechanism)?, &ask).map(drop).map_err(Reason::Modifier)
    }

    fn trusted(&self, mechanism: &Account) -> Result<&str, Reason> {
        let unknown = || Reason::UnknownMechanism(alloy::primitives::Address::from(*mechanism).to_string());
        self.names.get(mechanism).map(String::as_str).ok_or_else(unknown)
    }

    /// What this prover has in the pool of a request's instance, and what was drawn.
    fn lot(&self, case: &Case) -> Lot {
        let seats = self.market.instances().get(&case.instance).map(|instance| &instance.seats);
        let ticket = seats.and_then(|seats| seats.get(&self.me)).copied().unwrap_or_default();
        Lot { weight: ticket.amount, enrolment: Enrolment::read(&ticket.tag), beacon: self.beacon(case) }
    }

    /// The hash of the block that a draw fixed for a request, once it is there.
    fn beacon(&self, case: &Case) -> Option<Id> {
        let drawn = case.beacon?;
        self.hashes.iter().rev().find(|(number, _)| *number == drawn).map(|(_, hash)| *hash)
    }

    /// An open request as a bidder sees it, `request` being what its rule sees.
    ///
    /// # Errors
    /// As [`State::rule`].
    pub fn opening<'a>(&self, id: &Id, case: &'a Case, request: &'a Request) -> Result<Opening<'a>, Reason> {
        let holds = u8::try_from(case.tickets.len()).unwrap_or(u8::MAX);
        let (rule, words) = (self.rule(case)?, self.words(case));
        Ok(Opening { id: *id, request, rule, opened_at: case.time, holds, words })
    }

    /// How many other provers could be awarded this request.
    pub fn rivals(&self, case: &Case) -> u32 {
        let instance = self.market.instances().get(&case.instance);
        let config = instance.and_then(|instance| instance.config(case.version));
        config.map_or(0, |config| self.rivals_for(&case.request, config))
    }

    /// The same of one that has not entered, under the version that it would.
    pub fn rivals_for(&self, request: &Request, config: &Config) -> u32 {
        let bond = request.bond;
        let able = |prover: &Prover| {
            let offer = prover.offers.get(&request.token).copied().unwrap_or_default();
            prover.flags & DRAINING == 0
                && prover.accepts_mechanism(&config.mechanism)
                && prover.accepts_verifier(request.verifier)
                && offer.accepted
                && bond <= offer.bond_limit
                && offer.floor.saturating_mul(request.work.into()) <= request.max_price
                && (bond <= prover.free() && prover.capacity() != 0)
        };
        let rivals = self.market.provers().iter().filter(|(account, prover)| **account != self.me && able(prover));
        u32::try_from(rivals.count()).unwrap_or(u32::MAX)
    }

    /// What the mechanism of a request would answer a tick about `about` at `time`, by its twin.
    ///
    /// # Errors
    /// Its no, or none if there is no twin for it.
    pub fn tick(&self, id: &Id, about: Account, time: Time) -> Result<Answer, Option<Refusal>> {
        let (twin, ask) = self.ticking(id, about, time).ok_or(None)?;
        twin.step(&ask).map_err(Some)
    }

    /// What such a tick has to bring.
    pub fn brief(&self, id: &Id, about: Account, time: Time) -> Vec<u8> {
        self.ticking(id, about, time).map(|(_, ask)| ask.data).unwrap_or_default()
    }

    fn ticking(&self, id: &Id, about: Account, time: Time) -> Option<(&'static dyn Mechanism, Ask)> {
        let case = self.market.request(id)?;
        let config = self.market.instances().get(&case.instance)?.config(case.version)?;
        let twin = self.names.get(&config.mechanism).and_then(|name| mechanisms::by_name(name))?;
        let turn = Turn { beacon: self.beacon(case).unwrap_or_default(), ..self.turn(about, time) };
        Some((twin, self.market.ticking(twin, id, turn)?))
    }

    /// A turn in the next block, about `about`.
    fn turn(&self, about: Account, time: Time) -> Turn {
        let head = self.head.unwrap_or_default();
        let (block_number, base_fee) = (head.number + 1, head.base_fee);
        Turn { actor: about, time, block_number, base_fee, ..Turn::default() }
    }

    /// Stake that bids and awards on open requests will need beyond the tickets that stand for them.
    pub fn promised(&self) -> Wei {
        let races = |case: &Case| matches!(self.rule(case), Ok(Rule::Race(_) | Rule::Committee(_)));
        let open = self.market.live().filter(|(_, case)| case.status == Status::Open && !races(case));
        let beyond = |case: &Case| Some(case.request.bond.saturating_sub(case.tickets.get(&self.me)?.amount));
        open.filter_map(|(_, case)| beyond(case)).sum()
    }

    /// Free balance of the stake token in the market.
    pub fn balance(&self) -> Wei {
        self.market.balance(self.market.stake_token(), self.me)
    }

    /// Whether the stake token is the native coin.
    pub fn stakes_native(&self) -> bool {
        self.market.stake_token() == ZERO
    }
}

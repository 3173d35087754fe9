//! Bids: which of the open requests to bid on, the most profitable first, within capacity and stake.

use std::time::Duration;

use alloy::primitives::B256;
use bourse_chain::call::{self, Bid, Order};
use bourse_sim::{
    Account, Id, Time, Wei,
    abi::Encoder,
    market::Case,
    mechanisms::{english::standing, sortition::Drawing},
};

use super::{Check, Deed, Fit, Prover, Underway};
use crate::{
    backend::{self, Backend, author},
    bid::{
        self, Bidder, Decision, Reason, Rule, Terms,
        capacity::{Load, Schedule},
        scoring,
        sealed::SETTLING,
        standing::Reserve,
    },
    jobs::{Job, Stage},
    store::Commitment,
};

/// Requests whose input is looked at at once.
const CHECKS: usize = 32;
/// Blocks after which a check that came to nothing is made again.
const RECHECK: u64 = 10;
/// Blocks for which a bid that was refused rests.
const REST: u64 = 2;
/// The kind of bids of which there may be many on one request.
const LOWER: &str = "lower";
/// The kind of bids that promise a time.
const PLEDGE: &str = "pledge";
/// Gas that every bid gets at least: what it does depends on the bids that come before it.
pub(super) const BID_GAS: u64 = 500_000;

/// A request worth bidding on.
struct Chance {
    id: Id,
    /// Profit per second of proving.
    worth: f64,
}

impl Prover {
    /// Bids on what is worth it.
    pub(super) async fn bid(&mut self) -> anyhow::Result<()> {
        self.check_inputs();
        if self.config.supply.draining {
            return Ok(());
        }
        let now = self.state.next_time(self.waited());
        for chance in self.chances(now) {
            let Some(case) = self.state.market().request(&chance.id) else { continue };
            let Ok(decision) = self.decide(&chance.id, case, &self.schedule(), now) else { continue };
            match decision {
                Decision::Wait(_) => {}
                Decision::Take(terms) => self.take(chance.id, &terms).await?,
                Decision::Commit(terms) => self.commit(chance.id, &terms).await?,
                Decision::Lower(terms) => self.lower(chance.id, &terms).await?,
                Decision::Race(terms) => self.race(chance.id, &terms).await?,
                Decision::Enter(terms) => self.enter(chance.id, &terms).await?,
                Decision::Buy(terms, ticket) => self.buy(chance.id, &terms, ticket).await?,
            }
        }
        Ok(())
    }

    /// The requests that a bid would be sent on now, if each were the only one; the best first.
    fn chances(&mut self, now: Time) -> Vec<Chance> {
        let schedule = self.schedule();
        let mut chances = Vec::new();
        let mut passed: std::collections::BTreeMap<&'static str, u32> = Default::default();
        for (id, case) in self.state.open().filter(|(id, case)| self.is_free(id, case)) {
            match self.decide(id, case, &schedule, now) {
                Ok(Decision::Wait(_)) => *passed.entry("waiting").or_default() += 1,
                Ok(
                    Decision::Take(terms)
                    | Decision::Commit(terms)
                    | Decision::Lower(terms)
                    | Decision::Race(terms)
                    | Decision::Enter(terms)
                    | Decision::Buy(terms, _),
                ) => {
                    let seconds = terms.load.length.as_secs_f64().max(0.001);
                    chances.push(Chance { id: *id, worth: terms.profit as f64 / seconds });
                }
                Err(reason) => {
                    tracing::trace!(id = %B256::from(*id), %reason, "not bid on");
                    *passed.entry(reason.label()).or_default() += 1;
                }
            }
        }
        self.metrics.clear("prover_passed");
        for (reason, count) in passed {
            self.metrics.set("prover_passed", format!("reason=\"{reason}\""), count.into());
        }
        chances.sort_by(|a, b| b.worth.total_cmp(&a.worth));
        chances
    }

    /// It is served, and no bid of ours is on its way.
    fn is_free(&self, id: &Id, case: &Case) -> bool {
        let racing = self.jobs.get(id).is_some_and(|job| job.stage == Stage::Racing);
        self.workshop.serves(case.request.verifier) && !self.underway.contains_key(id) && !racing
    }

    fn decide(&self, id: &Id, case: &Case, schedule: &Schedule, now: Time) -> Result<Decision, Reason> {
        let Some(Check::Fit(backend)) = self.checks.get(id) else { return Err(Reason::Unchecked) };
        // What this bid would take the place of is not in its way.
        let beside = case.tickets.contains_key(&self.state.me()).then(|| self.schedule_beside(Some(id), &self.kept));
        let bidder = self.bidder(case, &**backend, beside.as_ref().unwrap_or(schedule));
        self.state.require_admission(id, case, now)?;
        bid::decide(&self.state.opening(id, case, &self.state.seen(case))?, &bidder, now)
    }

    fn bidder<'a>(&self, case: &Case, backend: &dyn Backend, schedule: &'a Schedule) -> Bidder<'a> {
        let request = &case.request;
        let own = case.tickets.get(&self.state.me()).map(|ticket| ticket.amount.max(request.bond));
        let (rivals, length) = (self.state.rivals(case), backend.estimate(request.work));
        let able = self.able(request.token, own, &self.kept, schedule);
        let tariff = able.tariff.map(|tariff| tariff.raised(self.state.raise(case), able.gas_price));
        Bidder { rivals, length, tariff, ..able }
    }

    /// What this prover can and wants in `token`, where a deposit of it stands for `own` already, and `kept` has to stay free.
    pub(super) fn able<'a>(
        &self,
        token: Account,
        own: Option<Wei>,
        kept: &Reserve,
        schedule: &'a Schedule,
    ) -> Bidder<'a> {
        let prover = self.state.prover();
        let underway =
            self.underway.values().map(|bid| bid.stake).chain(self.quotes.values().map(|quote| quote.stake()));
        let taken = u16::try_from(underway.clone().count()).unwrap_or(u16::MAX).saturating_add(kept.places);
        let promised = self.state.promised() + underway.sum::<Wei>() + kept.stake;
        let settings = self.config.offers.iter().find(|offer| offer.token.into_array() == token);
        let (stake, seats) = (own.unwrap_or_default(), u16::from(own.is_some()));
        Bidder {
            account: self.state.me(),
            offer: prover.and_then(|prover| prover.offers.get(&token).copied()).unwrap_or_default(),
            tariff: settings.map(|settings| settings.tariff()),
            policy: self.config.policy(),
            rivals: 0,
            stake: prover.map_or(0, |prover| (prover.free() + stake).saturating_sub(promised)),
            seats: prover.map_or(0, |prover| (prover.capacity() + seats).saturating_sub(taken)),
            gas_price: self.config.bidding.gas_price.0,
            length: Duration::ZERO,
            schedule,
        }
    }

    /// What has to be proven, or may have to be.
    pub(super) fn schedule(&self) -> Schedule {
        self.schedule_beside(None, &self.kept)
    }

    /// The same without one request, and with time kept for what `kept` says.
    pub(super) fn schedule_beside(&self, but: Option<&Id>, kept: &Reserve) -> Schedule {
        let now = self.state.next_time(self.waited());
        let load = |job: &Job, release: Time, due: Time| {
            let length = self.length(&job.id);
            Load { release, length, due }
        };
        let raced = self.jobs.by_due(Stage::Racing).into_iter();
        let raced = raced.filter(|job| job.proof.is_none() && !self.running.contains_key(&job.id));
        let awarded = self.jobs.by_due(Stage::Awarded).into_iter().chain(raced).map(|job| load(job, now, job.due));
        let counted = |job: &&Job| but != Some(&job.id) && !self.underway.contains_key(&job.id);
        let committed = self.jobs.by_due(Stage::Committed).into_iter().filter(counted).filter_map(|job| {
            let case = self.state.market().request(&job.id)?;
            let award = match self.state.rule(case) {
                Ok(Rule::Sealed(params)) => params.reveal_end(case.time) + 1,
                Ok(Rule::English(_)) => standing(self.state.words(case))?.end + 1,
                Ok(Rule::Committee(params)) => {
                    let stage = params.stage(&self.state.seen(case), self.state.words(case), case.time, now).ok()?;
                    let turn = params.turn(&stage, stage.crew.seat_of(&self.state.me()));
                    return Some(load(job, turn.max(now), stage.last));
                }
                Ok(Rule::Contest(params)) => params.last_entry(&self.state.seen(case), case.time) + 1,
                Ok(Rule::Sortition(..)) => Drawing::read(self.state.words(case))?.last + 1,
                Ok(Rule::Scoring(params)) => {
                    let award = params.reveal_end(case.time) + 1;
                    // From whenever it is awarded, it has what it promised.
                    let promised = job.due.saturating_sub(award);
                    return Some(load(job, award.max(now), award.max(now) + promised));
                }
                Ok(Rule::Rfq(params)) => params.end(case.time),
                _ => return None,
            };
            let due = (award + SETTLING + Time::from(case.request.window)).min(case.request.deadline);
            Some(load(job, award.max(now), due))
        });
        let underway = self.underway.values().map(|bid| bid.load).chain(self.quotes.values().map(|quote| quote.load));
        let running = self.running.iter().map(|(id, running)| Load {
            release: now,
            length: running.left(),
            due: self.jobs.get(id).map_or(now, |job| job.due),
        });
        Schedule {
            parallel: self.config.proving.parallel,
            reserve: self.config.proving.reserve_seconds,
            running: running.collect(),
            waiting: awarded.chain(committed).chain(underway).chain(kept.loads.iter().copied()).collect(),
        }
    }

    /// Starts to look at the inputs of requests that are new.
    fn check_inputs(&mut self) {
        let block = self.state.head().map_or(0, |head| head.number);
        for (id, case) in self.state.open() {
            if CHECKS <= self.checking.len() {
                break;
            }
            let due = match self.checks.get(id) {
                None => self.workshop.serves(case.request.verifier),
                Some(Check::Later(from)) => *from <= block,
                Some(_) => false,
            };
            if !due {
                continue;
            }
            self.checks.insert(*id, Check::Running);
            let (id, verifier, workshop) = (*id, case.request.verifier, self.workshop.clone());
            let work = piece(id, case, self.state.me());
            self.checking.spawn(async move { (id, workshop.find(verifier, &work).await) });
        }
    }

    /// An input has been looked at.
    pub(super) fn checked(&mut self, id: Id, fit: Fit) {
        let request = B256::from(id);
        let check = match fit {
            Ok(backend) => Check::Fit(backend),
            Err(fault) if fault.is_transient() => {
                tracing::warn!(%request, %fault, "could not find out whether it can be proven");
                Check::Later(self.state.head().map_or(0, |head| head.number) + RECHECK)
            }
            Err(fault) => {
                tracing::info!(%request, %fault, "not bid on: it cannot be proven");
                self.metrics.add("prover_unprovable_total", "", 1.0);
                Check::Unfit
            }
        };
        self.checks.insert(id, check);
    }

    /// A bid in the open.
    async fn take(&mut self, id: Id, terms: &Terms) -> anyhow::Result<()> {
        let bid = Bid { price: terms.price, ..self.word(id, terms) };
        self.send_bid(id, "take", bid, terms).await
    }

    /// A sealed bid. Its salt is stored before anyone sees the commitment, and never changed.
    async fn commit(&mut self, id: Id, terms: &Terms) -> anyhow::Result<()> {
        let Some(case) = self.state.market().request(&id) else { return Ok(()) };
        let (rung, rule) = (case.rung, self.state.rule(case));
        let pledge = match rule {
            Ok(Rule::Scoring(params)) => Some(scoring::pledged(&params, &self.state.seen(case), &terms.load)),
            _ => None,
        };
        let fresh = Commitment { price: terms.price, salt: rand::random(), pledge };
        let stored = self.store.commit(&id, rung, &fresh).await?;
        let sealed = stored.seal(&id, &self.state.me());
        let bid = Bid { price: 0, data: sealed.to_vec(), ..self.word(id, terms) };
        // What was stored before stands, and is what has to be kept.
        let load = match stored.pledge {
            Some(pledge) => Load { due: terms.load.release + Time::from(pledge.promised), ..terms.load },
            None => terms.load,
        };
        let kind = if stored.pledge.is_some() { PLEDGE } else { "commit" };
        self.send_bid(id, kind, bid, &Terms { price: stored.price, load, ..*terms }).await
    }

    /// A bid that others may go below, and this prover again below theirs.
    async fn lower(&mut self, id: Id, terms: &Terms) -> anyhow::Result<()> {
        let bid = Bid { price: terms.price, ..self.word(id, terms) };
        self.send_bid(id, LOWER, bid, terms).await
    }

    /// A deposit for leave to prove. What is hoped for is not what is bid.
    async fn enter(&mut self, id: Id, terms: &Terms) -> anyhow::Result<()> {
        let bid = self.word(id, terms);
        self.send_bid(id, "enter", bid, terms).await
    }

    /// A ticket of a contest.
    async fn buy(&mut self, id: Id, terms: &Terms, ticket: Wei) -> anyhow::Result<()> {
        let data = Encoder::new(1).uint(ticket).finish();
        let bid = Bid { price: terms.price, data, ..self.word(id, terms) };
        self.send_bid(id, "ticket", bid, terms).await
    }

    fn word(&self, id: Id, terms: &Terms) -> Bid {
        let (max_bond, valid_until) = (terms.max_bond, terms.valid_until);
        Bid { request: id, prover: self.state.me(), price: 0, max_bond, valid_until, data: Vec::new() }
    }

    async fn send_bid(&mut self, id: Id, kind: &str, bid: Bid, terms: &Terms) -> anyhow::Result<()> {
        let Some(case) = self.state.market().request(&id) else { return Ok(()) };
        let (request, rung) = (case.request.as_ref().clone(), case.rung);
        let mut key = format!("{kind}/{}/{rung}", B256::from(id));
        if kind == LOWER {
            // Each price is a deed of its own.
            key += &format!("/{}", terms.price);
        }
        let order = Order { request, bid, ..Order::default() };
        let intent = call::bid(&[order]).intent(key, self.node.market()).until(terms.valid_until).gas_at_least(BID_GAS);
        let block = self.state.head().map_or(0, |head| head.number);
        if self.jobs.get(&id).is_none_or(|job| job.stage != Stage::Wanted || job.price != terms.price) {
            let due = if kind == PLEDGE { terms.load.due } else { 0 };
            self.put(Job { due, ..self.jobs.wanted(id, terms.price) }, block).await?;
        }
        if let Deed::Sent(key) = self.submit(intent, REST).await? {
            tracing::info!(id = %B256::from(id), kind, price = terms.price, profit = terms.profit, "bid");
            self.metrics.add("prover_bids_total", format!("kind=\"{kind}\""), 1.0);
            self.underway.insert(id, Underway { key, stake: terms.max_bond, load: terms.load });
        }
        Ok(())
    }
}

/// What a backend has to know about a request.
pub(super) fn piece(id: Id, case: &Case, me: Account) -> backend::Job {
    let request = &case.request;
    backend::Job {
        id: id.into(),
        author: author(id.into(), me.into()),
        statement: request.statement.into(),
        input: case.input.to_vec(),
        work: request.work,
    }
}

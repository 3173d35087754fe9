//! Standing bids: on which instances this prover has a deposit, what it keeps free for them, and how it gets the deposit back.

use std::time::Duration;

use bourse_chain::{Call, Intent, call};
use bourse_sim::{
    Account, Time, Wei, ZERO,
    ask::{Answer, MoveKind},
    event::Config,
    market::Instance,
    request::Request,
};

use super::{
    Prover,
    auction::BID_GAS,
    tickets::{GRACE, TICK_GAS},
};
use crate::bid::{
    self, Reason, Rule,
    standing::{Demand, Place, Reserve, Stand, Step},
};

/// What the keys of these deeds begin with.
pub(super) const PREFIX: &str = "stand/";
/// Blocks for which an instance rests after something was refused, or had no effect.
const REST: u64 = 3;

/// A deed about an instance that has been sent and not yet followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Underway {
    number: u32,
    deposit: Wei,
    reserve: Reserve,
}

impl Underway {
    /// What is known of it after a start.
    pub(super) fn resumed(key: &str) -> Option<(String, Self)> {
        let number = key.strip_prefix(PREFIX)?.split('/').next()?.parse().ok()?;
        Some((key.to_owned(), Self { number, ..Self::default() }))
    }
}

impl Prover {
    /// Bids on instances, gives notice, and gets deposits back that stand for nothing any more: one deed at a time for each.
    pub(super) async fn stand(&mut self) -> anyhow::Result<()> {
        let now = self.state.next_time(self.waited());
        self.kept = self.reserve(None, now);
        self.metrics.clear("prover_instances_passed");
        let numbers: Vec<u32> = self.state.sold().map(|(number, _)| number).collect();
        for number in numbers {
            let busy = self.standing.values().any(|underway| underway.number == number);
            if busy || self.rest.contains_key(&name(number)) {
                continue;
            }
            if let Some(call) = self.way_out(number, now) {
                let until = now + 10 * GRACE;
                self.deal(number, "release", call, until, Underway { number, ..Underway::default() }).await?;
                continue;
            }
            match self.step(number, now) {
                Ok(Step::Stay) => {}
                Ok(Step::Bid(stand)) => self.bid_on(number, "stand", stand).await?,
                Ok(Step::Leave(stand)) => self.bid_on(number, "notice", stand).await?,
                Err(reason) => {
                    tracing::trace!(number, %reason, "instance not bid on");
                    self.metrics.add("prover_instances_passed", format!("reason=\"{}\"", reason.label()), 1.0);
                }
            }
        }
        Ok(())
    }

    async fn bid_on(&mut self, number: u32, kind: &'static str, stand: Stand) -> anyhow::Result<()> {
        let Stand { price, deposit, data, until, reserve } = stand;
        let call = call::bid_instance(number, price, deposit, &data);
        self.deal(number, kind, call, until, Underway { number, deposit, reserve }).await
    }

    async fn deal(
        &mut self,
        number: u32,
        kind: &'static str,
        call: Call,
        until: Time,
        underway: Underway,
    ) -> anyhow::Result<()> {
        let block = self.state.head().map_or(0, |head| head.number);
        let key = format!("{}/{block}", name(number));
        let gas = if kind == "release" { TICK_GAS } else { BID_GAS };
        let intent = Intent { gas_floor: gas, ..call.intent(key.clone(), self.node.market()) }.until(until);
        match self.executor.submit(intent).await? {
            Ok(_) => {
                tracing::info!(number, kind, deposit = underway.deposit, "instance");
                self.metrics.add("prover_bids_total", format!("kind=\"{kind}\""), 1.0);
                self.kept.add(underway.all());
                self.standing.insert(key, underway);
            }
            Err(fault) => {
                tracing::debug!(number, kind, %fault, "instance: not now");
                self.rest.insert(name(number), block + REST);
            }
        }
        Ok(())
    }

    /// A deed about an instance has come to its end.
    pub(super) fn dealt(&mut self, key: &str, failed: bool) {
        let Some(underway) = self.standing.remove(key) else { return };
        if failed {
            let block = self.state.head().map_or(0, |head| head.number);
            self.rest.insert(name(underway.number), block + REST);
        }
    }

    /// What to do about an instance.
    fn step(&self, number: u32, now: Time) -> Result<Step, Reason> {
        let Some(instance) = self.state.market().instances().get(&number).filter(|of| !of.retired) else {
            return Ok(Step::Stay);
        };
        if self.config.standing.stake.is_none() && !self.config.supply.draining {
            return Ok(Step::Stay);
        }
        let (rule, config) = self.state.terms(number)?;
        let place = self.place(number, instance, rule, config);
        let kept = self.reserve(Some(number), now);
        let schedule = self.schedule_beside(None, &kept);
        let own = place.ticket.map(|ticket| ticket.amount);
        let bidder = self.able(config.token, own, &kept, &schedule);
        bid::stand(&place, &bid::Bidder { length: self.longest(config, place.largest()), ..bidder }, now)
    }

    fn place<'a>(&self, number: u32, instance: &'a Instance, rule: Rule, config: &'a Config) -> Place<'a> {
        let settings = &self.config.standing;
        let stake = settings.stake.map_or(0, |stake| stake.0);
        let serves = |verifier: &u32| self.workshop.serves(*verifier);
        let all = !config.verifiers.is_empty() && config.verifiers.iter().all(serves);
        // Where each request is bid on by itself, it is looked at before: it is enough that the market takes the deposit.
        let (served, trusted) = match rule {
            Rule::Sortition(..) => (all || self.config.supply.any_verifier, true),
            _ => (all, !instance.open || settings.instances.contains(&number)),
        };
        let others = self.state.seats().filter(|(other, _)| *other != number).map(|(_, ticket)| ticket.amount);
        let underway = self.standing.values().filter(|underway| underway.number != number);
        let stands = others.chain(underway.map(|underway| underway.deposit)).sum::<Wei>();
        let shared = instance.shared.get(..config.shape.shared.into()).unwrap_or(&instance.shared);
        let inside = self.state.inside(config, &Request::default());
        let (params, shared) = inside.map_or((&*config.params, shared), |core| (core.params, core.shared(shared)));
        Place {
            rule,
            params,
            shared,
            ticket: instance.seats.get(&self.state.me()).copied(),
            awards: self.state.awards_under(number),
            trusted,
            served,
            leaving: self.config.supply.draining || stake == 0,
            allowance: stake.saturating_sub(stands),
            demand: Demand {
                work: settings.work,
                every: settings.every_seconds,
                utilisation_bps: settings.utilisation_bps,
            },
        }
    }

    /// What has to be kept free for all instances but one.
    fn reserve(&self, but: Option<u32>, now: Time) -> Reserve {
        let mut reserve = Reserve::default();
        for (number, _) in self.state.seats().filter(|(number, _)| Some(*number) != but) {
            let Some(instance) = self.state.market().instances().get(&number) else { continue };
            let Ok((rule, config)) = self.state.terms(number) else { continue };
            let place = self.place(number, instance, rule, config);
            let length = self.longest(config, place.largest());
            reserve.add(place.reserve(&self.state.me(), length, now));
        }
        for underway in self.standing.values().filter(|underway| Some(underway.number) != but) {
            reserve.add(underway.all());
        }
        reserve
    }

    /// How long a proof of `work` takes, whichever of an instance's verifiers it is for.
    fn longest(&self, config: &Config, work: u64) -> Duration {
        let admitted = |verifier: &u32| config.verifiers.is_empty() || config.verifiers.contains(verifier);
        let verifiers = self.workshop.verifiers().filter(admitted);
        verifiers.map(|verifier| self.workshop.estimate(verifier, work)).max().unwrap_or_default()
    }

    /// The tick that gives this prover's deposit back or has it awarded, if others have had their time for it.
    fn way_out(&self, number: u32, now: Time) -> Option<Call> {
        let me = self.state.me();
        self.state.seats().find(|(other, _)| *other == number)?;
        let patience = match self.state.terms(number).ok()?.0 {
            Rule::Batch(params) => GRACE.min(Time::from(params.grace) / 2),
            _ => GRACE,
        };
        [ZERO, me].into_iter().find_map(|about| {
            self.state
                .session(number, about, now.saturating_sub(patience))
                .filter(|(answer, ..)| frees(answer, &me))?;
            let (_, ask, ids) = self.state.session(number, about, now).filter(|(answer, ..)| frees(answer, &me))?;
            let request = |id| Some(self.state.market().request(id)?.request.as_ref().clone());
            let requests: Vec<Request> = ids.iter().filter_map(request).collect();
            Some(call::tick_instance(number, &requests, about, &ask.data))
        })
    }
}

impl Underway {
    /// The deposit and its place, and what has to be kept free beside them.
    fn all(&self) -> Reserve {
        let mut all = self.reserve.clone();
        all.add(Reserve { stake: self.deposit, places: u16::from(self.deposit != 0), loads: Vec::new() });
        all
    }
}

fn name(number: u32) -> String {
    format!("{PREFIX}{number}")
}

/// It ends a deposit of `me`, and takes none.
fn frees(answer: &Answer, me: &Account) -> bool {
    let mut mine = answer.moves.iter().filter(|step| step.prover == *me).map(|step| step.kind).peekable();
    mine.peek().is_some() && mine.all(|kind| matches!(kind, MoveKind::Release | MoveKind::Award))
}

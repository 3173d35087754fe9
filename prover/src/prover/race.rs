//! Races: proofs that nobody has been chosen to make. They are made at this prover's own risk, committed to where that is
//! needed, and brought by this prover itself: a race is no time to wait for a keeper.

use alloy::primitives::B256;
use bourse_chain::{
    Fault,
    call::{self, Bid, Order},
};
use bourse_sim::{
    Id, Time, ZERO,
    abi::keccak,
    ask::Status,
    market::Case,
    mechanisms::race::{RaceParams, commitment, made, tag},
};

use super::{
    Deed, Prover,
    auction::BID_GAS,
    delivery::REFUSED,
    tickets::{GRACE, TICK_GAS},
};
use crate::{
    bid::{Rule, Terms},
    jobs::{Job, Stage},
};

/// Blocks for which something that was refused rests.
const REST: u64 = 1;
/// Gas for a proof: if it is the last it pays everybody, which it may not do when estimated.
const PROOF_GAS: u64 = 1_200_000;

/// What a finished proof needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// To be committed to.
    Commit,
    /// To be shown.
    Prove,
    /// Nothing now: its commitment is too young, or it is of no use any more.
    Wait,
}

impl Prover {
    /// Begins to race for a request.
    pub(super) async fn race(&mut self, id: Id, terms: &Terms) -> anyhow::Result<()> {
        let block = self.state.head().map_or(0, |head| head.number);
        let job = Job { due: terms.load.due, ..self.jobs.wanted(id, terms.price).at(Stage::Racing, "racing") };
        self.metrics.add("prover_bids_total", "kind=\"race\"", 1.0);
        self.put(job, block).await
    }

    /// The next step of every race that this prover has a proof for, or is to be paid for.
    pub(super) async fn bring(&mut self) -> anyhow::Result<()> {
        let now = self.state.next_time(self.waited());
        let ready = self.jobs.by_due(Stage::Racing).into_iter().filter(|job| job.proof.is_some() && now <= job.due);
        for job in ready.cloned().collect::<Vec<_>>() {
            let Some(case) = self.state.market().request(&job.id) else { continue };
            let (rule, case) = (self.state.rule(case), case.clone());
            let next = match &rule {
                Ok(Rule::Race(params)) => self.next(&job, &case, params),
                // Its proof is not even made before its turn.
                Ok(Rule::Committee(_)) if case.status == Status::Open => Next::Prove,
                _ => Next::Wait,
            };
            match (next, rule) {
                (Next::Commit, Ok(Rule::Race(params))) => self.stake_claim(&job, &case, &params).await?,
                (Next::Prove, Ok(Rule::Committee(_))) => {
                    if let Some(split) = self.split(&job.id, now).await? {
                        self.show(job, &case, &split).await?;
                    }
                }
                (Next::Prove, _) => self.show(job, &case, &[]).await?,
                _ => {}
            }
        }
        self.collect(now).await
    }

    fn next(&self, job: &Job, case: &Case, params: &RaceParams) -> Next {
        let me = self.state.me();
        if case.status != Status::Open || case.provers.contains(&me) {
            return Next::Wait;
        }
        if !params.commits() {
            return if params.deposit == 0 || case.tickets.contains_key(&me) { Next::Prove } else { Next::Wait };
        }
        let standing = params.standing(self.state.words(case));
        let wanted = tag(&self.commitment(job), 0);
        let block = self.state.head().map_or(0, |head| head.number);
        match case.tickets.get(&me).filter(|ticket| ticket.tag[..17] == wanted[..17]) {
            None if standing.is_none() => Next::Commit,
            None => Next::Wait,
            Some(ticket) => {
                let made = made(&ticket.tag);
                let old_enough = made + u64::from(params.commit_blocks) <= block + 1;
                let ranks = standing.as_ref().is_none_or(|race| {
                    let before = race.ranked.iter().filter(|(_, block)| *block <= made).count();
                    made < race.first_block && before < usize::from(params.winners)
                });
                if old_enough && ranks { Next::Prove } else { Next::Wait }
            }
        }
    }

    fn commitment(&self, job: &Job) -> Id {
        commitment(&job.id, &self.state.me(), &keccak(job.proof.as_deref().unwrap_or_default()))
    }

    async fn stake_claim(&mut self, job: &Job, case: &Case, params: &RaceParams) -> anyhow::Result<()> {
        let bid = Bid {
            request: job.id,
            prover: self.state.me(),
            price: 0,
            max_bond: params.deposit,
            valid_until: job.due,
            data: self.commitment(job).to_vec(),
        };
        let order = Order { request: case.request.as_ref().clone(), bid, ..Order::default() };
        let intent = self.deed("claim", &job.id, case.rung, call::bid(&[order])).until(job.due).gas_at_least(BID_GAS);
        let key = intent.key.clone();
        if let Deed::Done = self.submit(intent, REST).await? {
            // It landed, and its ticket is not there: a reorg took it, or it is of another proof.
            *self.attempts.entry(key).or_default() += 1;
        }
        Ok(())
    }

    async fn show(&mut self, job: Job, case: &Case, data: &[u8]) -> anyhow::Result<()> {
        let proof = job.proof.as_deref().unwrap_or_default();
        let call = call::prove(&case.request, self.state.me(), proof, data);
        let intent = self.deed("prove", &job.id, case.rung, call).until(job.due).gas_at_least(PROOF_GAS);
        match self.submit(intent, REST).await? {
            Deed::Put(Some(Fault::Drop { revert: Some(revert), .. })) if revert.name == REFUSED => {
                self.set_back(job, &revert.to_string(), false).await
            }
            _ => Ok(()),
        }
    }

    /// Where winners are paid after the window, and nobody says that it is over, this prover does.
    async fn collect(&mut self, now: Time) -> anyhow::Result<()> {
        let me = self.state.me();
        let unpaid = |case: &Case| {
            let Ok(Rule::Race(params)) = self.state.rule(case) else { return false };
            let standing = params.standing(self.state.words(case));
            standing.is_some_and(|race| race.end + GRACE < now && race.ranked.iter().any(|(prover, _)| *prover == me))
        };
        let open = self.state.market().live().filter(|(_, case)| case.status == Status::Open);
        let due: Vec<_> = open.filter(|(_, case)| unpaid(case)).map(|(id, case)| (*id, case.clone())).collect();
        for (id, case) in due {
            tracing::debug!(id = %B256::from(id), "nobody has closed the race");
            let intent = self.deed("collect", &id, case.rung, call::tick(&case.request, ZERO, &[]));
            self.submit(intent.until(case.request.deadline).gas_at_least(TICK_GAS), REST).await?;
        }
        Ok(())
    }
}

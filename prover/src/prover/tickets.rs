//! What follows from a deposit: to reveal a sealed bid, to see the auction settled, and to get the deposit back. A deposit
//! that is forgotten is lost.

use alloy::primitives::B256;
use bourse_chain::{
    Call, Intent,
    call::{self, Bid, Order},
};
use bourse_sim::{
    Account, Id, Time, ZERO,
    ask::{MoveKind, Status},
    market::{Case, RECLAIM_DELAY},
    mechanisms::{english::standing, scoring, sealed, sortition::Drawing},
};

use super::{Deed, Prover, auction::BID_GAS};
use crate::bid::Rule;

/// Seconds that others have to do what anyone may do, before this prover does it itself.
pub(super) const GRACE: Time = 10;
/// Blocks for which something that was refused rests: reveals cannot wait.
const REST: u64 = 1;
/// Gas for ticks, which may do more than they do when estimated.
pub(super) const TICK_GAS: u64 = 700_000;

/// What there is to do about a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Duty {
    Nothing,
    /// Possible until then; unix seconds.
    Reveal(Time),
    /// Anyone may do it, for anyone's good.
    Settle,
    /// To get the deposit back.
    Leave,
    /// The same, when the mechanism has had its time.
    Reclaim,
}

impl Prover {
    /// Does what each ticket of this prover asks for now.
    pub(super) async fn tend_tickets(&mut self) -> anyhow::Result<()> {
        let now = self.state.next_time(self.waited());
        let duties: Vec<_> =
            self.state.tickets().into_iter().map(|(id, case)| (*id, self.duty(id, case, now))).collect();
        for (id, duty) in duties {
            let Some(case) = self.state.market().request(&id) else { continue };
            let (name, call) = match &duty {
                Duty::Nothing => continue,
                Duty::Reveal(last) => {
                    let (last, case) = (*last, case.clone());
                    self.reveal(id, &case, last).await?;
                    continue;
                }
                Duty::Settle => ("settle", call::tick(&case.request, ZERO, &self.state.brief(&id, ZERO, now))),
                Duty::Leave => ("leave", call::tick(&case.request, self.state.me(), &[])),
                Duty::Reclaim => ("reclaim", call::reclaim(&case.request, self.state.me())),
            };
            let intent = self.deed(name, &id, case.rung, call).until(now + 10 * GRACE);
            let key = intent.key.clone();
            if let Deed::Done = self.submit(intent.gas_at_least(TICK_GAS), REST).await? {
                // What was done has been followed, and is to be done again.
                *self.attempts.entry(key).or_default() += 1;
            }
        }
        Ok(())
    }

    fn duty(&self, id: &Id, case: &Case, now: Time) -> Duty {
        let me = self.state.me();
        if case.status == Status::Open {
            let (commits, reveals, open) = match self.state.rule(case) {
                Ok(Rule::Sealed(p)) => {
                    let open = self
                        .state
                        .words(case)
                        .iter()
                        .any(|word| sealed::bid(word).is_some_and(|(bidder, _)| bidder == me));
                    (p.commit_end(case.time), p.reveal_end(case.time), open)
                }
                Ok(Rule::Scoring(p)) => {
                    (p.commit_end(case.time), p.reveal_end(case.time), scoring::revealed(self.state.words(case), &me))
                }
                Ok(Rule::English(_) | Rule::Sortition(..)) if self.overdue(case, now) && self.helps(id, ZERO, now) => {
                    return Duty::Settle;
                }
                Ok(Rule::Contest(params))
                    if params.last_entry(&self.state.seen(case), case.time) + GRACE < now
                        && self.helps(id, ZERO, now) =>
                {
                    return Duty::Settle;
                }
                Ok(Rule::Race(params))
                    if params.standing(self.state.words(case)).is_some_and(|race| race.end + GRACE < now) =>
                {
                    return if self.helps(id, ZERO, now) { Duty::Settle } else { Duty::Nothing };
                }
                Ok(Rule::Committee(params)) => {
                    let stage = params.stage(&self.state.seen(case), self.state.words(case), case.time, now);
                    let over = stage.is_ok_and(|stage| stage.last + GRACE < now);
                    return if over && self.helps(id, ZERO, now) { Duty::Settle } else { Duty::Nothing };
                }
                Ok(Rule::Rfq(params)) if params.end(case.time) + GRACE < now && self.helps(id, ZERO, now) => {
                    return Duty::Settle;
                }
                _ => return Duty::Nothing,
            };
            return match now {
                _ if now <= commits => Duty::Nothing,
                _ if now <= reveals && !open => Duty::Reveal(reveals),
                _ if now <= reveals + GRACE => Duty::Nothing,
                _ if self.helps(id, ZERO, now) => Duty::Settle,
                _ => Duty::Nothing,
            };
        }
        let ended = case.steps.last().map_or(0, |(time, _)| *time);
        if !case.is_live() && case.request.deadline + RECLAIM_DELAY <= now {
            return Duty::Reclaim;
        }
        if ended + GRACE <= now && self.helps(id, me, now) { Duty::Leave } else { Duty::Nothing }
    }

    /// An open auction has ended, and others have had their time to say so.
    fn overdue(&self, case: &Case, now: Time) -> bool {
        let end = match self.state.rule(case) {
            Ok(Rule::Sortition(..)) => Drawing::read(self.state.words(case)).map(|drawing| drawing.last),
            _ => standing(self.state.words(case)).map(|auction| auction.end),
        };
        end.is_some_and(|end| end + GRACE < now)
    }

    /// A tick would do something, and would not take this prover's own deposit.
    fn helps(&self, id: &Id, about: Account, now: Time) -> bool {
        let me = self.state.me();
        self.state.tick(id, about, now).is_ok_and(|answer| {
            !answer.moves.is_empty() && !answer.moves.iter().any(|m| m.kind == MoveKind::Forfeit && m.prover == me)
        })
    }

    /// Opens a commitment with what was stored before it was made.
    async fn reveal(&mut self, id: Id, case: &Case, last: Time) -> anyhow::Result<()> {
        let me = self.state.me();
        let Some(ticket) = case.tickets.get(&me) else { return Ok(()) };
        let stored = self.store.commitment(&id, case.rung).await?;
        let opens = stored.filter(|c| sealed::tag(&c.seal(&id, &me)) == ticket.tag);
        let Some(stored) = opens else {
            let (id, deposit) = (B256::from(id), ticket.amount);
            tracing::error!(%id, deposit, "this sealed bid was not made from this data folder: it cannot be revealed here");
            self.trouble = Some(format!("the sealed bid on {id} cannot be revealed from this data folder"));
            return Ok(());
        };
        let bid = Bid {
            request: id,
            prover: me,
            price: stored.price,
            max_bond: case.request.bond.max(ticket.amount),
            valid_until: last,
            data: stored.opening(),
        };
        let order = Order { request: case.request.as_ref().clone(), bid, ..Order::default() };
        let intent = self.deed("reveal", &id, case.rung, call::bid(&[order])).until(last).gas_at_least(BID_GAS);
        self.submit(intent, REST).await?;
        Ok(())
    }

    pub(super) fn deed(&self, name: &str, id: &Id, rung: u8, call: Call) -> Intent {
        call.intent(format!("{name}/{}/{rung}", B256::from(*id)), self.node.market())
    }
}

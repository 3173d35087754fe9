//! What each event does.

use std::sync::Arc;

use crate::ask::Status;
use crate::event::Event;
use crate::market::case::{Award, Case, Step, Ticket};
use crate::market::diary::Page;
use crate::market::money::BURNED;
use crate::market::record;
use crate::market::registry::{Verifier, instance_of};
use crate::market::supply::{equal, less};
use crate::market::{Market, Violation};
use crate::request::Request;
use crate::{Account, Id, Time, Wei};

type Result<T = ()> = std::result::Result<T, Violation>;

/// Stake that its owner loses, by where it goes.
struct Loss {
    burned: Wei,
    compensation: Wei,
    tip: Wei,
    to: Account,
}

impl Market {
    /// Takes in one event, which happened at `time` (unix seconds).
    ///
    /// # Errors
    /// A [`Violation`] if it cannot follow from the events before it. The model is of no use then.
    pub fn apply(&mut self, event: &Event, time: Time) -> Result {
        match event {
            Event::Deposited { token, account, amount, .. } => {
                self.money.credit(*token, *account, *amount);
                Ok(())
            }
            Event::Withdrawn { token, account, amount, .. } => self.money.debit(*token, *account, *amount),
            Event::Declared { prover, number, declaration } => self.supply.declare(*prover, *number, declaration),
            Event::Staked { prover, amount } => {
                self.money.debit(self.stake_token, *prover, *amount)?;
                self.supply.stake(*prover, *amount)
            }
            Event::Unstaking { prover, amount, ready_at } => self.supply.unstake(*prover, *amount, *ready_at),
            Event::Unstaked { prover, amount } => {
                self.supply.finish_unstake(*prover, *amount)?;
                self.money.credit(self.stake_token, *prover, *amount);
                Ok(())
            }
            Event::InstanceSet { instance, version, owner, open, config } => {
                self.registry.set(*instance, *version, *owner, *open, (config, time))
            }
            Event::InstanceRetired { instance } => self.registry.retire(*instance),
            Event::VerifierRegistered { verifier, target, registrar, codehash, gas } => {
                let (target, registrar, codehash, gas) = (*target, *registrar, *codehash, *gas);
                self.registry.add_verifier(*verifier, Verifier { target, codehash, gas, registrar, frozen: false })
            }
            Event::VerifierFrozen { verifier } => self.registry.freeze(*verifier),
            Event::Held { id, prover, amount, tag } if let Some(instance) = instance_of(id) => {
                self.seated(instance, *prover, Ticket { amount: *amount, tag: *tag }, time)
            }
            Event::Released { id, prover, amount } if let Some(instance) = instance_of(id) => {
                let ticket = self.unseat(instance, *prover)?;
                equal("the deposit given back", *amount, ticket.amount)?;
                self.supply.lock(*prover, ticket.amount, 0, -1)
            }
            Event::Docked { id, instance, prover, burned, compensation, tip, to } => {
                let loss = Loss { burned: *burned, compensation: *compensation, tip: *tip, to: *to };
                self.docked(*id, *instance, *prover, &loss)
            }
            Event::NotedInstance { instance, shared } => {
                self.diaries.write(*instance, time, Page::Noted(Arc::from(shared.as_slice())));
                self.registry.share(*instance, shared)
            }
            event => self.apply_to_lane(event, time),
        }
    }

    fn apply_to_lane(&mut self, event: &Event, time: Time) -> Result {
        match event {
            Event::TermsSet { requester, lane, terms } => {
                self.lanes.set_terms(*requester, *lane, terms);
                Ok(())
            }
            Event::MandateSet { requester, lane, mandate } => {
                self.lanes.edit(*requester, *lane)?.mandate = *mandate;
                Ok(())
            }
            Event::Listed { requester, lane, list, entries } => self.lanes.list((*requester, *lane), *list, entries),
            Event::Routed { requester, lane, instance, version, by, tip } => {
                let entry = self.lanes.edit(*requester, *lane)?;
                entry.route = (*instance != 0).then_some((*instance, *version));
                entry.routed_at = time;
                if by != requester {
                    entry.moved_at = time;
                }
                let token = entry.terms.token;
                self.money.debit(token, *requester, *tip)?;
                self.money.credit(token, *by, *tip);
                Ok(())
            }
            event => self.apply_to_request(event, time),
        }
    }

    fn apply_to_request(&mut self, event: &Event, time: Time) -> Result {
        match event {
            Event::Opened { id, instance, version, request, input, .. } => {
                self.opened(*id, (*instance, *version), request, input, time)
            }
            Event::Awarded { id, prover, price, due, bond_bps } => {
                self.awarded(*id, *prover, *price, *due, *bond_bps, time)
            }
            Event::Held { id, prover, amount, tag } => self.held(*id, *prover, Ticket { amount: *amount, tag: *tag }),
            Event::Released { id, prover, amount } => {
                let ticket = self.tear(*id, *prover)?;
                equal("the deposit given back", *amount, ticket.amount)?;
                self.supply.lock(*prover, ticket.amount, 0, -1)
            }
            Event::Forfeited { id, prover, burned, compensation, tip, to } => {
                let loss = Loss { burned: *burned, compensation: *compensation, tip: *tip, to: *to };
                let ticket = self.tear(*id, *prover)?;
                self.supply.seize(*prover, ticket.amount, -1)?;
                self.confiscate(*id, ticket.amount, &loss)
            }
            Event::Slashed { id, prover, burned, compensation, tip, to } => {
                let loss = Loss { burned: *burned, compensation: *compensation, tip: *tip, to: *to };
                self.slashed(*id, *prover, &loss, time)
            }
            Event::Excused { id, prover } => {
                let award = self.cases.get(*id)?.awarded_to(*id, *prover, "Excused")?;
                self.supply.lock(*prover, award.bond, 0, -1)?;
                self.cases.edit(*id, |case| case.reopen(time, Step::Excused { prover: *prover }))
            }
            Event::Climbed { id, rung, instance, version } => self.climbed(*id, *rung, *instance, *version, time),
            Event::Noted { id, words } => {
                let words = words.clone();
                self.cases.edit(*id, |case| case.words = words)
            }
            Event::BeaconFixed { id, block } => self.cases.edit(*id, |case| case.beacon = Some(*block)),
            Event::Tipped { id, to, amount } => self.tipped(*id, *to, *amount),
            event => self.end(event, time),
        }
    }

    fn end(&mut self, event: &Event, time: Time) -> Result {
        match event {
            Event::Proven { id, prover, proof } => self.proven(*id, *prover, proof, time),
            Event::Rewarded { id, prover, amount } => self.rewarded(*id, *prover, *amount),
            Event::Fulfilled { id, prover, price, proof } => self.fulfilled(*id, *prover, *price, proof, time),
            Event::Closed { id, refund } => self.closed(*id, *refund, time),
            Event::Cancelled { id, refund } => self.cancelled(*id, *refund, time),
            Event::Recorded { id, prover, fee } => self.recorded(*id, *prover, *fee),
            // Of interest to those who follow one request; they change nothing.
            _ => Ok(()),
        }
    }

    fn opened(
        &mut self,
        id: Id,
        (instance, version): (u32, u32),
        request: &Request,
        input: &[u8],
        time: Time,
    ) -> Result {
        let config = self.registry.config(instance, version)?;
        let words = vec![Id::default(); config.shape.words.into()];
        let shares = config.shape.shared != 0;
        self.money.debit(request.token, request.requester, request.escrow())?;
        let case = Case {
            input: Arc::from(input),
            status: Status::Open,
            rung: 0,
            instance,
            version,
            entered: (instance, version),
            time,
            award: None,
            failed: None,
            tip: request.tip,
            spent: 0,
            provers: Vec::new(),
            words,
            tickets: Default::default(),
            book: Vec::new(),
            beacon: None,
            proof: None,
            steps: vec![(time, Step::Entered)],
            request: Arc::new(request.clone()),
        };
        self.cases.enter(id, case)?;
        if shares {
            self.diaries.write(instance, time, Page::Came(id));
        }
        Ok(())
    }

    fn held(&mut self, id: Id, prover: Account, ticket: Ticket) -> Result {
        let case = self.cases.get(id)?;
        case.require(id, Status::Open, "Held")?;
        let old = case.tickets.get(&prover).map(|ticket| ticket.amount);
        self.supply.lock(prover, old.unwrap_or(0), ticket.amount, i32::from(old.is_none()))?;
        self.cases.edit(id, |case| {
            case.tickets.insert(prover, ticket);
            case.book.push((prover, ticket));
        })
    }

    fn tear(&mut self, id: Id, prover: Account) -> Result<Ticket> {
        let ticket = self.cases.get(id)?.tickets.get(&prover).copied();
        let ticket = ticket.ok_or(Violation::WrongProver { id, prover })?;
        self.cases.edit(id, |case| {
            case.tickets.remove(&prover);
        })?;
        Ok(ticket)
    }

    fn awarded(&mut self, id: Id, prover: Account, price: Wei, due: Time, bond_bps: u16, time: Time) -> Result {
        let case = self.cases.get(id)?;
        case.require(id, Status::Open, "Awarded")?;
        let most = case.request.max_price - case.spent;
        less("the price", most, price)?;
        less("the due time", case.request.deadline.into(), due.into())?;
        equal("the tip that was left", case.tip, 0)?;
        let bond = case.bond_at(bond_bps);
        let held = case.tickets.get(&prover).map(|ticket| ticket.amount);
        self.supply.lock(prover, held.unwrap_or(0), bond, i32::from(held.is_none()))?;
        self.cases.edit(id, |case| {
            case.tickets.remove(&prover);
            case.status = Status::Awarded;
            case.time = due;
            case.award = Some(Award { prover, price, due, bond_bps, bond });
            case.steps.push((time, Step::Awarded { prover, price }));
        })
    }

    fn slashed(&mut self, id: Id, prover: Account, loss: &Loss, time: Time) -> Result {
        let award = self.cases.get(id)?.awarded_to(id, prover, "Slashed")?;
        self.supply.seize(prover, award.bond, -1)?;
        let entry = self.supply.edit(prover)?;
        entry.failed = entry.failed.saturating_add(1);
        let request = self.cases.get(id)?.request.clone();
        let record = entry.records.entry((request.verifier, request.token)).or_default();
        record.miss(award.price, Time::from(request.deadline) <= time);
        self.confiscate(id, award.bond, loss)?;
        self.cases.edit(id, |case| case.reopen(time, Step::Failed { prover }))
    }

    fn confiscate(&mut self, id: Id, amount: Wei, loss: &Loss) -> Result {
        equal("the stake lost", loss.burned + loss.compensation + loss.tip, amount)?;
        let requester = self.cases.get(id)?.request.requester;
        self.compensate(requester, loss);
        Ok(())
    }

    fn compensate(&mut self, victim: Account, loss: &Loss) {
        self.money.credit(self.stake_token, BURNED, loss.burned);
        self.money.credit(self.stake_token, victim, loss.compensation);
        self.money.credit(self.stake_token, loss.to, loss.tip);
    }

    fn climbed(&mut self, id: Id, rung: u8, instance: u32, version: u32, time: Time) -> Result {
        let shape = self.registry.config(instance, version)?.shape;
        let words = vec![Id::default(); shape.words.into()];
        let case = self.cases.get(id)?;
        case.require(id, Status::Open, "Climbed")?;
        less("the rung before", rung.into(), Wei::from(case.rung) + 1)?;
        if shape.shared != 0 {
            self.diaries.write(instance, time, Page::Came(id));
        }
        self.cases.edit(id, |case| {
            (case.rung, case.instance, case.version) = (rung, instance, version);
            case.time = time;
            case.words = words;
            case.book = Vec::new();
            case.steps.push((time, Step::Climbed { rung }));
        })
    }

    fn tipped(&mut self, id: Id, to: Account, amount: Wei) -> Result {
        let case = self.cases.get(id)?;
        case.require(id, Status::Open, "Tipped")?;
        equal("the tip", amount, case.tip)?;
        self.money.credit(case.request.token, to, amount);
        self.cases.edit(id, |case| case.tip = 0)
    }

    fn rewarded(&mut self, id: Id, prover: Account, amount: Wei) -> Result {
        let case = self.cases.get(id)?;
        less("the reward", case.request.max_price - case.spent, amount)?;
        self.money.credit(case.request.token, prover, amount);
        self.cases.edit(id, |case| case.spent += amount)
    }

    fn fulfilled(&mut self, id: Id, prover: Account, price: Wei, proof: &[u8], time: Time) -> Result {
        let case = self.cases.get(id)?;
        let award = case.awarded_to(id, prover, "Fulfilled")?;
        equal("the price", price, award.price)?;
        less("the time of a proof", award.due.into(), time.into())?;
        let refund = case.request.max_price - case.spent - price;
        self.money.credit(case.request.token, prover, price);
        self.refund(id, refund)?;
        self.supply.lock(prover, award.bond, 0, -1)?;
        let entry = self.supply.edit(prover)?;
        entry.kept = entry.kept.saturating_add(1);
        self.cases.edit(id, |case| {
            case.spent += price;
            case.proof = Some(Arc::from(proof));
            case.end(Status::Fulfilled, time, Step::Fulfilled { prover });
        })
    }

    fn recorded(&mut self, id: Id, prover: Account, fee: Wei) -> Result {
        let case = self.cases.get(id)?;
        case.require(id, Status::Fulfilled, "Recorded")?;
        let (token, price) = (case.request.token, case.spent);
        equal("the fee of a record", fee, record::fee(price))?;
        self.money.debit(token, prover, fee)?;
        self.money.credit(token, BURNED, fee);
        self.supply.edit(prover)?.records.entry((case.request.verifier, token)).or_default().keep(price);
        Ok(())
    }

    fn proven(&mut self, id: Id, prover: Account, proof: &[u8], time: Time) -> Result {
        self.cases.get(id)?.require(id, Status::Open, "Proven")?;
        if let Ok(entry) = self.supply.edit(prover) {
            entry.kept = entry.kept.saturating_add(1);
        }
        self.cases.edit(id, |case| {
            case.provers.push(prover);
            case.proof.get_or_insert_with(|| Arc::from(proof));
            case.steps.push((time, Step::Proven { prover }));
        })
    }

    fn closed(&mut self, id: Id, refund: Wei, time: Time) -> Result {
        let case = self.cases.get(id)?;
        case.require(id, Status::Open, "Closed")?;
        equal("the refund", refund, case.request.max_price - case.spent)?;
        equal("the tip that was left", case.tip, 0)?;
        self.refund(id, refund)?;
        self.cases.edit(id, |case| match case.provers.first().copied() {
            Some(prover) => case.end(Status::Fulfilled, time, Step::Fulfilled { prover }),
            None => case.end(Status::Closed, time, Step::Closed),
        })
    }

    fn seated(&mut self, instance: u32, prover: Account, ticket: Ticket, time: Time) -> Result {
        self.diaries.write(instance, time, Page::Held(prover, ticket));
        let entry = self.registry.edit(instance)?;
        let old = entry.seats.insert(prover, ticket).map(|ticket| ticket.amount);
        self.supply.lock(prover, old.unwrap_or(0), ticket.amount, i32::from(old.is_none()))
    }

    fn unseat(&mut self, instance: u32, prover: Account) -> Result<Ticket> {
        let entry = self.registry.edit(instance)?;
        entry.seats.remove(&prover).ok_or(Violation::NoSeat { instance, prover })
    }

    fn docked(&mut self, id: Id, instance: u32, prover: Account, loss: &Loss) -> Result {
        let amount = loss.burned + loss.compensation + loss.tip;
        let ticket = self.registry.edit(instance)?.seats.get_mut(&prover);
        let ticket = ticket.ok_or(Violation::NoSeat { instance, prover })?;
        ticket.amount = less("the stake lost", ticket.amount, amount)?;
        let ends = ticket.amount == 0;
        self.supply.seize(prover, amount, if ends { -1 } else { 0 })?;
        if ends {
            self.unseat(instance, prover)?;
        }
        let to = match instance_of(&id) {
            Some(_) => self.registry.edit(instance)?.owner,
            None => self.cases.get(id)?.request.requester,
        };
        self.compensate(to, loss);
        Ok(())
    }

    fn cancelled(&mut self, id: Id, refund: Wei, time: Time) -> Result {
        let Ok(case) = self.cases.get(id) else {
            equal("the refund of a request that never entered", refund, 0)?;
            self.cases.void(id);
            return Ok(());
        };
        case.require(id, Status::Open, "Cancelled")?;
        equal("the number of deposits", case.tickets.len() as Wei, 0)?;
        equal("the refund", refund, case.request.max_price - case.spent + case.tip)?;
        self.refund(id, refund)?;
        self.cases.edit(id, |case| {
            case.tip = 0;
            case.end(Status::Cancelled, time, Step::Cancelled);
        })
    }

    fn refund(&mut self, id: Id, amount: Wei) -> Result {
        let case = self.cases.get(id)?;
        self.money.credit(case.request.token, case.request.requester, amount);
        Ok(())
    }
}

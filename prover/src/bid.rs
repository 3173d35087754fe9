//! Whether, when and for how much to bid. Pure: a request as the fold knows it, what this prover can and wants, and the
//! time of the block that a bid would land in.
//!
//! A bid is made only for what can be proven in time beside all that is promised already, covered by stake that backs
//! nothing else, and paid for. What remains, the price and the moment, is the mechanism's: one file each.

pub mod batch;
pub mod capacity;
pub mod committee;
pub mod contest;
pub mod cost;
pub mod dutch;
pub mod english;
pub mod posted;
pub mod race;
mod reason;
pub mod reserved;
pub mod rfq;
pub mod scoring;
pub mod sealed;
pub mod seat;
pub mod sortition;
pub mod standing;

use std::time::Duration;

use bourse_sim::{
    Account, Bps, Id, Time, Wei,
    equilibrium::{Rivalry, first_price_bid},
    event::Offer,
    mechanisms::{
        self, batch::BatchParams, committee::CommitteeParams, contest::ContestParams, dutch::DutchParams,
        english::EnglishParams, posted::PostedParams, race::RaceParams, reserved::ReservedParams, rfq::RfqParams,
        scoring::ScoringParams, sealed::SealedParams, seat::SeatParams, sortition::SortitionParams,
    },
    request::Request,
};
use capacity::{Load, Schedule};
use cost::{Tariff, plus, times};
use sortition::Lot;
use standing::{Place, Step};

pub use reason::Reason;

/// A mechanism with its parameters, as far as this prover knows how to bid under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// See [`posted`].
    Posted(PostedParams),
    /// See [`dutch`].
    Dutch(DutchParams),
    /// See [`sealed`].
    Sealed(SealedParams),
    /// See [`english`].
    English(EnglishParams),
    /// See [`rfq`].
    Rfq(RfqParams),
    /// See [`committee`].
    Committee(CommitteeParams),
    /// See [`race`].
    Race(RaceParams),
    /// See [`sortition`]; with what this prover has in the pool.
    Sortition(SortitionParams, Lot),
    /// See [`scoring`].
    Scoring(ScoringParams),
    /// See [`contest`].
    Contest(ContestParams),
    /// See [`seat`].
    Seat(SeatParams),
    /// See [`reserved`].
    Reserved(ReservedParams),
    /// See [`batch`].
    Batch(BatchParams),
}

/// An open request.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// Its id.
    pub id: Id,
    /// Its terms.
    pub request: &'a Request,
    /// How it is allocated.
    pub rule: Rule,
    /// Since when it is open in this rung; unix seconds.
    pub opened_at: Time,
    /// Deposits that stand on it.
    pub holds: u8,
    /// What its mechanism keeps for it.
    pub words: &'a [Id],
}

/// How this prover prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Least profit, in basis points of cost. Not asked under Vickrey, where asking it could only lose.
    pub margin_bps: u32,
    /// What rivals' costs are believed to lie between, in basis points of one's own.
    pub rival_lowest_bps: u32,
    /// See `rival_lowest_bps`.
    pub rival_highest_bps: u32,
    /// Seconds after which a bid that has not landed is void.
    pub patience: u64,
}

/// What this prover can and wants, at one moment, for one request.
#[derive(Clone, Debug)]
pub struct Bidder<'a> {
    /// Whose bid it is.
    pub account: Account,
    /// What it declared for the request's token.
    pub offer: Offer,
    /// What work costs it there; none if it does not work for this token.
    pub tariff: Option<Tariff>,
    /// See [`Policy`].
    pub policy: Policy,
    /// Other provers that could bid.
    pub rivals: u32,
    /// Stake that backs nothing, neither on the chain nor in bids on their way.
    pub stake: Wei,
    /// Awards it could still take, bids on their way counted as taken.
    pub seats: u16,
    /// Wei per unit of gas.
    pub gas_price: Wei,
    /// How long the proof takes.
    pub length: Duration,
    /// What else has to be proven.
    pub schedule: &'a Schedule,
}

/// What to do about an open request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Look again at this time (unix seconds): the price will be right then.
    Wait(Time),
    /// Bid in the open.
    Take(Terms),
    /// Commit to a sealed bid.
    Commit(Terms),
    /// Bid in the open, with a deposit, what others may still go below.
    Lower(Terms),
    /// Prove without being chosen.
    Race(Terms),
    /// The same, for which a deposit has to stand first.
    Enter(Terms),
    /// Buy a ticket of this size, in the stake token.
    Buy(Terms, Wei),
}

/// The terms of a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The least that is accepted; what is bid or committed to, where that is paid. In the request's token.
    pub price: Wei,
    /// What is expected above cost.
    pub profit: Wei,
    /// Stake put at risk at most, in the stake token.
    pub max_bond: Wei,
    /// Void after it; unix seconds.
    pub valid_until: Time,
    /// The proving that an award would bring.
    pub load: Load,
}

/// What a scored bid promises beside its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pledge {
    /// Seconds from the award to the proof.
    pub promised: u32,
    /// Basis points of the bond at risk.
    pub share: Bps,
}

impl Rule {
    /// The rule of the mechanism called `name` under `params`.
    ///
    /// # Errors
    /// [`Reason::UnknownMechanism`] or [`Reason::Params`].
    pub fn read(name: &str, params: &[u8]) -> Result<Self, Reason> {
        let twin = mechanisms::by_name(name).ok_or_else(|| Reason::UnknownMechanism(name.to_owned()))?;
        twin.check(params).map_err(Reason::Params)?;
        match name {
            "posted" => PostedParams::decode(params).map(Self::Posted),
            "dutch" => DutchParams::decode(params).map(Self::Dutch),
            "sealed" => SealedParams::decode(params).map(Self::Sealed),
            "english" => EnglishParams::decode(params).map(Self::English),
            "rfq" => RfqParams::decode(params).map(Self::Rfq),
            "committee" => CommitteeParams::decode(params).map(Self::Committee),
            "race" => RaceParams::decode(params).map(Self::Race),
            "sortition" => SortitionParams::decode(params).map(|params| Self::Sortition(params, Lot::default())),
            "scoring" => ScoringParams::decode(params).map(Self::Scoring),
            "contest" => ContestParams::decode(params).map(Self::Contest),
            "seat" => SeatParams::decode(params).map(Self::Seat),
            "reserved" => ReservedParams::decode(params).map(Self::Reserved),
            "batch" => BatchParams::decode(params).map(Self::Batch),
            _ => return Err(Reason::UnknownMechanism(name.to_owned())),
        }
        .map_err(Reason::Params)
    }
}

/// Decides about `opening`; `now` is when a bid sent at once would land, in unix seconds.
///
/// # Errors
/// Why there is no bid.
pub fn decide(opening: &Opening<'_>, bidder: &Bidder<'_>, now: Time) -> Result<Decision, Reason> {
    let request = opening.request;
    let now = now.max(opening.opened_at);
    if request.deadline <= now {
        return Err(Reason::TooLate { now, last: request.deadline.saturating_sub(1) });
    }
    let ask = bidder.ask(request)?;
    if !matches!(opening.rule, Rule::Race(_) | Rule::Committee(_)) {
        bidder.require_award(request.bond)?;
    }
    match &opening.rule {
        Rule::Posted(params) => posted::decide(params, opening, bidder, &ask, now),
        Rule::Dutch(params) => dutch::decide(params, opening, bidder, &ask, now),
        Rule::Sealed(params) => sealed::decide(params, opening, bidder, &ask, now),
        Rule::English(params) => english::decide(params, opening, bidder, &ask, now),
        Rule::Rfq(params) => rfq::decide(params, opening, bidder, &ask, now),
        Rule::Committee(params) => committee::decide(params, opening, bidder, &ask, now),
        Rule::Race(params) => race::decide(params, opening, bidder, &ask, now),
        Rule::Sortition(params, lot) => sortition::decide(params, lot, opening, bidder, &ask, now),
        Rule::Scoring(params) => scoring::decide(params, opening, bidder, &ask, now),
        Rule::Contest(params) => contest::decide(params, opening, bidder, &ask, now),
        Rule::Seat(_) | Rule::Reserved(_) | Rule::Batch(_) => Err(Reason::Standing),
    }
}

/// Decides about an instance that is bid on itself; `now` is when a bid sent at once would land, in unix seconds.
///
/// # Errors
/// Why there is no bid on it.
pub fn stand(place: &Place<'_>, bidder: &Bidder<'_>, now: Time) -> Result<Step, Reason> {
    match &place.rule {
        Rule::Seat(params) => seat::stand(params, place, bidder, now),
        Rule::Reserved(params) => reserved::stand(params, place, bidder, now),
        Rule::Batch(params) => batch::stand(params, place, bidder, now),
        Rule::Sortition(params, _) => sortition::stand(params, place, bidder, now),
        _ => Ok(Step::Stay),
    }
}

/// What a request would have to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Price {
    /// What it costs.
    cost: Wei,
    /// The declared floor; the market refuses awards below it.
    floor: Wei,
}

impl Price {
    /// Cost and margin, and never below the floor.
    fn least(&self, policy: &Policy) -> Wei {
        plus(self.cost, policy.margin_bps).max(self.floor)
    }
}

impl Bidder<'_> {
    /// Prices, which works alike under every mechanism.
    fn ask(&self, request: &Request) -> Result<Price, Reason> {
        self.ask_for(request.work)
    }

    fn ask_for(&self, work: u64) -> Result<Price, Reason> {
        let Some(tariff) = self.tariff.filter(|_| self.offer.accepted) else { return Err(Reason::Token) };
        let floor = self.offer.floor.saturating_mul(work.into());
        Ok(Price { cost: tariff.cost(work, self.gas_price), floor })
    }

    /// What an award puts at risk is covered, or what stands for one.
    fn require_award(&self, bond: Wei) -> Result<(), Reason> {
        self.require_bond(bond)?;
        self.require_stake(bond)?;
        if self.seats == 0 { Err(Reason::Seats) } else { Ok(()) }
    }

    fn require_bond(&self, bond: Wei) -> Result<(), Reason> {
        let limit = self.offer.bond_limit;
        if bond <= limit { Ok(()) } else { Err(Reason::Bond { have: bond, limit }) }
    }

    /// The market refuses awards that leave less than `time` seconds for it.
    fn require_throughput(&self, work: u64, time: Time) -> Result<(), Reason> {
        let throughput = self.offer.throughput;
        if throughput != 0 && u128::from(throughput) * u128::from(time) < u128::from(work) {
            return Err(Reason::Throughput { work, time, throughput });
        }
        Ok(())
    }

    fn require_stake(&self, want: Wei) -> Result<(), Reason> {
        if want <= self.stake { Ok(()) } else { Err(Reason::Stake { have: self.stake, want }) }
    }

    /// What a prover asks that expects `bidders()` rivals with costs like its own, where the price is its own bid; none if
    /// that is above `ceiling`.
    fn equilibrium(&self, ask: &Price, ceiling: Wei) -> Result<Wei, Reason> {
        let least = ask.least(&self.policy);
        let rivalry = Rivalry {
            bidders: self.rivals.saturating_add(1),
            lowest: times(ask.cost, self.policy.rival_lowest_bps),
            highest: times(ask.cost, self.policy.rival_highest_bps),
            ceiling,
        };
        match first_price_bid(&rivalry, ask.cost) {
            Some(bid) if least <= ceiling => Ok(bid.max(least)),
            _ => Err(Reason::Price { have: ceiling, want: least }),
        }
    }

    /// The terms of a bid that is awarded at `award` (unix seconds) if it wins, and can be void from `last` on.
    fn terms(&self, request: &Request, award: Time, last: Time, now: Time) -> Result<Terms, Reason> {
        let due = award.saturating_add(request.window.into()).min(request.deadline);
        let time = due.saturating_sub(award);
        self.require_throughput(request.work, time)?;
        let load = Load { release: award, length: self.length, due };
        self.schedule.admit(load, now).map_err(Reason::Late)?;
        let valid_until = now.saturating_add(self.policy.patience).min(last);
        Ok(Terms { price: 0, profit: 0, max_bond: request.bond, valid_until, load })
    }
}

fn no_later(now: Time, last: Time) -> Result<(), Reason> {
    if now <= last { Ok(()) } else { Err(Reason::TooLate { now, last }) }
}

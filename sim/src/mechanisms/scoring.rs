//! Scoring auctions: sealed bids of price, promised time and bond at risk; the twin of `contracts/mechanisms/Scoring.sol`,
//! which has the rules.

mod book;
mod scores;

pub use super::sealing::tag;
use super::sealing::{SETTLED, Sealing};
use super::{LONGEST, Mechanism, within};
use crate::abi::{Decoder, Encoder, keccak};
use crate::ask::{
    Answer, Ask, CAP_OPEN_ENTRY, CAP_SEALED, CAP_SINGLE_RECIPIENT, CAP_TRUTHFUL, Cause, Envelope, Move, MoveKind,
    ON_FAILED, Refusal, Shape, Status,
};
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei};
pub use book::{Bid, bid, bids, revealed};
use book::{STRIDE, insert, next};
pub use scores::{Offer, Weights};

const MAX_BIDDERS: u8 = 64;
const STEP_GAS: u32 = 60_000;
const REVEALED_BYTES: usize = 38;

/// What the winner is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Payment {
    /// Its own price.
    #[default]
    FirstScore,
    /// The price at which its score would be that of the next revealed bid, or 0 if there is none.
    SecondScore,
}

/// See `contracts/mechanisms/Scoring.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScoringParams {
    /// What the winner is paid.
    pub payment: Payment,
    /// Seconds from opening (inclusive) in which bids are committed to.
    pub commit: u32,
    /// Seconds after that (inclusive) in which they are revealed.
    pub reveal: u32,
    /// What qualities are worth.
    pub weights: Weights,
    /// A bidder's deposit, in basis points of the request's bond.
    pub deposit_bps: Bps,
    /// The least it is, in the stake token.
    pub deposit_floor: Wei,
    /// Bidders next to the best that stand ready to take over.
    pub standbys: u8,
    /// Bidders admitted.
    pub bidders: u8,
}

impl ScoringParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        let w = &self.weights;
        Encoder::new(13)
            .uint(self.payment as Wei)
            .uint(self.commit.into())
            .uint(self.reveal.into())
            .uint(w.base_bps.into())
            .uint(w.time_bps.into())
            .uint(w.bond_bps.into())
            .uint(w.penalty_bps.into())
            .uint(w.stake_worth)
            .uint(w.least_bond_bps.into())
            .uint(self.deposit_bps.into())
            .uint(self.deposit_floor)
            .uint(self.standbys.into())
            .uint(self.bidders.into())
            .finish()
    }

    /// The inverse of [`ScoringParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        let payment = match from.u8()? {
            0 => Payment::FirstScore,
            1 => Payment::SecondScore,
            _ => return Err(Refusal::Malformed),
        };
        let (commit, reveal) = (from.u32()?, from.u32()?);
        let weights = Weights {
            base_bps: from.u16()?,
            time_bps: from.u16()?,
            bond_bps: from.u16()?,
            penalty_bps: from.u16()?,
            stake_worth: from.uint(112)?,
            least_bond_bps: from.u16()?,
        };
        Ok(Self {
            payment,
            commit,
            reveal,
            weights,
            deposit_bps: from.u16()?,
            deposit_floor: from.uint(80)?,
            standbys: from.u8()?,
            bidders: from.u8()?,
        })
    }

    /// The last second in which bids are committed to.
    pub fn commit_end(&self, opened_at: Time) -> Time {
        self.sealing().commit_end(opened_at)
    }

    /// The last second in which they are revealed.
    pub fn reveal_end(&self, opened_at: Time) -> Time {
        self.sealing().reveal_end(opened_at)
    }

    /// What a commitment on a request with this `bond` costs, in the stake token; rounded up.
    pub fn deposit(&self, bond: Wei) -> Wei {
        self.sealing().deposit(bond)
    }

    fn sealing(&self) -> Sealing {
        Sealing {
            commit: self.commit,
            reveal: self.reveal,
            bidders: self.bidders,
            deposit_bps: self.deposit_bps,
            deposit_floor: self.deposit_floor,
            ranks: self.ranks(),
            stride: STRIDE,
        }
    }

    fn ranks(&self) -> usize {
        1 + usize::from(self.standbys)
    }

    fn words(&self) -> usize {
        STRIDE * self.ranks() + usize::from(self.payment == Payment::SecondScore)
    }
}

/// What a bidder commits to. The salt has to be unguessable, and is needed again to reveal.
pub fn commitment(id: &Id, prover: &Account, offer: &Offer, salt: &Id) -> Id {
    let words = Encoder::new(6).word(id).account(prover).uint(offer.price);
    keccak(&words.uint(offer.promised.into()).uint(offer.share.into()).word(salt).finish())
}

/// The data with which an offer is revealed, beside its price.
pub fn reveal_data(offer: &Offer, salt: &Id) -> Vec<u8> {
    [salt.as_slice(), &offer.promised.to_be_bytes(), &offer.share.to_be_bytes()].concat()
}

/// The mechanism.
pub struct Scoring;

impl Mechanism for Scoring {
    fn name(&self) -> &'static str {
        "scoring"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = ScoringParams::decode(params)?;
        within("commit", p.commit, 1_u32, LONGEST)?;
        within("reveal", p.reveal, 1_u32, LONGEST)?;
        p.weights.check()?;
        within("depositBps", p.deposit_bps, 0_u32, BPS)?;
        within("depositFloor", p.deposit_floor, 1_u32, (1 << 80) - 1_u128)?;
        within("standbys", p.standbys, 0_u32, if p.payment == Payment::SecondScore { 2_u32 } else { 3 })?;
        within("bidders", p.bidders, p.standbys + 1, MAX_BIDDERS)?;
        let flags = if p.standbys == 0 { 0 } else { ON_FAILED };
        Ok(Shape { words: p.words() as u8, shared: 0, gas: STEP_GAS, flags })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = ScoringParams::decode(params)?;
        let mut capabilities = CAP_SEALED | CAP_OPEN_ENTRY;
        if p.payment == Payment::SecondScore {
            capabilities |= CAP_TRUTHFUL;
        }
        if p.standbys == 0 {
            capabilities |= CAP_SINGLE_RECIPIENT;
        }
        Ok(Envelope {
            price: p.weights.most(request.max_price),
            award: p.reveal_end(0) + 1,
            proof: request.window.into(),
            bond: scores::bond_at(request.bond, p.weights.least_bond_bps),
            standbys: p.standbys,
            capabilities,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = ScoringParams::decode(&ask.params)?;
        if ask.words.len() != p.words() {
            return Err(Refusal::Malformed);
        }
        match ask.cause {
            Cause::Tick if ask.status == Status::Open => settle(&p, ask),
            Cause::Tick => p.sealing().leave(ask),
            Cause::Failed => Ok(replace(&p, ask)),
            Cause::Bid if ask.words[0] != SETTLED && ask.time <= p.commit_end(ask.opened_at) => p.sealing().commit(ask),
            Cause::Bid if ask.words[0] != SETTLED => reveal(&p, ask),
            other => Err(Refusal::unexpected(other)),
        }
    }
}

fn reveal(p: &ScoringParams, ask: &Ask) -> Result<Answer, Refusal> {
    let prover = ask.actor.prover;
    p.sealing().reveal(ask, open, |words, offer| match p.weights.score(&ask.request, &offer) {
        Some(score) => insert(words, p.ranks(), Bid { prover, score, offer }),
        None => Some(prover),
    })
}

/// The offer that is revealed, and the commitment to it.
fn open(ask: &Ask) -> Result<(Offer, Id), Refusal> {
    let wrong = || Refusal::unacceptable(ask.data.len() as Wei, REVEALED_BYTES as Wei);
    let data: &[u8; REVEALED_BYTES] = ask.data.as_slice().try_into().map_err(|_| wrong())?;
    let mut salt = Id::default();
    salt.copy_from_slice(&data[..32]);
    let promised = u32::from_be_bytes([data[32], data[33], data[34], data[35]]);
    let offer = Offer { price: ask.price, promised, share: u16::from_be_bytes([data[36], data[37]]) };
    Ok((offer, commitment(&ask.id, &ask.actor.prover, &offer, &salt)))
}

fn settle(p: &ScoringParams, ask: &Ask) -> Result<Answer, Refusal> {
    let (taken, silent) = p.sealing().close(ask)?;
    let mut words = ask.words.clone();
    let mut moves = Vec::with_capacity(3 + usize::from(p.standbys));
    moves.extend(taken);
    moves.extend(next(p, ask, &mut words));
    if silent == 0 && moves.last().is_none_or(|last| last.kind != MoveKind::Award) {
        moves.push(Move::close());
    }
    let wake = if silent == 0 { 0 } else { ask.time };
    Ok(Answer { moves, words, shared: Vec::new(), wake })
}

fn replace(p: &ScoringParams, ask: &Ask) -> Answer {
    let mut words = ask.words.clone();
    let moves = next(p, ask, &mut words);
    Answer { moves, words, shared: Vec::new(), wake: 0 }
}

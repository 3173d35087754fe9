//! Sealed bids, first price and Vickrey; the twin of `contracts/mechanisms/SealedBid.sol`, which has the rules.

pub use super::sealing::tag;
use super::sealing::{SETTLED, Sealing, prover_in, word_of};
use super::{LONGEST, Mechanism, share, within};
use crate::abi::{Decoder, Encoder, keccak};
use crate::ask::{
    Answer, Ask, CAP_OPEN_ENTRY, CAP_SEALED, CAP_SINGLE_RECIPIENT, CAP_TRUTHFUL, Cause, Envelope, Move, ON_FAILED,
    Refusal, Shape, Status,
};
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei, ZERO};

const MAX_STANDBYS: u8 = 6;
const MAX_BIDDERS: u8 = 64;
const STEP_GAS: u32 = 60_000;

/// What the winner is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Payment {
    /// Its own bid.
    #[default]
    FirstPrice,
    /// The next revealed bid above its own, or the reserve if there is none (Vickrey).
    SecondPrice,
}

/// See `contracts/mechanisms/SealedBid.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SealedParams {
    /// What the winner is paid.
    pub payment: Payment,
    /// Seconds from opening (inclusive) in which bids are committed to.
    pub commit: u32,
    /// Seconds after that (inclusive) in which they are revealed.
    pub reveal: u32,
    /// The most that is paid, in basis points of the request's `max_price`.
    pub reserve_bps: Bps,
    /// A bidder's deposit, in basis points of the request's bond.
    pub deposit_bps: Bps,
    /// The least it is, in the stake token.
    pub deposit_floor: Wei,
    /// Bidders next to the best that stand ready to take over.
    pub standbys: u8,
    /// Bidders admitted.
    pub bidders: u8,
}

impl SealedParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(8)
            .uint(self.payment as Wei)
            .uint(self.commit.into())
            .uint(self.reveal.into())
            .uint(self.reserve_bps.into())
            .uint(self.deposit_bps.into())
            .uint(self.deposit_floor)
            .uint(self.standbys.into())
            .uint(self.bidders.into())
            .finish()
    }

    /// The inverse of [`SealedParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        let payment = match from.u8()? {
            0 => Payment::FirstPrice,
            1 => Payment::SecondPrice,
            _ => return Err(Refusal::Malformed),
        };
        Ok(Self {
            payment,
            commit: from.u32()?,
            reveal: from.u32()?,
            reserve_bps: from.u16()?,
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

    /// The most that is paid.
    pub fn reserve(&self, max_price: Wei) -> Wei {
        share(max_price, self.reserve_bps)
    }

    fn sealing(&self) -> Sealing {
        Sealing {
            commit: self.commit,
            reveal: self.reveal,
            bidders: self.bidders,
            deposit_bps: self.deposit_bps,
            deposit_floor: self.deposit_floor,
            ranks: 1 + usize::from(self.standbys),
            stride: 1,
        }
    }

    fn words(&self) -> u8 {
        1 + self.standbys + u8::from(self.payment == Payment::SecondPrice)
    }
}

/// What a bidder commits to. The salt has to be unguessable, and is needed again to reveal.
pub fn commitment(id: &Id, prover: &Account, price: Wei, salt: &Id) -> Id {
    keccak(&Encoder::new(4).word(id).account(prover).uint(price).word(salt).finish())
}

/// The prover and price of a word that keeps a revealed bid.
pub fn bid(word: &Id) -> Option<(Account, Wei)> {
    let bidder = prover_in(word);
    (bidder != ZERO).then(|| (bidder, price(word)))
}

/// The mechanism.
pub struct SealedBid;

impl Mechanism for SealedBid {
    fn name(&self) -> &'static str {
        "sealed"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = SealedParams::decode(params)?;
        within("commit", p.commit, 1_u32, LONGEST)?;
        within("reveal", p.reveal, 1_u32, LONGEST)?;
        within("reserveBps", p.reserve_bps, 1_u32, BPS)?;
        within("depositBps", p.deposit_bps, 0_u32, BPS)?;
        within("depositFloor", p.deposit_floor, 1_u32, (1 << 80) - 1_u128)?;
        within("standbys", p.standbys, 0_u32, MAX_STANDBYS)?;
        within("bidders", p.bidders, p.standbys + 1, MAX_BIDDERS)?;
        let flags = if p.standbys == 0 { 0 } else { ON_FAILED };
        Ok(Shape { words: p.words(), shared: 0, gas: STEP_GAS, flags })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = SealedParams::decode(params)?;
        let mut capabilities = CAP_SEALED | CAP_OPEN_ENTRY;
        if p.payment == Payment::SecondPrice {
            capabilities |= CAP_TRUTHFUL;
        }
        if p.standbys == 0 {
            capabilities |= CAP_SINGLE_RECIPIENT;
        }
        Ok(Envelope {
            price: p.reserve(request.max_price),
            award: p.reveal_end(0) + 1,
            proof: request.window.into(),
            bond: request.bond,
            standbys: p.standbys,
            capabilities,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = SealedParams::decode(&ask.params)?;
        if ask.words.len() != usize::from(p.words()) {
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

fn reveal(p: &SealedParams, ask: &Ask) -> Result<Answer, Refusal> {
    let bidder = ask.actor.prover;
    let open = |ask: &Ask| Ok((ask.price, commitment(&ask.id, &bidder, ask.price, &word_of(ask)?)));
    p.sealing().reveal(ask, open, |words, price| {
        let eligible = price <= p.reserve(ask.request.max_price);
        if eligible { insert(words, bidder, price, p.standbys) } else { Some(bidder) }
    })
}

fn settle(p: &SealedParams, ask: &Ask) -> Result<Answer, Refusal> {
    let (taken, silent) = p.sealing().close(ask)?;
    let mut words = ask.words.clone();
    let mut moves: Vec<Move> = taken.into_iter().collect();
    match take(p, ask.request.max_price, &mut words) {
        Some((prover, price)) => moves.push(Move::award(prover, price)),
        None if silent == 0 => moves.push(Move::close()),
        None => {}
    }
    let wake = if silent == 0 { 0 } else { ask.time };
    Ok(Answer { moves, words, shared: Vec::new(), wake })
}

fn replace(p: &SealedParams, ask: &Ask) -> Answer {
    let mut words = ask.words.clone();
    let next = take(p, ask.request.max_price, &mut words);
    let moves = next.map(|(prover, price)| Move::award(prover, price)).into_iter().collect();
    Answer { moves, words, shared: Vec::new(), wake: 0 }
}

fn take(p: &SealedParams, max_price: Wei, words: &mut [Id]) -> Option<(Account, Wei)> {
    let i = words.iter().take(1 + usize::from(p.standbys)).position(|word| prover_in(word) != ZERO)?;
    let (winner, own) = (prover_in(&words[i]), price(&words[i]));
    words[i] = if i == 0 { SETTLED } else { Id::default() };
    let paid = match p.payment {
        Payment::FirstPrice => own,
        Payment::SecondPrice => {
            words[i + 1..].iter().find_map(bid).map_or_else(|| p.reserve(max_price), |(_, price)| price)
        }
    };
    Some((winner, paid))
}

/// Puts a revealed bid in its place, and says whose ticket is no longer needed.
fn insert(words: &mut [Id], bidder: Account, asked: Wei, standbys: u8) -> Option<Account> {
    let standbys = usize::from(standbys);
    let better = |word: &&Id| **word != Id::default() && price(word) <= asked;
    let place = words.iter().take_while(better).count();
    let out = if place > standbys { bidder } else { prover_in(&words[standbys]) };
    if let Some(behind) = words.get_mut(place..).filter(|behind| !behind.is_empty()) {
        behind.rotate_right(1);
        behind[0] = Id::default();
        behind[0][1..12].copy_from_slice(&asked.to_be_bytes()[5..]);
        behind[0][12..].copy_from_slice(&bidder);
    }
    (out != ZERO).then_some(out)
}

/// The 88 bits above the prover.
fn price(word: &Id) -> Wei {
    word[1..12].iter().fold(0, |price, byte| price << 8 | Wei::from(*byte))
}

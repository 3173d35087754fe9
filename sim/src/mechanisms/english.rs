//! Open descending auction with a soft close; the twin of `contracts/mechanisms/English.sol`, which has the rules.

use super::{LONGEST, Mechanism, no_later, no_more, no_sooner, only, share, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{
    Answer, Ask, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, Cause, Envelope, Move, ON_FAILED, Refusal, Shape, Status, Tag,
};
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei, ZERO};

const MIN_DECREMENT_BPS: Bps = 100;
const MAX_DECREMENT_BPS: Bps = 5_000;
const MAX_STANDBYS: u8 = 1;
const STEP_GAS: u32 = 50_000;
const BEST: usize = 0;
const CLOCK: usize = 1;
const STANDBY: usize = 2;

/// See `contracts/mechanisms/English.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnglishParams {
    /// Seconds from the first bid (inclusive) in which bids are taken, if none is late.
    pub duration: u32,
    /// A bid that comes when fewer seconds than this are left is late.
    pub closing: u32,
    /// Seconds that are left after a late bid.
    pub extension: u32,
    /// The most seconds by which late bids move the end, in all.
    pub overtime: u32,
    /// Seconds from opening (inclusive) in which a first bid is taken.
    pub patience: u32,
    /// How far a bid has to go below the best one, in basis points of that.
    pub decrement_bps: Bps,
    /// The most that the first bid may ask, in basis points of the request's `max_price`.
    pub start_bps: Bps,
    /// A bidder's deposit, in basis points of the request's bond.
    pub deposit_bps: Bps,
    /// The least it is, in the stake token.
    pub deposit_floor: Wei,
    /// 1 if who was outbid last stands ready to take over.
    pub standbys: u8,
}

/// Where an auction stands: what its words say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The best bidder, and its price; none when it has been awarded.
    pub best: Option<(Account, Wei)>,
    /// The last second at which a bid is taken, as things are; unix seconds.
    pub end: Time,
    /// The latest that can become.
    pub hard_end: Time,
}

impl EnglishParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(10)
            .uint(self.duration.into())
            .uint(self.closing.into())
            .uint(self.extension.into())
            .uint(self.overtime.into())
            .uint(self.patience.into())
            .uint(self.decrement_bps.into())
            .uint(self.start_bps.into())
            .uint(self.deposit_bps.into())
            .uint(self.deposit_floor)
            .uint(self.standbys.into())
            .finish()
    }

    /// The inverse of [`EnglishParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self {
            duration: from.u32()?,
            closing: from.u32()?,
            extension: from.u32()?,
            overtime: from.u32()?,
            patience: from.u32()?,
            decrement_bps: from.u16()?,
            start_bps: from.u16()?,
            deposit_bps: from.u16()?,
            deposit_floor: from.uint(80)?,
            standbys: from.u8()?,
        })
    }

    /// What a bid on a request with this `bond` costs, in the stake token; rounded up.
    pub fn deposit(&self, bond: Wei) -> Wei {
        (bond * Wei::from(self.deposit_bps)).div_ceil(BPS).max(self.deposit_floor)
    }

    /// The most that the first bid may ask.
    pub fn start(&self, max_price: Wei) -> Wei {
        share(max_price, self.start_bps)
    }

    /// The most that a bid may ask when `best` is the best so far; none below a price of 0.
    pub fn below(&self, best: Wei) -> Option<Wei> {
        (best != 0).then(|| best * BPS.saturating_sub(self.decrement_bps.into()) / BPS)
    }

    /// The last second at which a first bid is taken.
    pub fn last_first(&self, request: &Request, opened_at: Time) -> Time {
        let longest = Time::from(self.duration) + Time::from(self.overtime) + 2;
        (opened_at + Time::from(self.patience)).min(request.deadline.saturating_sub(longest))
    }

    fn words(&self) -> usize {
        2 + usize::from(self.standbys)
    }
}

/// What the words of an auction say; none before its first bid.
pub fn standing(words: &[Id]) -> Option<Standing> {
    let clock = words.get(CLOCK)?;
    let time = |bytes: &[u8]| bytes.iter().fold(0, |time: Time, byte| time << 8 | Time::from(*byte));
    let standing = Standing { best: bid(&words[BEST]), end: time(&clock[27..]), hard_end: time(&clock[22..27]) };
    (*clock != Id::default()).then_some(standing)
}

/// The prover and price of a word that keeps a bid.
pub fn bid(word: &Id) -> Option<(Account, Wei)> {
    let mut prover = ZERO;
    prover.copy_from_slice(&word[12..]);
    (*word != Id::default()).then(|| (prover, word[1..12].iter().fold(0, |price, byte| price << 8 | Wei::from(*byte))))
}

/// The mechanism.
pub struct English;

impl Mechanism for English {
    fn name(&self) -> &'static str {
        "english"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = EnglishParams::decode(params)?;
        within("duration", p.duration, 1_u32, LONGEST)?;
        within("extension", p.extension, 1_u32, LONGEST)?;
        within("closing", p.closing, 1_u32, p.extension)?;
        within("overtime", p.overtime, p.extension, LONGEST)?;
        within("patience", p.patience, 1_u32, LONGEST)?;
        within("decrementBps", p.decrement_bps, MIN_DECREMENT_BPS, MAX_DECREMENT_BPS)?;
        within("startBps", p.start_bps, 1_u32, BPS)?;
        within("depositBps", p.deposit_bps, 0_u32, BPS)?;
        within("depositFloor", p.deposit_floor, 1_u32, (1 << 80) - 1_u128)?;
        within("standbys", p.standbys, 0_u32, MAX_STANDBYS)?;
        let flags = if p.standbys == 0 { 0 } else { ON_FAILED };
        Ok(Shape { words: 2 + p.standbys, shared: 0, gas: STEP_GAS, flags })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = EnglishParams::decode(params)?;
        let alone = if p.standbys == 0 { CAP_SINGLE_RECIPIENT } else { 0 };
        Ok(Envelope {
            price: p.start(request.max_price),
            award: Time::from(p.patience) + Time::from(p.duration) + Time::from(p.overtime) + 1,
            proof: request.window.into(),
            bond: request.bond,
            standbys: p.standbys,
            capabilities: CAP_OPEN_ENTRY | alone,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = EnglishParams::decode(&ask.params)?;
        if ask.words.len() != p.words() {
            return Err(Refusal::Malformed);
        }
        match ask.cause {
            Cause::Bid => take(&p, ask),
            Cause::Tick if ask.status == Status::Open => settle(&p, ask),
            Cause::Tick => leave(ask),
            Cause::Failed => Ok(next(ask)),
            other => Err(Refusal::unexpected(other)),
        }
    }
}

fn take(p: &EnglishParams, ask: &Ask) -> Result<Answer, Refusal> {
    let (end, hard_end, most) = match standing(&ask.words) {
        None => {
            no_later(ask.time, p.last_first(&ask.request, ask.opened_at))?;
            let end = ask.time + Time::from(p.duration);
            (end, end + Time::from(p.overtime), p.start(ask.request.max_price))
        }
        Some(Standing { best, end, hard_end }) => {
            no_later(ask.time, end)?;
            let best = best.map_or(0, |(_, price)| price);
            let most = p.below(best).ok_or(Refusal::unexpected(ask.cause))?;
            let late = end - ask.time < Time::from(p.closing);
            let end = if late { hard_end.min(ask.time + Time::from(p.extension)) } else { end };
            (end, hard_end, most)
        }
    };
    no_more(ask.price, most)?;
    let (deposit, stake) = (p.deposit(ask.request.bond), ask.actor.free + ask.actor.held);
    if stake < deposit {
        return Err(Refusal::InsufficientBond { have: stake, want: deposit });
    }
    let mut words = ask.words.clone();
    words[CLOCK] = clock(hard_end, end);
    let out = place(&mut words, ask.actor.prover, ask.price);
    let hold = Move::hold(ask.actor.prover, deposit, tag(ask.price));
    let moves = std::iter::once(hold).chain(out.map(Move::release)).collect();
    Ok(Answer { moves, words, shared: Vec::new(), wake: end + 1 })
}

fn settle(p: &EnglishParams, ask: &Ask) -> Result<Answer, Refusal> {
    let last = standing(&ask.words).map_or_else(|| p.last_first(&ask.request, ask.opened_at), |standing| standing.end);
    no_sooner(ask.time, last + 1)?;
    let answer = next(ask);
    Ok(if answer.moves.is_empty() { Answer { moves: vec![Move::close()], ..answer } } else { answer })
}

fn next(ask: &Ask) -> Answer {
    let mut words = ask.words.clone();
    let mut moves = Vec::new();
    let left = [BEST, STANDBY].into_iter().find_map(|i| Some((i, bid(words.get(i)?)?)));
    if let Some((i, (prover, price))) = left {
        moves.push(Move::award(prover, price));
        words[i] = Id::default();
    }
    Answer { moves, words, shared: Vec::new(), wake: 0 }
}

fn leave(ask: &Ask) -> Result<Answer, Refusal> {
    if ask.status == Status::Awarded {
        no_sooner(ask.time, ask.request.deadline)?;
    }
    let leaver = ask.actor.prover;
    let mut words = ask.words.clone();
    for i in [BEST, STANDBY] {
        if let Some(word) = words.get_mut(i).filter(|word| bid(word).is_some_and(|(prover, _)| prover == leaver)) {
            *word = Id::default();
        }
    }
    Ok(Answer { words, ..only(Move::release(leaver)) })
}

/// Makes a bid the best, and says whose ticket is no longer needed.
fn place(words: &mut [Id], bidder: Account, price: Wei) -> Option<Account> {
    let before = std::mem::replace(&mut words[BEST], entry(bidder, price));
    let (outbid, _) = bid(&before).filter(|(prover, _)| *prover != bidder)?;
    let Some(standby) = words.get_mut(STANDBY) else { return Some(outbid) };
    let after = std::mem::replace(standby, before);
    bid(&after).map(|(prover, _)| prover).filter(|prover| *prover != bidder)
}

fn entry(prover: Account, price: Wei) -> Id {
    let mut word = Id::default();
    word[..16].copy_from_slice(&(price << 32).to_be_bytes());
    word[12..].copy_from_slice(&prover);
    word
}

fn clock(hard_end: Time, end: Time) -> Id {
    let mut word = Id::default();
    word[22..27].copy_from_slice(&hard_end.to_be_bytes()[3..]);
    word[27..].copy_from_slice(&end.to_be_bytes()[3..]);
    word
}

fn tag(price: Wei) -> Tag {
    let mut tag = Tag::default();
    tag[6..].copy_from_slice(&price.to_be_bytes());
    tag
}

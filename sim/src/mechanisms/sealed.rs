//! Sealed bids, first price and Vickrey; the twin of `contracts/mechanisms/SealedBid.sol`, which has the rules.

use super::{LONGEST, Mechanism, no_later, no_more, no_sooner, only, share, within};
use crate::abi::{Decoder, Encoder, keccak};
use crate::ask::{
    Answer, Ask, CAP_OPEN_ENTRY, CAP_SEALED, CAP_SINGLE_RECIPIENT, CAP_TRUTHFUL, Cause, Envelope, Move, ON_FAILED,
    Refusal, Shape, Status, Tag,
};
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei, ZERO};

const MAX_STANDBYS: u8 = 6;
const MAX_BIDDERS: u8 = 64;
const STEP_GAS: u32 = 60_000;
/// No bid: its prover is 0.
const SETTLED: Id = {
    let mut word = [0; 32];
    word[0] = 0x80;
    word
};

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
        opened_at + Time::from(self.commit)
    }

    /// The last second in which they are revealed.
    pub fn reveal_end(&self, opened_at: Time) -> Time {
        self.commit_end(opened_at) + Time::from(self.reveal)
    }

    /// What a commitment on a request with this `bond` costs, in the stake token; rounded up.
    pub fn deposit(&self, bond: Wei) -> Wei {
        (bond * Wei::from(self.deposit_bps)).div_ceil(BPS).max(self.deposit_floor)
    }

    /// The most that is paid.
    pub fn reserve(&self, max_price: Wei) -> Wei {
        share(max_price, self.reserve_bps)
    }

    fn words(&self) -> u8 {
        1 + self.standbys + u8::from(self.payment == Payment::SecondPrice)
    }
}

/// What a bidder commits to. The salt has to be unguessable, and is needed again to reveal.
pub fn commitment(id: &Id, prover: &Account, price: Wei, salt: &Id) -> Id {
    keccak(&Encoder::new(4).word(id).account(prover).uint(price).word(salt).finish())
}

/// What the market keeps of a commitment.
pub fn tag(commitment: &Id) -> Tag {
    let mut tag = Tag::default();
    tag.copy_from_slice(&commitment[..22]);
    tag
}

/// The prover and price of a word that keeps a revealed bid.
pub fn bid(word: &Id) -> Option<(Account, Wei)> {
    let bidder = prover(word);
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
            Cause::Tick => leave(ask),
            Cause::Failed => Ok(replace(&p, ask)),
            Cause::Bid if ask.words[0] != SETTLED && ask.time <= p.commit_end(ask.opened_at) => commit(&p, ask),
            Cause::Bid if ask.words[0] != SETTLED => reveal(&p, ask),
            other => Err(Refusal::unexpected(other)),
        }
    }
}

fn commit(p: &SealedParams, ask: &Ask) -> Result<Answer, Refusal> {
    let settled = p.reveal_end(ask.opened_at) + 1;
    no_later(settled, ask.request.deadline.saturating_sub(1))?;
    no_more(ask.price, 0)?;
    let commitment = word_of(ask)?;
    if ask.actor.held == 0 && ask.holds >= p.bidders {
        return Err(Refusal::unacceptable(ask.holds.into(), Wei::from(p.bidders) - 1));
    }
    let (deposit, stake) = (p.deposit(ask.request.bond), ask.actor.free + ask.actor.held);
    if stake < deposit {
        return Err(Refusal::InsufficientBond { have: stake, want: deposit });
    }
    let hold = Move::hold(ask.actor.prover, deposit, tag(&commitment));
    Ok(Answer { words: ask.words.clone(), wake: settled, ..only(hold) })
}

fn reveal(p: &SealedParams, ask: &Ask) -> Result<Answer, Refusal> {
    let end = p.reveal_end(ask.opened_at);
    let actor = &ask.actor;
    no_later(ask.time, end)?;
    let opened = tag(&commitment(&ask.id, &actor.prover, ask.price, &word_of(ask)?));
    if opened != actor.tag {
        return Err(Refusal::Unacceptable { have: widen(&opened), want: widen(&actor.tag) });
    }
    if revealed(&ask.words, &actor.prover) {
        return Err(Refusal::unexpected(ask.cause));
    }
    let mut words = ask.words.clone();
    let eligible = ask.price <= p.reserve(ask.request.max_price);
    let out = if eligible { insert(&mut words, actor.prover, ask.price, p.standbys) } else { Some(actor.prover) };
    let standing = usize::from(ask.holds).checked_sub(usize::from(out.is_some())).ok_or(Refusal::Malformed)?;
    let wake = if standing == ranked(&words, p.standbys) { ask.time } else { end + 1 };
    Ok(Answer { moves: out.map(Move::release).into_iter().collect(), words, shared: Vec::new(), wake })
}

fn settle(p: &SealedParams, ask: &Ask) -> Result<Answer, Refusal> {
    let mut words = ask.words.clone();
    let ranked = ranked(&words, p.standbys);
    let mut silent = usize::from(ask.holds).checked_sub(ranked).ok_or(Refusal::Malformed)?;
    let end = p.reveal_end(ask.opened_at);
    if words[0] != SETTLED && ask.time <= end {
        no_sooner(ask.time, p.commit_end(ask.opened_at) + 1)?;
        if silent != 0 {
            no_sooner(ask.time, end + 1)?;
        }
    }
    let mut moves = Vec::with_capacity(2);
    if ask.actor.held != 0 && !revealed(&words, &ask.actor.prover) {
        silent = silent.checked_sub(1).ok_or(Refusal::Malformed)?;
        moves.push(Move::forfeit(ask.actor.prover));
    }
    match take(p, ask.request.max_price, &mut words) {
        Some((prover, price)) => moves.push(Move::award(prover, price)),
        None if silent == 0 => moves.push(Move::close()),
        None => {}
    }
    let wake = if silent == 0 { 0 } else { ask.time };
    Ok(Answer { moves, words, shared: Vec::new(), wake })
}

fn leave(ask: &Ask) -> Result<Answer, Refusal> {
    let leaver = ask.actor.prover;
    let mut words = ask.words.clone();
    if !revealed(&words, &leaver) {
        return Ok(Answer { words, ..only(Move::forfeit(leaver)) });
    }
    if ask.status == Status::Awarded {
        no_sooner(ask.time, ask.request.deadline)?;
    }
    for word in words.iter_mut().filter(|word| prover(word) == leaver) {
        *word = Id::default();
    }
    Ok(Answer { words, ..only(Move::release(leaver)) })
}

fn replace(p: &SealedParams, ask: &Ask) -> Answer {
    let mut words = ask.words.clone();
    let next = take(p, ask.request.max_price, &mut words);
    let moves = next.map(|(prover, price)| Move::award(prover, price)).into_iter().collect();
    Answer { moves, words, shared: Vec::new(), wake: 0 }
}

fn take(p: &SealedParams, max_price: Wei, words: &mut [Id]) -> Option<(Account, Wei)> {
    let i = words.iter().take(1 + usize::from(p.standbys)).position(|word| prover(word) != ZERO)?;
    let (winner, own) = (prover(&words[i]), price(&words[i]));
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
    let out = if place > standbys { bidder } else { prover(&words[standbys]) };
    if let Some(behind) = words.get_mut(place..).filter(|behind| !behind.is_empty()) {
        behind.rotate_right(1);
        behind[0] = Id::default();
        behind[0][1..12].copy_from_slice(&asked.to_be_bytes()[5..]);
        behind[0][12..].copy_from_slice(&bidder);
    }
    (out != ZERO).then_some(out)
}

fn ranked(words: &[Id], standbys: u8) -> usize {
    words.iter().take(1 + usize::from(standbys)).filter(|word| prover(word) != ZERO).count()
}

fn revealed(words: &[Id], bidder: &Account) -> bool {
    words.iter().any(|word| prover(word) == *bidder)
}

fn prover(word: &Id) -> Account {
    let mut account = ZERO;
    account.copy_from_slice(&word[12..]);
    account
}

/// The 88 bits above the prover.
fn price(word: &Id) -> Wei {
    word[1..12].iter().fold(0, |price, byte| price << 8 | Wei::from(*byte))
}

fn word_of(ask: &Ask) -> Result<Id, Refusal> {
    ask.data.as_slice().try_into().map_err(|_| Refusal::unacceptable(ask.data.len() as Wei, 32))
}

fn widen(tag: &Tag) -> Id {
    let mut word = Id::default();
    word[10..].copy_from_slice(tag);
    word
}

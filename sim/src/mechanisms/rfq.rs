//! Request for quotes; the twin of `contracts/mechanisms/Rfq.sol`, which has the rules.

use super::{LONGEST, Mechanism, close_after, no_later, no_more, no_sooner, only, share, standing, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{
    Answer, Ask, CAP_INSTANT, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, Cause, Envelope, Move, ON_FAILED, ON_OPEN, Refusal,
    Shape, Status,
};
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei, ZERO};

const MIN_OVERRIDE_BPS: Bps = 10;
const MAX_OVERRIDE_BPS: Bps = 5_000;
const MAX_STANDBYS: u8 = 4;
const STEP_GAS: u32 = 60_000;
const BEST: usize = 0;
/// The data of a quote that stands by.
pub const STANDBY: u8 = 1;

/// See `contracts/mechanisms/Rfq.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RfqParams {
    /// Seconds from opening in which a quote is only held, and can be overridden.
    pub exclusivity: u32,
    /// How far an override has to go below the best quote, in basis points of that.
    pub override_bps: Bps,
    /// Seconds from opening (inclusive) that a request without a quote waits for one.
    pub patience: u32,
    /// The most that the first quote for such a request may ask, in basis points of its `max_price`.
    pub start_bps: Bps,
    /// The deposit behind a quote that is held, in basis points of the request's bond.
    pub deposit_bps: Bps,
    /// The least it is, in the stake token.
    pub deposit_floor: Wei,
    /// How many quotes are kept to take over.
    pub standbys: u8,
}

impl RfqParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(7)
            .uint(self.exclusivity.into())
            .uint(self.override_bps.into())
            .uint(self.patience.into())
            .uint(self.start_bps.into())
            .uint(self.deposit_bps.into())
            .uint(self.deposit_floor)
            .uint(self.standbys.into())
            .finish()
    }

    /// The inverse of [`RfqParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self {
            exclusivity: from.u32()?,
            override_bps: from.u16()?,
            patience: from.u32()?,
            start_bps: from.u16()?,
            deposit_bps: from.u16()?,
            deposit_floor: from.uint(80)?,
            standbys: from.u8()?,
        })
    }

    /// What holding a quote on a request with this `bond` costs, in the stake token; rounded up.
    pub fn deposit(&self, bond: Wei) -> Wei {
        (bond * Wei::from(self.deposit_bps)).div_ceil(BPS).max(self.deposit_floor)
    }

    /// The most that the first quote for a request without one may ask.
    pub fn start(&self, max_price: Wei) -> Wei {
        share(max_price, self.start_bps)
    }

    /// The most that a quote may ask when `best` is held; none below a price of 0.
    pub fn below(&self, best: Wei) -> Option<Wei> {
        (best != 0).then(|| best * BPS.saturating_sub(self.override_bps.into()) / BPS)
    }

    /// From when on a quote is awarded at once, and one that is held can be overridden no more.
    pub fn end(&self, opened_at: Time) -> Time {
        opened_at + Time::from(self.exclusivity)
    }

    /// How many words a request has.
    pub fn words(&self) -> usize {
        let plain = self.exclusivity == 0 && self.patience == 0 && self.standbys == 0;
        if plain { 0 } else { 1 + usize::from(self.standbys) }
    }

    /// From when on who is held can be awarded.
    fn tickable(&self, opened_at: Time) -> Time {
        opened_at + Time::from(self.exclusivity.max(1))
    }
}

/// Whether a request entered without a quote, and was not awarded since.
pub fn invited(words: &[Id]) -> bool {
    words.first().is_some_and(|word| word[0] == 1)
}

/// The prover and price of a word that keeps a quote.
pub fn quote(word: &Id) -> Option<(Account, Wei)> {
    standing::entry(word).filter(|(prover, _)| *prover != ZERO)
}

/// The mechanism.
pub struct Rfq;

impl Mechanism for Rfq {
    fn name(&self) -> &'static str {
        "rfq"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = RfqParams::decode(params)?;
        within("exclusivity", p.exclusivity, 0_u32, LONGEST)?;
        within("overrideBps", p.override_bps, MIN_OVERRIDE_BPS, MAX_OVERRIDE_BPS)?;
        if p.patience != 0 {
            within("patience", p.patience, p.exclusivity, LONGEST)?;
        }
        within("startBps", p.start_bps, 1_u32, BPS)?;
        within("depositBps", p.deposit_bps, 0_u32, BPS)?;
        within("depositFloor", p.deposit_floor, 1_u32, (1 << 80) - 1_u128)?;
        within("standbys", p.standbys, 0_u32, MAX_STANDBYS)?;
        let fails = if p.standbys == 0 { 0 } else { ON_FAILED };
        let words = if p.words() == 0 { 0 } else { 1 + p.standbys };
        Ok(Shape { words, shared: 0, gas: STEP_GAS, flags: ON_OPEN | fails })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = RfqParams::decode(params)?;
        let alone = if p.standbys == 0 { CAP_SINGLE_RECIPIENT } else { 0 };
        let entry = if p.exclusivity == 0 { CAP_INSTANT } else { CAP_OPEN_ENTRY };
        Ok(Envelope {
            price: request.max_price,
            award: Time::from(p.patience.max(p.exclusivity)).max(Time::from(p.standbys.min(1))),
            proof: request.window.into(),
            bond: request.bond,
            standbys: p.standbys,
            capabilities: entry | alone,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        if ask.words.is_empty() {
            return plain(ask);
        }
        let p = RfqParams::decode(&ask.params)?;
        if ask.words.len() != p.words() {
            return Err(Refusal::Malformed);
        }
        match ask.cause {
            Cause::Bid if ask.data.is_empty() => take(&p, ask),
            Cause::Bid => stand_by(&p, ask),
            Cause::Tick if ask.status == Status::Open => settle(&p, ask),
            Cause::Tick => leave(ask),
            Cause::Failed => Ok(next(ask)),
            Cause::Opened if p.patience == 0 => Ok(Answer { words: ask.words.clone(), ..only(Move::close()) }),
            Cause::Opened => {
                let mut words = ask.words.clone();
                words[BEST] = Id::default();
                words[BEST][0] = 1;
                let wake = ask.opened_at + Time::from(p.patience) + 1;
                Ok(Answer { moves: Vec::new(), words, shared: Vec::new(), wake })
            }
            other => Err(Refusal::unexpected(other)),
        }
    }
}

fn plain(ask: &Ask) -> Result<Answer, Refusal> {
    match ask.cause {
        Cause::Opened => Ok(only(Move::close())),
        Cause::Tick => close_after(ask, ask.opened_at),
        Cause::Bid => {
            if !ask.data.is_empty() {
                return Err(Refusal::unacceptable(ask.data.len() as Wei, 0));
            }
            no_later(ask.time, last_entry(ask))?;
            Ok(only(Move::award(ask.actor.prover, ask.price)))
        }
        other => Err(Refusal::unexpected(other)),
    }
}

fn take(p: &RfqParams, ask: &Ask) -> Result<Answer, Refusal> {
    let end = p.end(ask.opened_at);
    let most = match quote(&ask.words[BEST]) {
        None => first(p, ask)?,
        Some((_, best)) => {
            let most = p.below(best).ok_or(Refusal::unexpected(ask.cause))?;
            if ask.time >= end {
                return Err(Refusal::TooLate { time: ask.time, not_after: end - 1 });
            }
            most
        }
    };
    no_more(ask.price, most)?;
    let (prover, mut words) = (ask.actor.prover, ask.words.clone());
    if ask.time >= end {
        strike(&mut words, &prover);
        words[BEST] = Id::default();
        return Ok(Answer { words, ..only(Move::award(prover, ask.price)) });
    }
    let latest = ask.request.deadline.saturating_sub(Time::from(p.exclusivity) + 1);
    no_later(ask.opened_at, latest)?;
    let hold = Move::hold(prover, deposit(p, ask)?, standing::tag(ask.price));
    let out = place(&mut words, prover, ask.price);
    Ok(answer(words, hold, out, end))
}

fn first(p: &RfqParams, ask: &Ask) -> Result<Wei, Refusal> {
    if invited(&ask.words) {
        no_later(ask.time, ask.opened_at + Time::from(p.patience))?;
        return Ok(p.start(ask.request.max_price));
    }
    no_later(ask.time, last_entry(ask))?;
    Ok(ask.request.max_price)
}

fn stand_by(p: &RfqParams, ask: &Ask) -> Result<Answer, Refusal> {
    if ask.data != [STANDBY] {
        return Err(Refusal::unacceptable(ask.data.len() as Wei, 1));
    }
    if p.standbys == 0 || ask.words[BEST] != Id::default() {
        return Err(Refusal::unexpected(ask.cause));
    }
    no_later(ask.time, last_entry(ask))?;
    let (prover, mut words) = (ask.actor.prover, ask.words.clone());
    strike(&mut words, &prover);
    if let Some((_, dearest)) = words.last().and_then(quote) {
        let most = dearest.checked_sub(1).ok_or(Refusal::unexpected(ask.cause))?;
        no_more(ask.price, most)?;
    }
    let hold = Move::hold(prover, deposit(p, ask)?, standing::tag(ask.price));
    let out = insert(&mut words, prover, ask.price);
    Ok(answer(words, hold, out, p.tickable(ask.opened_at)))
}

fn settle(p: &RfqParams, ask: &Ask) -> Result<Answer, Refusal> {
    let answer = next(ask);
    if !answer.moves.is_empty() {
        no_sooner(ask.time, p.tickable(ask.opened_at))?;
        return Ok(answer);
    }
    let patience = if invited(&ask.words) { Time::from(p.patience) } else { 0 };
    no_sooner(ask.time, ask.opened_at + 1 + patience)?;
    Ok(Answer { moves: vec![Move::close()], ..answer })
}

fn next(ask: &Ask) -> Answer {
    let mut words = ask.words.clone();
    let left = words.iter_mut().find_map(|word| quote(word).map(|held| (word, held)));
    let moves = left.map(|(word, (prover, price))| {
        *word = Id::default();
        Move::award(prover, price)
    });
    Answer { moves: moves.into_iter().collect(), words, shared: Vec::new(), wake: 0 }
}

fn leave(ask: &Ask) -> Result<Answer, Refusal> {
    if ask.status == Status::Awarded {
        no_sooner(ask.time, ask.request.deadline)?;
    }
    let leaver = ask.actor.prover;
    let mut words = ask.words.clone();
    for word in &mut words {
        if word[12..] == leaver {
            *word = Id::default();
        }
    }
    Ok(Answer { words, ..only(Move::release(leaver)) })
}

/// Makes a quote the best, and says whose ticket is no longer needed.
fn place(words: &mut [Id], prover: Account, price: Wei) -> Option<Account> {
    let before = words[BEST];
    words[BEST] = standing::word(prover, price);
    words[BEST][0] = before[0];
    strike(words, &prover);
    let (rival, price) = quote(&before).filter(|(rival, _)| *rival != prover)?;
    insert(words, rival, price)
}

/// Puts a quote among the standbys, and says who finds no room there any more.
fn insert(words: &mut [Id], prover: Account, price: Wei) -> Option<Account> {
    let standbys = &mut words[1..];
    let at = standbys.iter().take_while(|word| quote(word).is_some_and(|(_, other)| other <= price)).count();
    let Some(last) = standbys.last().filter(|_| at < standbys.len()) else { return Some(prover) };
    let out = quote(last).map(|(dearest, _)| dearest);
    standbys[at..].rotate_right(1);
    standbys[at] = standing::word(prover, price);
    out
}

/// Takes a prover off the standbys; those behind it move up.
fn strike(words: &mut [Id], prover: &Account) {
    if let Some(at) = words[1..].iter().position(|word| word[12..] == *prover) {
        words[1 + at..].rotate_left(1);
        if let Some(last) = words.last_mut() {
            *last = Id::default();
        }
    }
}

fn answer(words: Vec<Id>, first: Move, out: Option<Account>, wake: Time) -> Answer {
    let moves = std::iter::once(first).chain(out.map(Move::release)).collect();
    Answer { moves, words, shared: Vec::new(), wake }
}

/// The last second at which a quote comes with its request.
fn last_entry(ask: &Ask) -> Time {
    if ask.rung == 0 { ask.opened_at } else { ask.opened_at.saturating_sub(1) }
}

fn deposit(p: &RfqParams, ask: &Ask) -> Result<Wei, Refusal> {
    let (want, have) = (p.deposit(ask.request.bond), ask.actor.free + ask.actor.held);
    if want <= have { Ok(want) } else { Err(Refusal::InsufficientBond { have, want }) }
}

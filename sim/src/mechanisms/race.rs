//! Proof race with shares by rank; the twin of `contracts/mechanisms/Race.sol`, which has the rules.

use super::{LONGEST, Mechanism, no_later, no_more, no_sooner, only, share, within};
use crate::abi::{Decoder, Encoder, keccak};
use crate::ask::{
    Answer, Ask, BINDING, CAP_FIXED_PRICE, CAP_OPEN_ENTRY, Cause, Envelope, Move, ON_PROOF, Refusal, Shape, Status, Tag,
};
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei, ZERO};

const MAX_WINNERS: u8 = 8;
const MIN_DECAY_BPS: Bps = 1_000;
const MAX_COMMIT_BLOCKS: u16 = 7_200;
const MAX_ENTRANTS: u8 = u8::MAX;
const STEP_GAS: u32 = 80_000;
const HEAD: usize = 0;
const WEIGHT: Wei = 1_000_000_000_000;

/// See `contracts/mechanisms/Race.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RaceParams {
    /// Seconds from opening (inclusive) in which a first proof is taken.
    pub patience: u32,
    /// Seconds after the first proof (inclusive) in which others are.
    pub window: u32,
    /// Blocks that a commitment has to be older than its proof; 0 if proofs bind their author.
    pub commit_blocks: u16,
    /// What all winners get at most, in basis points of the request's `max_price`.
    pub bounty_bps: Bps,
    /// What each rank gets, in basis points of what the one before it gets; 0 if one wins.
    pub decay_bps: Bps,
    /// Provers that are paid.
    pub winners: u8,
    /// What it costs to enter, in the stake token.
    pub deposit: Wei,
}

/// Where a race stands once a proof has been taken: what its words say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The last second at which another proof is taken.
    pub end: Time,
    /// With commitments: the block of the first proof; only commitments before it count.
    pub first_block: u64,
    /// With commitments: who is ranked, with the block of its commitment. Nobody of them has been paid yet.
    pub ranked: Vec<(Account, u64)>,
    /// Without commitments: the numbers of those who have been paid.
    pub paid: Vec<u32>,
}

impl RaceParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(7)
            .uint(self.patience.into())
            .uint(self.window.into())
            .uint(self.commit_blocks.into())
            .uint(self.bounty_bps.into())
            .uint(self.decay_bps.into())
            .uint(self.winners.into())
            .uint(self.deposit)
            .finish()
    }

    /// The inverse of [`RaceParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self {
            patience: from.u32()?,
            window: from.u32()?,
            commit_blocks: from.u16()?,
            bounty_bps: from.u16()?,
            decay_bps: from.u16()?,
            winners: from.u8()?,
            deposit: from.uint(80)?,
        })
    }

    /// Whether a proof has to be committed to before it is shown.
    pub fn commits(&self) -> bool {
        self.commit_blocks != 0
    }

    /// What each rank is paid for a request of this `max_price`; in sum no more than the bounty.
    pub fn shares(&self, max_price: Wei) -> Vec<Wei> {
        let decayed = |weight: &Wei| Some(weight * Wei::from(self.decay_bps) / BPS);
        let weights: Vec<Wei> = std::iter::successors(Some(WEIGHT), decayed).take(self.winners.into()).collect();
        let (bounty, total) = (share(max_price, self.bounty_bps), weights.iter().sum::<Wei>());
        weights.into_iter().map(|weight| bounty * weight / total).collect()
    }

    /// The last second at which a first proof is taken.
    pub fn last_first(&self, request: &Request, opened_at: Time) -> Time {
        let rest = if self.commits() { 2 * Time::from(self.window) + 1 } else { 1 };
        (opened_at + Time::from(self.patience)).min(request.deadline.saturating_sub(rest))
    }

    /// Where the race stands; none before its first proof.
    pub fn standing(&self, words: &[Id]) -> Option<Standing> {
        let head = words.get(HEAD)?;
        let ids = head[8..].chunks(3).rev().map(|id| uint(id) as u32);
        let standing = Standing {
            end: end(head),
            first_block: if self.commits() { uint(&head[27..]) } else { 0 },
            ranked: words[1..].iter().filter(|word| **word != Id::default()).map(ranked).collect(),
            paid: if self.commits() { Vec::new() } else { ids.take_while(|id| *id != 0).collect() },
        };
        (standing.end != 0).then_some(standing)
    }

    fn words(&self) -> usize {
        if self.commits() { 1 + usize::from(self.winners) } else { 1 }
    }

    /// The last second at which a proof is taken, as things are.
    fn last(&self, ask: &Ask) -> Time {
        match end(&ask.words[HEAD]) {
            0 => self.last_first(&ask.request, ask.opened_at),
            end => end,
        }
    }
}

/// What a prover commits to.
pub fn commitment(id: &Id, prover: &Account, proof_hash: &Id) -> Id {
    let mut words = [0; 96];
    words[..32].copy_from_slice(id);
    words[44..64].copy_from_slice(prover);
    words[64..].copy_from_slice(proof_hash);
    keccak(&words)
}

/// The tag of the ticket that a commitment made in `block` becomes.
pub fn tag(commitment: &Id, block: u64) -> Tag {
    let mut tag = Tag::default();
    tag[..17].copy_from_slice(&commitment[..17]);
    tag[17..].copy_from_slice(&block.to_be_bytes()[3..]);
    tag
}

/// In which block the commitment of a ticket was made.
pub fn made(tag: &Tag) -> u64 {
    uint(&tag[17..])
}

/// The mechanism.
pub struct Race;

impl Mechanism for Race {
    fn name(&self) -> &'static str {
        "race"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = RaceParams::decode(params)?;
        let (commits, alone) = (p.commits(), p.winners == 1);
        let at_once = alone && !commits;
        within("patience", p.patience, 1_u32, LONGEST)?;
        within("winners", p.winners, 1_u32, if commits { MAX_WINNERS - 1 } else { MAX_WINNERS })?;
        within("commitBlocks", p.commit_blocks, 0_u32, MAX_COMMIT_BLOCKS)?;
        within("window", p.window, u32::from(!at_once), if at_once { 0 } else { LONGEST })?;
        within("bountyBps", p.bounty_bps, 1_u32, BPS)?;
        within("decayBps", p.decay_bps, if alone { 0 } else { MIN_DECAY_BPS }, if alone { 0 } else { BPS })?;
        within("deposit", p.deposit, u32::from(commits), (1 << 80) - 1_u128)?;
        Ok(Shape { words: p.words() as u8, shared: 0, gas: STEP_GAS, flags: ON_PROOF | BINDING })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = RaceParams::decode(params)?;
        Ok(Envelope {
            price: share(request.max_price, p.bounty_bps),
            award: Time::from(p.patience) + 1,
            proof: p.window.into(),
            bond: 0,
            standbys: 0,
            capabilities: CAP_OPEN_ENTRY | CAP_FIXED_PRICE,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = RaceParams::decode(&ask.params)?;
        if ask.words.len() != p.words() {
            return Err(Refusal::Malformed);
        }
        match ask.cause {
            Cause::Proof if p.commits() => reveal(&p, ask),
            Cause::Proof => arrive(&p, ask),
            Cause::Bid => enter(&p, ask),
            Cause::Tick if ask.status == Status::Open => settle(&p, ask),
            Cause::Tick => Ok(leave(ask)),
            other => Err(Refusal::unexpected(other)),
        }
    }
}

fn enter(p: &RaceParams, ask: &Ask) -> Result<Answer, Refusal> {
    let proven = end(&ask.words[HEAD]) != 0;
    if p.deposit == 0 || p.commits() && proven {
        return Err(Refusal::unexpected(ask.cause));
    }
    let last = p.last(ask);
    no_later(ask.time, last)?;
    no_more(ask.price, 0)?;
    let size = if p.commits() { 32 } else { 0 };
    if ask.data.len() != size {
        return Err(Refusal::unacceptable(ask.data.len() as Wei, size as Wei));
    }
    if ask.actor.held == 0 {
        no_more(ask.holds.into(), (MAX_ENTRANTS - 1).into())?;
    }
    let stake = ask.actor.free + ask.actor.held;
    if stake < p.deposit {
        return Err(Refusal::InsufficientBond { have: stake, want: p.deposit });
    }
    let tag = if p.commits() { tag(&word(&ask.data), ask.block_number) } else { Tag::default() };
    let moves = vec![Move::hold(ask.actor.prover, p.deposit, tag)];
    Ok(Answer { moves, words: ask.words.clone(), shared: Vec::new(), wake: last + 1 })
}

/// A proof that binds its author.
fn arrive(p: &RaceParams, ask: &Ask) -> Result<Answer, Refusal> {
    no_later(ask.time, p.last(ask))?;
    if ask.actor.held < p.deposit {
        return Err(Refusal::InsufficientBond { have: ask.actor.held, want: p.deposit });
    }
    if ask.actor.id == 0 {
        return Err(Refusal::unacceptable(0, 1));
    }
    let standing = p.standing(&ask.words);
    let paid = standing.as_ref().map_or(&[][..], |standing| &standing.paid);
    if let Some(rank) = paid.iter().position(|id| *id == ask.actor.id) {
        return Err(Refusal::unacceptable(rank as Wei + 1, 0));
    }
    let rank = paid.len();
    no_more(rank as Wei, Wei::from(p.winners) - 1)?;
    let end = standing.as_ref().map_or(ask.time + Time::from(p.window), |standing| standing.end);
    let mut words = ask.words.clone();
    words[HEAD][..8].copy_from_slice(&end.to_be_bytes());
    let at = 29 - 3 * rank;
    words[HEAD][at..at + 3].copy_from_slice(&ask.actor.id.to_be_bytes()[1..]);

    let ends = rank + 1 == usize::from(p.winners);
    let mut moves = vec![Move::reward(ask.actor.prover, p.shares(ask.request.max_price)[rank])];
    if ask.actor.held != 0 {
        moves.push(Move::release(ask.actor.prover));
    }
    if ends {
        moves.push(Move::close());
    }
    Ok(Answer { moves, words, shared: Vec::new(), wake: if ends { 0 } else { end + 1 } })
}

/// A proof that was committed to.
fn reveal(p: &RaceParams, ask: &Ask) -> Result<Answer, Refusal> {
    no_later(ask.time, p.last(ask))?;
    let prover = ask.actor.prover;
    if ask.actor.held == 0 {
        return Err(Refusal::InsufficientBond { have: 0, want: p.deposit });
    }
    let (short, own) = (short(&commitment(&ask.id, &prover, &word(&ask.data))), short(&ask.actor.tag));
    if short != own {
        return Err(Refusal::Unacceptable { have: short, want: own });
    }
    let mut words = ask.words.clone();
    if end(&words[HEAD]) == 0 {
        words[HEAD][..8].copy_from_slice(&(ask.time + Time::from(p.window)).to_be_bytes());
        words[HEAD][27..].copy_from_slice(&ask.block_number.to_be_bytes()[3..]);
    }
    let (end, first) = (end(&words[HEAD]), uint(&words[HEAD][27..]));
    let made = made(&ask.actor.tag);
    let latest = ask.block_number.saturating_sub(p.commit_blocks.into()).min(first.saturating_sub(1));
    no_more(made.into(), latest.into())?;

    insert(&mut words[1..], prover, made);
    let mut moves = vec![Move::release(prover)];
    let ends = ask.holds <= 1;
    if ends {
        moves.extend(pay_all(p, ask.request.max_price, &words));
    }
    Ok(Answer { moves, words, shared: Vec::new(), wake: if ends { 0 } else { end + 1 } })
}

fn settle(p: &RaceParams, ask: &Ask) -> Result<Answer, Refusal> {
    no_sooner(ask.time, p.last(ask) + 1)?;
    let words = ask.words.clone();
    if end(&words[HEAD]) != 0 {
        return Ok(Answer { moves: pay_all(p, ask.request.max_price, &words), words, ..Answer::default() });
    }
    let taken = ask.actor.held != 0;
    let ends = ask.holds <= u8::from(taken);
    let forfeited = taken.then(|| Move::forfeit(ask.actor.prover));
    let moves = forfeited.into_iter().chain(ends.then(Move::close)).collect();
    Ok(Answer { moves, words, shared: Vec::new(), wake: if ends { 0 } else { ask.time } })
}

/// A tick about a ticket that outlived the race.
fn leave(ask: &Ask) -> Answer {
    let won = end(&ask.words[HEAD]) != 0;
    let left = if won { Move::release(ask.actor.prover) } else { Move::forfeit(ask.actor.prover) };
    Answer { words: ask.words.clone(), ..only(left) }
}

/// Who is ranked is paid, and the race closes.
fn pay_all(p: &RaceParams, max_price: Wei, words: &[Id]) -> Vec<Move> {
    let ranked = words[1..].iter().take_while(|word| **word != Id::default()).map(ranked);
    let rewards = ranked.zip(p.shares(max_price)).map(|((prover, _), amount)| Move::reward(prover, amount));
    rewards.chain(std::iter::once(Move::close())).collect()
}

/// Behind those of an older commitment or the same block, if there is room.
fn insert(ranks: &mut [Id], prover: Account, made: u64) {
    let behind = |word: &&Id| **word != Id::default() && ranked(word).1 <= made;
    let at = ranks.iter().take_while(behind).count();
    if at == ranks.len() {
        return;
    }
    ranks[at..].rotate_right(1);
    ranks[at] = Id::default();
    ranks[at][7..12].copy_from_slice(&made.to_be_bytes()[3..]);
    ranks[at][12..].copy_from_slice(&prover);
}

/// The prover of a word, and the block of its commitment.
fn ranked(word: &Id) -> (Account, u64) {
    let mut prover = ZERO;
    prover.copy_from_slice(&word[12..]);
    (prover, uint(&word[4..12]))
}

fn end(head: &Id) -> Time {
    uint(&head[..8])
}

/// The first 17 bytes, as a number.
fn short(bytes: &[u8]) -> Id {
    let mut short = Id::default();
    short[15..].copy_from_slice(&bytes[..17]);
    short
}

/// The first word; zeros where there is none.
fn word(data: &[u8]) -> Id {
    let mut word = Id::default();
    let size = data.len().min(32);
    word[..size].copy_from_slice(&data[..size]);
    word
}

fn uint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

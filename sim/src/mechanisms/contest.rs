//! Contest by all-pay tickets; the twin of `contracts/mechanisms/Contest.sol`, which has the rules.

mod tickets;

pub use tickets::{Alpha, Entry, draw, extend, weight};

use super::{LONGEST, Mechanism, no_later, no_more, no_sooner, only, share, within};
use crate::abi::{Decoder, Encoder, keccak};
use crate::ask::{
    Answer, Ask, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, Cause, DRAWS, Envelope, Move, Refusal, Shape, Status, Tag,
};
use crate::market::Ticket;
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei, ZERO};

/// Most provers that can enter.
pub const MAX_ENTRANTS: u8 = 40;
/// How often one of them can make its ticket larger.
pub const MAX_RAISES: u32 = 3;
const MAX_ENTRIES: usize = MAX_ENTRANTS as usize * (1 + MAX_RAISES as usize);
const MAX_DISTANCE: u8 = 64;
const STEP_GAS: u32 = 250_000;
const DRAWN: u64 = u64::MAX;

/// See `contracts/mechanisms/Contest.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContestParams {
    /// What requests have to be paid in: the market's stake token.
    pub stake_token: Account,
    /// Seconds from opening (inclusive) in which tickets are sold.
    pub entry: u32,
    /// Seconds that the draw may take after that.
    pub settling: u32,
    /// What is paid, in basis points of the request's `max_price`.
    pub fee_bps: Bps,
    /// The least ticket, in the stake token.
    pub min_ticket: Wei,
    /// The greatest.
    pub max_ticket: Wei,
    /// What chances are in proportion to.
    pub alpha: Alpha,
    /// Most provers that enter.
    pub entrants: u8,
    /// How many blocks after the tick that fixes it the block lies that draws.
    pub distance: u8,
}

/// What the words of a contest say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The running hash of all entries; 0 once somebody has been drawn.
    pub book: Id,
    /// The block that draws; 0 before it is fixed, and all ones once somebody has been drawn.
    pub drawn_by: u64,
    /// What the tickets add up to.
    pub total: Wei,
    /// How many have entered.
    pub count: u8,
}

impl List {
    /// From the words of a request; the empty list if there are none.
    pub fn read(words: &[Id]) -> Self {
        let [book, list] = words else { return Self::default() };
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number: Wei, byte| number << 8 | Wei::from(*byte));
        Self { book: *book, drawn_by: number(&list[12..20]) as u64, total: number(&list[20..31]), count: list[31] }
    }

    /// Somebody has been drawn.
    pub fn is_drawn(&self) -> bool {
        self.drawn_by == DRAWN
    }

    fn words(&self) -> Vec<Id> {
        let mut list = Id::default();
        list[12..20].copy_from_slice(&self.drawn_by.to_be_bytes());
        list[20..31].copy_from_slice(&self.total.to_be_bytes()[5..]);
        list[31] = self.count;
        vec![self.book, list]
    }
}

impl ContestParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(9)
            .account(&self.stake_token)
            .uint(self.entry.into())
            .uint(self.settling.into())
            .uint(self.fee_bps.into())
            .uint(self.min_ticket)
            .uint(self.max_ticket)
            .uint(self.alpha as Wei)
            .uint(self.entrants.into())
            .uint(self.distance.into())
            .finish()
    }

    /// The inverse of [`ContestParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self {
            stake_token: from.account()?,
            entry: from.u32()?,
            settling: from.u32()?,
            fee_bps: from.u16()?,
            min_ticket: from.uint(80)?,
            max_ticket: from.uint(80)?,
            alpha: Alpha::read(from.u8()?)?,
            entrants: from.u8()?,
            distance: from.u8()?,
        })
    }

    /// What is paid, before the winner's ticket is taken off.
    pub fn fee(&self, max_price: Wei) -> Wei {
        share(max_price, self.fee_bps)
    }

    /// The last second at which tickets are sold; 0 if there is not the time for a draw.
    pub fn last_entry(&self, request: &Request, opened_at: Time) -> Time {
        let needed = Time::from(self.settling) + 2;
        (opened_at + Time::from(self.entry)).min(request.deadline.saturating_sub(needed))
    }
}

/// How often the ticket with this tag has been made larger.
pub fn raises(tag: &Tag) -> Wei {
    tag[5..21].iter().fold(0, |raises, byte| raises << 8 | Wei::from(*byte))
}

/// The mechanism.
pub struct Contest;

impl Mechanism for Contest {
    fn name(&self) -> &'static str {
        "contest"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = ContestParams::decode(params)?;
        within("entry", p.entry, 1_u32, LONGEST)?;
        within("settling", p.settling, 1_u32, LONGEST)?;
        within("feeBps", p.fee_bps, 1_u32, BPS)?;
        within("minTicket", p.min_ticket, 1_u32, (1 << 80) - 1_u128)?;
        within("maxTicket", p.max_ticket, p.min_ticket, (1 << 80) - 1_u128)?;
        within("entrants", p.entrants, 1_u32, MAX_ENTRANTS)?;
        within("distance", p.distance, 1_u32, MAX_DISTANCE)?;
        Ok(Shape { words: 2, shared: 0, gas: STEP_GAS, flags: DRAWS })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = ContestParams::decode(params)?;
        Ok(Envelope {
            price: p.fee(request.max_price).saturating_sub(p.min_ticket),
            award: Time::from(p.entry) + Time::from(p.settling) + 1,
            proof: request.window.into(),
            bond: request.bond,
            standbys: 0,
            capabilities: CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = ContestParams::decode(&ask.params)?;
        if ask.words.len() != 2 {
            return Err(Refusal::Malformed);
        }
        match ask.cause {
            Cause::Bid => enter(&p, ask),
            Cause::Tick if ask.status == Status::Open => settle(&p, ask),
            Cause::Tick => Ok(Answer { words: ask.words.clone(), ..only(Move::release(ask.actor.prover)) }),
            other => Err(Refusal::unexpected(other)),
        }
    }

    /// The list of tickets, once they are drawn from.
    fn brief(&self, ask: &Ask, book: &[(Account, Ticket)]) -> Vec<u8> {
        let List { count, drawn_by, .. } = List::read(&ask.words);
        let draws = ask.status == Status::Open && ask.actor.prover == ZERO && (drawn_by != 0 || count == 1);
        if !draws || drawn_by == DRAWN {
            return Vec::new();
        }
        let entry = |(prover, ticket): &(Account, Ticket)| {
            Entry { place: ticket.tag[21], ticket: ticket.amount, prover: *prover }.encode()
        };
        book.iter().flat_map(entry).collect()
    }
}

fn enter(p: &ContestParams, ask: &Ask) -> Result<Answer, Refusal> {
    if ask.request.token != p.stake_token {
        return Err(Refusal::Unacceptable { have: wide(&ask.request.token), want: wide(&p.stake_token) });
    }
    let last = p.last_entry(&ask.request, ask.opened_at);
    no_later(ask.time, last)?;
    let ticket = ticket(p, ask)?;
    let mut list = List::read(&ask.words);
    let tag = tag(p, ask, list.count)?;
    let (stake, want) = (ask.actor.free + ask.actor.held, ticket.max(ask.request.bond));
    if stake < want {
        return Err(Refusal::InsufficientBond { have: stake, want });
    }
    let entry = Entry { place: tag[21], ticket, prover: ask.actor.prover };
    list.book = extend(&list.book, &entry.encode());
    list.count += u8::from(ask.actor.held == 0);
    list.total = list.total + ticket - ask.actor.held;
    let moves = vec![Move::hold(ask.actor.prover, ticket, tag)];
    Ok(Answer { moves, words: list.words(), shared: Vec::new(), wake: last + 1 })
}

/// The ticket that a bid asks for, if it may.
fn ticket(p: &ContestParams, ask: &Ask) -> Result<Wei, Refusal> {
    let word: Id = ask.data.as_slice().try_into().map_err(|_| Refusal::unacceptable(ask.data.len() as Wei, 32))?;
    let fee = p.fee(ask.request.max_price);
    let most = fee.min(p.max_ticket);
    let Ok(ticket) = Decoder::new(&word).uint(128) else {
        return Err(Refusal::Unacceptable { have: word, want: number(most) });
    };
    no_more(ticket, most)?;
    let least = if ask.actor.held == 0 { p.min_ticket } else { ask.actor.held + 1 };
    if ticket < least {
        return Err(Refusal::unacceptable(ticket, least));
    }
    no_more(ask.price, fee - ticket)?;
    Ok(ticket)
}

fn tag(p: &ContestParams, ask: &Ask, count: u8) -> Result<Tag, Refusal> {
    let mut tag = ask.actor.tag;
    if ask.actor.held == 0 {
        no_more(Wei::from(count) + 1, p.entrants.into())?;
        tag = Tag::default();
        tag[21] = count;
    } else {
        let raises = raises(&tag);
        no_more(raises + 1, MAX_RAISES.into())?;
        tag[20] += 1;
    }
    Ok(tag)
}

fn settle(p: &ContestParams, ask: &Ask) -> Result<Answer, Refusal> {
    if ask.actor.prover != ZERO {
        return Err(Refusal::NotYet { time: ask.time, not_before: ask.request.deadline });
    }
    no_sooner(ask.time, p.last_entry(&ask.request, ask.opened_at) + 1)?;
    let mut list = List::read(&ask.words);
    if list.count == 0 || list.is_drawn() {
        return Ok(Answer { words: ask.words.clone(), ..only(Move::close()) });
    }
    if 1 < list.count && (list.drawn_by == 0 || ask.beacon == Id::default()) {
        if ask.block_number <= list.drawn_by {
            return Err(Refusal::NotYet { time: ask.time, not_before: ask.time + 1 });
        }
        list.drawn_by = ask.block_number + u64::from(p.distance);
        return Ok(Answer { words: list.words(), wake: ask.time + 1, ..only(Move::draw(p.distance)) });
    }
    let moves = award(p, ask, &list)?;
    let drawn = List { book: Id::default(), drawn_by: DRAWN, ..list };
    Ok(Answer { moves, words: drawn.words(), ..Answer::default() })
}

/// Draws from the list that the tick brought.
fn award(p: &ContestParams, ask: &Ask, list: &List) -> Result<Vec<Move>, Refusal> {
    let words: Vec<&[u8]> = ask.data.chunks_exact(32).collect();
    no_more(words.len() as Wei, MAX_ENTRIES as Wei)?;
    let mut book = Id::default();
    let mut standing = vec![Entry::default(); list.count.into()];
    for word in words {
        let word: Id = word.try_into().map_err(|_| Refusal::Malformed)?;
        book = extend(&book, &word);
        let entry = Entry::decode(&word);
        if let Some(place) = entry.and_then(|entry| standing.get_mut(usize::from(entry.place))) {
            *place = entry.unwrap_or_default();
        }
    }
    if book != list.book {
        return Err(Refusal::Unacceptable { have: book, want: list.book });
    }
    let seed = keccak(&[ask.beacon, ask.id].concat());
    let winner = draw(&standing, p.alpha, &seed).ok_or(Refusal::Malformed)?;
    let price = p.fee(ask.request.max_price).checked_sub(standing[winner].ticket).ok_or(Refusal::Malformed)?;
    let losers = standing.iter().enumerate().filter(|(place, _)| *place != winner);
    let forfeits = losers.map(|(_, entry)| Move::forfeit(entry.prover));
    Ok(std::iter::once(Move::award(standing[winner].prover, price)).chain(forfeits).collect())
}

fn wide(account: &Account) -> Id {
    let mut word = Id::default();
    word[12..].copy_from_slice(account);
    word
}

fn number(value: Wei) -> Id {
    let mut word = Id::default();
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}

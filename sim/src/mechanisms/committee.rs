//! Members that prove together; the twin of `contracts/mechanisms/Committee.sol`, which has the rules.

mod crew;

pub use crew::{Crew, MAX_SEATS, Said, personal, recover};

use super::{LONGEST, Mechanism, no_later, no_more, no_sooner, only, share, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{
    Answer, Ask, CAP_FIXED_PRICE, CAP_OPEN_ENTRY, Cause, Envelope, Move, ON_PROOF, Refusal, Shape, Status, Tag,
};
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei, ZERO};

const MAX_AGGREGATOR_BPS: Bps = 5_000;
const STEP_GAS: u32 = 250_000;

/// See `contracts/mechanisms/Committee.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitteeParams {
    /// Seats.
    pub seats: u8,
    /// Members with whom the work starts if enrolment ends before all seats are taken.
    pub least: u8,
    /// Members whose shards are enough; so many are paid, whatever the others say.
    pub needed: u8,
    /// Seconds from opening (inclusive) in which seats are given out.
    pub enrolment: u32,
    /// Seconds from the start until a shard is late.
    pub shards: u32,
    /// Seconds from there until any member may bring the whole.
    pub aggregation: u32,
    /// Seconds from there until nobody may any more.
    pub open: u32,
    /// Seconds by which each seat's turn comes later than that of the one before it, and anybody's than that of all members.
    pub stagger: u32,
    /// What is paid in all, in basis points of the request's `max_price`.
    pub fee_bps: Bps,
    /// What of it is paid to who brings the whole.
    pub aggregator_bps: Bps,
    /// A member's deposit, in basis points of the request's bond.
    pub deposit_bps: Bps,
    /// The least it is, in the stake token.
    pub deposit_floor: Wei,
    /// 1 if all members lose their deposits when no proof comes.
    pub bonded: u8,
}

/// Where a committee stands. Times are unix seconds, inclusive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// Who sits.
    pub crew: Crew,
    /// The last second in which seats are given out.
    pub enrolled: Time,
    /// When the work starts, if enough come.
    pub start: Time,
    /// When shards are due, and the input cannot be missed any more.
    pub shards: Time,
    /// From when any member may bring the whole, and no seat is given out any more.
    pub members: Time,
    /// The last second in which the whole is taken; of a committee that is too small, the end of enrolment.
    pub last: Time,
    /// Whether all have come who will.
    pub begun: bool,
}

impl CommitteeParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(13)
            .uint(self.seats.into())
            .uint(self.least.into())
            .uint(self.needed.into())
            .uint(self.enrolment.into())
            .uint(self.shards.into())
            .uint(self.aggregation.into())
            .uint(self.open.into())
            .uint(self.stagger.into())
            .uint(self.fee_bps.into())
            .uint(self.aggregator_bps.into())
            .uint(self.deposit_bps.into())
            .uint(self.deposit_floor)
            .uint(self.bonded.into())
            .finish()
    }

    /// The inverse of [`CommitteeParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self {
            seats: from.u8()?,
            least: from.u8()?,
            needed: from.u8()?,
            enrolment: from.u32()?,
            shards: from.u32()?,
            aggregation: from.u32()?,
            open: from.u32()?,
            stagger: from.u32()?,
            fee_bps: from.u16()?,
            aggregator_bps: from.u16()?,
            deposit_bps: from.u16()?,
            deposit_floor: from.uint(80)?,
            bonded: from.u8()?,
        })
    }

    /// What a seat costs on a request with this `bond`, in the stake token; rounded up.
    pub fn deposit(&self, bond: Wei) -> Wei {
        (bond * Wei::from(self.deposit_bps)).div_ceil(BPS).max(self.deposit_floor)
    }

    /// What is paid in all.
    pub fn fee(&self, max_price: Wei) -> Wei {
        share(max_price, self.fee_bps)
    }

    /// What the members are paid together, without who brings the whole for that.
    pub fn rest(&self, max_price: Wei) -> Wei {
        let fee = self.fee(max_price);
        fee.saturating_sub(share(fee, self.aggregator_bps))
    }

    /// An equal share of one of `members`: what a seat may ask for.
    pub fn seat_pay(&self, max_price: Wei, members: usize) -> Wei {
        self.rest(max_price).checked_div(members as Wei).unwrap_or_default()
    }

    /// Seconds from the start to the end.
    pub fn work(&self) -> Time {
        Time::from(self.shards) + Time::from(self.aggregation) + Time::from(self.open)
    }

    /// Where the committee stands at `time` whose request is open since `opened_at` (unix seconds).
    ///
    /// # Errors
    /// [`Refusal::Malformed`] if the words are no committee's.
    pub fn stage(&self, request: &Request, words: &[Id], opened_at: Time, time: Time) -> Result<Stage, Refusal> {
        let crew = Crew::read(words).filter(|_| words.len() == usize::from(Crew::size(self.seats)));
        let crew = crew.ok_or(Refusal::Malformed)?;
        let latest = request.deadline.saturating_sub(self.work() + 2);
        let enrolled = latest.min(opened_at + Time::from(self.enrolment));
        let full = crew.full != 0;
        let begun = full || self.enough(&crew) && time > enrolled;
        let start = if full { crew.full } else { enrolled };
        Ok(self.clocked(Stage { crew, enrolled, begun, ..Stage::default() }, start))
    }

    /// From when `seat` may bring the whole, or who has none.
    pub fn turn(&self, stage: &Stage, seat: Option<usize>) -> Time {
        match seat {
            Some(0) => stage.start,
            Some(seat) => stage.members.min(stage.shards + seat as Time * Time::from(self.stagger)),
            None => stage.members + Time::from(self.stagger),
        }
    }

    fn enough(&self, crew: &Crew) -> bool {
        crew.count() >= usize::from(self.least)
    }

    fn clocked(&self, stage: Stage, start: Time) -> Stage {
        let shards = start + Time::from(self.shards);
        let members = shards + Time::from(self.aggregation);
        let last = if self.enough(&stage.crew) { members + Time::from(self.open) } else { stage.enrolled };
        Stage { start, shards, members, last, ..stage }
    }
}

/// The mechanism.
pub struct Committee;

impl Mechanism for Committee {
    fn name(&self) -> &'static str {
        "committee"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = CommitteeParams::decode(params)?;
        within("seats", p.seats, 2_u32, MAX_SEATS)?;
        within("least", p.least, 2_u32, p.seats)?;
        within("needed", p.needed, 1_u32, p.least)?;
        within("enrolment", p.enrolment, 1_u32, LONGEST)?;
        within("shards", p.shards, 1_u32, LONGEST)?;
        within("aggregation", p.aggregation, 1_u32, LONGEST)?;
        within("open", p.open, 1_u32, LONGEST)?;
        within("stagger", p.stagger, 1_u32, p.open)?;
        within("feeBps", p.fee_bps, 1_u32, BPS)?;
        within("aggregatorBps", p.aggregator_bps, 1_u32, MAX_AGGREGATOR_BPS)?;
        within("depositBps", p.deposit_bps, 0_u32, BPS)?;
        within("depositFloor", p.deposit_floor, 1_u32, (1 << 80) - 1_u128)?;
        within("bonded", p.bonded, 0_u32, 1_u32)?;
        Ok(Shape { words: Crew::size(p.seats), shared: 0, gas: STEP_GAS, flags: ON_PROOF })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = CommitteeParams::decode(params)?;
        let bond = if p.bonded == 0 { 0 } else { Wei::from(p.least) * p.deposit(request.bond) };
        Ok(Envelope {
            price: p.fee(request.max_price),
            award: Time::from(p.enrolment) + 1,
            proof: p.work(),
            bond: bond.min((1 << 80) - 1),
            standbys: p.least.saturating_sub(1),
            capabilities: CAP_OPEN_ENTRY | CAP_FIXED_PRICE,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = CommitteeParams::decode(&ask.params)?;
        let stage = p.stage(&ask.request, &ask.words, ask.opened_at, ask.time)?;
        match ask.cause {
            Cause::Bid => enrol(&p, ask, stage),
            Cause::Proof => prove(&p, ask, &stage),
            Cause::Tick if ask.status != Status::Open => Ok(leave(&p, ask, &stage)),
            Cause::Tick if ask.data.is_empty() => end(&p, ask, &stage),
            Cause::Tick => notice(&p, ask, stage),
            other => Err(Refusal::unexpected(other)),
        }
    }
}

fn enrol(p: &CommitteeParams, ask: &Ask, mut stage: Stage) -> Result<Answer, Refusal> {
    if ask.actor.held != 0 {
        return Err(Refusal::unexpected(ask.cause));
    }
    let count = stage.crew.count();
    let (seat, most) = if stage.crew.full == 0 && ask.time <= stage.enrolled {
        stage.crew.seats.push(ZERO);
        let last = stage.crew.count() == usize::from(p.seats);
        let start = if last { ask.time } else { stage.enrolled };
        stage.crew.full = if last { ask.time } else { 0 };
        stage = p.clocked(stage, start);
        (count, p.seat_pay(ask.request.max_price, p.seats.into()))
    } else {
        if !stage.begun {
            return Err(Refusal::TooLate { time: ask.time, not_after: stage.enrolled });
        }
        let taken = count as Wei;
        let seat = stage.crew.seat_of(&ZERO).ok_or(Refusal::unacceptable(taken, taken.saturating_sub(1)))?;
        no_later(ask.time, stage.members)?;
        (seat, p.seat_pay(ask.request.max_price, count))
    };
    no_more(ask.price, most)?;
    let deposit = p.deposit(ask.request.bond);
    if ask.actor.free < deposit {
        return Err(Refusal::InsufficientBond { have: ask.actor.free, want: deposit });
    }
    stage.crew.seats[seat] = ask.actor.prover;
    let hold = Move::hold(ask.actor.prover, deposit, tag(seat));
    Ok(Answer { words: stage.crew.write(ask.words.len()), wake: stage.last + 1, ..only(hold) })
}

fn prove(p: &CommitteeParams, ask: &Ask, stage: &Stage) -> Result<Answer, Refusal> {
    begun(ask, stage)?;
    no_later(ask.time, stage.last)?;
    let (crew, bringer) = (&stage.crew, ask.actor.prover);
    no_sooner(ask.time, p.turn(stage, crew.seat_of(&bringer)))?;

    let rest = p.rest(ask.request.max_price);
    let equal = rest.checked_div(crew.held().count() as Wei).unwrap_or_default();
    let split = crew.split(ask, p.needed.into(), rest);
    let pay = |seat: usize| split.as_ref().map_or(equal, |split| split[seat]);
    let reward = |prover, amount| (amount != 0).then(|| Move::reward(prover, amount));
    let mut moves: Vec<_> = reward(bringer, p.fee(ask.request.max_price) - rest).into_iter().collect();
    for (seat, member) in crew.held() {
        moves.extend(reward(member, pay(seat)));
        moves.push(Move::release(member));
    }
    moves.push(Move::close());
    Ok(Answer { moves, words: ask.words.clone(), ..Answer::default() })
}

fn notice(p: &CommitteeParams, ask: &Ask, stage: Stage) -> Result<Answer, Refusal> {
    begun(ask, &stage)?;
    let mut crew = stage.crew;
    let data = &ask.data;
    let length = |want: usize| {
        let have = data.len();
        if have >= want { Ok(()) } else { Err(Refusal::unacceptable(have as Wei, want as Wei)) }
    };
    length(5)?;
    let (rest, late) = (&data[1..], crew::bits(&data[3..]));
    let wanted = 5 + crew.signature_bytes(rest);
    length(wanted)?;
    no_more(data.len() as Wei, wanted as Wei)?;
    let kind = match data[0] {
        1 => Said::Late,
        2 => Said::Withheld,
        other => return Err(Refusal::unacceptable(other.into(), Said::Withheld as Wei)),
    };
    let refuse = |have: u16, want: u16| Err(Refusal::unacceptable(have.into(), want.into()));
    if kind == Said::Late {
        no_sooner(ask.time, stage.shards + 1)?;
        no_later(ask.time, stage.members)?;
        let possible = crew.held_bits() & !crew.flagged;
        if late == 0 || late & !possible != 0 {
            return refuse(late, possible);
        }
        let flagged = (crew.flagged | late).count_ones();
        no_more(flagged.into(), crew.most_late(p.needed.into()) as Wei)?;
    } else {
        no_later(ask.time, stage.shards)?;
        if late != 0 {
            return refuse(late, 0);
        }
    }
    let (signed, quorum) = (crew.signed(ask, kind, rest, 2), crew.quorum());
    if signed < quorum {
        return Err(Refusal::unacceptable(signed as Wei, quorum as Wei));
    }
    if kind == Said::Withheld {
        let moves = part(&crew, crew.held_bits(), Move::release).chain([Move::close()]).collect();
        return Ok(Answer { moves, words: ask.words.clone(), ..Answer::default() });
    }
    let moves = part(&crew, late, Move::release).collect();
    crew.flagged |= late;
    for (_, member) in crew.seats.iter_mut().enumerate().filter(|(seat, _)| late >> seat & 1 == 1) {
        *member = ZERO;
    }
    Ok(Answer { moves, words: crew.write(ask.words.len()), wake: stage.last + 1, ..Answer::default() })
}

/// A tick when the time is over.
fn end(p: &CommitteeParams, ask: &Ask, stage: &Stage) -> Result<Answer, Refusal> {
    no_sooner(ask.time, stage.last + 1)?;
    let ticket = if p.bonded != 0 && stage.begun { Move::forfeit } else { Move::release };
    let moves = part(&stage.crew, stage.crew.held_bits(), ticket).chain([Move::close()]).collect();
    Ok(Answer { moves, words: ask.words.clone(), ..Answer::default() })
}

/// A tick about a ticket that outlived the request.
fn leave(p: &CommitteeParams, ask: &Ask, stage: &Stage) -> Answer {
    let fault = p.bonded != 0 && stage.begun && ask.status == Status::Closed && ask.time > stage.last;
    let ticket = if fault { Move::forfeit } else { Move::release };
    Answer { words: ask.words.clone(), ..only(ticket(ask.actor.prover)) }
}

fn part(crew: &Crew, seats: u16, ticket: fn(Account) -> Move) -> impl Iterator<Item = Move> {
    crew.held().filter(move |(seat, _)| seats >> seat & 1 == 1).map(move |(_, member)| ticket(member))
}

fn begun(ask: &Ask, stage: &Stage) -> Result<(), Refusal> {
    if stage.begun {
        return Ok(());
    }
    no_sooner(ask.time, stage.enrolled + 1)?;
    Err(Refusal::TooLate { time: ask.time, not_after: stage.enrolled })
}

fn tag(seat: usize) -> Tag {
    let mut tag = Tag::default();
    tag[21] = seat as u8;
    tag
}

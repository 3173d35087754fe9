//! The contracts' encoding of questions and answers, byte for byte, so that a decision can be compared with the
//! chain's.

use super::{Actor, Answer, Ask, Cause, Envelope, Move, MoveKind, Refusal, Shape, Status};
use crate::Wei;
use crate::abi::{Decoder, Encoder, Malformed, selector};
use crate::request::Request;

fn cause(code: u8) -> Result<Cause, Malformed> {
    use Cause::{Bid, Failed, Opened, Proof, Tick};
    [Opened, Bid, Tick, Failed, Proof].get(usize::from(code)).copied().ok_or(Malformed)
}

fn status(code: u8) -> Result<Status, Malformed> {
    use Status::{Awarded, Cancelled, Closed, Fulfilled, None, Open};
    [None, Open, Awarded, Fulfilled, Closed, Cancelled].get(usize::from(code)).copied().ok_or(Malformed)
}

fn kind(code: u8) -> Result<MoveKind, Malformed> {
    use MoveKind::{Award, Close, Draw, Forfeit, Hold, Release, Reward};
    [Hold, Release, Forfeit, Award, Close, Draw, Reward].get(usize::from(code)).copied().ok_or(Malformed)
}

fn put_request(to: Encoder, r: &Request) -> Encoder {
    to.account(&r.requester)
        .account(&r.token)
        .uint(r.nonce.into())
        .uint(r.instance.into())
        .uint(r.version.into())
        .uint(r.verifier.into())
        .word(&r.statement)
        .word(&r.input)
        .uint(r.work.into())
        .uint(r.max_price)
        .uint(r.tip)
        .uint(r.bond)
        .uint(r.deadline.into())
        .uint(r.window.into())
        .account(&r.callback)
        .uint(r.callback_gas.into())
}

fn get_request(from: &mut Decoder<'_>) -> Result<Request, Malformed> {
    Ok(Request {
        requester: from.account()?,
        token: from.account()?,
        nonce: from.u64()?,
        instance: from.u32()?,
        version: from.u32()?,
        verifier: from.u32()?,
        statement: from.word()?,
        input: from.word()?,
        work: from.u64()?,
        max_price: from.uint(88)?,
        tip: from.uint(88)?,
        bond: from.uint(80)?,
        deadline: from.time()?,
        window: from.u32()?,
        callback: from.account()?,
        callback_gas: from.u32()?,
    })
}

fn put_actor(to: Encoder, a: &Actor) -> Encoder {
    to.account(&a.prover)
        .uint(a.id.into())
        .uint(a.free)
        .uint(a.capacity.into())
        .uint(a.kept.into())
        .uint(a.failed.into())
        .uint(a.throughput.into())
        .uint(a.held)
        .tag(&a.tag)
}

fn get_actor(from: &mut Decoder<'_>) -> Result<Actor, Malformed> {
    Ok(Actor {
        prover: from.account()?,
        id: from.fit(24)?,
        free: from.uint(80)?,
        capacity: from.u16()?,
        kept: from.u16()?,
        failed: from.u16()?,
        throughput: from.u32()?,
        held: from.uint(80)?,
        tag: from.right()?,
    })
}

impl Ask {
    /// `abi.encode(ask)`; behind the selector of `step` it is the call.
    pub fn encode(&self) -> Vec<u8> {
        let to = Encoder::new(40).uint(self.cause as Wei).word(&self.id).uint(self.status as Wei);
        let to = put_request(to, &self.request)
            .uint(self.holds.into())
            .uint(self.rung.into())
            .uint(self.opened_at.into())
            .uint(self.time.into())
            .uint(self.block_number.into())
            .uint(self.base_fee.into())
            .word(&self.beacon);
        let tuple = put_actor(to, &self.actor)
            .uint(self.price)
            .bytes(&self.data)
            .bytes(&self.params)
            .words(&self.words)
            .words(&self.shared)
            .finish();
        pointed_to(tuple)
    }

    /// The inverse of [`Ask::encode`].
    ///
    /// # Errors
    /// If the bytes are no such encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let from = &mut Decoder::new(bytes).pointed()?;
        Ok(Self {
            cause: cause(from.u8()?)?,
            id: from.word()?,
            status: status(from.u8()?)?,
            request: get_request(from)?,
            holds: from.u8()?,
            rung: from.u8()?,
            opened_at: from.time()?,
            time: from.time()?,
            block_number: from.u64()?,
            base_fee: from.u64()?,
            beacon: from.word()?,
            actor: get_actor(from)?,
            price: from.uint(88)?,
            data: from.bytes()?,
            params: from.bytes()?,
            words: from.words()?,
            shared: from.words()?,
        })
    }
}

impl Answer {
    /// What the contract returns: `abi.encode(answer)`.
    pub fn encode(&self) -> Vec<u8> {
        let moves = self.moves.iter().fold(Encoder::new(7 * self.moves.len()), |to, m| {
            to.uint(m.kind as Wei)
                .uint(m.subject.into())
                .account(&m.prover)
                .uint(m.amount)
                .uint(m.due.into())
                .uint(m.bps.into())
                .tag(&m.tag)
        });
        let to = Encoder::new(4).behind(self.moves.len(), &moves.finish());
        pointed_to(to.words(&self.words).words(&self.shared).uint(self.wake.into()).finish())
    }

    /// The inverse of [`Answer::encode`].
    ///
    /// # Errors
    /// If the bytes are no such encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut from = Decoder::new(bytes).pointed()?;
        let mut moves = from.pointed()?;
        let moves = (0..moves.u32()?)
            .map(|_| {
                Ok(Move {
                    kind: kind(moves.u8()?)?,
                    subject: moves.u16()?,
                    prover: moves.account()?,
                    amount: moves.uint(88)?,
                    due: moves.time()?,
                    bps: moves.u16()?,
                    tag: moves.right()?,
                })
            })
            .collect::<Result<_, Malformed>>()?;
        Ok(Self { moves, words: from.words()?, shared: from.words()?, wake: from.time()? })
    }
}

fn pointed_to(mut tuple: Vec<u8>) -> Vec<u8> {
    let mut bytes = Encoder::new(1).uint(32).finish();
    bytes.append(&mut tuple);
    bytes
}

impl Shape {
    /// What `check` returns.
    pub fn encode(&self) -> Vec<u8> {
        let to = Encoder::new(4).uint(self.words.into()).uint(self.shared.into());
        to.uint(self.gas.into()).uint(self.flags.into()).finish()
    }
}

impl Envelope {
    /// What `envelope` returns.
    pub fn encode(&self) -> Vec<u8> {
        let to = Encoder::new(6).uint(self.price).uint(self.award.into()).uint(self.proof.into());
        to.uint(self.bond).uint(self.standbys.into()).uint(self.capabilities.into()).finish()
    }
}

const INVALID_PARAM: &str = "InvalidParam(string,uint256,uint256,uint256)";
const NOT_YET: &str = "NotYet(uint256,uint256)";
const TOO_LATE: &str = "TooLate(uint256,uint256)";
const UNACCEPTABLE: &str = "Unacceptable(uint256,uint256)";
const INSUFFICIENT_BOND: &str = "InsufficientBond(uint256,uint256)";
const CONCENTRATED: &str = "Concentrated(uint256,uint256)";
const UNEXPECTED: &str = "Unexpected(uint8)";

impl Refusal {
    /// What the contract reverts with.
    pub fn encode(&self) -> Vec<u8> {
        let two = |have: Wei, want: Wei| Encoder::new(2).uint(have).uint(want).finish();
        let (signature, fields) = match self {
            Self::InvalidParam { name, have, min, max } => {
                (INVALID_PARAM, Encoder::new(4).bytes(name.as_bytes()).uint(*have).uint(*min).uint(*max).finish())
            }
            Self::NotYet { time, not_before } => (NOT_YET, two((*time).into(), (*not_before).into())),
            Self::TooLate { time, not_after } => (TOO_LATE, two((*time).into(), (*not_after).into())),
            Self::Unacceptable { have, want } => (UNACCEPTABLE, [*have, *want].concat()),
            Self::InsufficientBond { have, want } => (INSUFFICIENT_BOND, two(*have, *want)),
            Self::Concentrated { have, want } => (CONCENTRATED, two(*have, *want)),
            Self::Unexpected { cause } => (UNEXPECTED, Encoder::new(1).uint((*cause).into()).finish()),
            Self::Malformed => return Vec::new(),
        };
        [selector(signature).as_slice(), &fields].concat()
    }

    /// The inverse of [`Refusal::encode`].
    ///
    /// # Errors
    /// If the bytes are none of these errors.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let Some((code, fields)) = bytes.split_at_checked(4) else {
            return if bytes.is_empty() { Ok(Self::Malformed) } else { Err(Malformed) };
        };
        let from = &mut Decoder::new(fields);
        let is = |signature| code == selector(signature);
        Ok(if is(INVALID_PARAM) {
            let name = String::from_utf8(from.bytes()?).map_err(|_| Malformed)?;
            Self::InvalidParam { name, have: from.uint(128)?, min: from.uint(128)?, max: from.uint(128)? }
        } else if is(NOT_YET) {
            Self::NotYet { time: from.time()?, not_before: from.time()? }
        } else if is(TOO_LATE) {
            Self::TooLate { time: from.time()?, not_after: from.time()? }
        } else if is(UNACCEPTABLE) {
            Self::Unacceptable { have: from.word()?, want: from.word()? }
        } else if is(INSUFFICIENT_BOND) {
            Self::InsufficientBond { have: from.uint(128)?, want: from.uint(128)? }
        } else if is(CONCENTRATED) {
            Self::Concentrated { have: from.uint(128)?, want: from.uint(128)? }
        } else if is(UNEXPECTED) {
            Self::Unexpected { cause: from.u8()? }
        } else {
            return Err(Malformed);
        })
    }
}

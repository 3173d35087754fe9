// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Request} from "./Request.sol";
import {Status} from "./State.sol";

/// Why a mechanism is asked.
enum Cause {
    /// The request entered without a bid, or reached this rung of its ladder.
    Opened,
    /// A prover bid.
    Bid,
    /// Somebody says that time has passed. The actor is whom it says so about, if anyone; it has not consented to anything.
    Tick,
    /// The awarded prover let its time pass; it is the actor, and it has been slashed.
    Failed,
    /// A valid proof arrived while no award stood.
    Proof
}

/// The prover that an event is about. All zero if none.
struct Actor {
    address prover;
    uint24 id;
    /// Stake that backs nothing yet, in the stake token.
    uint80 free;
    /// Awards it could still take.
    uint16 capacity;
    /// Awards kept and failed so far.
    uint16 kept;
    uint16 failed;
    /// Its declared units of work per second, for work paid in this token.
    uint32 throughput;
    /// Its ticket on this request; if it has none, and the instance keeps words, that on the instance.
    uint80 held;
    uint176 tag;
}

/// A question to a mechanism: everything it may base its answer on. The same question has the same answer, on the chain
/// and in the twin.
struct Ask {
    Cause cause;
    /// The request's; or, where the instance itself is bid on or ticked, its number.
    bytes32 id;
    /// `Open` while the request can be awarded. `None` where it is about the instance itself; otherwise only the actor's ticket is in
    /// question.
    Status status;
    /// About the instance itself: blank, but for the instance and its version, its owner as the requester, and its token.
    Request request;
    /// Deposits that stand on the request.
    uint8 holds;
    /// Rungs of its ladder that the request has left behind.
    uint8 rung;
    /// Since when it is open in this rung, and now; unix seconds.
    uint40 openedAt;
    uint40 time;
    /// The number of this block.
    uint64 blockNumber;
    /// Its base fee, in wei per unit of gas.
    uint64 baseFee;
    /// The hash of the block that a `Draw` fixed, once it is known; 0 before.
    bytes32 beacon;
    Actor actor;
    /// Of the bid; 0 and empty for other causes, except that `Tick` carries its caller's data, and `Proof` the hash of the proof and
    /// then its caller's data.
    uint88 price;
    bytes data;
    bytes params;
    /// The words kept for this request, and those shared by the whole instance, as `Shape` asked for. About the instance itself the former
    /// are all 0, and what becomes of them is not kept.
    bytes32[] words;
    bytes32[] shared;
}

/// What a mechanism can have the market do. It is a closed set; the market checks every move.
enum MoveKind {
    /// Hold `amount` of the actor's stake, and one award's capacity, as its ticket, with `tag`. Replaces the ticket it
    /// has. Only on a bid.
    Hold,
    /// Give `prover`'s ticket back. On the instance, one that is gone already (`leave`) is none, and nothing follows.
    Release,
    /// Take `prover`'s ticket: half is burned, the rest compensates the requester and tips the caller. Of a ticket on the instance,
    /// `amount`; or all of it, which ends the ticket, if that is 0.
    Forfeit,
    /// Award the request to `prover` for `amount`, to be proven by `due`, at `bps` of the request's bond. To the actor
    /// of a bid, or to whoever holds a ticket; a ticket is given back as the bond is taken. A ticket holder that cannot
    /// honour its bid (stake gone, floor raised) forfeits the ticket, and the mechanism is asked as if it had failed. Under `SEATS` a
    /// ticket on the instance stays through all of that. Not once a proof has been accepted.
    Award,
    /// Give up in this rung: the request goes down its ladder, or back to its requester. Only when no deposit stands. Once a proof has
    /// been accepted: the request is fulfilled, and what is left of its price goes back; deposits may stand.
    Close,
    /// Fix the block, `amount` blocks from now (1 to 64), whose hash is the beacon of this request.
    Draw,
    /// Once a proof has been accepted, in an open stage: pay `amount` to `prover`.
    Reward
}

/// One move. Fields that its kind does not name are 0.
struct Move {
    MoveKind kind;
    /// 0: the request asked about, and tickets on it. `INSTANCE`: tickets on the instance. In a tick of the instance itself: the number,
    /// from 1, of one of the requests brought along, whose id ends in `tag`.
    uint16 subject;
    address prover;
    /// A deposit in the stake token, or a price in the instance's token.
    uint88 amount;
    /// Unix seconds, inclusive; 0 takes the request's own window.
    uint40 due;
    /// Basis points of the request's bond; 0 takes all of it (10,000).
    uint16 bps;
    uint176 tag;
}

/// A mechanism's answer. An answer that says no reverts instead, with an error that says why and when to come back.
struct Answer {
    Move[] moves;
    /// The next words; as many as in the question.
    bytes32[] words;
    bytes32[] shared;
    /// When a `Tick` may next lead to a move; unix seconds, 0 for never.
    uint40 wake;
}

/// What a mechanism needs of the market under given parameters.
struct Shape {
    /// Words per request and per instance, at most 8 each.
    uint8 words;
    uint8 shared;
    /// Gas for one question, 30,000 to 10,000,000.
    uint32 gas;
    /// `ON_OPEN`, `ON_FAILED`, `ON_PROOF`, `DRAWS`, `SEATS`, `BINDING`.
    uint8 flags;
}

// Wants to be asked when a request opens without a bid.
uint8 constant ON_OPEN = 1;
// Wants to be asked for a standby when the awarded prover failed.
uint8 constant ON_FAILED = 2;
// Accepts proofs while no award stands: an open stage.
uint8 constant ON_PROOF = 4;
// Fixes beacons.
uint8 constant DRAWS = 8;
// A ticket on the instance stays when its holder is awarded. Otherwise the award takes its place.
uint8 constant SEATS = 16;
// A requester cannot take a request back while it is open under this instance.
uint8 constant BINDING = 32;

// The subject of a move that is about a ticket on the instance.
uint16 constant INSTANCE = type(uint16).max;

/// The worst that can happen to a request under given parameters, if any prover serves it.
struct Envelope {
    /// Most that is paid, in the instance's token.
    uint88 price;
    /// Most seconds from opening to the first award, and from there to a proof or its failure.
    uint40 award;
    uint40 proof;
    /// Least stake at risk behind an award.
    uint80 bond;
    /// Provers that stand ready to take over, without a new round of bidding.
    uint8 standbys;
    /// `CAP_…` bits.
    uint32 capabilities;
}

// Losing bids, and the winner's until the award, are not visible to rivals while they can still bid.
uint32 constant CAP_SEALED = 1;
// The price is known when the request opens.
uint32 constant CAP_FIXED_PRICE = 2;
// Any prover that meets the terms can be awarded; nobody is invited or ranked by identity.
uint32 constant CAP_OPEN_ENTRY = 4;
// One transaction of one prover leads from request to award.
uint32 constant CAP_INSTANT = 8;
// The input is of use to one prover only.
uint32 constant CAP_SINGLE_RECIPIENT = 16;
// Bidding one's cost is a dominant strategy.
uint32 constant CAP_TRUTHFUL = 32;

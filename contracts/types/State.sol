// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Where a request is in its life. Fulfilled, Closed and Cancelled are final.
enum Status {
    None,
    Open,
    Awarded,
    Fulfilled,
    Closed,
    Cancelled
}

/// All that is stored of a request: one slot, so that an award costs one fresh slot and a fulfilment touches one.
struct State {
    Status status;
    /// How many instances of its ladder the request has left behind.
    uint8 rung;
    /// Deposits that stand while it is open: nobody cancels under a bidder.
    uint8 holds;
    /// The awarded prover's number. While open: the last one that failed, or 0.
    uint24 prover;
    /// Open: since when, in this rung. Awarded: until when a proof is in time (inclusive). Unix seconds.
    uint40 time;
    /// What the prover is paid, in the instance's token. While open: what was paid for proofs in an open stage so far.
    uint88 price;
    /// Awarded: the bond in basis points of the request's; 0 once the award is in its prover's record. While open: how many proofs were accepted
    /// in an open stage.
    uint16 bondBps;
    /// The instance and version whose rules hold now.
    uint32 instance;
    uint32 version;
}

/// A `State` in its slot, the first field lowest: read without unpacking it, and changed by whole transitions.
type StateSlot is uint256;

uint256 constant BPS = 10_000;

using {
    status,
    isNew,
    isOpen,
    rung,
    holds,
    prover,
    time,
    price,
    bondBps,
    proofs,
    instance,
    version,
    edition,
    reopenedAt,
    toState,
    withStatus,
    recorded,
    reopen,
    climb,
    prove,
    pay,
    award,
    seat,
    unseat
} for StateSlot global;

/// The stake at risk under an award, in units of the stake token, rounded down. `requested` is that of a request, and fits. Award and settlement use this one function, so that
/// what was locked is what is released. More than a stake can be is the most it can be, which nobody has.
function bondAt(uint256 requested, uint256 bps) pure returns (uint80) {
    if (bps == BPS) return uint80(requested);
    uint256 bond = requested * bps / BPS;
    return bond < type(uint80).max ? uint80(bond) : type(uint80).max;
}

function status(StateSlot self) pure returns (Status) {
    return Status(uint8(StateSlot.unwrap(self)));
}

function isNew(StateSlot self) pure returns (bool) {
    return uint8(StateSlot.unwrap(self)) == uint8(Status.None);
}

function isOpen(StateSlot self) pure returns (bool) {
    return uint8(StateSlot.unwrap(self)) == uint8(Status.Open);
}

function rung(StateSlot self) pure returns (uint8) {
    return uint8(StateSlot.unwrap(self) >> 8);
}

function holds(StateSlot self) pure returns (uint8) {
    return uint8(StateSlot.unwrap(self) >> 16);
}

function prover(StateSlot self) pure returns (uint24) {
    return uint24(StateSlot.unwrap(self) >> 24);
}

function time(StateSlot self) pure returns (uint40) {
    return uint40(StateSlot.unwrap(self) >> 48);
}

function price(StateSlot self) pure returns (uint88) {
    return uint88(StateSlot.unwrap(self) >> 88);
}

function bondBps(StateSlot self) pure returns (uint16) {
    return uint16(StateSlot.unwrap(self) >> 176);
}

/// How many proofs an open request, or one that ended so, got in an open stage.
function proofs(StateSlot self) pure returns (uint16) {
    return self.bondBps();
}

function instance(StateSlot self) pure returns (uint32) {
    return uint32(StateSlot.unwrap(self) >> 192);
}

function version(StateSlot self) pure returns (uint32) {
    return uint32(StateSlot.unwrap(self) >> 224);
}

/// Instance and version as one number; see `editionOf`.
function edition(StateSlot self) pure returns (uint64) {
    return uint64(StateSlot.unwrap(self) >> 192);
}

/// Which opening of its request this is: 0 for the first; after a failure, or on a lower rung, since when it is open. An award
/// takes at least a second to fail, so that an opening before it and one after it are never the same.
function reopenedAt(StateSlot self) pure returns (uint40) {
    return self.prover() == 0 && self.rung() == 0 ? 0 : self.time();
}

function toState(StateSlot self) pure returns (State memory) {
    return State({
        status: self.status(),
        rung: self.rung(),
        holds: self.holds(),
        prover: self.prover(),
        time: self.time(),
        price: self.price(),
        bondBps: self.bondBps(),
        instance: self.instance(),
        version: self.version()
    });
}

function withStatus(StateSlot self, Status next) pure returns (StateSlot) {
    return StateSlot.wrap(StateSlot.unwrap(self) & ~uint256(0xff) | uint256(next));
}

/// Of a kept award that is in its prover's record: there is no bond any more that would have to be told.
function recorded(StateSlot self) pure returns (StateSlot) {
    return StateSlot.wrap(StateSlot.unwrap(self) & ~(uint256(type(uint16).max) << 176));
}

/// Of a new request, open since `since`.
function entered(uint64 edition_, uint256 since) pure returns (StateSlot) {
    return StateSlot.wrap(uint256(Status.Open) | since << 48 | uint256(edition_) << 192);
}

/// Open since `since`, without a price or a bond; for the rest as it was.
function reopen(StateSlot self, uint256 since) pure returns (StateSlot) {
    uint256 kept = StateSlot.unwrap(self) & ~(uint256(0xff) | uint256(type(uint144).max) << 48);
    return StateSlot.wrap(kept | uint256(Status.Open) | since << 48);
}

/// One rung down the ladder. A ladder has fewer rungs than the field can count.
function climb(StateSlot self, uint64 edition_) pure returns (StateSlot) {
    uint256 kept = StateSlot.unwrap(self) & type(uint192).max;
    return StateSlot.wrap(kept + (1 << 8) | uint256(edition_) << 192);
}

/// One proof more; they stop counting at 65,535.
function prove(StateSlot self) pure returns (StateSlot) {
    return self.proofs() == type(uint16).max ? self : StateSlot.wrap(StateSlot.unwrap(self) + (1 << 176));
}

/// `amount` more has been paid; the caller has seen that the sum is no more than a price.
function pay(StateSlot self, uint256 amount) pure returns (StateSlot) {
    return StateSlot.wrap(StateSlot.unwrap(self) + (amount << 88));
}

/// Of an instance itself, as the subject of a question: no request, and nothing stored.
function standing(uint64 edition_) pure returns (StateSlot) {
    return StateSlot.wrap(uint256(edition_) << 192);
}

/// The part of a state that an award brings, but for whom; the arguments fit their fields.
function awardFor(uint256 price_, uint256 due, uint256 bps) pure returns (StateSlot) {
    return StateSlot.wrap(uint256(Status.Awarded) | due << 48 | price_ << 88 | bps << 176);
}

/// Awarded on `terms`, made by `awardFor`, to the prover of that number.
function award(StateSlot self, StateSlot terms, uint256 prover_) pure returns (StateSlot) {
    uint256 kept = StateSlot.unwrap(self) & ~(uint256(0xff) | uint256(type(uint168).max) << 24);
    return StateSlot.wrap(kept | StateSlot.unwrap(terms) | prover_ << 24);
}

/// One deposit more; reverts beyond 255.
function seat(StateSlot self) pure returns (StateSlot) {
    assert(self.holds() != type(uint8).max);
    return StateSlot.wrap(StateSlot.unwrap(self) + (1 << 16));
}

/// One deposit less.
function unseat(StateSlot self) pure returns (StateSlot) {
    assert(self.holds() != 0);
    return StateSlot.wrap(StateSlot.unwrap(self) - (1 << 16));
}

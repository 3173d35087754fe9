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
    /// Awarded and after: what the prover is paid, in the instance's token.
    uint88 price;
    /// Awarded: the bond in basis points of the request's.
    uint16 bondBps;
    /// The instance and version whose rules hold now.
    uint32 instance;
    uint32 version;
}

using {bondOf, pack} for State global;

uint256 constant BPS = 10_000;

/// The stake at risk under this award, rounded down. Award and settlement use this one function, so that what was
/// locked is what is released.
function bondOf(State memory self, uint80 requested) pure returns (uint80) {
    return uint80(uint256(requested) * self.bondBps / BPS);
}

/// The slot, so that it is read once and written once.
function pack(State memory self) pure returns (uint256) {
    return uint256(self.status) | uint256(self.rung) << 8 | uint256(self.holds) << 16 | uint256(self.prover) << 24
        | uint256(self.time) << 48 | uint256(self.price) << 88 | uint256(self.bondBps) << 176 | uint256(self.instance)
        << 192 | uint256(self.version) << 224;
}

/// The inverse of `pack`.
function unpackState(uint256 slot) pure returns (State memory self) {
    self.status = Status(uint8(slot));
    self.rung = uint8(slot >> 8);
    self.holds = uint8(slot >> 16);
    self.prover = uint24(slot >> 24);
    self.time = uint40(slot >> 48);
    self.price = uint88(slot >> 88);
    self.bondBps = uint16(slot >> 176);
    self.instance = uint32(slot >> 192);
    self.version = uint32(slot >> 224);
}

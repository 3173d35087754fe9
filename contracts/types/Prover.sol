// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// A prover's stake and capacity over all mechanisms: one slot, all that the hot path needs.
struct Ledger {
    /// Stake, in the stake token.
    uint80 stake;
    /// The part of it that bonds and deposits hold; never above `stake`.
    uint80 locked;
    /// The prover's number, given once, from 1; 0 if it never declared.
    uint24 id;
    /// Awards it is serving.
    uint16 busy;
    /// The most awards it serves at once.
    uint16 concurrency;
    /// `ANY_MECHANISM`, `ANY_VERIFIER`, `DRAINING`.
    uint8 flags;
    /// Awards kept and failed so far; each stops counting at 65,535.
    uint16 kept;
    uint16 failed;
}

// Takes awards from every mechanism; otherwise only from those listed.
uint8 constant ANY_MECHANISM = 1;
// Takes work for every verifier; otherwise only for those listed.
uint8 constant ANY_VERIFIER = 2;
// Takes no new award and no new deposit.
uint8 constant DRAINING = 4;

using {free, pack} for Ledger global;

/// Stake that backs nothing yet.
function free(Ledger memory self) pure returns (uint80) {
    return self.stake - self.locked;
}

/// The slot, so that it is read once and written once.
function pack(Ledger memory self) pure returns (uint256) {
    return uint256(self.stake) | uint256(self.locked) << 80 | uint256(self.id) << 160 | uint256(self.busy) << 184
        | uint256(self.concurrency) << 200 | uint256(self.flags) << 216 | uint256(self.kept) << 224
        | uint256(self.failed) << 240;
}

/// The inverse of `pack`.
function unpackLedger(uint256 slot) pure returns (Ledger memory self) {
    self.stake = uint80(slot);
    self.locked = uint80(slot >> 80);
    self.id = uint24(slot >> 160);
    self.busy = uint16(slot >> 184);
    self.concurrency = uint16(slot >> 200);
    self.flags = uint8(slot >> 216);
    self.kept = uint16(slot >> 224);
    self.failed = uint16(slot >> 240);
}

/// What a prover asks of work paid in one token: one slot.
struct Offer {
    /// The token is accepted at all.
    bool accepted;
    /// Least price per unit of work, in the token. An award below `floor * work` is refused.
    uint88 floor;
    /// The most stake one award may put at risk.
    uint80 bondLimit;
    /// Units of work per second; an award that leaves less time than `work / throughput` is refused. 0 promises nothing.
    uint32 throughput;
}

/// A prover's deposit on one request: one slot.
struct Ticket {
    /// Stake held, in the stake token. 0 if there is no ticket.
    uint80 amount;
    /// The mechanism's note about this bidder (a commitment, a shard).
    uint176 tag;
}

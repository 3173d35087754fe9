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
// Takes no new award and no new deposit. Where a deposit of it stands already, it can still bid: else it could not reveal.
uint8 constant DRAINING = 4;
// Can be drilled: anyone awards it work at what it offers, without asking, who shows that the work can be proven.
uint8 constant DRILLS = 8;

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

/// A `Ledger` in its slot, the first field lowest.
type LedgerSlot is uint256;

/// An `Offer` in its slot, the first field lowest.
type OfferSlot is uint256;

using {
    stake,
    locked,
    free,
    id,
    busy,
    concurrency,
    capacity,
    isFull,
    flags,
    kept,
    failed,
    toLedger,
    declared,
    add,
    remove,
    engage,
    unlock,
    lose,
    give,
    keep,
    fail
} for LedgerSlot global;
using {accepted, floor, bondLimit, throughput, toOffer} for OfferSlot global;

function stake(LedgerSlot self) pure returns (uint80) {
    return uint80(LedgerSlot.unwrap(self));
}

function locked(LedgerSlot self) pure returns (uint80) {
    return uint80(LedgerSlot.unwrap(self) >> 80);
}

/// Stake that backs nothing yet.
function free(LedgerSlot self) pure returns (uint80) {
    unchecked {
        return self.stake() - self.locked();
    }
}

function id(LedgerSlot self) pure returns (uint24) {
    return uint24(LedgerSlot.unwrap(self) >> 160);
}

function busy(LedgerSlot self) pure returns (uint16) {
    return uint16(LedgerSlot.unwrap(self) >> 184);
}

function concurrency(LedgerSlot self) pure returns (uint16) {
    return uint16(LedgerSlot.unwrap(self) >> 200);
}

/// Awards it could still take.
function capacity(LedgerSlot self) pure returns (uint16) {
    (uint16 have, uint16 most) = (self.busy(), self.concurrency());
    unchecked {
        return have < most ? most - have : 0;
    }
}

/// It can take no award more.
function isFull(LedgerSlot self) pure returns (bool) {
    return self.busy() >= self.concurrency();
}

function flags(LedgerSlot self) pure returns (uint8) {
    return uint8(LedgerSlot.unwrap(self) >> 216);
}

function kept(LedgerSlot self) pure returns (uint16) {
    return uint16(LedgerSlot.unwrap(self) >> 224);
}

function failed(LedgerSlot self) pure returns (uint16) {
    return uint16(LedgerSlot.unwrap(self) >> 240);
}

function toLedger(LedgerSlot self) pure returns (Ledger memory) {
    return Ledger({
        stake: self.stake(),
        locked: self.locked(),
        id: self.id(),
        busy: self.busy(),
        concurrency: self.concurrency(),
        flags: self.flags(),
        kept: self.kept(),
        failed: self.failed()
    });
}

/// Under a number, with new terms.
function declared(LedgerSlot self, uint24 id_, uint16 concurrency_, uint8 flags_) pure returns (LedgerSlot) {
    uint256 rest = LedgerSlot.unwrap(self) & ~(uint256(0xffffff) << 160 | uint256(0xffffff) << 200);
    return LedgerSlot.wrap(rest | uint256(id_) << 160 | uint256(concurrency_) << 200 | uint256(flags_) << 216);
}

/// `amount` more of stake; reverts if the field cannot hold it.
function add(LedgerSlot self, uint80 amount) pure returns (LedgerSlot) {
    return LedgerSlot.wrap(LedgerSlot.unwrap(self) >> 80 << 80 | (self.stake() + amount));
}

/// `amount` less of free stake.
function remove(LedgerSlot self, uint80 amount) pure returns (LedgerSlot) {
    assert(amount <= self.free());
    return LedgerSlot.wrap(LedgerSlot.unwrap(self) - amount);
}

/// `amount` of free stake, and `awards` (0 or 1) of the capacity left, are promised from now on: the caller has seen that
/// there is so much of both.
function engage(LedgerSlot self, uint256 amount, uint256 awards) pure returns (LedgerSlot) {
    unchecked {
        return LedgerSlot.wrap(LedgerSlot.unwrap(self) + (amount << 80) + (awards << 184));
    }
}

/// `amount` of locked stake is free again.
function unlock(LedgerSlot self, uint80 amount) pure returns (LedgerSlot) {
    assert(amount <= self.locked());
    return LedgerSlot.wrap(LedgerSlot.unwrap(self) - (uint256(amount) << 80));
}

/// `amount` of locked stake is gone.
function lose(LedgerSlot self, uint80 amount) pure returns (LedgerSlot) {
    return self.unlock(amount).remove(amount);
}

/// One award less.
function give(LedgerSlot self) pure returns (LedgerSlot) {
    assert(self.busy() != 0);
    return LedgerSlot.wrap(LedgerSlot.unwrap(self) - (1 << 184));
}

/// Counts an award that was kept.
function keep(LedgerSlot self) pure returns (LedgerSlot) {
    return self.kept() == type(uint16).max ? self : LedgerSlot.wrap(LedgerSlot.unwrap(self) + (1 << 224));
}

/// Counts an award that failed.
function fail(LedgerSlot self) pure returns (LedgerSlot) {
    return self.failed() == type(uint16).max ? self : LedgerSlot.wrap(LedgerSlot.unwrap(self) + (1 << 240));
}

function accepted(OfferSlot self) pure returns (bool) {
    return OfferSlot.unwrap(self) & 0xff != 0;
}

function floor(OfferSlot self) pure returns (uint256) {
    return uint88(OfferSlot.unwrap(self) >> 8);
}

function bondLimit(OfferSlot self) pure returns (uint256) {
    return uint80(OfferSlot.unwrap(self) >> 96);
}

function throughput(OfferSlot self) pure returns (uint256) {
    return uint32(OfferSlot.unwrap(self) >> 176);
}

function toOffer(OfferSlot self) pure returns (Offer memory) {
    return Offer({
        accepted: self.accepted(),
        floor: uint88(self.floor()),
        bondLimit: uint80(self.bondLimit()),
        throughput: uint32(self.throughput())
    });
}

function packOffer(Offer memory self) pure returns (OfferSlot) {
    return OfferSlot.wrap(
        (self.accepted ? 1 : 0) | uint256(self.floor) << 8 | uint256(self.bondLimit) << 96 | uint256(self.throughput)
            << 176
    );
}

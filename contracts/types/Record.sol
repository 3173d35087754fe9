// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// What became of a prover's awards for one class of work: one verifier, paid in one token. One slot; each field stops counting at its largest
/// value.
struct Record {
    /// Awards that were proven in time, of those that the prover had recorded.
    uint24 kept;
    /// Awards that were missed while their request could still go on to somebody else.
    uint24 late;
    /// Awards that were missed, and their request with them.
    uint24 failed;
    /// What the kept ones paid, in the token.
    uint88 paid;
    /// What the others would have paid.
    uint88 missed;
}

/// A `Record` in its slot, the first field lowest.
type RecordSlot is uint256;

using {toRecord, keep, miss} for RecordSlot global;

function toRecord(RecordSlot self) pure returns (Record memory) {
    uint256 slot = RecordSlot.unwrap(self);
    return Record(uint24(slot), uint24(slot >> 24), uint24(slot >> 48), uint88(slot >> 72), uint88(slot >> 160));
}

/// One kept, and what it paid.
function keep(RecordSlot self, uint256 price) pure returns (RecordSlot) {
    return _plus(_plus(self, 0, 24, 1), 72, 88, price);
}

/// One missed, and what it would have paid.
/// @param over the request ended with it.
function miss(RecordSlot self, uint256 price, bool over) pure returns (RecordSlot) {
    return _plus(_plus(self, over ? 48 : 24, 24, 1), 160, 88, price);
}

/// `amount` more in the field of `bits` bits from bit `from`, or as much as it holds.
function _plus(RecordSlot self, uint256 from, uint256 bits, uint256 amount) pure returns (RecordSlot) {
    uint256 slot = RecordSlot.unwrap(self);
    uint256 most = (1 << bits) - 1;
    uint256 room = most - (slot >> from & most);
    return RecordSlot.wrap(slot + ((amount < room ? amount : room) << from));
}

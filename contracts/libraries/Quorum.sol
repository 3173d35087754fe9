// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ask} from "../types/Ask.sol";
import {BPS} from "../types/State.sol";
import {Crew} from "./Crew.sol";

/// What members of a committee say together: bytes `signers said signatures`. Signers are seats, a bit each from the lowest, in two
/// bytes; the signatures are theirs, in order of seats, of `statement`, as a personal message (EIP-191).
library Quorum {
    /// What can be said.
    uint8 internal constant LATE = 1;
    uint8 internal constant WITHHELD = 2;
    uint8 internal constant SPLIT = 3;

    bytes32 private constant DOMAIN = "bourse committee";

    /// All but as many as may be faulty.
    function least(uint256 members) internal pure returns (uint256) {
        return members - _faults(members);
    }

    /// The most seats that can be declared late.
    function most(uint256 members, uint256 needed) internal pure returns (uint256) {
        uint256 spare = members - needed;
        return spare < _faults(members) ? spare : _faults(members);
    }

    function statement(bytes32 id, uint8 rung, uint8 kind, bytes32 roster, bytes calldata said)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(DOMAIN, id, rung, kind, roster, keccak256(said)));
    }

    /// Of those who say that they signed; seats that do not exist are none.
    function signers(uint256 count, bytes calldata data) internal pure returns (uint256) {
        return uint16(bytes2(data[:2])) & ((1 << count) - 1);
    }

    /// How many valid signatures there are of the `size` bytes that are said.
    function signed(
        Ask calldata ask,
        bytes32[] memory words,
        uint256 count,
        uint8 kind,
        bytes calldata data,
        uint256 size
    ) internal pure returns (uint256) {
        bytes32 said = statement(ask.id, ask.rung, kind, Crew.roster(words, count), data[2:2 + size]);
        bytes32 digest = keccak256(bytes.concat("\x19Ethereum Signed Message:\n32", said));
        return Crew.signed(words, count, digest, signers(count, data), data[2 + size:]);
    }

    /// What each seat is paid of `rest` by the split that came with the proof, behind its hash; empty if there is none, or
    /// it does not count. It says `late weights`, two bytes each. Weights are basis points, one for each seat, and sum up to
    /// 10,000. A seat that is late or nobody's has none, each other at least half of an equal one.
    function split(
        Ask calldata ask,
        bytes32[] memory words,
        uint256 count,
        uint256 flagged,
        uint256 needed,
        uint256 rest
    ) internal pure returns (uint256[] memory) {
        uint256 size = 2 + 2 * count;
        uint256[] memory none;
        if (ask.data.length < 34 + size) return none;
        bytes calldata data = ask.data[32:];
        if (data.length != 2 + size + Crew.signatureBytes(signers(count, data))) return none;
        uint256 late = uint16(bytes2(data[2:4]));
        uint256 held = Crew.held(words, count);
        if (late & ~held != 0 || Crew.ones(flagged | late) > most(count, needed)) return none;
        uint256[] memory pay = _pay(data[4:2 + size], held & ~late, rest);
        if (pay.length == 0) return none;
        return signed(ask, words, count, SPLIT, data, size) < least(count) ? none : pay;
    }

    /// @param weights two bytes for each seat.
    /// @param works seats that have a weight, a bit each.
    function _pay(bytes calldata weights, uint256 works, uint256 rest) private pure returns (uint256[] memory) {
        uint256[] memory none;
        uint256[] memory pay = new uint256[](weights.length / 2);
        uint256 sum;
        for (uint256 seat; seat < pay.length; ++seat) {
            uint256 weight = uint16(bytes2(weights[2 * seat:2 * seat + 2]));
            if (works >> seat & 1 == 0 ? weight != 0 : 2 * weight * pay.length < BPS) return none;
            sum += weight;
            pay[seat] = rest * weight / BPS;
        }
        return sum == BPS ? pay : none;
    }

    function _faults(uint256 members) private pure returns (uint256) {
        return (members - 1) / 3;
    }
}

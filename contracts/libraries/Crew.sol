// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Who sits in a committee, packed into words: 16 bytes of head, then 20 bytes for each seat, 0 while nobody holds it. The head is
/// `flagged << 48 | count << 40 | full`: the seats declared late so far, a bit each; how many seats were given out; and when the
/// last of them was, unix seconds, 0 before.
library Crew {
    /// What fits into eight words.
    uint8 internal constant MAX_SEATS = 12;
    /// No seat.
    uint256 internal constant NONE = type(uint256).max;
    uint256 private constant HEAD = 16;
    uint256 private constant SEAT = 20;
    uint256 private constant SIGNATURE = 65;
    /// Half of the order of secp256k1: of the two signatures that a key makes of one, the one that counts has `s` at most this.
    uint256 private constant MOST_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// Words for that many seats.
    function size(uint256 seats) internal pure returns (uint8) {
        return uint8((HEAD + SEAT * seats + 31) / 32);
    }

    function head(bytes32[] memory words) internal pure returns (uint256 full, uint256 count, uint256 flagged) {
        uint256 packed = uint256(words[0]) >> 128;
        return (uint40(packed), uint8(packed >> 40), uint16(packed >> 48));
    }

    function setHead(bytes32[] memory words, uint256 full, uint256 count, uint256 flagged) internal pure {
        words[0] = bytes32((flagged << 48 | count << 40 | full) << 128 | uint128(uint256(words[0])));
    }

    /// Who holds a seat that exists.
    function at(bytes32[] memory words, uint256 seat) internal pure returns (address member) {
        assembly ("memory-safe") {
            member := shr(96, mload(add(words, add(0x30, mul(seat, 20)))))
        }
    }

    /// What lies behind the seat is written back as it was.
    function put(bytes32[] memory words, uint256 seat, address member) internal pure {
        assembly ("memory-safe") {
            let place := add(words, add(0x30, mul(seat, 20)))
            mstore(place, or(shl(96, member), shr(160, shl(160, mload(place)))))
        }
    }

    /// The first of `count` seats that `member` holds, or that nobody does if it is 0.
    function seatOf(bytes32[] memory words, uint256 count, address member) internal pure returns (uint256) {
        for (uint256 seat; seat < count; ++seat) {
            if (at(words, seat) == member) return seat;
        }
        return NONE;
    }

    /// Seats that somebody holds, a bit each.
    function held(bytes32[] memory words, uint256 count) internal pure returns (uint256 seats) {
        for (uint256 seat; seat < count; ++seat) {
            if (at(words, seat) != address(0)) seats |= 1 << seat;
        }
    }

    /// The hash of who holds the seats, in order.
    function roster(bytes32[] memory words, uint256 count) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(words, 0x30), mul(count, 20))
        }
    }

    function ones(uint256 bits) internal pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }

    /// The bytes of as many signatures as there are signers.
    function signatureBytes(uint256 signers) internal pure returns (uint256) {
        return SIGNATURE * ones(signers);
    }

    /// How many of the signatures of `digest` are by who holds the seats that `signers` names, in order of seats: 65 bytes
    /// `r, s, v` for each. A wrong one counts for nothing; as no seat is named twice, nobody counts twice.
    function signed(bytes32[] memory words, uint256 count, bytes32 digest, uint256 signers, bytes calldata signatures)
        internal
        pure
        returns (uint256 valid)
    {
        for (uint256 seat; seat < count; ++seat) {
            if (signers >> seat & 1 == 0) continue;
            address signer = _recover(digest, signatures[:SIGNATURE]);
            // What recovers to nobody is not signed by who holds a seat that nobody holds.
            if (signer != address(0) && signer == at(words, seat)) ++valid;
            signatures = signatures[SIGNATURE:];
        }
    }

    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address) {
        if (uint256(bytes32(signature[32:64])) > MOST_S) return address(0);
        return ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/utils/LibBit.sol";

import {Unacceptable} from "../interfaces/IMechanism.sol";

/// Lots that are drawn by weight, each by itself: whoever knows the beacon can compute any of them, without a list of who takes part.
///
/// A lot's key is exponential with a rate that is its weight. The lowest of them is anybody's with a probability of its share of
/// the weight, and so is the next among those that are left (Efraimidis and Spirakis 2006). The lowest key of the parts
/// of a weight has the law of the key of the whole, so nobody gains the first place by coming in several names.
library Lots {
    /// Logarithms have so many binary digits behind the point.
    uint256 private constant DIGITS = 40;
    /// 1 / ln 2, with as many digits, rounded down.
    uint256 private constant PER_NAT = 1_586_259_972_792;
    uint256 private constant MOST = type(uint88).max;

    /// The key of `who`, in units in which that of the largest weight, `cap`, has a mean of 2^40 / ln 2. At least 1. Weights are
    /// from 1 to `cap`, which is below 2^80.
    function key(bytes32 beacon, bytes32 id, address who, uint256 weight, uint256 cap) internal pure returns (uint256) {
        uint256 drawn = bits(uint256(keccak256(abi.encode(beacon, id, who)))) * cap / weight;
        return drawn < MOST ? drawn : MOST;
    }

    /// -log2(hash / 2^256), in units of 2^-40, not less than 1: exponential with mean 1 / ln 2. Digit by digit, by squaring; each loses
    /// less than 2^-62 of the argument, so the last one may be wrong, and no other.
    function bits(uint256 hash) internal pure returns (uint256) {
        unchecked {
            if (hash == 0) hash = 1;
            uint256 zeros = LibBit.clz(hash);
            uint256 x = hash << zeros >> 192;
            uint256 digits;
            for (uint256 i; i < DIGITS; ++i) {
                x = x * x >> 63;
                uint256 digit = x >> 64;
                x >>= digit;
                digits = digits << 1 | digit;
            }
            return ((zeros + 1) << DIGITS) - digits;
        }
    }

    /// The key up to which `many` lots are expected out of a pool of this total weight, if each is a small part of it; no more
    /// otherwise. `many` is at most 8.
    function reach(uint256 many, uint256 cap, uint256 total) internal pure returns (uint256) {
        return many * cap * PER_NAT / total;
    }

    /// Puts a key in its place among `words` from `start` on, which hold `key << 160 | prover`, the lowest first. `Unacceptable(key,
    /// highest)` if all are taken by keys that are not higher.
    /// @return out whose place was the last one, if it is no longer.
    function place(bytes32[] memory words, uint256 start, address who, uint256 drawn)
        internal
        pure
        returns (address out)
    {
        uint256 i = words.length - 1;
        if (words[i] != 0) {
            uint256 highest = keyOf(words[i]);
            require(drawn < highest, Unacceptable(drawn, highest));
            out = prover(words[i]);
        }
        for (; i > start && (words[i - 1] == 0 || drawn < keyOf(words[i - 1])); --i) {
            words[i] = words[i - 1];
        }
        words[i] = bytes32(drawn << 160 | uint160(who));
    }

    /// Those behind it move up.
    function remove(bytes32[] memory words, uint256 i) internal pure {
        for (; i + 1 < words.length; ++i) {
            words[i] = words[i + 1];
        }
        words[i] = 0;
    }

    function prover(bytes32 self) internal pure returns (address) {
        return address(uint160(uint256(self)));
    }

    function keyOf(bytes32 self) internal pure returns (uint256) {
        return uint256(self) >> 160;
    }
}

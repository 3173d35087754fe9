// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../interfaces/IMechanism.sol";
import {Ask, Shape} from "../types/Ask.sol";
import {ReplyRef, refTo} from "../types/ReplyRef.sol";
import {ForeignCall} from "./ForeignCall.sol";
import {Params} from "./Params.sol";

/// The rule that a modifier goes around.
struct Inner {
    address mechanism;
    /// Of that code, whatever else is put there later.
    bytes32 codehash;
    /// What it calls itself, left aligned, by which twins find its twin.
    bytes32 name;
}

/// The inner rule's code is not the one that was named.
error InnerChanged(address mechanism, bytes32 have, bytes32 want);
/// The inner rule does not go by the name that was given.
error InnerMisnamed(address mechanism, bytes32 have, bytes32 want);

/// A rule that changes another one a little: it puts the question to that one as if the request were slightly different, and
/// changes the answer. As the inner code is pinned, the whole is still a function of its arguments. Modifiers nest.
///
/// Parameters of a modifier are `abi.encode` of its own, which begin with the `Inner`, directly followed by those of the inner rule.
/// Words of its own, if it keeps any, come after those of the inner rule.
abstract contract Modifier is IMechanism {
    /// Longest answer that the market reads.
    uint256 private constant MAX_ANSWER = 16_384;
    /// What the market allows at most; more is refused here before it can overflow.
    uint256 private constant MAX_WORDS = 8;
    uint256 private constant MAX_GAS = 10_000_000;
    /// Gas on top of the inner rule's: so much, and a share of it, for what is lost by handing gas on and for long data.
    uint32 private constant OVERHEAD = 20_000;
    uint32 private constant OVERHEAD_SHARE = 16;

    /// What the market has to provide for both, with so many words more.
    /// @dev Reverts with `InnerChanged`, `InnerMisnamed`, or as the inner rule does.
    function _shape(Inner memory inner, bytes calldata params, uint8 words, uint8 shared)
        internal
        view
        returns (Shape memory shape)
    {
        IMechanism mechanism = _pinned(inner);
        bytes memory name = bytes(mechanism.name());
        bool same = name.length <= 32 && bytes32(name) == inner.name;
        require(same, InnerMisnamed(inner.mechanism, bytes32(name), inner.name));
        shape = mechanism.check(params);
        Params.within("words", shape.words, 0, MAX_WORDS - words);
        Params.within("shared", shape.shared, 0, MAX_WORDS - shared);
        Params.within("gas", shape.gas, 0, MAX_GAS);
        shape.words += words;
        shape.shared += shared;
        shape.gas += shape.gas / OVERHEAD_SHARE + OVERHEAD;
    }

    /// The inner rule, whose code is what it was.
    function _pinned(Inner memory inner) internal view returns (IMechanism) {
        bytes32 have = inner.mechanism.codehash;
        require(have == inner.codehash, InnerChanged(inner.mechanism, have, inner.codehash));
        return IMechanism(inner.mechanism);
    }

    /// The question that is being asked, to be changed in place: already without the first `size` bytes of its parameters, and the
    /// last words of each list. It has to stay the last thing in memory until it is put by `_ask`.
    function _question(Ask calldata ask, uint256 size, uint256 words, uint256 shared)
        internal
        pure
        returns (bytes memory question)
    {
        bytes calldata params = ask.params;
        bytes32[] calldata listed = ask.words;
        bytes32[] calldata common = ask.shared;
        require(size <= params.length && words <= listed.length && shared <= common.length);
        question = msg.data;
        assembly ("memory-safe") {
            // Where the first byte of calldata would be in memory. A list is preceded by its length.
            let data := add(question, 0x20)
            let at := sub(add(params.offset, size), 0x20)
            mstore(add(data, at), sub(params.length, size))
            mstore(add(data, add(ask, 0x4a0)), sub(at, ask))
            mstore(add(data, sub(listed.offset, 0x20)), sub(listed.length, words))
            mstore(add(data, sub(common.offset, 0x20)), sub(common.length, shared))
        }
    }

    /// The request's highest price, as the inner rule is to see it.
    function _setMaxPrice(bytes memory question, Ask calldata ask, uint256 maxPrice) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(question, ask), 0x1a0), maxPrice)
        }
    }

    /// The request's deadline, as the inner rule is to see it.
    function _setDeadline(bytes memory question, Ask calldata ask, uint256 deadline) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(question, ask), 0x200), deadline)
        }
    }

    /// What the inner rule answers. Its no is said on unchanged; so is what the market cannot read, for the market to refuse.
    function _ask(Inner memory inner, bytes memory question) internal view returns (ReplyRef reply) {
        (bool ok, bytes memory result) = ForeignCall.ask(address(_pinned(inner)), gasleft(), question, MAX_ANSWER);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        (ok, reply) = refTo(result);
        if (!ok) reply.send();
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Concentrated, Unexpected} from "../interfaces/IMechanism.sol";
import {Editing} from "../libraries/Editing.sol";
import {Inner, Modifier} from "../libraries/Modifier.sol";
import {Params} from "../libraries/Params.sol";
import {Answer, Ask, CAP_OPEN_ENTRY, Cause, Envelope, MoveKind, Shape} from "../types/Ask.sol";
import {MoveRef, ReplyRef} from "../types/ReplyRef.sol";
import {Request} from "../types/Request.sol";
import {Status} from "../types/State.sol";

/// Followed by the parameters of the inner rule.
struct SpreadParams {
    Inner inner;
    /// How many of the last awards under the instance count.
    uint8 window;
    /// How many of them one prover may have before its bids are refused.
    uint8 most;
    /// Seconds from opening after which nobody is refused any more, so that a request does not wait for provers that are not there; 0
    /// for never.
    uint32 patience;
}

/// Anti-concentration, around any rule: who has `most` of the last `window` awards (or payments for proofs) of the instance is refused as a
/// bidder, until others have won, or the request has waited for `patience`.
///
/// Who holds a ticket on the request is never refused: it was admitted, and has to be able to reveal. So bids that were admitted together may
/// all win, and one prover may for once have more than `most`: what counts is what stands when a bid enters. An award counts
/// even if it fails. A proof in an open stage is never refused. A bid on the instance itself waits for nothing: it is refused
/// only where `patience` is 0, and never to who has a ticket there.
///
/// A prover is an address here. Whoever registers, stakes and funds a second one is two: it spreads work over identities, and makes being
/// many cost something, no more.
///
/// Shared words of its own: the last winners, the newest lowest, 64 bits of each address, four a word. To have another's 64 bits takes
/// 2^63 tries, and to get it refused as many wins as `most`.
contract Spread is Modifier {
    using Editing for ReplyRef;

    uint256 private constant SIZE = 0xc0;
    uint8 private constant MAX_WINDOW = 8;
    /// Winners in a word.
    uint256 private constant A_WORD = 4;

    function name() external pure returns (string memory) {
        return "spread";
    }

    function check(bytes calldata params) external view returns (Shape memory) {
        SpreadParams memory p = _params(params);
        Params.within("window", p.window, 1, MAX_WINDOW);
        Params.within("most", p.most, 1, p.window);
        Params.within("patience", p.patience, 0, Params.LONGEST);
        return _shape(p.inner, params[SIZE:], 0, uint8(_words(p)));
    }

    /// That of the inner rule; but who may enter depends on who it is.
    function envelope(bytes calldata params, Request calldata request) external view returns (Envelope memory e) {
        e = _pinned(_params(params).inner).envelope(params[SIZE:], request);
        e.capabilities &= ~CAP_OPEN_ENTRY;
    }

    /// As the inner rule, after `Concentrated(wins, most - 1)` to a bidder that has won too much. `Unexpected` about the instance itself, if the
    /// inner rule keeps no shared words.
    function step(Ask calldata ask) external view returns (Answer memory) {
        SpreadParams memory p = _params(ask.params);
        uint256 own = _words(p);
        bytes32[] calldata shared = ask.shared;
        require(own <= shared.length);
        uint256 inner = shared.length - own;
        // A rule that keeps nothing for its instance knows no questions about it.
        require(inner != 0 || ask.status != Status.None, Unexpected(uint8(ask.cause)));
        uint256 last = uint256(shared[inner]);
        uint256 before = own == 1 ? 0 : uint256(shared[inner + 1]);
        if (ask.cause == Cause.Bid && !_admitted(ask, inner) && !_waited(p, ask)) {
            uint256 wins = _wins(p, last, before, ask.actor.prover);
            require(wins < p.most, Concentrated(wins, p.most - 1));
        }
        ReplyRef reply = _ask(p.inner, _question(ask, SIZE, 0, own));

        uint256 count = reply.count();
        for (uint256 i; i < count; ++i) {
            MoveRef move = reply.move(i);
            uint256 kind = move.kind();
            if (kind != uint256(MoveKind.Award) && kind != uint256(MoveKind.Reward)) continue;
            before = before << 64 | last >> 192;
            last = last << 64 | uint64(uint160(move.prover()));
        }
        reply.pushShared(last);
        if (own != 1) reply.pushShared(before);
        reply.send();
    }

    /// The bidder has a ticket already. Where the inner rule keeps shared words, it may be one on the instance, which admits to no
    /// request; no request without deposits has tickets.
    function _admitted(Ask calldata ask, uint256 innerShared) private pure returns (bool) {
        if (ask.actor.held == 0) return false;
        return innerShared == 0 || ask.holds != 0 || ask.status == Status.None;
    }

    function _waited(SpreadParams memory p, Ask calldata ask) private pure returns (bool) {
        return p.patience != 0 && ask.time >= uint256(ask.openedAt) + p.patience;
    }

    /// How many of the last winners are `prover`.
    function _wins(SpreadParams memory p, uint256 last, uint256 before, address prover)
        private
        pure
        returns (uint256 wins)
    {
        uint64 tag = uint64(uint160(prover));
        for (uint256 i; i < p.window; ++i) {
            if (i == A_WORD) last = before;
            if (uint64(last) == tag) ++wins;
            last >>= 64;
        }
    }

    function _words(SpreadParams memory p) private pure returns (uint256) {
        return p.window <= A_WORD ? 1 : 2;
    }

    function _params(bytes calldata params) private pure returns (SpreadParams memory) {
        return abi.decode(params[:SIZE], (SpreadParams));
    }
}

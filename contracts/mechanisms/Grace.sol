// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Editing} from "../libraries/Editing.sol";
import {Inner, Modifier} from "../libraries/Modifier.sol";
import {Params} from "../libraries/Params.sol";
import {Answer, Ask, Envelope, MoveKind, Shape} from "../types/Ask.sol";
import {MoveRef, ReplyRef} from "../types/ReplyRef.sol";
import {Request} from "../types/Request.sol";

/// Followed by the parameters of the inner rule.
struct GraceParams {
    Inner inner;
    /// Base fee, in wei per unit of gas, from which on the chain counts as congested.
    uint64 threshold;
    /// Seconds that an award made then is given more.
    uint32 grace;
}

/// Congestion grace, around any rule: an award that is made while the base fee is at the threshold or above is due `grace` seconds
/// later, so that nobody is slashed because its proof could not be put on the chain in time at a sensible price.
///
/// Congestion is measured once, in the block of the award: what comes later nobody knows then, and to measure it at the due time would let
/// a prover wait for it. The deadline stays what it is: the inner rule sees it `grace` earlier, so that there is room.
///
/// An award in a tick of the instance itself has no grace: the question is about no request, and does not say when it is due.
contract Grace is Modifier {
    using Editing for MoveRef;

    uint256 private constant SIZE = 0xa0;

    function name() external pure returns (string memory) {
        return "grace";
    }

    function check(bytes calldata params) external view returns (Shape memory) {
        GraceParams memory p = _params(params);
        Params.within("threshold", p.threshold, 1, type(uint64).max);
        Params.within("grace", p.grace, 1, Params.LONGEST);
        return _shape(p.inner, params[SIZE:], 0, 0);
    }

    /// That of the inner rule, with the grace on top of the time to prove.
    function envelope(bytes calldata params, Request calldata request) external view returns (Envelope memory e) {
        GraceParams memory p = _params(params);
        Request memory seen = request;
        seen.deadline = uint40(_earlier(request.deadline, p.grace));
        e = _pinned(p.inner).envelope(params[SIZE:], seen);
        e.proof += p.grace;
    }

    /// As the inner rule.
    function step(Ask calldata ask) external view returns (Answer memory) {
        GraceParams memory p = _params(ask.params);
        (uint256 deadline, uint256 grace) = (ask.request.deadline, p.grace);
        bytes memory question = _question(ask, SIZE, 0, 0);
        _setDeadline(question, ask, _earlier(deadline, grace));
        ReplyRef reply = _ask(p.inner, question);

        uint256 count = ask.baseFee < p.threshold ? 0 : reply.count();
        for (uint256 i; i < count; ++i) {
            MoveRef move = reply.move(i);
            if (move.kind() != uint256(MoveKind.Award) || move.subject() != 0) continue;
            uint256 due = move.due();
            if (due == 0) due = uint256(ask.time) + ask.request.window;
            due += grace;
            move.setDue(due < deadline ? due : deadline);
        }
        reply.send();
    }

    function _earlier(uint256 deadline, uint256 grace) private pure returns (uint256) {
        return deadline < grace ? 0 : deadline - grace;
    }

    function _params(bytes calldata params) private pure returns (GraceParams memory) {
        return abi.decode(params[:SIZE], (GraceParams));
    }
}

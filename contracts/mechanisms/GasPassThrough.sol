// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Unacceptable} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Editing} from "../libraries/Editing.sol";
import {Inner, Modifier} from "../libraries/Modifier.sol";
import {Params} from "../libraries/Params.sol";
import {Answer, Ask, CAP_FIXED_PRICE, Cause, Envelope, MoveKind, ON_PROOF, Shape} from "../types/Ask.sol";
import {MoveRef, ReplyRef} from "../types/ReplyRef.sol";
import {Request} from "../types/Request.sol";
import {Status} from "../types/State.sol";

/// Followed by the parameters of the inner rule.
struct GasParams {
    Inner inner;
    /// The most that one payment is raised by, in the instance's token.
    uint88 ceiling;
    /// Units of gas that are paid for.
    uint32 units;
    /// Units of the token per 10^18 wei: 10^18 where it is the native coin.
    uint88 rate;
    /// Payments of one request that are raised at most, where the inner rule pays for proofs without an award (`ON_PROOF`); 0
    /// where it awards, as only one award is ever paid.
    uint8 payments;
}

/// Gas pass-through, around any rule: whoever is awarded, or paid for a proof, gets on top of the inner price what `units` of gas cost
/// at the base fee of that block, up to the ceiling. So provers bid for the work alone, and the requester bears a risk that it
/// can bound, instead of a premium on every bid.
///
/// For a prover: bid as under the inner rule, without gas in the price. For a requester: the inner rule sees `maxPrice` less the
/// ceilings of all payments, so that the sum is never more than `maxPrice`. A request that pays less than those ceilings alone is refused
/// to bidders and given up.
///
/// A word of the request's own, under `payments`: how many have been raised.
contract GasPassThrough is Modifier {
    using Editing for MoveRef;
    using Editing for ReplyRef;

    uint256 private constant SIZE = 0xe0;
    uint256 private constant COIN = 1e18;

    function name() external pure returns (string memory) {
        return "gas";
    }

    function check(bytes calldata params) external view returns (Shape memory shape) {
        GasParams memory p = _params(params);
        Params.within("ceiling", p.ceiling, 1, type(uint88).max);
        Params.within("units", p.units, 1, type(uint32).max);
        Params.within("rate", p.rate, 1, type(uint88).max);
        shape = _shape(p.inner, params[SIZE:], p.payments == 0 ? 0 : 1, 0);
        bool proves = shape.flags & ON_PROOF != 0;
        Params.within("payments", p.payments, proves ? 1 : 0, proves ? type(uint8).max : 0);
    }

    /// That of the inner rule, and the ceilings.
    function envelope(bytes calldata params, Request calldata request) external view returns (Envelope memory e) {
        GasParams memory p = _params(params);
        uint256 reserve = _reserve(p);
        Request memory seen = request;
        seen.maxPrice = uint88(_less(request.maxPrice, reserve));
        e = _pinned(p.inner).envelope(params[SIZE:], seen);
        uint256 price = e.price + reserve;
        e.price = price < request.maxPrice ? uint88(price) : request.maxPrice;
        e.capabilities &= ~CAP_FIXED_PRICE;
    }

    /// As the inner rule. Of a request that pays less than the ceilings: an opening or a tick gives it up, all else is
    /// `Unacceptable(maxPrice, ceilings)`.
    function step(Ask calldata ask) external view returns (Answer memory answer) {
        GasParams memory p = _params(ask.params);
        bool counts = p.payments != 0;
        (uint256 maxPrice, uint256 reserve) = (ask.request.maxPrice, _reserve(p));
        if (ask.status == Status.Open && maxPrice < reserve) {
            bool moot = ask.cause == Cause.Opened || ask.cause == Cause.Tick;
            require(moot, Unacceptable(maxPrice, reserve));
            (answer.moves, answer.words, answer.shared) = (Answers.only(Answers.close()), ask.words, ask.shared);
            return answer;
        }
        uint256 raised = counts ? uint256(ask.words[ask.words.length - 1]) : 0;
        bytes memory question = _question(ask, SIZE, counts ? 1 : 0, 0);
        _setMaxPrice(question, ask, _less(maxPrice, reserve));
        ReplyRef reply = _ask(p.inner, question);

        uint256 gas = _gas(p, ask.baseFee);
        uint256 count = reply.count();
        for (uint256 i; i < count; ++i) {
            MoveRef move = reply.move(i);
            uint256 kind = move.kind();
            if (kind != uint256(MoveKind.Award) && kind != uint256(MoveKind.Reward)) continue;
            if (counts && raised++ >= p.payments) continue;
            move.setAmount(move.amount() + gas);
        }
        if (counts) reply.pushWord(raised);
        reply.send();
    }

    /// What one payment is raised by at this base fee, rounded down.
    function _gas(GasParams memory p, uint256 baseFee) private pure returns (uint256) {
        uint256 cost = baseFee * p.units * p.rate / COIN;
        return cost < p.ceiling ? cost : p.ceiling;
    }

    /// What all payments are raised by at most.
    function _reserve(GasParams memory p) private pure returns (uint256) {
        return uint256(p.ceiling) * (p.payments == 0 ? 1 : p.payments);
    }

    function _less(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? 0 : a - b;
    }

    function _params(bytes calldata params) private pure returns (GasParams memory) {
        return abi.decode(params[:SIZE], (GasParams));
    }
}

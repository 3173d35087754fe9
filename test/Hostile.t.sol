// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Answers} from "../contracts/libraries/Answers.sol";
import {Cause, Move, ON_FAILED, Shape} from "../contracts/types/Ask.sol";
import {Request} from "../contracts/types/Request.sol";
import {Base} from "./Base.t.sol";
import {EvilMechanism} from "./doubles/EvilMechanism.sol";

/// The market of `Base`, and an instance of a mechanism that does what the test says.
abstract contract Hostile is Base {
    uint80 internal constant DEPOSIT = 0.001 ether;

    EvilMechanism internal evil;
    uint32 internal evilInstance;

    function setUp() public virtual override {
        super.setUp();
        evil = new EvilMechanism();
        evilInstance = _registerEvil(Shape({words: 0, shared: 0, gas: 1_000_000, flags: ON_FAILED}), 0);
    }

    function _registerEvil(Shape memory shape, uint32 fallbackInstance) internal returns (uint32) {
        return _register(address(evil), abi.encode(shape), fallbackInstance);
    }

    /// A request under the hostile mechanism, open.
    function evilRequest() internal returns (Request memory r) {
        r = request(evilInstance);
        opened(r);
    }

    /// What the mechanism will do to the next bid, tick or failure.
    function tell(Cause cause, Move memory a) internal {
        evil.obey(cause, Answers.only(a));
    }

    function tell(Cause cause, Move memory a, Move memory b) internal {
        Move[] memory moves = new Move[](2);
        (moves[0], moves[1]) = (a, b);
        evil.obey(cause, moves);
    }

    /// Has the mechanism hold `DEPOSIT` of `prover` for `r`.
    function ticketed(Request memory r, address prover) internal {
        tell(Cause.Bid, Answers.hold(prover, DEPOSIT, 7));
        bidAs(prover, r, 1);
    }

    /// Has the mechanism award `r` to `prover`, which bids for it.
    function awardedBy(Request memory r, address prover) internal {
        tell(Cause.Bid, Answers.award(prover, PRICE));
        bidAs(prover, r, 1);
    }
}

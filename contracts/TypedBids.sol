// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bids} from "./Bids.sol";
import {IAnnex} from "./interfaces/IAnnex.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {Memory} from "./libraries/Memory.sol";
import {Cause} from "./types/Ask.sol";
import {Bid, Order} from "./types/Bid.sol";
import {refTo} from "./types/RequestRef.sol";

/// How bids are brought in the form of the ABI, for those who have no use for the packed one.
abstract contract TypedBids is IAnnex, Bids {
    /* EXTERNAL */

    /// @inheritdoc IAnnex
    function bid(Order[] calldata orders) external nonReentrant {
        require(orders.length != 0, IMarket.EmptyBatch());
        Case memory c;
        Turn memory turn;
        c.caller = msg.sender;
        (turn.cause, turn.bids) = (Cause.Bid, true);
        uint256 mark = Memory.mark();
        for (uint256 i; i < orders.length; ++i) {
            Order calldata order = orders[i];
            Bid calldata b = order.bid;
            uint64 edition = c.edition;
            _take(c, refTo(order.request));
            (turn.actor, turn.price, turn.maxBond, turn.validUntil) = (b.prover, b.price, b.maxBond, b.validUntil);
            _bid(c, turn, b.data, order.input, order.requesterSignature, order.proverSignature);
            // Nothing of one bid is of use to the next but the configuration, if it is the same.
            if (edition == c.edition) Memory.release(mark);
            else mark = Memory.mark();
        }
    }
}

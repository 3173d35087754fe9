// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Entry} from "./Entry.sol";
import {PackedBids} from "./PackedBids.sol";
import {Verification} from "./Verification.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IRequests} from "./interfaces/IRequests.sol";
import {Memory} from "./libraries/Memory.sol";
import {Fulfillment} from "./types/Bid.sol";
import {LedgerSlot} from "./types/Prover.sol";
import {RequestRef} from "./types/RequestRef.sol";
import {Status, bondAt} from "./types/State.sol";

/// How awards end with proofs. The mechanism is not needed for it.
abstract contract Settlement is Entry, PackedBids, Verification {
    /* EXTERNAL */

    /// @inheritdoc IRequests
    function fulfill(Fulfillment[] calldata items) external nonReentrant returns (uint256 settled) {
        require(items.length != 0, IMarket.EmptyBatch());
        bytes memory first;
        uint256 mark = Memory.mark();
        for (uint256 i; i < items.length; ++i) {
            (bytes32 id, bytes memory why) = _fulfill(items[i]);
            if (why.length == 0) {
                ++settled;
                Memory.release(mark);
                continue;
            }
            emit IMarket.FulfillmentRejected(id, why);
            // Of all items only the first error is needed any longer.
            if (first.length != 0) Memory.release(mark);
            else (first, mark) = (why, Memory.mark());
        }
        if (settled == 0) _requireNone(first);
    }

    /* PRIVATE */

    /// Settles one item, or says why not.
    function _fulfill(Fulfillment calldata item) private returns (bytes32, bytes memory why) {
        Case memory c = _case(item.request);
        address prover = item.prover;
        LedgerSlot ledger = _ledger(prover);
        why = _unfulfilled(c, ledger, item);
        if (why.length != 0) return (c.id, why);

        RequestRef request = c.request;
        uint88 price = c.state.price();
        c.state = c.state.withStatus(Status.Fulfilled);
        _storeState(c);
        _store(prover, ledger.unlock(bondAt(request.bond(), c.state.bondBps())).give().keep());
        _credit(request.token(), prover, price);
        _credit(request.token(), request.requester(), request.maxPrice() - price);
        emit IMarket.Fulfilled(c.id, prover, price, item.proof);
        _callBack(c, item.proof);
        return (c.id, why);
    }

    /// Why a proof does not settle its request, as an encoded error; empty if it does.
    function _unfulfilled(Case memory c, LedgerSlot ledger, Fulfillment calldata item)
        private
        view
        returns (bytes memory)
    {
        Status status = c.state.status();
        uint40 due = c.state.time();
        if (status != Status.Awarded) {
            return abi.encodeWithSelector(IMarket.WrongStatus.selector, c.id, status, Status.Awarded);
        }
        if (ledger.id() != c.state.prover()) {
            return abi.encodeWithSelector(IMarket.WrongProver.selector, c.id, item.prover);
        }
        if (due < block.timestamp) {
            return abi.encodeWithSelector(IMarket.DeadlinePassed.selector, block.timestamp, due);
        }
        return _unverified(c, item.prover, item.proof);
    }
}

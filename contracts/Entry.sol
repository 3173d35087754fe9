// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Auctions} from "./Auctions.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IRequests} from "./interfaces/IRequests.sol";
import {Ticket} from "./types/Prover.sol";
import {Request} from "./types/Request.sol";
import {State} from "./types/State.sol";

/// The doors of requests: how they come in, go out again, and are looked at.
abstract contract Entry is IRequests, Auctions {
    /* EXTERNAL */

    /// @inheritdoc IRequests
    function open(Request calldata request, bytes calldata input, bytes calldata signature)
        external
        nonReentrant
        returns (bytes32)
    {
        return _open(request, input, signature);
    }

    /// @inheritdoc IRequests
    function cancel(Request calldata request) external nonReentrant {
        Case memory c = _case(request);
        require(msg.sender == request.requester, IMarket.NotRequester(msg.sender, request.requester));
        _cancel(c);
    }

    /// @inheritdoc IRequests
    function replace(Request calldata old, Request calldata next, bytes calldata input)
        external
        nonReentrant
        returns (bytes32)
    {
        require(msg.sender == old.requester, IMarket.NotRequester(msg.sender, old.requester));
        require(msg.sender == next.requester, IMarket.NotRequester(msg.sender, next.requester));
        _cancel(_case(old));
        return _open(next, input, msg.data[:0]);
    }

    /// @inheritdoc IRequests
    function idOf(Request calldata request) external view returns (bytes32) {
        return _idOf(request);
    }

    /// @inheritdoc IRequests
    function stateOf(bytes32 id) external view nonReentrantView returns (State memory) {
        return _state(id).toState();
    }

    /// @inheritdoc IRequests
    function ticketOf(bytes32 id, address prover) external view nonReentrantView returns (Ticket memory) {
        return _tickets[id][prover];
    }

    /// @inheritdoc IRequests
    function wordsOf(bytes32 id) external view nonReentrantView returns (bytes32[8] memory) {
        return _words[id][_state(id).rung()];
    }

    /// @inheritdoc IRequests
    function sharedOf(uint32 instance) external view nonReentrantView returns (bytes32[8] memory) {
        return _shared[instance];
    }
}

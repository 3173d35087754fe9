// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Auctions} from "./Auctions.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {Ticket} from "./types/Prover.sol";
import {Request} from "./types/Request.sol";
import {State} from "./types/State.sol";

/// The doors of money and of requests: how both come in, go out again, and are looked at.
abstract contract Entry is IMarket, Auctions {
    /* EXTERNAL */

    /// @inheritdoc IEscrow
    function deposit(address token, address account, uint256 amount) external payable nonReentrant {
        uint256 value = token == address(0) ? amount : 0;
        require(msg.value == value, WrongValue(msg.value, value));
        _deposit(token, account, amount);
    }

    /// @inheritdoc IEscrow
    function withdraw(address token, address to, uint256 amount) external nonReentrant {
        _withdraw(token, to, amount);
    }

    /// @inheritdoc IEscrow
    function balanceOf(address token, address account) external view nonReentrantView returns (uint256) {
        return _balance(token, account);
    }

    /// @inheritdoc IMarket
    function open(Request calldata request, bytes calldata input, bytes calldata signature)
        external
        nonReentrant
        returns (bytes32)
    {
        return _open(request, input, signature);
    }

    /// @inheritdoc IMarket
    function cancel(Request calldata request) external nonReentrant {
        Case memory c = _case(request);
        require(msg.sender == request.requester, NotRequester(msg.sender, request.requester));
        _cancel(c);
    }

    /// @inheritdoc IMarket
    function idOf(Request calldata request) external view returns (bytes32) {
        return _idOf(request);
    }

    /// @inheritdoc IMarket
    function stateOf(bytes32 id) external view nonReentrantView returns (State memory) {
        return _state(id).toState();
    }

    /// @inheritdoc IMarket
    function ticketOf(bytes32 id, address prover) external view nonReentrantView returns (Ticket memory) {
        return _tickets[id][prover];
    }

    /// @inheritdoc IMarket
    function wordsOf(bytes32 id) external view nonReentrantView returns (bytes32[8] memory) {
        return _words[id][_state(id).rung()];
    }

    /// @inheritdoc IMarket
    function sharedOf(uint32 instance) external view nonReentrantView returns (bytes32[8] memory) {
        return _shared[instance];
    }
}

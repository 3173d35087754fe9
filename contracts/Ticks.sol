// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "./interfaces/IMarket.sol";
import {Auctions} from "./Auctions.sol";
import {IAnnex} from "./interfaces/IAnnex.sol";
import {Answer, Cause} from "./types/Ask.sol";
import {ReplyRef} from "./types/ReplyRef.sol";
import {Request} from "./types/Request.sol";
import {Status} from "./types/State.sol";

/// How mechanisms are told that time has passed.
abstract contract Ticks is IAnnex, Auctions {
    /* EXTERNAL */

    /// @inheritdoc IAnnex
    function tick(Request calldata request, address about, bytes calldata data) external nonReentrant {
        (Case memory c, Turn memory turn) = _ticking(request, about);
        ReplyRef reply = _consult(c, turn, data);
        if (reply.count() == 0) revert IMarket.NothingFollows(c.id, uint40(reply.wake()));
        _storeState(c);
    }

    /// @inheritdoc IAnnex
    function peek(Request calldata request, address about, bytes calldata data)
        external
        view
        nonReentrantView
        returns (Answer memory)
    {
        (Case memory c, Turn memory turn) = _ticking(request, about);
        _read(c, _ask(c, turn, data)).send();
    }

    /* PRIVATE */

    /// The case and turn of a tick, if one is possible at all: on an open request, or about a ticket that outlived it.
    function _ticking(Request calldata request, address about) private view returns (Case memory c, Turn memory turn) {
        c = _case(request);
        if (c.state.isOpen()) {
            uint256 deadline = c.request.deadline();
            require(block.timestamp < deadline, IMarket.DeadlinePassed(block.timestamp, deadline));
        } else {
            require(!c.state.isNew(), IMarket.WrongStatus(c.id, Status.None, Status.Open));
            require(_held(c, about) != 0, IMarket.NoTicket(c.id, about));
        }
        _configure(c);
        turn = _turn(c, Cause.Tick, about);
    }
}

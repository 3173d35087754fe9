// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnnex} from "../../contracts/interfaces/IAnnex.sol";
import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {ISupply} from "../../contracts/interfaces/ISupply.sol";
import {Status} from "../../contracts/types/State.sol";
import {EvilMechanism} from "../doubles/EvilMechanism.sol";
import {Batches} from "./Batches.sol";

/// What people do, and how all of them leave. Where the rules say whether a call succeeds, it has to be so; nothing here reverts.
contract Handler is Batches {
    /// Everything that is due is ended, every ticket and stake comes back, and everyone withdraws, while the hostile mechanisms
    /// do their worst.
    function depart() external {
        for (uint256 i; i < 2; ++i) {
            _evils[i].misbehaveAlways(EvilMechanism.Mood.Burns);
        }
        _passTo(block.timestamp + 2 days);
        for (uint256 i; i < _ids.length; ++i) {
            _end(_ids[i]);
        }
        _leaveAll();
        _passTo(block.timestamp + 31 days);
        _leaveAll();
        for (uint256 p = 3; p < 6; ++p) {
            uint80 all = uint80(_seats[people[p]].stake);
            _expect(people[p], abi.encodeCall(ISupply.unstake, (all)), 0, 0, true, "unstake");
        }
        _passTo(block.timestamp + 31 days);
        for (uint256 i; i < 7; ++i) {
            _withdrawAll(people[i]);
        }
    }

    function _end(bytes32 id) private {
        Life storage l = _lives[id];
        if (l.status == Status.Open || l.status == Status.Awarded) {
            _expect(people[6], abi.encodeCall(IAnnex.expire, (l.request)), 0, id, true, "expire");
        }
        for (uint256 p = 3; p < 6; ++p) {
            if (_tickets[id][people[p]] == 0) continue;
            bytes memory call = abi.encodeCall(IAnnex.reclaim, (l.request, people[p]));
            _expect(people[6], call, 0, id, true, "reclaim");
        }
    }

    /// Says so, or is gone.
    function _leaveAll() private {
        for (uint256 i; i < _instances.length; ++i) {
            for (uint256 p = 3; p < 6; ++p) {
                if (_canLeave(_instances[i], people[p])) _leave(_instances[i], people[p]);
            }
        }
    }

    function _withdrawAll(address account) private {
        if (_seats[account].exit != 0) {
            _expect(account, abi.encodeCall(ISupply.finishUnstake, ()), 0, 0, true, "finishUnstake");
        }
        for (uint256 t; t < 2; ++t) {
            uint256 all = _balances[tokens[t]][account];
            _expect(account, abi.encodeCall(IEscrow.withdraw, (tokens[t], account, all)), 0, 0, true, "withdraw");
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IEscrow} from "./interfaces/IEscrow.sol";

/// Money: the only file that moves tokens. The other parts credit and debit.
abstract contract Escrow is ReentrancyGuardTransient {
    /// A struct of its own, so that one reference serves to read it and to write it.
    struct Balance {
        uint256 amount;
    }

    /* STORAGE */

    mapping(address token => mapping(address account => Balance)) private _balances;

    /* INTERNAL */

    function _withdraw(address token, address to, uint256 amount) internal {
        require(to != address(0), IEscrow.NoRecipient());
        _debit(token, msg.sender, amount);
        emit IEscrow.Withdrawn(token, msg.sender, to, amount);
        if (token == address(0)) SafeTransferLib.safeTransferETH(to, amount);
        else SafeTransferLib.safeTransfer(token, to, amount);
    }

    function _balance(address token, address account) internal view returns (uint256) {
        return _balances[token][account].amount;
    }

    function _depositWithPermit(
        address token,
        address account,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) internal {
        require(token != address(0), IEscrow.WrongValue(0, amount));
        // A permit is public once sent. Whoever uses it first sets the allowance all the same, so that its failure
        // here says nothing.
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(token, account, amount);
    }

    function _credit(address token, address account, uint256 amount) internal {
        if (amount != 0) _balances[token][account].amount += amount;
    }

    function _debit(address token, address account, uint256 amount) internal {
        Balance storage balance = _balances[token][account];
        uint256 have = balance.amount;
        require(have >= amount, IEscrow.InsufficientBalance(token, account, have, amount));
        unchecked {
            balance.amount = have - amount;
        }
    }

    function _deposit(address token, address account, uint256 amount) internal {
        require(account != address(0), IEscrow.NoRecipient());
        uint256 received = amount;
        if (token != address(0)) {
            // A token may keep a part of what it moves: only what arrives is owed.
            uint256 before = SafeTransferLib.balanceOf(token, address(this));
            SafeTransferLib.safeTransferFrom(token, msg.sender, address(this), amount);
            received = SafeTransferLib.balanceOf(token, address(this)) - before;
        }
        require(received != 0, IEscrow.NothingDeposited(token));
        _credit(token, account, received);
        emit IEscrow.Deposited(token, account, msg.sender, received);
    }
}

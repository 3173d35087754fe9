// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "solady/tokens/ERC20.sol";

import {Reentrant} from "./Reentrant.sol";

/// An honest token, with permits.
contract Token is ERC20 {
    function name() public pure override returns (string memory) {
        return "Token";
    }

    function symbol() public pure override returns (string memory) {
        return "TKN";
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// Keeps a percentage of what it moves.
contract FeeToken is Token {
    uint256 public percent;

    constructor(uint256 percent_) {
        percent = percent_;
    }

    function _afterTokenTransfer(address from, address to, uint256 amount) internal override {
        if (from != address(0) && to != address(0)) _burn(to, amount * percent / 100);
    }
}

/// Moves, and returns nothing (USDT).
contract SilentToken {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    error Insufficient();

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        // As USDT: no change from one allowance to another.
        require(amount == 0 || allowance[msg.sender][spender] == 0, Insufficient());
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        require(allowance[from][msg.sender] >= amount, Insufficient());
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        require(balanceOf[from] >= amount, Insufficient());
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// Says no by returning false once it is told to; or says yes and moves nothing.
contract LyingToken is Token {
    enum Mood {
        Honest,
        ReturnsFalse,
        MovesNothing
    }

    Mood public mood;

    function lie(Mood mood_) external {
        mood = mood_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (mood == Mood.Honest) return super.transfer(to, amount);
        return mood == Mood.MovesNothing;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (mood == Mood.Honest) return super.transferFrom(from, to, amount);
        return mood == Mood.MovesNothing;
    }
}

/// Refuses some accounts, all of them, or transfers of nothing.
contract BlockingToken is Token {
    mapping(address => bool) public blocked;
    bool public paused;

    error Blocked(address account);

    function block_(address account) external {
        blocked[account] = true;
    }

    function pause(bool paused_) external {
        paused = paused_;
    }

    function _beforeTokenTransfer(address from, address to, uint256 amount) internal view override {
        require(!paused && amount != 0, Blocked(address(0)));
        require(!blocked[from], Blocked(from));
        require(!blocked[to], Blocked(to));
    }
}

/// Takes back half of what an account has.
contract RebasingToken is Token {
    function halve(address account) external {
        _burn(account, balanceOf(account) / 2);
    }
}

/// Calls out while it moves, as ERC-777 does.
contract HookToken is Token, Reentrant {
    function _beforeTokenTransfer(address, address, uint256) internal override {
        _reenter();
    }
}

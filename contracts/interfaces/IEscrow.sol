// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Money: one ledger per (token, account); address(0) is the native coin. Tokens leave only by `withdraw`, only to
/// where the account says. A token that takes a fee on transfer is credited by what arrived. A token whose balances
/// change by themselves must not be used: what it loses, its own depositors lose.
interface IEscrow {
    /// `amount` is what arrived.
    event Deposited(address indexed token, address indexed account, address indexed from, uint256 amount);
    event Withdrawn(address indexed token, address indexed account, address indexed to, uint256 amount);

    /// The account's free balance does not cover it.
    error InsufficientBalance(address token, address account, uint256 have, uint256 want);
    /// The native coin sent is not the amount named; a token deposit takes none.
    error WrongValue(uint256 have, uint256 want);
    /// Nothing arrived.
    error NothingDeposited(address token);
    /// The zero address receives nothing.
    error NoRecipient();

    /// Credits `account` with `amount` of `token`, paid by the caller: sent along, or by its allowance.
    function deposit(address token, address account, uint256 amount) external payable;

    /// As `deposit`, after an ERC-2612 permit by the caller. A permit that somebody else used first is no failure: the
    /// allowance it gave is there.
    function depositWithPermit(
        address token,
        address account,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// Moves `amount` of the caller's free balance out, to `to`.
    function withdraw(address token, address to, uint256 amount) external;

    /// What `account` may withdraw or lock, in `token`.
    function balanceOf(address token, address account) external view returns (uint256);
}

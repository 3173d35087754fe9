// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Declaration, ISupply} from "./interfaces/ISupply.sol";
import {ANY_MECHANISM, ANY_VERIFIER, DRAINING, Ledger, Offer, unpackLedger} from "./types/Prover.sol";

/// Provers: what they declare, and their stake and capacity in one ledger for all mechanisms.
abstract contract Supply is ISupply {
    struct Exit {
        uint128 amount;
        uint40 readyAt;
    }

    /// What an award asks of a prover.
    struct Claim {
        address token;
        uint64 work;
        uint88 price;
        uint80 bond;
        /// Seconds it leaves for the work.
        uint256 time;
    }

    /// Seconds that stake waits before it leaves; longer than any request lives.
    uint40 internal constant UNSTAKE_DELAY = 31 days;

    /* STORAGE */

    uint24 private _proverCount;
    mapping(address prover => uint256 ledger) private _ledgers;
    mapping(address prover => mapping(address token => Offer)) private _offers;
    mapping(address prover => mapping(address mechanism => bool)) private _mechanisms;
    mapping(address prover => mapping(uint32 verifier => bool)) private _accepted;
    mapping(address prover => Exit) private _exits;
    mapping(uint24 id => address) private _proverOf;

    /// @inheritdoc ISupply
    address public immutable stakeToken;

    constructor(address stakeToken_) {
        stakeToken = stakeToken_;
    }

    /* EXTERNAL */

    /// @inheritdoc ISupply
    function declare(Declaration calldata declaration) external {
        uint8 known = ANY_MECHANISM | ANY_VERIFIER | DRAINING;
        require(declaration.flags & ~known == 0, UnknownFlags(declaration.flags, known));
        Ledger memory ledger = _ledger(msg.sender);
        if (ledger.id == 0) {
            ledger.id = ++_proverCount;
            _proverOf[ledger.id] = msg.sender;
        }
        ledger.concurrency = declaration.concurrency;
        ledger.flags = declaration.flags;
        _store(msg.sender, ledger);
        for (uint256 i; i < declaration.offers.length; ++i) {
            _offers[msg.sender][declaration.offers[i].token] = declaration.offers[i].offer;
        }
        for (uint256 i; i < declaration.mechanisms.length; ++i) {
            _mechanisms[msg.sender][declaration.mechanisms[i].mechanism] = declaration.mechanisms[i].accepted;
        }
        for (uint256 i; i < declaration.verifiers.length; ++i) {
            _accepted[msg.sender][declaration.verifiers[i].verifier] = declaration.verifiers[i].accepted;
        }
        emit Declared(msg.sender, ledger.id, declaration);
    }

    /// @inheritdoc ISupply
    function stake(uint80 amount) external {
        Ledger memory ledger = _ledger(msg.sender);
        require(ledger.id != 0, NotAProver(msg.sender));
        ledger.stake += amount;
        _store(msg.sender, ledger);
        _takeStake(msg.sender, amount);
        emit Staked(msg.sender, amount);
    }

    /// @inheritdoc ISupply
    function unstake(uint80 amount) external {
        Ledger memory ledger = _ledger(msg.sender);
        require(amount <= ledger.free(), InsufficientStake(msg.sender, ledger.free(), amount));
        uint40 readyAt = uint40(block.timestamp) + UNSTAKE_DELAY;
        ledger.stake -= amount;
        _store(msg.sender, ledger);
        _exits[msg.sender] = Exit(_exits[msg.sender].amount + amount, readyAt);
        emit Unstaking(msg.sender, amount, readyAt);
    }

    /// @inheritdoc ISupply
    function finishUnstake() external {
        Exit memory exit = _exits[msg.sender];
        require(exit.amount != 0, NoUnstake(msg.sender));
        require(block.timestamp >= exit.readyAt, TooEarly(block.timestamp, exit.readyAt));
        delete _exits[msg.sender];
        _giveStake(msg.sender, exit.amount);
        emit Unstaked(msg.sender, exit.amount);
    }

    /// @inheritdoc ISupply
    function ledgerOf(address prover) external view returns (Ledger memory) {
        return _ledger(prover);
    }

    /// @inheritdoc ISupply
    function offerOf(address prover, address token) external view returns (Offer memory) {
        return _offers[prover][token];
    }

    /// @inheritdoc ISupply
    function proverOf(uint24 id) external view returns (address) {
        return _proverOf[id];
    }

    /// @inheritdoc ISupply
    function acceptsMechanism(address prover, address mechanism) public view returns (bool) {
        return _ledger(prover).flags & ANY_MECHANISM != 0 || _mechanisms[prover][mechanism];
    }

    /// @inheritdoc ISupply
    function acceptsVerifier(address prover, uint32 verifier) public view returns (bool) {
        return _ledger(prover).flags & ANY_VERIFIER != 0 || _accepted[prover][verifier];
    }

    /// @inheritdoc ISupply
    function exitOf(address prover) external view returns (uint128 amount, uint40 readyAt) {
        return (_exits[prover].amount, _exits[prover].readyAt);
    }

    /* INTERNAL */

    /// Stake enters from, and leaves to, the account's free balance.
    function _takeStake(address account, uint256 amount) internal virtual;
    function _giveStake(address account, uint256 amount) internal virtual;

    function _ledger(address prover) internal view returns (Ledger memory) {
        return unpackLedger(_ledgers[prover]);
    }

    function _store(address prover, Ledger memory ledger) internal {
        _ledgers[prover] = ledger.pack();
    }

    function _proverAt(uint24 id) internal view returns (address) {
        return _proverOf[id];
    }

    function _throughput(address prover, address token) internal view returns (uint32) {
        return _offers[prover][token].throughput;
    }

    /// Why `prover` takes no work of this kind at all, as an encoded error; empty if it does.
    function _declines(address prover, Ledger memory ledger, address mechanism, uint32 verifier)
        internal
        view
        returns (bytes memory)
    {
        if (ledger.id == 0) return abi.encodeWithSelector(NotAProver.selector, prover);
        if (ledger.flags & DRAINING != 0) return abi.encodeWithSelector(Draining.selector, prover);
        if (ledger.flags & ANY_MECHANISM == 0 && !_mechanisms[prover][mechanism]) {
            return abi.encodeWithSelector(MechanismNotAccepted.selector, prover, mechanism);
        }
        if (ledger.flags & ANY_VERIFIER == 0 && !_accepted[prover][verifier]) {
            return abi.encodeWithSelector(VerifierNotAccepted.selector, prover, verifier);
        }
        return "";
    }

    /// Why `prover` does not take an award on these terms, as an encoded error; empty if it does.
    function _refuses(address prover, Ledger memory ledger, Claim memory claim, bool seated)
        internal
        view
        returns (bytes memory)
    {
        Offer memory offer = _offers[prover][claim.token];
        if (!offer.accepted) return abi.encodeWithSelector(TokenNotAccepted.selector, prover, claim.token);
        uint256 floor = uint256(offer.floor) * claim.work;
        if (claim.price < floor) return abi.encodeWithSelector(BelowFloor.selector, prover, claim.price, floor);
        if (claim.bond > offer.bondLimit) {
            return abi.encodeWithSelector(AboveBondLimit.selector, prover, claim.bond, offer.bondLimit);
        }
        uint256 work = offer.throughput * claim.time;
        if (offer.throughput != 0 && work < claim.work) {
            return abi.encodeWithSelector(BeyondThroughput.selector, prover, work, claim.work);
        }
        return _overdraws(prover, ledger, claim.bond, seated);
    }

    /// Why `ledger` does not cover `bond` and, unless it is seated already, one more award; empty if it does.
    function _overdraws(address prover, Ledger memory ledger, uint80 bond, bool seated)
        internal
        pure
        returns (bytes memory)
    {
        if (bond > ledger.free()) {
            return abi.encodeWithSelector(InsufficientStake.selector, prover, ledger.free(), bond);
        }
        if (!seated && ledger.busy >= ledger.concurrency) {
            return abi.encodeWithSelector(AtCapacity.selector, prover, ledger.busy, ledger.concurrency);
        }
        return "";
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Declaration, ISupply} from "./interfaces/ISupply.sol";
import {ANY_MECHANISM, ANY_VERIFIER, DRAINING, DRILLS, LedgerSlot, OfferSlot, packOffer} from "./types/Prover.sol";
import {Record, RecordSlot} from "./types/Record.sol";
import {RequestRef} from "./types/RequestRef.sol";

/// Provers: what they declare, and their stake and capacity in one ledger for all mechanisms.
abstract contract Supply {
    struct Exit {
        uint128 amount;
        uint40 readyAt;
    }

    /// Seconds that stake waits before it leaves; longer than any request lives.
    uint40 internal constant UNSTAKE_DELAY = 31 days;

    /* STORAGE */

    uint24 private _proverCount;
    mapping(address prover => LedgerSlot) private _ledgers;
    mapping(address prover => mapping(address token => OfferSlot)) private _offers;
    mapping(address prover => mapping(address mechanism => bool)) private _mechanisms;
    mapping(address prover => mapping(uint32 verifier => bool)) private _accepted;
    mapping(address prover => Exit) private _exits;
    mapping(uint24 id => address) private _proverOf;
    /// By class of work, see `_classOf`.
    mapping(address prover => mapping(uint256 class => RecordSlot)) private _records;

    /// What stakes, bonds and deposits are counted in; address(0) is the native coin.
    address internal immutable _stakeToken;

    constructor(address stakeToken_) {
        _stakeToken = stakeToken_;
    }

    /* INTERNAL */

    function _acceptsMechanism(address prover, address mechanism) internal view returns (bool) {
        return _ledgers[prover].flags() & ANY_MECHANISM != 0 || _mechanisms[prover][mechanism];
    }

    function _acceptsVerifier(address prover, uint32 verifier) internal view returns (bool) {
        return _ledgers[prover].flags() & ANY_VERIFIER != 0 || _accepted[prover][verifier];
    }

    function _exitOf(address prover) internal view returns (uint128 amount, uint40 readyAt) {
        return (_exits[prover].amount, _exits[prover].readyAt);
    }

    function _declare(Declaration calldata declaration) internal {
        uint8 known = ANY_MECHANISM | ANY_VERIFIER | DRAINING | DRILLS;
        require(declaration.flags & ~known == 0, ISupply.UnknownFlags(declaration.flags, known));
        LedgerSlot ledger = _ledgers[msg.sender];
        uint24 id = ledger.id();
        if (id == 0) {
            id = ++_proverCount;
            _proverOf[id] = msg.sender;
        }
        _ledgers[msg.sender] = ledger.declared(id, declaration.concurrency, declaration.flags);
        for (uint256 i; i < declaration.offers.length; ++i) {
            _offers[msg.sender][declaration.offers[i].token] = packOffer(declaration.offers[i].offer);
        }
        for (uint256 i; i < declaration.mechanisms.length; ++i) {
            _mechanisms[msg.sender][declaration.mechanisms[i].mechanism] = declaration.mechanisms[i].accepted;
        }
        for (uint256 i; i < declaration.verifiers.length; ++i) {
            _accepted[msg.sender][declaration.verifiers[i].verifier] = declaration.verifiers[i].accepted;
        }
        emit ISupply.Declared(msg.sender, id, declaration);
    }

    function _stake(uint80 amount) internal {
        LedgerSlot ledger = _ledgers[msg.sender];
        require(ledger.id() != 0, ISupply.NotAProver(msg.sender));
        _ledgers[msg.sender] = ledger.add(amount);
        emit ISupply.Staked(msg.sender, amount);
    }

    function _unstake(uint80 amount) internal {
        LedgerSlot ledger = _ledgers[msg.sender];
        require(amount <= ledger.free(), ISupply.InsufficientStake(msg.sender, ledger.free(), amount));
        uint40 readyAt = uint40(block.timestamp) + UNSTAKE_DELAY;
        _ledgers[msg.sender] = ledger.remove(amount);
        _exits[msg.sender] = Exit(_exits[msg.sender].amount + amount, readyAt);
        emit ISupply.Unstaking(msg.sender, amount, readyAt);
    }

    /// @return amount what is the caller's to have.
    function _finishUnstake() internal returns (uint256 amount) {
        Exit memory exit = _exits[msg.sender];
        require(exit.amount != 0, ISupply.NoUnstake(msg.sender));
        require(block.timestamp >= exit.readyAt, ISupply.TooEarly(block.timestamp, exit.readyAt));
        delete _exits[msg.sender];
        emit ISupply.Unstaked(msg.sender, exit.amount);
        return exit.amount;
    }

    function _ledger(address prover) internal view returns (LedgerSlot) {
        return _ledgers[prover];
    }

    function _store(address prover, LedgerSlot ledger) internal {
        _ledgers[prover] = ledger;
    }

    function _offer(address prover, address token) internal view returns (OfferSlot) {
        return _offers[prover][token];
    }

    function _recordOf(address prover, uint32 verifier, address token) internal view returns (Record memory) {
        return _records[prover][_classOf(verifier, token)].toRecord();
    }

    /// Counts an award that was kept.
    function _keep(address prover, RequestRef request, uint256 price) internal {
        uint256 class = _classOf(request.verifier(), request.token());
        _records[prover][class] = _records[prover][class].keep(price);
    }

    /// Counts an award that was missed.
    /// @param over the request ended with it.
    function _miss(address prover, RequestRef request, uint256 price, bool over) internal {
        uint256 class = _classOf(request.verifier(), request.token());
        _records[prover][class] = _records[prover][class].miss(price, over);
    }

    function _classOf(uint256 verifier, address token) private pure returns (uint256) {
        return uint256(uint32(verifier)) << 160 | uint160(token);
    }

    function _proverAt(uint24 id) internal view returns (address) {
        return _proverOf[id];
    }

    /// Refuses work of a kind that `prover` does not take at all.
    function _requireServes(address prover, LedgerSlot ledger, address mechanism, uint256 verifier) internal view {
        _requireTakes(prover, ledger, mechanism);
        _requireProves(prover, ledger, uint32(verifier));
    }

    /// Refuses what `prover` makes no proofs for; 0 for whatever verifier there may be.
    function _requireProves(address prover, LedgerSlot ledger, uint32 verifier) internal view {
        if (ledger.flags() & ANY_VERIFIER == 0) {
            require(_accepted[prover][verifier], ISupply.VerifierNotAccepted(prover, verifier));
        }
    }

    /// Refuses what comes from a mechanism that `prover` does not deal with.
    function _requireTakes(address prover, LedgerSlot ledger, address mechanism) internal view {
        uint256 flags = ledger.flags();
        require(ledger.id() != 0, ISupply.NotAProver(prover));
        require(flags & DRAINING == 0, ISupply.Draining(prover));
        if (flags & ANY_MECHANISM == 0) {
            require(_mechanisms[prover][mechanism], ISupply.MechanismNotAccepted(prover, mechanism));
        }
    }

    /// Why `offer` is not met by an award of `request` at `price`, with `bond` at stake and `time` seconds for the work, as an
    /// encoded error; empty if it is.
    function _refuses(address prover, OfferSlot offer, RequestRef request, uint256 price, uint256 bond, uint256 time)
        internal
        pure
        returns (bytes memory why)
    {
        uint256 work = request.work();
        if (!offer.accepted()) {
            return abi.encodeWithSelector(ISupply.TokenNotAccepted.selector, prover, request.token());
        }
        // Of 88, 64, 32 and 40 bits: no product overflows.
        unchecked {
            uint256 floor = offer.floor() * work;
            if (price < floor) return abi.encodeWithSelector(ISupply.BelowFloor.selector, prover, price, floor);
            if (bond > offer.bondLimit()) {
                return abi.encodeWithSelector(ISupply.AboveBondLimit.selector, prover, bond, offer.bondLimit());
            }
            uint256 feasible = offer.throughput() * time;
            if (feasible < work && feasible != 0) {
                return abi.encodeWithSelector(ISupply.BeyondThroughput.selector, prover, feasible, work);
            }
        }
    }

    /// Promises `amount` of stake and, unless `seated` already, one more award; or says why `ledger` does not cover it, as an
    /// encoded error.
    function _engage(address prover, LedgerSlot ledger, uint256 amount, bool seated)
        internal
        pure
        returns (bytes memory why, LedgerSlot next)
    {
        uint256 free = ledger.free();
        if (amount > free) {
            return (abi.encodeWithSelector(ISupply.InsufficientStake.selector, prover, free, amount), next);
        }
        if (!seated && ledger.isFull()) {
            return
                (abi.encodeWithSelector(ISupply.AtCapacity.selector, prover, ledger.busy(), ledger.concurrency()), next);
        }
        return (why, ledger.engage(amount, seated ? 0 : 1));
    }
}

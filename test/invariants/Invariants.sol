// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IAnnex} from "../../contracts/interfaces/IAnnex.sol";
import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {IRequests} from "../../contracts/interfaces/IRequests.sol";
import {Fulfillment} from "../../contracts/types/Bid.sol";
import {Ledger} from "../../contracts/types/Prover.sol";
import {State, Status} from "../../contracts/types/State.sol";
import {Handler} from "./Handler.sol";
import {Model} from "./Model.sol";

/// What holds after any history. The numbers are those of ARCHITECTURE.md; what a single call must not do is judged as it is made, and
/// reported under its number.
abstract contract Invariants is Test {
    error Outcome(bool ok);
    error Differs(uint256 have, uint256 want);
    error Broken(uint256 number, string why);

    address private constant NATIVE = address(0);
    address private constant BURNED = 0x000000000000000000000000000000000000dEaD;

    Handler internal _handler;
    IMarket internal _market;

    /* MONEY */

    function invariant_I01_Solvency() internal view {
        for (uint256 t; t < 2; ++t) {
            address paid = _handler.tokens(t);
            _same(_held(paid), _owed(paid) + _handler.donated(paid));
        }
    }

    function invariant_I02_Conservation() internal view {
        for (uint256 t; t < 2; ++t) {
            address paid = _handler.tokens(t);
            _same(_handler.netOf(paid), _owed(paid));
        }
    }

    function invariant_I03_RequestsCloseExactly(Model.Life[] memory lives) internal view {
        for (uint256 i; i < lives.length; ++i) {
            Model.Life memory l = lives[i];
            uint256 entered = l.entries * (uint256(l.request.maxPrice) + l.request.tip);
            _same(l.escrow + l.credited, entered);
            if (l.status > Status.Awarded) _same(l.escrow, 0);
        }
        _assertNoFault(3);
    }

    function invariant_I04_PaidAtMostOnce(Model.Life[] memory lives) internal view {
        for (uint256 i; i < lives.length; ++i) {
            Model.Life memory l = lives[i];
            _same(l.endings, l.status > Status.Awarded ? 1 : 0);
            _most(l.tips, 1);
        }
        _assertNoFault(4);
    }

    function invariant_I05_PriceInTheBox(Model.Life[] memory lives) internal view {
        for (uint256 i; i < lives.length; ++i) {
            _most(_market.stateOf(lives[i].id).price, lives[i].request.maxPrice);
        }
        _assertNoFault(5);
    }

    function invariant_I06_Isolation() internal view {
        _assertNoFault(6);
    }

    function invariant_I07_NoUnauthorisedLoss() internal view {
        _assertNoFault(7);
    }

    function invariant_I10_PullOnly() internal view {
        _assertNoFault(10);
    }

    /* LIFE */

    // Every call succeeds exactly when the rules say so, and the states are those that its events tell (I39).
    function invariant_I12_LegalTransitions(Model.Life[] memory lives) internal view {
        for (uint256 i; i < lives.length; ++i) {
            Model.Life memory l = lives[i];
            State memory s = _market.stateOf(l.id);
            _same(uint8(s.status), uint8(l.status));
            if (l.status == Status.None || l.entries == 0) continue;
            _same(
                abi.encode(s.rung, s.holds, s.instance, s.version), abi.encode(l.rung, l.holds, l.instance, l.version)
            );
            if (l.status > Status.Awarded) continue;
            _same(s.time, l.time);
            _same(s.price, l.price);
            _same(_market.proverOf(s.prover), l.status == Status.Awarded ? l.prover : l.failed);
        }
        _assertNoFault(12);
        _assertNoFault(37);
    }

    function invariant_I13_ExactlyOneDoor(Model.Life[] memory lives) internal {
        for (uint256 i; i < lives.length; ++i) {
            Model.Life memory l = lives[i];
            if (l.status != Status.Awarded) continue;
            Fulfillment[] memory items = new Fulfillment[](1);
            items[0] = Fulfillment(l.request, l.prover, abi.encode(l.request.statement));
            bool expires = _would(abi.encodeCall(IAnnex.expire, (l.request)));
            bool fulfils = _would(abi.encodeCall(IRequests.fulfill, (items)));
            _same(expires, l.time < block.timestamp);
            (,, bool frozen,,) = _market.verifierOf(l.request.verifier);
            _same(fulfils, !expires && !frozen);
        }
        _assertNoFault(13);
        _assertNoFault(18);
    }

    function invariant_I15_IdsAreUnique(Model.Life[] memory lives) internal view {
        for (uint256 i; i < lives.length; ++i) {
            _same(_market.idOf(lives[i].request), lives[i].id);
            _most(lives[i].entries, 1);
        }
        _assertNoFault(15);
    }

    function invariant_I17_OnlyTheAwardedProverIsPaid() internal view {
        for (uint256 i; i < 8; ++i) {
            for (uint256 t; t < 2; ++t) {
                address paid = _handler.tokens(t);
                address account = _handler.people(i);
                _same(_market.balanceOf(paid, account), _handler.balanceOf(paid, account));
            }
        }
        _assertNoFault(17);
    }

    /* MECHANISMS */

    function invariant_I19_MechanismsTouchNoMoney() internal view {
        address[] memory mechanisms = _handler.mechanisms();
        for (uint256 i; i < mechanisms.length; ++i) {
            for (uint256 t; t < 2; ++t) {
                _same(_market.balanceOf(_handler.tokens(t), mechanisms[i]), 0);
            }
            _same(mechanisms[i].balance, 0);
            _same(_handler.token().balanceOf(mechanisms[i]), 0);
            _same(_market.ledgerOf(mechanisms[i]).stake, 0);
        }
    }

    // Whatever the hostile mechanism answers, whatever is due can be ended.
    function invariant_I20_FaultsAreContained(Model.Life[] memory lives) internal {
        for (uint256 i; i < lives.length; ++i) {
            Model.Life memory l = lives[i];
            bool over = l.status == Status.Open && l.request.deadline <= block.timestamp;
            over = over || (l.status == Status.Awarded && l.time < block.timestamp);
            if (over) _same(true, _would(abi.encodeCall(IAnnex.expire, (l.request))));
        }
    }

    /* STAKE */

    function invariant_I25_LiabilityIsCovered(Model.Life[] memory lives) internal view {
        for (uint256 i = 3; i < 6; ++i) {
            address prover = _handler.people(i);
            Ledger memory l = _market.ledgerOf(prover);
            Model.Seat memory seat = _handler.seatOf(prover);
            _same(abi.encode(l.stake, l.locked, l.busy), abi.encode(seat.stake, seat.locked, seat.busy));
            _most(l.locked, l.stake);
            _same(l.locked, _liabilities(lives, prover));
        }
        _assertNoFault(25);
    }

    function invariant_I26_SlashedOnlyForAFault() internal view {
        uint256 failures;
        for (uint256 i = 3; i < 6; ++i) {
            failures += _market.ledgerOf(_handler.people(i)).failed;
        }
        _same(failures, _handler.tally().slashed);
        _assertNoFault(26);
    }

    function invariant_I27_HalfIsBurned() internal view {
        _same(_market.balanceOf(NATIVE, BURNED), _handler.balanceOf(NATIVE, BURNED));
        _assertNoFault(27);
    }

    // Two provers that work together, with every requester and caller on their side, never gain by failing: what they lose
    // to nobody is at least half of it.
    function invariant_I28_FailingDoesNotPay() internal view {
        _least(2 * _market.balanceOf(NATIVE, BURNED), _handler.confiscated());
    }

    /* EXIT, REST */

    // Between calls nothing is locked: every view answers, and the market's own account is empty.
    function invariant_I38_GuardAtRest(Model.Life[] memory lives) internal view {
        for (uint256 t; t < 2; ++t) {
            _same(_market.balanceOf(_handler.tokens(t), address(_market)), 0);
        }
        for (uint256 i; i < lives.length; ++i) {
            for (uint256 p = 3; p < 6; ++p) {
                address prover = _handler.people(p);
                _same(_market.ticketOf(lives[i].id, prover).amount, _handler.ticketOf(lives[i].id, prover));
            }
        }
    }

    // From wherever the history led: with the mechanism hostile, everyone brings what it has to an end and leaves with all
    // of it. What stays is what was burned and what was given away.
    function invariant_I35_EveryoneCanLeave() internal {
        _handler.depart();
        for (uint256 t; t < 2; ++t) {
            address paid = _handler.tokens(t);
            _same(_held(paid), _market.balanceOf(paid, BURNED) + _handler.donated(paid));
        }
        for (uint256 i; i <= 38; ++i) {
            _assertNoFault(i);
        }
    }

    function attempt(bytes calldata call) external {
        (bool ok,) = address(_market).call(call);
        revert Outcome(ok);
    }

    /// Whether a call would succeed now; nothing of it stays.
    function _would(bytes memory call) private returns (bool ok) {
        try this.attempt(call) {}
        catch (bytes memory outcome) {
            assembly ("memory-safe") {
                ok := mload(add(outcome, 0x24))
            }
        }
    }

    function _held(address paid) private view returns (uint256) {
        return paid == NATIVE ? address(_market).balance : _handler.token().balanceOf(address(_market));
    }

    /// Free balances, stakes, exits and what requests have locked.
    function _owed(address paid) private view returns (uint256 owed) {
        for (uint256 i; i < 8; ++i) {
            owed += _handler.wealthOf(paid, _handler.people(i));
        }
    }

    function _liabilities(Model.Life[] memory lives, address prover) private view returns (uint256 sum) {
        for (uint256 i; i < lives.length; ++i) {
            Model.Life memory l = lives[i];
            if (l.holds != 0) sum += _market.ticketOf(l.id, prover).amount;
            if (l.status == Status.Awarded && l.prover == prover) sum += uint256(l.request.bond) * l.bps / 10_000;
        }
        uint32[] memory instances = _handler.instances();
        for (uint256 i; i < instances.length; ++i) {
            sum += _market.ticketOf(bytes32(uint256(instances[i])), prover).amount;
        }
    }

    function _assertNoFault(uint256 number) private view {
        string memory fault = _handler.faults(number);
        require(bytes(fault).length == 0, Broken(number, fault));
    }

    /* Assertions without a cheatcode: there are hundreds after each call. */

    function _same(uint256 have, uint256 want) private pure {
        require(have == want, Differs(have, want));
    }

    function _same(address have, address want) private pure {
        _same(uint160(have), uint160(want));
    }

    function _same(bool have, bool want) private pure {
        require(have == want, Differs(have ? 1 : 0, want ? 1 : 0));
    }

    function _same(bytes32 have, bytes32 want) private pure {
        _same(uint256(have), uint256(want));
    }

    function _same(bytes memory have, bytes memory want) private pure {
        _same(keccak256(have), keccak256(want));
    }

    function _most(uint256 have, uint256 max) private pure {
        require(have <= max, Differs(have, max));
    }

    function _least(uint256 have, uint256 min) private pure {
        require(have >= min, Differs(have, min));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {ISupply} from "../../contracts/interfaces/ISupply.sol";
import {Packed} from "../../contracts/libraries/Packed.sol";
import {Request} from "../../contracts/types/Request.sol";
import {State, StateSlot, Status} from "../../contracts/types/State.sol";
import {Accounts} from "./Accounts.sol";

/// The market as the sum of its events, kept beside the contract. It knows the rules, not the code: an event that does
/// not follow from what came before is a fault against the invariant that it breaks.
abstract contract Model is Accounts {
    /* FOLD */

    function _fold(Vm.Log memory log) internal {
        bytes32 kind = log.topics[0];
        if (kind == IEscrow.Deposited.selector || kind == IEscrow.Withdrawn.selector) _foldMoney(kind, log);
        else if (kind == ISupply.Declared.selector) _foldDeclared(log);
        else if (kind == ISupply.Staked.selector) _foldStaked(log);
        else if (kind == ISupply.Unstaking.selector || kind == ISupply.Unstaked.selector) _foldExit(kind, log);
        else if (log.topics.length > 1 && _lives[log.topics[1]].request.work != 0) _foldLife(kind, log);
        else if (log.topics.length > 2) _foldStanding(kind, log);
    }

    /// What is about an instance itself.
    function _foldStanding(bytes32 kind, Vm.Log memory log) private {
        uint32 instance = uint32(uint256(log.topics[1]));
        if (kind == IMarket.Held.selector) _foldEnlisted(instance, log);
        else if (kind == IMarket.Released.selector) _foldLeft(instance, log);
        else if (kind == IMarket.Leaving.selector) _leaving[instance][_address(log.topics[2])] = block.timestamp;
        else _check(kind != IMarket.Docked.selector, 26, "docked without a request");
    }

    function _foldLife(bytes32 kind, Vm.Log memory log) private {
        bytes32 id = log.topics[1];
        Life storage life = _lives[id];
        if (kind == IMarket.Opened.selector) {
            _foldOpened(life, log);
        } else if (kind == IMarket.Awarded.selector) {
            _foldAwarded(id, life, log);
        } else if (kind == IMarket.Held.selector) {
            _foldHeld(id, life, log);
        } else if (kind == IMarket.Released.selector) {
            _foldReleased(id, life, log);
        } else if (kind == IMarket.Forfeited.selector) {
            _foldForfeited(id, life, log);
        } else if (kind == IMarket.Docked.selector) {
            _foldDocked(life, log);
        } else if (kind == IMarket.Proven.selector) {
            _foldProven(life);
        } else if (kind == IMarket.Rewarded.selector) {
            _foldRewarded(life, log);
        } else if (kind == IMarket.Slashed.selector) {
            _foldSlashed(life, log);
        } else if (kind == IMarket.Excused.selector) {
            _foldExcused(life, log);
        } else if (kind == IMarket.Climbed.selector) {
            _foldClimbed(life, log);
        } else if (kind == IMarket.Tipped.selector) {
            _foldTipped(life, log);
        } else if (kind == IMarket.Fulfilled.selector) {
            _foldFulfilled(life, log);
        } else if (kind == IMarket.Closed.selector) {
            _foldEnded(life, log, life.proofs == 0 ? Status.Closed : Status.Fulfilled);
        } else if (kind == IMarket.Cancelled.selector) {
            _foldEnded(life, log, Status.Cancelled);
        }
    }

    /* ENTRY AND AWARD */

    function _foldOpened(Life storage life, Vm.Log memory log) private {
        Request memory r = life.request;
        _check(life.status == Status.None, 12, "opened from another status");
        _check(++life.entries == 1, 15, "entered twice");
        Request memory logged;
        uint64 edition;
        (edition, logged,) = Packed.open(_address(log.topics[2]), abi.decode(log.data, (bytes)));
        _check(keccak256(abi.encode(logged)) == keccak256(abi.encode(r)), 15, "opened as another request");
        life.status = Status.Open;
        (life.instance, life.version) = (uint32(edition), uint32(edition >> 32));
        life.time = uint40(block.timestamp);
        life.escrow = uint256(r.maxPrice) + r.tip;
        _balances[r.token][r.requester] -= life.escrow;
        _escrows[r.token][r.requester] += life.escrow;
        ++_tally.opened;
    }

    function _foldAwarded(bytes32 id, Life storage life, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        State memory state = StateSlot.wrap(abi.decode(log.data, (uint256))).toState();
        (uint88 price, uint40 due, uint16 bps) = (state.price, state.time, state.bondBps);
        _check(state.status == Status.Awarded, 12, "awarded to another status");
        _check(life.status == Status.Open && life.proofs == 0, 12, "awarded from another status");
        _check(price <= life.request.maxPrice, 5, "price above the escrow");
        _check(block.timestamp < due && due <= life.request.deadline, 13, "due outside the deadline");
        (life.status, life.prover, life.price) = (Status.Awarded, prover, price);
        (life.time, life.bps) = (due, bps);
        Seat storage seat = _seats[prover];
        if (_tickets[id][prover] == 0) ++seat.busy;
        else _forget(id, life, prover);
        seat.locked += _bond(life);
        _check(seat.locked <= seat.stake, 25, "award without cover");
        ++_tally.awarded;
        ++_trades[life.instance].awarded;
    }

    function _foldTipped(Life storage life, Vm.Log memory log) private {
        uint256 amount = abi.decode(log.data, (uint256));
        _check(++life.tips == 1 && amount == life.request.tip, 4, "tipped twice");
        _credit(life, _address(log.topics[2]), amount);
        _losses[life.request.token][life.request.requester] += amount;
        ++_tally.tipped;
    }

    function _foldClimbed(Life storage life, Vm.Log memory log) private {
        _check(life.status == Status.Open && life.proofs == 0, 12, "climbed from another status");
        (life.rung, life.instance, life.version) = abi.decode(log.data, (uint8, uint32, uint32));
        life.time = uint40(block.timestamp);
        ++_tally.climbed;
    }

    /* TICKETS */

    function _foldHeld(bytes32 id, Life storage life, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        (uint256 amount,) = abi.decode(log.data, (uint80, uint176));
        _check(life.status == Status.Open, 12, "held from another status");
        Seat storage seat = _seats[prover];
        if (_tickets[id][prover] == 0) {
            ++life.holds;
            ++seat.busy;
        }
        seat.locked = seat.locked + amount - _tickets[id][prover];
        _tickets[id][prover] = amount;
        _check(seat.locked <= seat.stake, 25, "deposit without cover");
        ++_tally.held;
    }

    function _foldReleased(bytes32 id, Life storage life, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        uint256 amount = abi.decode(log.data, (uint256));
        _check(amount != 0 && amount == _tickets[id][prover], 3, "released another amount");
        --_seats[prover].busy;
        _forget(id, life, prover);
        ++_tally.released;
    }

    function _foldForfeited(bytes32 id, Life storage life, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        uint256 amount = _tickets[id][prover];
        --_seats[prover].busy;
        _forget(id, life, prover);
        _confiscate(life.request.requester, prover, amount, log.data);
        ++_tally.forfeited;
    }

    function _forget(bytes32 id, Life storage life, address prover) private {
        _seats[prover].locked -= _tickets[id][prover];
        delete _tickets[id][prover];
        --life.holds;
    }

    /* TICKETS ON INSTANCES */

    function _foldEnlisted(uint32 instance, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        bytes32 place = bytes32(uint256(instance));
        (uint256 amount,) = abi.decode(log.data, (uint80, uint176));
        Seat storage seat = _seats[prover];
        if (_tickets[place][prover] == 0) {
            ++seat.busy;
            _check(seat.busy <= seat.concurrency, 25, "deposit beyond capacity");
            delete _leaving[instance][prover];
        }
        seat.locked = seat.locked + amount - _tickets[place][prover];
        _tickets[place][prover] = amount;
        _check(seat.locked <= seat.stake, 25, "deposit without cover");
        ++_tally.enlisted;
    }

    /// Given back, or taken in the place of a bond.
    function _foldLeft(uint32 instance, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        bytes32 place = bytes32(uint256(instance));
        uint256 amount = abi.decode(log.data, (uint256));
        _check(amount != 0 && amount == _tickets[place][prover], 3, "released another amount");
        _seats[prover].locked -= amount;
        --_seats[prover].busy;
        delete _tickets[place][prover];
        ++_tally.left;
    }

    /// All of a ticket on the instance, or a part.
    function _foldDocked(Life storage life, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        (uint32 instance, uint256 burned, uint256 compensation, uint256 tip, address to) =
            abi.decode(log.data, (uint32, uint256, uint256, uint256, address));
        bytes32 place = bytes32(uint256(instance));
        uint256 amount = burned + compensation + tip;
        _check(instance == life.instance, 26, "docked by another instance");
        _check(amount != 0 && amount <= _tickets[place][prover], 26, "docked more than there was");
        _seats[prover].locked -= amount;
        if ((_tickets[place][prover] -= amount) == 0) --_seats[prover].busy;
        _confiscate(life.request.requester, prover, amount, abi.encode(burned, compensation, tip, to));
        ++_tally.docked;
    }

    /* OPEN STAGES */

    function _foldProven(Life storage life) private {
        _check(life.status == Status.Open, 12, "proven from another status");
        _check(block.timestamp < life.request.deadline, 13, "proven too late");
        _check(!_frozen[life.request.verifier], 18, "proven by a frozen verifier");
        ++life.proofs;
        ++_tally.proven;
    }

    function _foldRewarded(Life storage life, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        uint256 amount = abi.decode(log.data, (uint256));
        _check(life.status == Status.Open && life.proofs != 0, 17, "paid without a proof");
        life.price += uint88(amount);
        _check(life.price <= life.request.maxPrice, 5, "paid more than the escrow");
        _credit(life, prover, amount);
        if (prover != life.request.requester) _losses[life.request.token][life.request.requester] += amount;
        ++_tally.rewarded;
        ++_trades[life.instance].rewarded;
    }

    /* ENDINGS */

    function _foldFulfilled(Life storage life, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        (uint256 price,) = abi.decode(log.data, (uint256, bytes));
        _check(life.status == Status.Awarded, 12, "fulfilled from another status");
        _check(prover == life.prover && price == life.price, 17, "paid another, or another price");
        _check(block.timestamp <= life.time, 13, "fulfilled too late");
        _check(!_frozen[life.request.verifier], 18, "fulfilled by a frozen verifier");
        _check(++life.endings == 1, 4, "ended twice");
        life.status = Status.Fulfilled;
        _unseat(life);
        _credit(life, prover, price);
        _credit(life, life.request.requester, life.request.maxPrice - price);
        if (prover != life.request.requester) _losses[life.request.token][life.request.requester] += price;
        ++_tally.fulfilled;
        ++_trades[life.instance].fulfilled;
    }

    function _foldSlashed(Life storage life, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        bool fault = life.status == Status.Awarded && prover == life.prover && life.time < block.timestamp
            && !_frozen[life.request.verifier];
        _check(fault, 26, "slashed without a fault");
        _unseat(life);
        _confiscate(life.request.requester, prover, _bond(life), log.data);
        _reopen(life, prover);
        ++_tally.slashed;
    }

    function _foldExcused(Life storage life, Vm.Log memory log) private {
        bool excused = life.status == Status.Awarded && _frozen[life.request.verifier];
        _check(excused && _address(log.topics[2]) == life.prover, 26, "excused without a reason");
        _unseat(life);
        _reopen(life, life.prover);
        ++_tally.excused;
    }

    function _foldEnded(Life storage life, Vm.Log memory log, Status status) private {
        uint256 refund = abi.decode(log.data, (uint256));
        bool legal = life.status == Status.Open || (life.status == Status.None && status == Status.Cancelled);
        legal = legal && (life.proofs == 0 || status == Status.Fulfilled);
        _check(legal, 12, "ended from another status");
        _check(++life.endings == 1, 4, "ended twice");
        life.status = status;
        _credit(life, life.request.requester, refund);
        _check(life.escrow == 0, 3, "ended with escrow left");
        if (status == Status.Cancelled) ++_tally.cancelled;
        else ++_tally.closed;
        if (status == Status.Fulfilled) ++_trades[life.instance].fulfilled;
    }

    function _reopen(Life storage life, address failed) private {
        (life.status, life.failed, life.prover, life.price) = (Status.Open, failed, address(0), 0);
        life.time = uint40(block.timestamp);
    }

    function _unseat(Life storage life) private {
        Seat storage seat = _seats[life.prover];
        seat.locked -= _bond(life);
        --seat.busy;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test, Vm} from "forge-std/Test.sol";

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {Packed} from "../../contracts/libraries/Packed.sol";
import {ISupply} from "../../contracts/interfaces/ISupply.sol";
import {Declaration} from "../../contracts/interfaces/ISupply.sol";
import {DRAINING} from "../../contracts/types/Prover.sol";
import {Request} from "../../contracts/types/Request.sol";
import {State, StateSlot, Status} from "../../contracts/types/State.sol";

/// The market as the sum of its events, kept beside the contract. It knows the rules, not the code: an event that does
/// not follow from what came before is a fault against the invariant that it breaks.
abstract contract Model is Test {
    struct Life {
        bytes32 id;
        Request request;
        Status status;
        uint8 rung;
        uint8 holds;
        uint32 instance;
        uint32 version;
        uint40 time;
        address prover;
        /// The last one that failed.
        address failed;
        uint88 price;
        uint16 bps;
        /// What of the escrow is still locked, and what of it was credited to anyone.
        uint256 escrow;
        uint256 credited;
        uint256 entries;
        uint256 endings;
        uint256 tips;
    }

    struct Seat {
        uint256 stake;
        uint256 locked;
        uint256 exit;
        uint16 busy;
        uint16 concurrency;
        bool draining;
    }

    struct Tally {
        uint256 opened;
        uint256 awarded;
        uint256 fulfilled;
        uint256 slashed;
        uint256 excused;
        uint256 held;
        uint256 released;
        uint256 forfeited;
        uint256 climbed;
        uint256 closed;
        uint256 cancelled;
        uint256 tipped;
    }

    address internal constant NATIVE = address(0);
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;

    bytes32[] internal _ids;
    mapping(bytes32 id => Life) internal _lives;
    mapping(bytes32 id => mapping(address prover => uint256)) internal _tickets;
    mapping(address token => mapping(address account => uint256)) internal _balances;
    mapping(address prover => Seat) internal _seats;
    /// Locked in open and awarded requests.
    mapping(address token => mapping(address requester => uint256)) internal _escrows;
    mapping(address token => uint256) internal _in;
    mapping(address token => uint256) internal _out;
    mapping(uint32 verifier => bool) internal _frozen;
    Tally internal _tally;
    /// All that provers lost by failing.
    uint256 public confiscated;

    /// Who made the call that is being folded, and what it justly took from whom.
    address internal _caller;
    mapping(address token => mapping(address account => uint256)) internal _losses;

    /// By invariant: what broke it first.
    mapping(uint256 invariant_ => string) public faults;

    function _check(bool holds, uint256 invariant_, string memory why) internal {
        if (!holds && bytes(faults[invariant_]).length == 0) faults[invariant_] = why;
    }

    /* FOLD */

    function _fold(Vm.Log memory log) internal {
        bytes32 kind = log.topics[0];
        if (kind == IEscrow.Deposited.selector || kind == IEscrow.Withdrawn.selector) _foldMoney(kind, log);
        else if (kind == ISupply.Declared.selector) _foldDeclared(log);
        else if (kind == ISupply.Staked.selector) _foldStaked(log);
        else if (kind == ISupply.Unstaking.selector || kind == ISupply.Unstaked.selector) _foldExit(kind, log);
        else if (log.topics.length > 1 && _lives[log.topics[1]].request.work != 0) _foldLife(kind, log);
    }

    function _foldMoney(bytes32 kind, Vm.Log memory log) private {
        (address token, address account) = (_address(log.topics[1]), _address(log.topics[2]));
        uint256 amount = abi.decode(log.data, (uint256));
        if (kind == IEscrow.Deposited.selector) {
            _balances[token][account] += amount;
            _in[token] += amount;
        } else {
            _check(account == _caller, 10, "withdrawn by another");
            _balances[token][account] -= amount;
            _out[token] += amount;
            _losses[token][account] += amount;
        }
    }

    function _foldDeclared(Vm.Log memory log) private {
        Declaration memory d = abi.decode(log.data, (Declaration));
        Seat storage seat = _seats[_address(log.topics[1])];
        (seat.concurrency, seat.draining) = (d.concurrency, d.flags & DRAINING != 0);
    }

    function _foldStaked(Vm.Log memory log) private {
        address prover = _address(log.topics[1]);
        uint256 amount = abi.decode(log.data, (uint256));
        _balances[NATIVE][prover] -= amount;
        _seats[prover].stake += amount;
    }

    function _foldExit(bytes32 kind, Vm.Log memory log) private {
        address prover = _address(log.topics[1]);
        Seat storage seat = _seats[prover];
        if (kind == ISupply.Unstaking.selector) {
            (uint256 amount,) = abi.decode(log.data, (uint256, uint40));
            seat.stake -= amount;
            seat.exit += amount;
            _check(seat.locked <= seat.stake, 25, "locked stake left");
        } else {
            uint256 amount = abi.decode(log.data, (uint256));
            seat.exit -= amount;
            _balances[NATIVE][prover] += amount;
        }
    }

    function _foldLife(bytes32 kind, Vm.Log memory log) private {
        bytes32 id = log.topics[1];
        Life storage life = _lives[id];
        if (kind == IMarket.Opened.selector) _foldOpened(life, log);
        else if (kind == IMarket.Awarded.selector) _foldAwarded(id, life, log);
        else if (kind == IMarket.Held.selector) _foldHeld(id, life, log);
        else if (kind == IMarket.Released.selector) _foldReleased(id, life, log);
        else if (kind == IMarket.Forfeited.selector) _foldForfeited(id, life, log);
        else if (kind == IMarket.Slashed.selector) _foldSlashed(life, log);
        else if (kind == IMarket.Excused.selector) _foldExcused(life, log);
        else if (kind == IMarket.Climbed.selector) _foldClimbed(life, log);
        else if (kind == IMarket.Tipped.selector) _foldTipped(life, log);
        else if (kind == IMarket.Fulfilled.selector) _foldFulfilled(life, log);
        else if (kind == IMarket.Closed.selector) _foldEnded(life, log, Status.Closed);
        else if (kind == IMarket.Cancelled.selector) _foldEnded(life, log, Status.Cancelled);
    }

    /* ENTRY AND AWARD */

    function _foldOpened(Life storage life, Vm.Log memory log) private {
        Request memory r = life.request;
        _check(life.status == Status.None, 12, "opened from another status");
        _check(++life.entries == 1, 15, "entered twice");
        Request memory logged;
        (life.version, logged,) = Packed.open(_address(log.topics[2]), abi.decode(log.data, (bytes)));
        _check(keccak256(abi.encode(logged)) == keccak256(abi.encode(r)), 15, "opened as another request");
        life.status = Status.Open;
        life.instance = r.instance;
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
        _check(life.status == Status.Open, 12, "awarded from another status");
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
    }

    function _foldTipped(Life storage life, Vm.Log memory log) private {
        uint256 amount = abi.decode(log.data, (uint256));
        _check(++life.tips == 1 && amount == life.request.tip, 4, "tipped twice");
        _credit(life, _address(log.topics[2]), amount);
        _losses[life.request.token][life.request.requester] += amount;
        ++_tally.tipped;
    }

    function _foldClimbed(Life storage life, Vm.Log memory log) private {
        _check(life.status == Status.Open, 12, "climbed from another status");
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
        _confiscate(life, prover, amount, log.data);
        ++_tally.forfeited;
    }

    function _forget(bytes32 id, Life storage life, address prover) private {
        _seats[prover].locked -= _tickets[id][prover];
        delete _tickets[id][prover];
        --life.holds;
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
    }

    function _foldSlashed(Life storage life, Vm.Log memory log) private {
        address prover = _address(log.topics[2]);
        bool fault = life.status == Status.Awarded && prover == life.prover && life.time < block.timestamp
            && !_frozen[life.request.verifier];
        _check(fault, 26, "slashed without a fault");
        _unseat(life);
        _confiscate(life, prover, _bond(life), log.data);
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
        _check(legal, 12, "ended from another status");
        _check(++life.endings == 1, 4, "ended twice");
        life.status = status;
        _credit(life, life.request.requester, refund);
        _check(life.escrow == 0, 3, "ended with escrow left");
        if (status == Status.Closed) ++_tally.closed;
        else ++_tally.cancelled;
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

    /// I27, I28: of what a prover loses at least half is nobody's, and all of it is accounted for.
    function _confiscate(Life storage life, address prover, uint256 amount, bytes memory data) private {
        (uint256 burned, uint256 compensation, uint256 tip, address to) =
            abi.decode(data, (uint256, uint256, uint256, address));
        _check(to == _caller, 27, "tipped another than the caller");
        _check(burned + compensation + tip == amount, 27, "split of another amount");
        _check(burned * 2 >= amount && tip == amount / 20, 27, "split otherwise");
        _seats[prover].stake -= amount;
        confiscated += amount;
        _balances[NATIVE][BURNED] += burned;
        _balances[NATIVE][life.request.requester] += compensation;
        _balances[NATIVE][_caller] += tip;
        _losses[NATIVE][prover] += amount;
    }

    function _credit(Life storage life, address to, uint256 amount) private {
        Request memory r = life.request;
        life.escrow -= amount;
        life.credited += amount;
        _escrows[r.token][r.requester] -= amount;
        _balances[r.token][to] += amount;
    }

    function _bond(Life storage life) internal view returns (uint256) {
        return uint256(life.request.bond) * life.bps / 10_000;
    }

    function _address(bytes32 word) private pure returns (address) {
        return address(uint160(uint256(word)));
    }
}

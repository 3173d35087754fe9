// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test, Vm} from "forge-std/Test.sol";

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {Declaration, ISupply} from "../../contracts/interfaces/ISupply.sol";
import {DRAINING} from "../../contracts/types/Prover.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";

/// Everybody's money and stake as the sum of the market's events, and what is known of its requests.
abstract contract Accounts is Test {
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
        /// Of the award; or what proofs in an open stage have been paid so far, of which there were so many.
        uint88 price;
        uint256 proofs;
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
        uint256 proven;
        uint256 rewarded;
        uint256 enlisted;
        uint256 docked;
        uint256 left;
    }

    /// What provers were awarded and paid under an instance.
    struct Trade {
        uint256 awarded;
        uint256 fulfilled;
        uint256 rewarded;
    }

    address internal constant NATIVE = address(0);
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;

    bytes32[] internal _ids;
    mapping(bytes32 id => Life) internal _lives;
    /// On requests, by their ids, and on instances, by their numbers.
    mapping(bytes32 id => mapping(address prover => uint256)) internal _tickets;
    mapping(uint32 instance => Trade) internal _trades;
    /// Since when a prover has wanted its ticket on an instance back.
    mapping(uint32 instance => mapping(address prover => uint256)) internal _leaving;
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

    function _foldMoney(bytes32 kind, Vm.Log memory log) internal {
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

    function _foldDeclared(Vm.Log memory log) internal {
        Declaration memory d = abi.decode(log.data, (Declaration));
        Seat storage seat = _seats[_address(log.topics[1])];
        (seat.concurrency, seat.draining) = (d.concurrency, d.flags & DRAINING != 0);
    }

    function _foldStaked(Vm.Log memory log) internal {
        address prover = _address(log.topics[1]);
        uint256 amount = abi.decode(log.data, (uint256));
        _balances[NATIVE][prover] -= amount;
        _seats[prover].stake += amount;
    }

    function _foldExit(bytes32 kind, Vm.Log memory log) internal {
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

    /* SHARED */

    /// I27, I28: of what a prover loses at least half is nobody's, and all of it is accounted for.
    function _confiscate(address wronged, address prover, uint256 amount, bytes memory data) internal {
        (uint256 burned, uint256 compensation, uint256 tip, address to) =
            abi.decode(data, (uint256, uint256, uint256, address));
        _check(to == _caller, 27, "tipped another than the caller");
        _check(burned + compensation + tip == amount, 27, "split of another amount");
        _check(burned * 2 >= amount && tip == amount / 20, 27, "split otherwise");
        _seats[prover].stake -= amount;
        confiscated += amount;
        _balances[NATIVE][BURNED] += burned;
        _balances[NATIVE][wronged] += compensation;
        _balances[NATIVE][_caller] += tip;
        _losses[NATIVE][prover] += amount;
    }

    function _credit(Life storage life, address to, uint256 amount) internal {
        Request memory r = life.request;
        life.escrow -= amount;
        life.credited += amount;
        _escrows[r.token][r.requester] -= amount;
        _balances[r.token][to] += amount;
    }

    function _bond(Life storage life) internal view returns (uint256) {
        return uint256(life.request.bond) * life.bps / 10_000;
    }

    function _address(bytes32 word) internal pure returns (address) {
        return address(uint160(uint256(word)));
    }
}

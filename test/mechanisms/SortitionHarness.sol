// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lots} from "../../contracts/libraries/Lots.sol";
import {Sortition, SortitionParams} from "../../contracts/mechanisms/Sortition.sol";
import {Answer, Ask, Cause} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {Harness} from "./Harness.sol";

/// A pool of provers with names and stakes of 4, 3, 2 and 1, and requests that open one after another.
abstract contract SortitionHarness is Harness {
    uint88 internal constant BASE = 0.1 ether;
    uint88 internal constant RATE = 0.2 ether;
    uint88 internal constant PRICE = BASE + RATE;
    uint40 internal constant LEAD = 60;
    uint40 internal constant STAGGER = 30;
    uint40 internal constant PATIENCE = 120;
    uint40 internal constant NOTICE = 1 days;
    uint8 internal constant DISTANCE = 4;
    bytes32 internal constant DRAW = keccak256("draw");

    address internal immutable alice = makeAddr("alice");
    address internal immutable bob = makeAddr("bob");
    address internal immutable carol = makeAddr("carol");
    address internal immutable dave = makeAddr("dave");
    address[4] internal pool = [alice, bob, carol, dave];
    Sortition internal sortition = new Sortition();

    SortitionParams internal p = SortitionParams({
        base: BASE,
        rate: RATE,
        minDeposit: 1 ether,
        maxDeposit: 10 ether,
        notice: uint32(NOTICE),
        distance: DISTANCE,
        lead: uint32(LEAD),
        stagger: uint32(STAGGER),
        stages: 3,
        patience: uint32(PATIENCE),
        backups: 1
    });

    function setUp() public virtual {
        vm.roll(1_000);
        _restart();
        for (uint256 i; i < 4; ++i) {
            _enrol(pool[i], uint80(4 - i) * 1 ether);
        }
        vm.roll(1_001);
    }

    function _restart() internal {
        _open(sortition, abi.encode(p));
    }

    function _enrol(address prover, uint80 deposit) internal returns (Answer memory) {
        return _bidInstance(prover, 0, abi.encode(deposit));
    }

    /// A request of its own opens, now.
    function _request(bytes32 id_) internal {
        (id, status, winner, paid, holds, beacon) = (id_, Status.Open, address(0), 0, 0, 0);
        words = new bytes32[](words.length);
        openedAt = uint40(block.timestamp);
        request.deadline = openedAt + 100_000;
        _enter();
    }

    /// The block of the draw, and the next one; as many seconds as 3 for each.
    function _reachDraw(bytes32 draw) internal {
        skip(3 * (DISTANCE + 1));
        vm.roll(drawn + 1);
        beacon = draw;
    }

    /// Opens one and knows its lots.
    function _drawn() internal {
        _request(keccak256("request"));
        _reachDraw(DRAW);
    }

    function _claim(address prover) internal returns (Answer memory) {
        return _bid(prover, PRICE, "");
    }

    /// What is said is not looked at: whether there is a claim that stands.
    function _tries(address prover) internal returns (bool) {
        Ask memory ask = _bidding(prover, 0, "");
        try mechanism.step(ask) {
            _apply(ask);
            return true;
        } catch {
            return false;
        }
    }

    function _claiming(address prover) internal view returns (Ask memory) {
        return _bidding(prover, PRICE, "");
    }

    function _key(address prover) internal view returns (uint256) {
        return Lots.key(beacon, id, prover, seats[prover].amount, p.maxDeposit);
    }

    /// When it is its turn; unix seconds.
    function _turn(address prover) internal view returns (uint40) {
        uint256 stage = (_key(prover) - 1) / Lots.reach(2 + p.backups, p.maxDeposit, _total());
        if (stage == 0) return openedAt;
        return openedAt + LEAD + STAGGER * uint40(stage < p.stages ? stage : p.stages - 1);
    }

    /// The pool by key, the lowest first.
    function _order() internal view returns (address[4] memory order) {
        order = pool;
        for (uint256 i; i < 4; ++i) {
            for (uint256 j = i; j > 0 && _key(order[j]) < _key(order[j - 1]); --j) {
                (order[j], order[j - 1]) = (order[j - 1], order[j]);
            }
        }
    }

    function _total() internal view returns (uint128) {
        return uint128(uint256(shared[0]));
    }

    function _count() internal view returns (uint256) {
        return uint256(shared[0]) >> 128;
    }

    /// The last second for bids.
    function _last() internal view returns (uint40) {
        return uint40(uint256(words[0]) >> 208);
    }

    function _place(uint256 i) internal view returns (address) {
        return address(uint160(uint256(words[2 + i])));
    }
}

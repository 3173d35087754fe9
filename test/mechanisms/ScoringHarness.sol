// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ScoredOffer, Weights} from "../../contracts/libraries/Scores.sol";
import {ScorePayment, Scoring, ScoringParams} from "../../contracts/mechanisms/Scoring.sol";
import {Answer, Ask, Move, MoveKind} from "../../contracts/types/Ask.sol";
import {Harness} from "./Harness.sol";

/// A scoring auction and bidders with names. A proof at the end of the window of 1,000 s is worth 0.5 ether, each second less
/// 0.0003, and the whole bond of 1 ether another 0.1.
abstract contract ScoringHarness is Harness {
    uint40 internal constant COMMIT_END = START + 300;
    uint40 internal constant REVEAL_END = COMMIT_END + 600;
    uint80 internal constant DEPOSIT = 0.1 ether;

    address internal immutable alice = makeAddr("alice");
    address internal immutable bob = makeAddr("bob");
    address internal immutable carol = makeAddr("carol");
    address internal immutable dave = makeAddr("dave");
    Scoring internal scoring = new Scoring();

    ScoringParams internal p = ScoringParams({
        payment: ScorePayment.FirstScore,
        commit: 300,
        reveal: 600,
        weights: Weights({
            baseBps: 5_000, timeBps: 3_000, bondBps: 1_000, penaltyBps: 10_000, stakeWorth: 1e18, leastBondBps: 1_000
        }),
        depositBps: 1_000,
        depositFloor: 1_000,
        standbys: 1,
        bidders: 8
    });

    /// Of the last award.
    uint40 internal due;
    uint16 internal bps;

    function setUp() public virtual {
        _open(scoring, abi.encode(p));
    }

    function _reopen(ScorePayment payment, uint8 standbys) internal {
        p.payment = payment;
        p.standbys = standbys;
        p.bidders = 64;
        _open(scoring, abi.encode(p));
    }

    function _salt(address prover) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt of", prover));
    }

    function _commitmentOf(address prover, ScoredOffer memory o) internal view returns (bytes32) {
        return scoring.commitment(id, prover, o.price, o.promised, o.share, _salt(prover));
    }

    function _committing(address prover, ScoredOffer memory o) internal view returns (Ask memory) {
        return _bidding(prover, 0, bytes.concat(_commitmentOf(prover, o)));
    }

    function _commit(address prover, ScoredOffer memory o) internal {
        _apply(_committing(prover, o));
    }

    function _revealing(address prover, ScoredOffer memory o) internal view returns (Ask memory) {
        return _bidding(prover, o.price, abi.encodePacked(_salt(prover), o.promised, o.share));
    }

    function _reveal(address prover, ScoredOffer memory o) internal {
        _apply(_revealing(prover, o));
    }

    /// All commit and reveal.
    function _bids(address[] memory provers, ScoredOffer[] memory offers) internal {
        vm.warp(COMMIT_END);
        for (uint256 i; i < provers.length; ++i) {
            _commit(provers[i], offers[i]);
        }
        vm.warp(COMMIT_END + 1);
        for (uint256 i; i < provers.length; ++i) {
            _reveal(provers[i], offers[i]);
        }
    }

    /// Alice is cheap and slow, Bob dear and fast, Carol in between; their scores are 0.17, 0.3 and 0.245 ether.
    function _three() internal {
        address[] memory provers = new address[](3);
        (provers[0], provers[1], provers[2]) = (alice, bob, carol);
        ScoredOffer[] memory offers = new ScoredOffer[](3);
        (offers[0], offers[1], offers[2]) = (_cheap(), _fast(), _middling());
        _bids(provers, offers);
    }

    function _cheap() internal pure returns (ScoredOffer memory) {
        return ScoredOffer(0.4 ether, 900, 4_000);
    }

    function _fast() internal pure returns (ScoredOffer memory) {
        return ScoredOffer(0.54 ether, 200, 10_000);
    }

    function _middling() internal pure returns (ScoredOffer memory) {
        return ScoredOffer(0.455 ether, 500, 5_000);
    }

    function _settle() internal returns (Answer memory answer) {
        answer = _tick();
        _look(answer);
    }

    function _failed() internal returns (Answer memory answer) {
        answer = _fail();
        _look(answer);
    }

    function _look(Answer memory answer) internal {
        (due, bps) = (0, 0);
        for (uint256 i; i < answer.moves.length; ++i) {
            Move memory move = answer.moves[i];
            if (move.kind == MoveKind.Award) (due, bps) = (move.due, move.bps);
        }
    }

    function _points(ScoredOffer memory o) internal view returns (uint256 points) {
        (, points) = scoring.score(params, request, o.price, o.promised, o.share);
    }

    function _eligible(ScoredOffer memory o) internal view returns (bool eligible) {
        (eligible,) = scoring.score(params, request, o.price, o.promised, o.share);
    }

    function _head(address prover, uint256 points) internal pure returns (bytes32) {
        return bytes32(points << 160 | uint160(prover));
    }

    function _terms(ScoredOffer memory o) internal pure returns (bytes32) {
        return bytes32(uint256(o.share) << 120 | uint256(o.promised) << 88 | o.price);
    }
}

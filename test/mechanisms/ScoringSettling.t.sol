// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {ScoredOffer} from "../../contracts/libraries/Scores.sol";
import {ScorePayment} from "../../contracts/mechanisms/Scoring.sol";
import {Answer, Cause, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {ScoringHarness} from "./ScoringHarness.sol";

/// Awards, standbys, the silent, and how tickets come back.
contract ScoringSettlingTest is ScoringHarness {
    function test_FirstScoreAwardsTheHighestOnItsOwnTerms() public {
        _three();
        _settle();
        assertEq(winner, bob, "dearest, and worth it");
        assertEq(paid, 0.54 ether);
        assertEq(due, COMMIT_END + 1 + 200);
        assertEq(bps, 10_000);
        assertEq(tickets[carol].amount, DEPOSIT, "the standby's stays");
        assertEq(holds, 1);
    }

    function test_SecondScoreRaisesThePriceToTheScoreOfTheNext() public {
        _reopen(ScorePayment.SecondScore, 1);
        _three();
        _settle();
        assertEq(winner, bob);
        assertEq(paid, 0.54 ether + 0.3 ether - 0.245 ether);
        assertEq(_points(ScoredOffer(paid, 200, 10_000)), 0.245 ether);
        _failed();
        assertEq(winner, carol, "as if bob had not bid");
        assertEq(paid, 0.455 ether + 0.245 ether - 0.17 ether);
        assertEq(due, COMMIT_END + 1 + 500, "its own promise, from now");
        assertEq(bps, 5_000);
        assertEq(_failed().moves.length, 0);
        assertEq(holds, 0);
    }

    function test_SecondScoreOfALoneBidderIsAllItIsWorth() public {
        _reopen(ScorePayment.SecondScore, 1);
        _commit(bob, _fast());
        vm.warp(COMMIT_END + 1);
        _reveal(bob, _fast());
        _settle();
        assertEq(paid, 0.84 ether);
    }

    function test_StandbyTakesOverOnItsOwnTerms() public {
        _three();
        _settle();
        vm.warp(due + 1);
        _failed();
        assertEq(winner, carol);
        assertEq(paid, 0.455 ether);
        assertEq(due, block.timestamp + 500);
        assertEq(bps, 5_000);
    }

    /// Nobody is held to a promise that cannot be kept any more: the next that can be is awarded, and the others are free.
    function test_APromiseThatEndsAfterTheDeadlineIsLetGo() public {
        _three();
        request.deadline = uint40(block.timestamp) + 499;
        _settle();
        assertEq(winner, bob);
        vm.warp(due + 1);
        Answer memory answer = _failed();
        assertEq(answer.moves.length, 1, "carol's 500 seconds do not fit");
        assertEq(released[1], carol);
        assertEq(winner, address(0));
        assertEq(holds, 0);
    }

    function test_TheBestThatStillFitsIsAwarded() public {
        _reopen(ScorePayment.FirstScore, 2);
        _commit(alice, ScoredOffer(0, 900, 4_000));
        _commit(bob, _fast());
        _commit(carol, ScoredOffer(0, 600, 4_000));
        vm.warp(COMMIT_END + 1);
        _reveal(alice, ScoredOffer(0, 900, 4_000));
        _reveal(bob, _fast());
        _reveal(carol, ScoredOffer(0, 600, 4_000));
        request.deadline = uint40(block.timestamp) + 599;
        Answer memory answer = _settle();
        assertEq(answer.moves.length, 3);
        assertEq(released.length, 2);
        assertEq(released[0], carol, "the best score");
        assertEq(released[1], alice);
        assertEq(winner, bob);
        assertEq(due, block.timestamp + 200);
        request.deadline = uint40(due);
        assertEq(holds, 0);
    }

    function test_ItClosesWhenNoPromiseFits() public {
        _three();
        request.deadline = uint40(block.timestamp) + 199;
        Answer memory answer = _settle();
        assertEq(answer.moves.length, 3);
        assertEq(uint8(answer.moves[2].kind), uint8(MoveKind.Close));
        assertEq(uint8(status), uint8(Status.Closed));
        assertEq(holds, 0);
    }

    function test_NobodyCommittedClosesAfterTheCommitments() public {
        vm.warp(COMMIT_END);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, COMMIT_END, COMMIT_END + 1));
        vm.warp(COMMIT_END + 1);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_TheSilentLosesItsDepositWithTheAward() public {
        _commit(alice, _cheap());
        _commit(bob, _fast());
        vm.warp(COMMIT_END + 1);
        _reveal(bob, _fast());
        vm.warp(REVEAL_END);
        _assertRefuses(_ticking(alice), abi.encodeWithSelector(NotYet.selector, REVEAL_END, REVEAL_END + 1));
        vm.warp(REVEAL_END + 1);
        _tickAbout(alice);
        assertEq(forfeited[0], alice);
        assertEq(winner, bob);
        assertEq(holds, 0);
        assertEq(wake, 0);
    }

    function test_TheLastSilentClosesAnAuctionNobodyRevealedIn() public {
        _commit(alice, _cheap());
        _commit(bob, _fast());
        vm.warp(REVEAL_END + 1);
        assertEq(_tick().moves.length, 0, "deposits stand");
        _tickAbout(alice);
        assertEq(uint8(status), uint8(Status.Open));
        _tickAbout(bob);
        assertEq(uint8(status), uint8(Status.Closed));
        assertEq(forfeited.length, 2);
    }

    function test_AStandbyStaysUntilTheRequestHasEnded() public {
        _three();
        _settle();
        _assertRefuses(_ticking(carol), abi.encodeWithSelector(NotYet.selector, block.timestamp, request.deadline));
        vm.warp(request.deadline - 1);
        _assertRefuses(_ticking(carol), abi.encodeWithSelector(NotYet.selector, block.timestamp, request.deadline));
        status = Status.Fulfilled;
        _tickAbout(carol);
        assertEq(released[1], carol);
        assertEq(holds, 0);
        assertEq(words[2], 0);
        assertEq(words[3], 0);
    }

    function test_NobodyBidsInAnAuctionThatWasSettled() public {
        _commit(alice, _cheap());
        _commit(bob, _fast());
        vm.warp(COMMIT_END + 1);
        _reveal(bob, _fast());
        vm.warp(REVEAL_END + 1);
        _settle();
        _failed();
        assertEq(uint8(status), uint8(Status.Open));
        _assertRefuses(_committing(dave, _fast()), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        vm.warp(openedAt + 301);
        _assertRefuses(_revealing(alice, _cheap()), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        _tickAbout(alice);
        assertEq(forfeited[0], alice);
        assertEq(uint8(status), uint8(Status.Closed));
    }

    /// A model that sorts: the highest score wins at its price or the next one's score, all others take over in order, and
    /// everybody's deposit comes back.
    /// forge-config: default.fuzz.runs = 300
    function testFuzz_HighestScoreWinsAndPricesAreOfTheNext(uint256 seed, uint8 count, uint8 standbys, bool second)
        public
    {
        count = uint8(bound(count, 1, 10));
        _reopen(second ? ScorePayment.SecondScore : ScorePayment.FirstScore, uint8(bound(standbys, 0, second ? 2 : 3)));
        (address[] memory provers, ScoredOffer[] memory offers) = _draw(seed, count);
        _bids(provers, offers);
        bool[] memory gone = new bool[](count);
        for (uint256 rank; rank <= p.standbys; ++rank) {
            uint256 best = _best(offers, gone);
            if (best == count) break;
            gone[best] = true;
            rank == 0 ? _settle() : _failed();
            assertEq(winner, provers[best]);
            uint256 next = _best(offers, gone);
            uint256 extra = _points(offers[best]) - (next == count ? 0 : _points(offers[next]));
            assertEq(paid, offers[best].price + (second ? extra : 0));
            assertEq(due, block.timestamp + offers[best].promised);
            assertEq(bps, offers[best].share);
        }
        if (status == Status.Awarded) assertEq(_fail().moves.length, 0);
        assertEq(holds, 0, "everybody has its deposit back");
    }

    /// Few different ones, so that there are ties.
    function _draw(uint256 seed, uint256 count)
        private
        pure
        returns (address[] memory provers, ScoredOffer[] memory offers)
    {
        (provers, offers) = (new address[](count), new ScoredOffer[](count));
        for (uint256 i; i < count; ++i) {
            provers[i] = address(uint160(i + 1));
            uint256 drawn = uint256(keccak256(abi.encode(seed, i)));
            offers[i] = ScoredOffer(
                uint88(drawn % 10 * 0.1 ether), uint32(1 + (drawn >> 8) % 4 * 333), uint16((drawn >> 16) % 5 * 2_500)
            );
        }
    }

    /// The eligible one with the highest score, the first of equal ones; `offers.length` if there is none.
    function _best(ScoredOffer[] memory offers, bool[] memory gone) private view returns (uint256 best) {
        best = offers.length;
        for (uint256 i; i < offers.length; ++i) {
            if (gone[i] || !_eligible(offers[i])) continue;
            if (best == offers.length || _points(offers[i]) > _points(offers[best])) best = i;
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {Payment} from "../../contracts/mechanisms/SealedBid.sol";
import {Answer, Cause} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {SealedHarness} from "./SealedHarness.sol";

/// Awards, standbys, the silent, and how tickets come back.
contract SealedSettlingTest is SealedHarness {
    function test_FirstPriceAwardsTheLowestAtItsBid() public {
        _auction(Payment.FirstPrice, 1);
        assertEq(winner, bob);
        assertEq(paid, 0.3 ether);
        assertEq(tickets[bob].amount, 0, "the award gives the ticket back");
        assertEq(tickets[carol].amount, DEPOSIT, "the standby's stays");
        assertEq(holds, 1);
        assertEq(wake, 0);
    }

    function test_SecondPriceAwardsTheLowestAtTheNext() public {
        _auction(Payment.SecondPrice, 0);
        assertEq(winner, bob);
        assertEq(paid, 0.4 ether);
        assertEq(holds, 0);
    }

    function test_SecondPriceOfALoneBidderIsTheReserve() public {
        _reopen(Payment.SecondPrice, 1);
        _commit(alice, 0.3 ether);
        vm.warp(COMMIT_END + 1);
        _reveal(alice, 0.3 ether);
        _tick();
        assertEq(paid, RESERVE);
    }

    function test_BidsAboveTheReserveSetNoPrice() public {
        _reopen(Payment.SecondPrice, 1);
        _commitThree(0.3 ether, RESERVE + 1, 1 ether);
        _reveal(bob, RESERVE + 1);
        _reveal(carol, 1 ether);
        _reveal(alice, 0.3 ether);
        _tick();
        assertEq(winner, alice);
        assertEq(paid, RESERVE);
    }

    function test_FirstPriceStandbyTakesOverAtItsOwnBid() public {
        _auction(Payment.FirstPrice, 1);
        vm.warp(block.timestamp + 1_001);
        _fail();
        assertEq(winner, carol);
        assertEq(paid, 0.4 ether);
        _fail();
        assertEq(winner, address(0), "alice was released, nobody is left");
        assertEq(holds, 0);
    }

    function test_SecondPriceStandbyTakesOverAtTheNextPrice() public {
        _auction(Payment.SecondPrice, 1);
        assertEq(paid, 0.4 ether);
        _fail();
        assertEq(winner, carol);
        assertEq(paid, 0.5 ether, "as if bob had not bid");
    }

    function test_SecondPriceOfTheLastStandbyIsTheReserve() public {
        _auction(Payment.SecondPrice, 2);
        _fail();
        _fail();
        assertEq(winner, alice);
        assertEq(paid, RESERVE);
        Answer memory answer = _fail();
        assertEq(answer.moves.length, 0);
    }

    function test_NobodyCommittedClosesAfterTheCommitments() public {
        vm.warp(COMMIT_END);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, COMMIT_END, COMMIT_END + 1));
        vm.warp(COMMIT_END + 1);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_NobodyWithinTheReserveCloses() public {
        _commit(alice, RESERVE + 1);
        vm.warp(COMMIT_END + 1);
        _reveal(alice, RESERVE + 1);
        assertEq(wake, COMMIT_END + 1);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_RevertWhen_SettledWhileSomebodyMayStillReveal() public {
        _commitThree(1, 2, 3);
        _reveal(alice, 1);
        _reveal(bob, 2);
        vm.warp(REVEAL_END);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, REVEAL_END, REVEAL_END + 1));
        _assertRefuses(_ticking(carol), abi.encodeWithSelector(NotYet.selector, REVEAL_END, REVEAL_END + 1));
        vm.warp(REVEAL_END + 1);
        _tick();
        assertEq(winner, alice);
        assertEq(wake, REVEAL_END + 1, "carol's deposit is left to take");
    }

    function test_TheSilentLosesItsDepositWithTheAward() public {
        _commitThree(1, 2, 3);
        _reveal(bob, 2);
        vm.warp(REVEAL_END + 1);
        _tickAbout(alice);
        assertEq(forfeited[0], alice);
        assertEq(winner, bob);
        assertEq(wake, REVEAL_END + 1);
        _tickAbout(carol);
        assertEq(forfeited[1], carol);
        assertEq(holds, 0);
        assertEq(wake, 0);
    }

    function test_TheLastSilentClosesAnAuctionNobodyRevealedIn() public {
        _commitThree(1, 2, 3);
        vm.warp(REVEAL_END + 1);
        Answer memory answer = _tick();
        assertEq(answer.moves.length, 0, "deposits stand");
        assertEq(answer.wake, REVEAL_END + 1);
        _tickAbout(alice);
        _tickAbout(bob);
        assertEq(uint8(status), uint8(Status.Open));
        _tickAbout(carol);
        assertEq(uint8(status), uint8(Status.Closed));
        assertEq(forfeited.length, 3);
    }

    function test_AboutAStandbyIsAsAboutNobodyWhileOpen() public {
        _commitThree(1, 2, 3);
        _reveal(alice, 1);
        _reveal(bob, 2);
        vm.warp(REVEAL_END + 1);
        _tickAbout(bob);
        assertEq(winner, alice);
        assertEq(tickets[bob].amount, DEPOSIT);
        assertEq(forfeited.length, 0);
    }

    function test_AStandbyStaysUntilTheRequestHasEnded() public {
        _auction(Payment.FirstPrice, 1);
        _assertRefuses(_ticking(carol), abi.encodeWithSelector(NotYet.selector, block.timestamp, request.deadline));
        status = Status.Fulfilled;
        _tickAbout(carol);
        assertEq(released[released.length - 1], carol);
        assertEq(holds, 0);
    }

    /// M8: no way out in the last moment; only when no award can be made any more.
    function test_AStandbyLeavesAnAwardThatNobodyExpiredAtTheDeadline() public {
        _auction(Payment.FirstPrice, 1);
        vm.warp(request.deadline - 1);
        _assertRefuses(_ticking(carol), abi.encodeWithSelector(NotYet.selector, request.deadline - 1, request.deadline));
        vm.warp(request.deadline);
        _tickAbout(carol);
        assertEq(holds, 0);
        assertEq(words[1], 0, "and is nobody's standby");
    }

    function test_NobodyBidsInAnAuctionThatWasSettled() public {
        _commitThree(1, 2, 3);
        _reveal(alice, 1);
        vm.warp(REVEAL_END + 1);
        _tick();
        _fail();
        // Open again, with the deposits of the silent on it: the windows would start anew.
        assertEq(uint8(status), uint8(Status.Open));
        assertEq(openedAt, REVEAL_END + 1);
        _assertRefuses(_committing(dave), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        _assertRefuses(_committing(bob), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        vm.warp(openedAt + 301);
        _assertRefuses(_revealing(bob, 2), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        _tickAbout(bob);
        _tickAbout(carol);
        assertEq(forfeited.length, 2);
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_AStandbyIsAwardedByTickIfTheFailureWasNotAskedAbout() public {
        _auction(Payment.FirstPrice, 1);
        (status, openedAt, winner) = (Status.Open, uint40(block.timestamp), address(0));
        _tick();
        assertEq(winner, carol);
    }

    /// forge-config: default.fuzz.runs = 300
    function testFuzz_LowestWinsAndPricesAreOfTheNext(uint256 seed, uint8 count, uint8 standbys, bool second) public {
        count = uint8(bound(count, 1, 12));
        _reopen(second ? Payment.SecondPrice : Payment.FirstPrice, uint8(bound(standbys, 0, 6)));
        (address[] memory provers, uint88[] memory prices) = _draw(seed, count);
        _commitAll(provers, prices);
        for (uint256 i; i < count; ++i) {
            _reveal(provers[i], prices[i]);
        }
        uint256[] memory order = _eligibleByPrice(prices);
        for (uint256 rank; rank < order.length && rank <= p.standbys; ++rank) {
            rank == 0 ? _tick() : _fail();
            assertEq(winner, provers[order[rank]]);
            uint256 next = rank + 1 < order.length ? prices[order[rank + 1]] : RESERVE;
            assertEq(paid, second ? next : prices[order[rank]]);
        }
        if (order.length != 0) assertEq(_fail().moves.length, 0);
        assertEq(holds, 0, "everybody has its deposit back");
        assertEq(released.length + (order.length <= p.standbys ? order.length : p.standbys + 1), count);
    }

    /// Few different prices, so that there are ties.
    function _draw(uint256 seed, uint256 count)
        private
        pure
        returns (address[] memory provers, uint88[] memory prices)
    {
        (provers, prices) = (new address[](count), new uint88[](count));
        for (uint256 i; i < count; ++i) {
            provers[i] = address(uint160(i + 1));
            prices[i] = uint88(uint256(keccak256(abi.encode(seed, i))) % 10 * 0.1 ether);
        }
    }

    /// Indices of the bids within the reserve, by price and then by the order in which they were revealed.
    function _eligibleByPrice(uint88[] memory prices) private pure returns (uint256[] memory order) {
        order = new uint256[](prices.length);
        uint256 count;
        for (uint256 price; price <= RESERVE; price += 0.1 ether) {
            for (uint256 i; i < prices.length; ++i) {
                if (prices[i] == price) order[count++] = i;
            }
        }
        assembly ("memory-safe") {
            mstore(order, count)
        }
    }

    /// Alice 0.5, Bob 0.3, Carol 0.4; all reveal, and it is settled.
    function _auction(Payment payment, uint8 standbys) private {
        _reopen(payment, standbys);
        _commitThree(0.5 ether, 0.3 ether, 0.4 ether);
        _reveal(alice, 0.5 ether);
        _reveal(bob, 0.3 ether);
        _reveal(carol, 0.4 ether);
        _tick();
    }
}

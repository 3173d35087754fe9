// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Unacceptable} from "../../contracts/interfaces/IMechanism.sol";
import {Payment} from "../../contracts/mechanisms/SealedBid.sol";
import {Ask} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {SealedHarness} from "./SealedHarness.sol";

/// The rows of SECURITY.md 2.3 that a sealed auction can show alone.
contract SealedAttacksTest is SealedHarness {
    address[] private provers;
    uint88[] private prices;

    /// M1: who bids nothing wins and gets nothing, and cannot keep an honest bidder from serving once it fails.
    function test_AZeroBidOnlyDelaysByOneAward() public {
        _commitThree(0, 0, 0.4 ether);
        _reveal(alice, 0);
        _reveal(bob, 0);
        _reveal(carol, 0.4 ether);
        _tick();
        assertEq(paid, 0);
        _fail();
        assertEq(winner, bob);
        assertEq(paid, 0);
        _reopen(Payment.FirstPrice, 2);
        _commitThree(0, 1, 0.4 ether);
        _reveal(alice, 0);
        _reveal(bob, 1);
        _reveal(carol, 0.4 ether);
        _tick();
        _fail();
        _fail();
        assertEq(winner, carol, "in the very call that ends the award before");
        assertEq(paid, 0.4 ether);
    }

    /// M2: bidding again and again takes no more room than bidding once.
    function test_BidderThatChurnsStaysOneBidder() public {
        for (uint88 i; i < 100; ++i) {
            _commit(alice, i);
        }
        assertEq(holds, 1);
        assertEq(tickets[alice].amount, DEPOSIT);
        vm.warp(COMMIT_END + 1);
        _reveal(alice, 99);
        _tick();
        assertEq(paid, 99);
    }

    /// M5: whoever does not reveal, in every combination of up to five bidders, payment and standbys.
    function test_EverySubsetThatDoesNotRevealPaysAndHarmsNobody() public {
        uint88[5] memory all = [uint88(0.5 ether), 0.2 ether, 0.4 ether, 0.7 ether, 0.2 ether];
        for (uint256 i; i < all.length; ++i) {
            provers.push(address(uint160(0x100 + i)));
            prices.push(all[i]);
            for (uint256 revealing; revealing < 2 ** (i + 1); ++revealing) {
                for (uint8 standbys; standbys <= 2; ++standbys) {
                    this.subset(Payment.FirstPrice, standbys, revealing);
                    this.subset(Payment.SecondPrice, standbys, revealing);
                }
            }
        }
    }

    /// One auction. A call of its own, which gives its memory back.
    function subset(Payment payment, uint8 standbys, uint256 revealing) external {
        delete released;
        delete forfeited;
        (winner, paid) = (address(0), 0);
        _reopen(payment, standbys);
        _commitAll(provers, prices);
        for (uint256 i; i < provers.length; ++i) {
            if (revealing >> i & 1 == 1) _reveal(provers[i], prices[i]);
        }
        vm.warp(REVEAL_END + 1);

        (uint256 best, uint256 next) = _twoLowest(revealing);
        if (best != type(uint256).max) {
            _tick();
            assertEq(winner, provers[best], "the best of those that revealed");
            uint256 second = next == type(uint256).max ? RESERVE : prices[next];
            assertEq(paid, payment == Payment.FirstPrice ? prices[best] : second);
        }
        for (uint256 i; i < provers.length; ++i) {
            if (revealing >> i & 1 == 0) _tickAbout(provers[i]);
        }
        uint256 silent = forfeited.length;
        if (best == type(uint256).max) assertEq(uint8(status), uint8(Status.Closed));
        else status = Status.Fulfilled;
        for (uint256 i; i < provers.length; ++i) {
            if (tickets[provers[i]].amount != 0) _tickAbout(provers[i]);
            assertEq(_has(forfeited, provers[i]), revealing >> i & 1 == 0, "the silent pay, and nobody else");
        }
        assertEq(forfeited.length, silent);
        assertEq(holds, 0, "no deposit is left");
    }

    function _twoLowest(uint256 revealing) private view returns (uint256 best, uint256 next) {
        best = next = type(uint256).max;
        for (uint256 i; i < provers.length; ++i) {
            if (revealing >> i & 1 == 0) continue;
            if (best == type(uint256).max || prices[i] < prices[best]) (best, next) = (i, best);
            else if (next == type(uint256).max || prices[i] < prices[next]) next = i;
        }
    }

    function _has(address[] storage list, address prover) private view returns (bool) {
        for (uint256 i; i < list.length; ++i) {
            if (list[i] == prover) return true;
        }
        return false;
    }

    /// M6: all plausible prices times ten thousand salts do not open a commitment; a salt that is a counter does not
    /// last as long.
    function test_SaltsAreTooManyToTryUnlessTheyAreFew() public {
        uint88 price = 0.37 ether;
        assertFalse(_opens(_commitmentOf(alice, price)));
        assertTrue(_opens(sealedBid.commitment(id, alice, price, bytes32(uint256(7_919)))));
        vm.assertEq(_commitmentOf(alice, price), keccak256(abi.encode(id, alice, price, _salt(alice))));
    }

    function _opens(bytes32 commitment) private view returns (bool) {
        bytes32 id_ = id;
        address prover = alice;
        bytes memory guess = abi.encode(id_, prover, uint256(0), uint256(0));
        for (uint256 price = 0.3 ether; price <= 0.4 ether; price += 0.01 ether) {
            for (uint256 salt; salt < 10_000; ++salt) {
                bytes32 hash;
                assembly ("memory-safe") {
                    mstore(add(guess, 0x60), price)
                    mstore(add(guess, 0x80), salt)
                    hash := keccak256(add(guess, 0x20), 0x80)
                }
                if (hash == commitment) return true;
            }
        }
        return false;
    }

    /// M7: a copied commitment cannot be opened by its copier, not even with all that the author reveals.
    function test_RevertWhen_ACopiedCommitmentIsOpened() public {
        bytes32 commitment = _commitmentOf(alice, 0.3 ether);
        _bid(alice, 0, bytes.concat(commitment));
        _bid(bob, 0, bytes.concat(commitment));
        vm.warp(COMMIT_END + 1);
        _reveal(alice, 0.3 ether);
        uint176 opened = uint176(bytes22(sealedBid.commitment(id, bob, 0.3 ether, _salt(alice))));
        uint176 held = uint176(bytes22(commitment));
        _assertRefuses(
            _bidding(bob, 0.3 ether, bytes.concat(_salt(alice))),
            abi.encodeWithSelector(Unacceptable.selector, opened, held)
        );
        vm.warp(REVEAL_END + 1);
        _tickAbout(bob);
        assertEq(winner, alice);
        assertEq(forfeited[0], bob);
    }

    /// P11 for bids: every field that a commitment has to bind is bound.
    function testFuzz_RevertWhen_AnythingRevealedIsNotWhatWasCommittedTo(uint256 bit, uint88 price) public {
        _bid(alice, 0, bytes.concat(_commitmentOf(alice, price)));
        tickets[bob] = tickets[alice];
        holds = 2;
        vm.warp(COMMIT_END + 1);
        Ask memory ask = _revealing(alice, price);
        ask.price ^= uint88(1 << (bit % 88));
        _assertClosed(ask);
        ask = _revealing(alice, price);
        ask.data = bytes.concat(_salt(alice) ^ bytes32(1 << (bit % 256)));
        _assertClosed(ask);
        ask = _revealing(alice, price);
        ask.id ^= bytes32(1 << (bit % 256));
        _assertClosed(ask);
        ask = _bidding(bob, price, bytes.concat(_salt(alice)));
        _assertClosed(ask);
        mechanism.step(_revealing(alice, price));
    }

    function _assertClosed(Ask memory ask) private {
        vm.expectPartialRevert(Unacceptable.selector);
        mechanism.step(ask);
    }

    /// Two bids of one owner: to let the lower one fail pays the higher one what it would have got alone, and costs a
    /// bond.
    /// forge-config: default.fuzz.runs = 200
    function testFuzz_FailingForASecondIdentityGainsNothing(uint88 low, uint88 high, uint88 rival) public {
        (low, high, rival) = (uint88(low % RESERVE), uint88(high % RESERVE), uint88(rival % RESERVE));
        if (low > high) (low, high) = (high, low);
        _reopen(Payment.SecondPrice, 2);
        _commitThree(low, high, rival);
        _reveal(alice, low);
        _reveal(bob, high);
        _reveal(carol, rival);
        _tick();
        if (winner != alice) return;
        _fail();
        uint88 both = winner == bob ? paid : 0;

        (tickets[alice].amount, tickets[bob].amount, tickets[carol].amount) = (0, 0, 0);
        holds = 0;
        _reopen(Payment.SecondPrice, 2);
        vm.warp(COMMIT_END);
        _commit(bob, high);
        _commit(carol, rival);
        vm.warp(COMMIT_END + 1);
        _reveal(bob, high);
        _reveal(carol, rival);
        _tick();
        assertEq(both, winner == bob ? paid : 0);
    }
}

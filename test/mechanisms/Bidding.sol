// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBytes} from "solady/utils/LibBytes.sol";

import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {DRAWS, Envelope, ON_PROOF} from "../../contracts/types/Ask.sol";
import {Bid} from "../../contracts/types/Bid.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {Base} from "../Base.t.sol";

/// A mechanism in the market, five provers who know how to bid under it, and a stranger who says that time has passed.
abstract contract Bidding is Base {
    /// One step of a prover, so many seconds after the request opened: a bid at this price, with these data; or, where there is a
    /// proof, that, with these data behind its hash.
    struct Play {
        uint40 wait;
        uint88 price;
        bytes data;
        bytes proof;
    }

    /// What an account has in the market.
    struct Purse {
        uint256 balance;
        uint256 stake;
    }

    uint88 internal constant TIP = 10_000;
    uint256 internal constant CROWD = 5;
    uint40 private constant BLOCK_TIME = 12;
    IMechanism internal mechanism;
    bytes internal params;
    /// Of the mechanism, the latest one.
    uint32 internal instance;
    /// When the latest request opened; unix seconds.
    uint40 internal entered;
    address[] internal provers;

    /* WHAT AN AUTHOR GIVES */

    /// A mechanism, and parameters that it takes.
    function subject() internal virtual returns (IMechanism mechanism_, bytes memory params_);

    /// All steps of one prover on `r`, from the first to the last, such that the request is served if all of them are made: by this prover if
    /// nobody else comes. Provers come in ranks: 0 is the one that the mechanism should prefer.
    function plays(Request memory r, address prover, uint256 rank) internal view virtual returns (Play[] memory);

    /* WHAT SOME AUTHORS GIVE */

    /// Where provers bid on the instance itself: the first `bidders` of them do (`_bidInstance`), and time passes, until a request that opens
    /// next can be theirs.
    function prepare(uint256 bidders) internal virtual {}

    /// Everybody has bid: has the request awarded, or those who proved it paid, by `last`. By default a stranger ticks then.
    function finish(Request memory r, uint40 last) internal virtual {
        _tickAt(r, last);
    }

    /// What a tick about nobody has to bring.
    function brief(Request memory) internal view virtual returns (bytes memory) {}

    /// The data of the bid by which a prover wants its deposit on the instance back. None where it comes back by itself.
    function notice() internal view virtual returns (bytes memory) {}

    /// How many have to come for a request to be served.
    function least() internal pure virtual returns (uint256) {
        return 1;
    }

    /// Whether who bids and does not win loses its deposit by that.
    function losersPay() internal pure virtual returns (bool) {}

    /// Whether all who bid are paid when one of them proves.
    function partnersShare() internal pure virtual returns (bool) {}

    function setUp() public virtual override {
        super.setUp();
        (mechanism, params) = subject();
        instance = _register(address(mechanism), params);
        for (uint256 i; i < CROWD; ++i) {
            provers.push(makeAddr(string.concat("prover ", vm.toString(i))));
            _enlist(provers[i]);
        }
    }

    /* STEPS */

    /// A new instance above `below`, on which `bidders` stand.
    function _prepare(uint32 below, uint256 bidders) internal {
        instance = _register(address(mechanism), params, below);
        prepare(bidders);
    }

    function _enter() internal returns (Request memory r) {
        r = request(instance);
        r.tip = TIP;
        Envelope memory e = mechanism.envelope(params, r);
        r.deadline = uint40(block.timestamp) + e.award + e.proof + (uint40(e.standbys) + 3) * r.window + 1 days;
        assertTrue(_opens(r), "open: the request is refused");
    }

    /// A mechanism may refuse a request, with a reason.
    function _opens(Request memory r) internal returns (bool) {
        entered = uint40(block.timestamp);
        vm.prank(r.requester);
        try market.open(r, "", "") {
            return true;
        } catch (bytes memory why) {
            assertTrue(bytes4(why) == IMarket.MechanismFailed.selector, "open: the market refused a move");
            (, bytes memory reason) = abi.decode(LibBytes.slice(why, 4), (address, bytes));
            assertFalse(_isPanic(reason), "open: a panic is no reason");
            return false;
        }
    }

    /// The first `bidders` provers act in order of time, until the request is no longer open. Those in the set `silent` bid only once, and do
    /// not prove.
    /// @return deposits the largest of each.
    /// @return proved who brought a proof, a bit for each.
    function _play(Request memory r, uint256 bidders, uint256 silent)
        internal
        returns (uint256[] memory deposits, uint256 proved)
    {
        uint40 start = entered;
        deposits = new uint256[](CROWD);
        Play[][] memory all = new Play[][](bidders);
        for (uint256 i; i < bidders; ++i) {
            all[i] = plays(r, provers[i], i);
            if (silent >> i & 1 == 1) _shorten(all[i]);
        }
        uint256[] memory done = new uint256[](bidders);
        while (statusOf(r) == Status.Open) {
            uint256 next = bidders;
            for (uint256 i; i < bidders; ++i) {
                if (done[i] == all[i].length) continue;
                if (next == bidders || all[i][done[i]].wait < all[next][done[next]].wait) next = i;
            }
            if (next == bidders) return (deposits, proved);
            Play memory play = all[next][done[next]++];
            _passTo(start + play.wait);
            _make(r, provers[next], play);
            if (play.proof.length != 0) proved |= 1 << next;
            uint256 deposit = market.ticketOf(market.idOf(r), provers[next]).amount;
            if (deposit > deposits[next]) deposits[next] = deposit;
        }
    }

    /// Leaves the first bid.
    function _shorten(Play[] memory all) private pure {
        uint256 count = all.length == 0 || all[0].proof.length != 0 ? 0 : 1;
        assembly ("memory-safe") {
            mstore(all, count)
        }
    }

    /// Whoever brings a proof, its author is the prover.
    function _make(Request memory r, address prover, Play memory play) internal {
        if (play.proof.length != 0) {
            bytes memory data = bytes.concat(keccak256(play.proof), play.data);
            vm.prank(stranger);
            try market.prove(r, prover, play.proof, data) {}
            catch (bytes memory why) {
                assertTrue(false, string.concat("plays: a proof is refused, ", vm.toString(why)));
            }
            return;
        }
        Bid memory b = bidFor(r, prover, play.price);
        b.data = play.data;
        vm.prank(prover);
        try market.bid(order(r, b)) {}
        catch (bytes memory why) {
            assertTrue(false, string.concat("plays: a bid is refused, ", vm.toString(why)));
        }
    }

    function _bidInstance(address prover, uint88 price, bytes memory data) internal {
        vm.prank(prover);
        market.bidInstance(instance, price, 1 ether, data);
    }

    /// At `time`, a stranger ticks about everybody who has a deposit, and about nobody.
    function _tickAt(Request memory r, uint40 time) internal {
        _passTo(time);
        _tickAbout(r);
    }

    function _tickAbout(Request memory r) internal {
        for (uint256 i; i < CROWD; ++i) {
            if (market.ticketOf(market.idOf(r), provers[i]).amount != 0) _tick(r, provers[i]);
        }
        if (statusOf(r) == Status.Open) _tick(r, address(0));
        if (statusOf(r) != Status.Open || mechanism.check(params).flags & DRAWS == 0) return;
        // The furthest block that can draw is there.
        vm.roll(block.number + 65);
        _tick(r, address(0));
    }

    function _tick(Request memory r, address about) internal {
        bytes memory data = about == address(0) ? brief(r) : bytes("");
        vm.prank(stranger);
        try market.tick(r, about, data) {}
        catch (bytes memory why) {
            _assertSaid(why);
        }
    }

    function _tickInstance(Request[] memory requests, address about, bytes memory data) internal {
        vm.prank(stranger);
        try market.tickInstance(instance, requests, about, data) {}
        catch (bytes memory why) {
            _assertSaid(why);
        }
    }

    /// Everybody wants its deposit on the instance back, and has it before the market would give it back without asking.
    function _part() internal {
        if (_standing() == 0) return;
        for (uint256 i; i < CROWD; ++i) {
            if (_seat(provers[i]) == 0 || notice().length == 0) continue;
            vm.prank(provers[i]);
            try market.bidInstance(instance, 0, 1 ether, notice()) {}
            catch (bytes memory why) {
                _assertSaid(why);
            }
        }
        _passTo(block.timestamp + 31 days);
        for (uint256 i; i < CROWD; ++i) {
            if (_seat(provers[i]) != 0) _tickInstance(new Request[](0), provers[i], "");
        }
        assertEq(_standing(), 0, "end: a deposit stands on the instance");
    }

    /// A block at least.
    function _passTo(uint256 time) internal {
        if (time <= block.timestamp) return;
        vm.roll(block.number + 1 + (time - block.timestamp) / BLOCK_TIME);
        vm.warp(time);
    }

    /* READING */

    /// A mechanism may refuse, with a reason.
    function _assertSaid(bytes memory why) internal pure {
        bool said = bytes4(why) == IMarket.MechanismFailed.selector || bytes4(why) == IMarket.NothingFollows.selector;
        assertTrue(said, "tick: the market refused a move");
    }

    function _isPanic(bytes memory why) internal pure returns (bool) {
        return why.length == 36 && bytes4(why) == bytes4(keccak256("Panic(uint256)"));
    }

    /// Whether the mechanism takes proofs of requests that it has not awarded.
    function _isOpenStage() internal view returns (bool) {
        return mechanism.check(params).flags & ON_PROOF != 0;
    }

    /// When the latest request has to be awarded, or in an open stage over.
    function _last(Envelope memory e) internal view returns (uint40) {
        return entered + e.award + (_isOpenStage() ? e.proof : 0);
    }

    function _winner(Request memory r) internal view returns (address) {
        return market.proverOf(stateOf(r).prover);
    }

    /// A prover's deposit on the instance.
    function _seat(address prover) internal view returns (uint256) {
        return market.ticketOf(bytes32(uint256(instance)), prover).amount;
    }

    function _standing() internal view returns (uint256 count) {
        for (uint256 i; i < CROWD; ++i) {
            if (_seat(provers[i]) != 0) ++count;
        }
    }

    function _purse(address account) internal view returns (Purse memory) {
        return Purse(market.balanceOf(NATIVE, account), market.ledgerOf(account).stake);
    }

    function _purses() internal view returns (Purse[] memory all) {
        all = new Purse[](CROWD);
        for (uint256 i; i < CROWD; ++i) {
            all[i] = _purse(provers[i]);
        }
    }
}

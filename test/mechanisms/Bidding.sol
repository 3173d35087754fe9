// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {DRAWS, Envelope} from "../../contracts/types/Ask.sol";
import {Bid} from "../../contracts/types/Bid.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {Base} from "../Base.t.sol";

/// A mechanism in the market, five provers who know how to bid under it, and a stranger who says that time has passed.
abstract contract Bidding is Base {
    /// One bid of a prover: so many seconds after the request opened, at this price, with these data.
    struct Play {
        uint40 wait;
        uint88 price;
        bytes data;
    }

    /// What an account has in the market.
    struct Purse {
        uint256 balance;
        uint256 stake;
    }

    uint88 internal constant TIP = 10_000;
    uint256 internal constant CROWD = 5;
    IMechanism internal mechanism;
    bytes internal params;
    /// The mechanism alone, and with a posted price to fall back on.
    uint32 internal instance;
    uint32 internal ladder;
    address[] internal provers;

    /* WHAT AN AUTHOR GIVES */

    /// A mechanism, and parameters that it takes.
    function subject() internal virtual returns (IMechanism mechanism_, bytes memory params_);

    /// All bids of one prover on `r`, from the first to the last, such that the request is awarded if all of them are made: to this
    /// prover if nobody else bids. Provers come in ranks: 0 is the one that the mechanism should prefer.
    function plays(Request memory r, address prover, uint256 rank) internal view virtual returns (Play[] memory);

    /// What a tick about nobody has to bring.
    function brief(Request memory) internal view virtual returns (bytes memory) {}

    /// Whether who bids and does not win loses its deposit by that.
    function losersPay() internal pure virtual returns (bool) {}

    function setUp() public virtual override {
        super.setUp();
        (mechanism, params) = subject();
        instance = _register(address(mechanism), params);
        ladder = _register(address(mechanism), params, postedInstance);
        for (uint256 i; i < CROWD; ++i) {
            provers.push(makeAddr(string.concat("prover ", vm.toString(i))));
            _enlist(provers[i]);
        }
    }

    /* STEPS */

    function _enter(uint32 number) internal returns (Request memory r) {
        r = request(number);
        r.tip = TIP;
        Envelope memory e = mechanism.envelope(params, r);
        r.deadline = uint40(block.timestamp) + e.award + (uint40(e.standbys) + 3) * r.window + 1 days;
        opened(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Open), "open: nobody has bid yet");
    }

    /// The first `bidders` provers bid in order of time, those in the set `silent` once only, until it is awarded.
    /// @return deposits the largest of each.
    function _play(Request memory r, uint256 bidders, uint256 silent) internal returns (uint256[] memory deposits) {
        uint40 start = _openedAt(r);
        deposits = new uint256[](CROWD);
        Play[][] memory all = new Play[][](bidders);
        for (uint256 i; i < bidders; ++i) {
            all[i] = plays(r, provers[i], i);
        }
        uint256[] memory done = new uint256[](bidders);
        while (statusOf(r) == Status.Open) {
            uint256 next = bidders;
            for (uint256 i; i < bidders; ++i) {
                if (done[i] == (silent >> i & 1 == 1 ? 1 : all[i].length)) continue;
                if (next == bidders || all[i][done[i]].wait < all[next][done[next]].wait) next = i;
            }
            if (next == bidders) return deposits;
            Play memory play = all[next][done[next]++];
            vm.warp(start + play.wait);
            _bid(r, provers[next], play);
            uint256 deposit = market.ticketOf(market.idOf(r), provers[next]).amount;
            if (deposit > deposits[next]) deposits[next] = deposit;
        }
    }

    function _bid(Request memory r, address prover, Play memory play) internal {
        Bid memory b = bidFor(r, prover, play.price);
        b.data = play.data;
        vm.prank(prover);
        market.bid(order(r, b));
    }

    /// At `time`, a stranger ticks about everybody who has a deposit, and about nobody.
    function _tickAt(Request memory r, uint40 time) internal {
        if (block.timestamp < time) vm.warp(time);
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

    /// A tick may be refused, with a reason.
    function _tick(Request memory r, address about) internal {
        bytes memory data = about == address(0) ? brief(r) : bytes("");
        vm.prank(stranger);
        try market.tick(r, about, data) {}
        catch (bytes memory why) {
            bool said =
                bytes4(why) == IMarket.MechanismFailed.selector || bytes4(why) == IMarket.NothingFollows.selector;
            assertTrue(said, "tick: the market refused a move");
        }
    }

    /// The winner is paid, and nobody else; losers lose nothing, or what they put down if that is the rule.
    /// @return compensation what the requester has of that.
    /// @return tips what who ticked has.
    function _assertPaid(Purse[] memory before, address winner, uint256 price, uint256[] memory deposits)
        internal
        view
        returns (uint256 compensation, uint256 tips)
    {
        for (uint256 i; i < CROWD; ++i) {
            bool wins = provers[i] == winner;
            uint256 lost = losersPay() && !wins ? deposits[i] : 0;
            tips += lost / 20;
            compensation += lost - (lost + 1) / 2 - lost / 20;
            Purse memory now_ = _purse(provers[i]);
            assertEq(now_.stake, before[i].stake - lost, "life: nobody failed, and somebody lost stake");
            uint256 earned = wins ? price : 0;
            assertEq(now_.balance, before[i].balance + earned, "life: the winner is paid, and nobody else");
        }
    }

    function _openedAt(Request memory r) internal view returns (uint40) {
        return stateOf(r).time;
    }

    function _winner(Request memory r) internal view returns (address) {
        return market.proverOf(stateOf(r).prover);
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

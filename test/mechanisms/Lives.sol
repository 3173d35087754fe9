// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CAP_FIXED_PRICE, CAP_INSTANT, Envelope, SEATS} from "../../contracts/types/Ask.sol";
import {Ledger} from "../../contracts/types/Prover.sol";
import {Request} from "../../contracts/types/Request.sol";
import {State, Status, bondAt} from "../../contracts/types/State.sol";
import {Bidding} from "./Bidding.sol";

/// Rules about what happens to requests and to those who bid, with the money that moves.
///
/// Here "ends" means that the request is fulfilled or closed, that no deposit stands on it, nor on its instance once everybody wants it
/// back, that no prover has stake or capacity locked, and that what the market holds is what it owes.
abstract contract Lives is Bidding {
    /// What people have in the market before something happens.
    struct Books {
        uint256 requester;
        uint256 stranger;
        Purse[] provers;
    }

    /* RULES */

    /// However many come, the request is served within the envelope, who wins or proves is paid, and losers lose nothing, unless that is
    /// the rule.
    function ruleLife(uint256 bidders) public {
        Books memory before = _books();
        _prepare(0, bidders);
        Request memory r = _enter();
        Envelope memory e = mechanism.envelope(params, r);
        (uint256[] memory deposits, uint256 earners) = _play(r, bidders, 0);
        uint256 told = statusOf(r) == Status.Awarded ? 0 : TIP;
        if (statusOf(r) == Status.Open) finish(r, _last(e));
        assertLe(block.timestamp, _last(e), "envelope: not awarded in time");
        (uint256 min, uint256 most) = (1, e.price);
        if (statusOf(r) == Status.Fulfilled) {
            _ruleProven(e, deposits, bidders);
            if (partnersShare()) earners = (1 << bidders) - 1;
        } else {
            _ruleAward(r, e, bidders);
            (earners, min, most) = (_bitOf(_winner(r)), stateOf(r).price, stateOf(r).price);
            market.fulfill(fulfillment(r, _winner(r)));
        }
        _tickAbout(r);
        _ruleEnded(r, Status.Fulfilled);
        uint256 paid = _rulePaid(before, earners, deposits, told);
        assertGe(paid, min, "life: who wins, or proves, is not paid");
        assertLe(paid, most, "envelope: price");
    }

    /// Fewer come than it takes: it ends, and nobody is paid or loses anything.
    function ruleTooFew() public {
        for (uint256 bidders = 1; bidders < least(); ++bidders) {
            Books memory before = _books();
            _prepare(0, bidders);
            Request memory r = _enter();
            (uint256[] memory deposits,) = _play(r, bidders, type(uint256).max);
            _settle(r);
            _tickAbout(r);
            _ruleEnded(r, Status.Closed);
            _rulePaid(before, 0, deposits, TIP);
        }
    }

    /// Nobody comes: a stranger's tick ends it once the envelope says that nobody can come any more, or its deadline does. Either way
    /// all of the price comes back, and whoever ended it has the tip.
    function ruleNobodyBids() public {
        _ruleNobodyBids(_register(address(mechanism), params), params);
    }

    /// Of those who come, some make only their first bid. The request ends all the same, those who did as they had said lose nothing,
    /// those who did not lose at most their deposit, and nobody is paid for a proof of another.
    function ruleSilence(uint256 bidders, uint256 silent) public {
        Purse[] memory before = _purses();
        _prepare(0, bidders);
        Request memory r = _enter();
        (uint256[] memory deposits, uint256 proved) = _play(r, bidders, silent);
        _settle(r);
        Status end = Status.Closed;
        if (statusOf(r) == Status.Awarded) {
            proved = _bitOf(_winner(r));
            market.fulfill(fulfillment(r, _winner(r)));
        }
        if (statusOf(r) == Status.Fulfilled) end = Status.Fulfilled;
        _tickAbout(r);
        _ruleEnded(r, end);
        for (uint256 i; i < CROWD; ++i) {
            uint256 most = i < bidders && (losersPay() || silent >> i & 1 == 1) ? deposits[i] : 0;
            Purse memory purse = _purse(provers[i]);
            assertGe(purse.stake, before[i].stake - most, "silence: more than the deposit was lost");
            if (proved >> i & 1 == 1 || (partnersShare() && i < bidders)) continue;
            assertEq(purse.balance, before[i].balance, "silence: paid for nothing");
        }
        assertTrue(end == Status.Fulfilled || silent & ((1 << bidders) - 1) != 0, "silence: all bid, and nobody won");
    }

    /// Who wins and does not prove is slashed; as many standbys as the envelope says take over without a new bid, and are slashed in turn;
    /// then the next rung of the ladder serves the request. So it does if nobody proves in an open stage.
    function ruleFailure() public {
        _prepare(postedInstance, CROWD);
        Request memory r = _enter();
        Envelope memory e = mechanism.envelope(params, r);
        _play(r, CROWD, _isOpenStage() ? type(uint256).max : 0);
        _settle(r);
        uint256 awarded_;
        for (bool again = statusOf(r) == Status.Awarded; again;) {
            awarded_ |= _bitOf(_winner(r));
            again = _failed(r);
        }
        if (!_isOpenStage()) {
            uint256 standbys = e.standbys < CROWD - 1 ? e.standbys : CROWD - 1;
            assertEq(_count(awarded_), 1 + standbys, "failure: standbys are as many as said");
        }
        if (stateOf(r).rung == 0) _tickAbout(r);
        assertEq(stateOf(r).rung, 1, "failure: the ladder goes on");
        bidAs(provers[0], r, 0);
        market.fulfill(fulfillment(r, provers[0]));
        _ruleEnded(r, Status.Fulfilled);
    }

    /// Where a ticket on the instance stays when its holder is awarded, those who hold one serve one request after another.
    function ruleStanding() public {
        if (mechanism.check(params).flags & SEATS == 0) return;
        _prepare(0, CROWD);
        Request memory r;
        for (uint256 i; i < 2; ++i) {
            r = _enter();
            _play(r, CROWD, 0);
            _settle(r);
            assertEq(uint8(statusOf(r)), uint8(Status.Awarded), "standing: not served again");
            market.fulfill(fulfillment(r, _winner(r)));
            _tickAbout(r);
        }
        _ruleEnded(r, Status.Fulfilled);
    }

    /// The capability that can be tried: instant is what one bid awards.
    function ruleInstant() public {
        _prepare(0, least());
        Request memory r = _enter();
        Play[] memory all = plays(r, provers[0], 0);
        bool instant;
        if (all.length != 0) {
            _passTo(entered + all[0].wait);
            _make(r, provers[0], all[0]);
            instant = statusOf(r) == Status.Awarded;
        }
        bool said = mechanism.envelope(params, r).capabilities & CAP_INSTANT != 0;
        assertEq(instant, said, "capabilities: instant");
    }

    /* WHAT RULES SHARE */

    /// Has a request that is still open end, or awarded.
    function _settle(Request memory r) private {
        uint40 last = _last(mechanism.envelope(params, r));
        if (statusOf(r) == Status.Open && stateOf(r).rung == 0) finish(r, last);
        if (statusOf(r) == Status.Open && stateOf(r).rung == 0) _tickAt(r, last + 1);
    }

    /// The winner lets its time pass.
    /// @return whether another has taken over.
    function _failed(Request memory r) private returns (bool) {
        State memory s = stateOf(r);
        address loser = _winner(r);
        uint256 bond = bondAt(r.bond, s.bondBps);
        uint256 seat = _seat(loser);
        (Purse memory ofLoser, Purse memory ofStranger) = (_purse(loser), _purse(stranger));
        _passTo(s.time + 1);
        vm.prank(stranger);
        market.expire(r);
        uint256 lost = ofLoser.stake - _purse(loser).stake;
        assertGe(lost, bond, "failure: the bond is gone");
        assertLe(lost, bond + seat, "failure: more than the bond, and the deposit on the instance");
        // Two parts are rounded down, if there is a fine.
        uint256 tip = _purse(stranger).balance - ofStranger.balance;
        assertApproxEqAbs(tip, lost / 20, lost == bond ? 0 : 1, "failure: who says so is tipped");
        if (statusOf(r) != Status.Awarded) return false;
        assertTrue(_winner(r) != loser, "failure: the same prover again");
        assertLe(stateOf(r).price, r.maxPrice, "failure: the standby's price");
        return true;
    }

    function _ruleNobodyBids(uint32 number, bytes memory some) internal {
        uint256 had = market.balanceOf(NATIVE, requester);
        uint256 tips = market.balanceOf(NATIVE, stranger);
        uint256 told;
        for (uint256 i; i < 2; ++i) {
            Request memory r = request(number);
            r.tip = TIP;
            uint40 last = uint40(block.timestamp) + mechanism.envelope(some, r).award;
            if (!_opens(r)) return;
            if (statusOf(r) == Status.Open) told += TIP;
            if (i == 0 && last + 1 < r.deadline) {
                _tickAt(r, last + 1);
                assertEq(uint8(statusOf(r)), uint8(Status.Closed), "nobody bids: a tick ends it");
            } else if (statusOf(r) == Status.Open) {
                _passTo(r.deadline);
                vm.prank(stranger);
                market.expire(r);
            }
            _ruleEnded(r, Status.Closed);
        }
        assertEq(market.balanceOf(NATIVE, requester) + told, had, "nobody bids: the price comes back");
        assertEq(market.balanceOf(NATIVE, stranger), tips + told, "nobody bids: who ends it is tipped");
    }

    function _ruleAward(Request memory r, Envelope memory e, uint256 bidders) private view {
        State memory s = stateOf(r);
        assertEq(uint8(s.status), uint8(Status.Awarded), "envelope: not awarded at its end");
        assertLe(s.price, e.price, "envelope: price");
        if (e.capabilities & CAP_FIXED_PRICE != 0) assertEq(s.price, e.price, "capabilities: fixed price");
        assertLe(s.time - block.timestamp, e.proof, "envelope: time to prove");
        assertGe(bondAt(r.bond, s.bondBps), e.bond, "envelope: bond");
        uint256 ready;
        for (uint256 i; i < CROWD; ++i) {
            bool holds = _seat(provers[i]) != 0 || market.ticketOf(market.idOf(r), provers[i]).amount != 0;
            if (holds && provers[i] != _winner(r)) ++ready;
        }
        assertGe(ready, e.standbys < bidders ? e.standbys : bidders - 1, "envelope: standbys hold nothing");
    }

    /// In an open stage what stands behind the promise of a proof is deposits.
    function _ruleProven(Envelope memory e, uint256[] memory deposits, uint256 bidders) private pure {
        (uint256 ready, uint256 sum) = (0, 0);
        for (uint256 i; i < CROWD; ++i) {
            sum += deposits[i];
            if (deposits[i] != 0) ++ready;
        }
        assertGe(sum, e.bond, "envelope: bond");
        if (e.standbys != 0) {
            assertGt(ready, e.standbys < bidders ? e.standbys : bidders - 1, "envelope: standbys hold nothing");
        }
    }

    function _ruleEnded(Request memory r, Status end) private {
        State memory s = stateOf(r);
        assertEq(uint8(s.status), uint8(end), "end: not ended");
        assertEq(s.holds, 0, "end: a deposit stands");
        _part();
        uint256 owed = market.balanceOf(NATIVE, BURNED) + _purse(requester).balance + _purse(stranger).balance;
        owed += market.balanceOf(NATIVE, address(this)) + _purse(alice).balance + _purse(alice).stake;
        owed += _purse(bob).balance + _purse(bob).stake;
        for (uint256 i; i < CROWD; ++i) {
            Ledger memory ledger = market.ledgerOf(provers[i]);
            assertEq(ledger.locked, 0, "end: stake is locked");
            assertEq(ledger.busy, 0, "end: capacity is taken");
            owed += _purse(provers[i]).balance + ledger.stake;
        }
        assertEq(address(market).balance, owed, "end: what the market holds is what it owes");
    }

    /// Nobody is paid but the `earners`, and nobody loses anything, but losers what they put down, if that is the rule. The requester
    /// pays that, and who ticks is tipped.
    /// @param told the tip for saying that the time had come.
    function _rulePaid(Books memory before, uint256 earners, uint256[] memory deposits, uint256 told)
        private
        view
        returns (uint256 paid)
    {
        (uint256 tips, uint256 compensation) = (told, 0);
        for (uint256 i; i < CROWD; ++i) {
            bool earns = earners >> i & 1 == 1;
            uint256 lost = losersPay() && !earns ? deposits[i] : 0;
            tips += lost / 20;
            compensation += lost - (lost + 1) / 2 - lost / 20;
            Purse memory now_ = _purse(provers[i]);
            assertEq(now_.stake, before.provers[i].stake - lost, "life: nobody failed, and somebody lost stake");
            if (!earns) assertEq(now_.balance, before.provers[i].balance, "life: paid for nothing");
            paid += now_.balance - before.provers[i].balance;
        }
        uint256 left = before.requester + compensation - paid - told;
        assertEq(_purse(requester).balance, left, "life: the requester pays the price, and a tip");
        assertEq(_purse(stranger).balance, before.stranger + tips, "life: who ticks is tipped");
    }

    function _books() private view returns (Books memory) {
        return Books(_purse(requester).balance, _purse(stranger).balance, _purses());
    }

    function _bitOf(address prover) private view returns (uint256) {
        for (uint256 i; i < CROWD; ++i) {
            if (provers[i] == prover) return 1 << i;
        }
        return 0;
    }

    function _count(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }
}

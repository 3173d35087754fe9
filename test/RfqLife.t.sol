// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {ISupply} from "../contracts/interfaces/ISupply.sol";
import {NotYet} from "../contracts/interfaces/IMechanism.sol";
import {Packed} from "../contracts/libraries/Packed.sol";
import {Rfq, RfqParams} from "../contracts/mechanisms/Rfq.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Quotes in the market: one transaction from request to award, standbys, attacks, and the money that moves.
contract RfqLifeTest is Base {
    string private constant FILE = "rfq";
    Rfq private rfq = new Rfq();
    address[3] private provers;
    uint256[3] private keys;
    uint32 private plain;
    uint32 private backed;

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < 3; ++i) {
            (provers[i], keys[i]) = makeAddrAndKey(string.concat("quoting ", vm.toString(i)));
            _enlist(provers[i]);
        }
        plain = _under(0, 0, 0);
        backed = _under(0, 0, 2);
    }

    function test_Life_OneTransactionFromRequestToAward() public {
        Request memory r = request(plain);
        Order[] memory orders = new Order[](1);
        orders[0] = _quote(r, 0, 0.003 ether, "");
        _bring(orders);
        vm.snapshotGasLastCall(FILE, "rfq_request_and_award");
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
        assertEq(stateOf(r).price, 0.003 ether);
        market.fulfill(fulfillment(r, provers[0]));
        assertEq(market.balanceOf(NATIVE, provers[0]), 1 ether + 0.003 ether);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 0.003 ether);
        _assertAtRest();
    }

    /// Its parts, for comparison: the request alone, and then the same prover's bid, sent by itself in the same second.
    function test_Gas_InTwoTransactions() public {
        Request memory r = request(_under(0, 1, 0));
        opened(r);
        vm.snapshotGasLastCall(FILE, "rfq_request_alone");
        Order[] memory orders = order(r, bidFor(r, provers[0], 0.003 ether));
        bytes memory packed = Packed.pack(orders);
        vm.prank(provers[0]);
        market.bidBatch(packed);
        vm.snapshotGasLastCall(FILE, "rfq_award_alone");
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    // Winner and standby fail, the second standby serves: each slashed once, everything else comes back.
    function test_Life_StandbysTakeOverAtTheirOwnPrice() public {
        Request memory r = _withStandbys();
        vm.snapshotGasLastCall(FILE, "rfq_award_with_two_standbys");
        State memory s = stateOf(r);
        assertEq(s.prover, market.ledgerOf(provers[0]).id);
        assertEq(s.holds, 2);
        vm.warp(s.time + 1);
        market.expire(r);
        assertEq(stateOf(r).price, 0.004 ether, "the cheaper standby first");
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(stateOf(r).price, 0.005 ether);
        market.fulfill(fulfillment(r, provers[1]));
        assertEq(market.ledgerOf(provers[0]).stake, 10 ether - BOND);
        assertEq(market.ledgerOf(provers[2]).stake, 10 ether - BOND);
        assertEq(market.ledgerOf(provers[1]).stake, 10 ether);
        _assertAtRest();
    }

    function test_Life_DepositsComeBackWhenItIsDone() public {
        Request memory r = _withStandbys();
        bytes memory why = abi.encodeWithSelector(NotYet.selector, block.timestamp, r.deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarket.MechanismFailed.selector, address(rfq), why));
        market.tick(r, provers[1], "");
        market.fulfill(fulfillment(r, provers[0]));
        market.tick(r, provers[1], "");
        market.tick(r, provers[2], "");
        _assertAtRest();
    }

    function test_Life_OverriddenThenDownTheLadder() public {
        Request memory r = request(_register(address(rfq), _params(60, 0, 1), postedInstance));
        Order[] memory orders = new Order[](1);
        orders[0] = _quote(r, 0, 0.005 ether, "");
        _bring(orders);
        bidAs(provers[1], r, 0.004 ether);
        vm.warp(block.timestamp + 60);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).price, 0.004 ether);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(stateOf(r).price, 0.005 ether);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(stateOf(r).rung, 1);
    }

    // Selector is payer: without the requester's word no quote gets in, and the requester sees to it alone.
    function test_Kickback_NobodyElseCanSelect() public {
        Request memory r = request(plain);
        Order[] memory orders = new Order[](1);
        orders[0] = _quote(r, 1, PRICE, "");
        vm.expectRevert();
        vm.prank(stranger);
        market.bid(orders);
        orders[0] = _quote(r, 0, 0.003 ether, "");
        _bring(orders);
        orders[0] = _quote(r, 1, PRICE, "");
        vm.expectPartialRevert(IMarket.WrongStatus.selector);
        vm.prank(stranger);
        market.bid(orders);
        assertEq(stateOf(r).price, 0.003 ether);
    }

    // A request that comes without a quote, where none is waited for, is nobody's to take.
    function test_Attack_AnUnquotedRequestIsNotSoldAtItsMost() public {
        uint32[2] memory rules = [plain, backed];
        for (uint256 i; i < 2; ++i) {
            Request memory r = request(rules[i]);
            opened(r);
            assertEq(uint8(statusOf(r)), uint8(Status.Closed));
            assertEq(market.balanceOf(NATIVE, requester), 100 ether);
        }
    }

    // What a signature over the request is worth to whom it is given: at most the price that it names.
    function test_Kickback_ASignedRequestTrustsItsBearer() public {
        Request memory r = request(plain);
        Order[] memory orders = new Order[](1);
        orders[0] = _quote(r, 1, PRICE, "");
        orders[0].requesterSignature = sign(requesterKey, market.idOf(r));
        vm.prank(stranger);
        market.bid(orders);
        assertEq(stateOf(r).price, PRICE);
    }

    function test_Stale_AQuoteIsVoidAfterItsTime() public {
        Request memory r = request(plain);
        Bid memory b = bidFor(r, provers[0], 0.003 ether);
        b.validUntil = uint40(block.timestamp) + 10;
        Order[] memory orders = order(r, b);
        orders[0].proverSignature = sign(keys[0], digestOf(r, b));
        vm.warp(block.timestamp + 11);
        vm.expectPartialRevert(IMarket.BidExpired.selector);
        _bring(orders);
        assertEq(uint8(statusOf(r)), uint8(Status.None));
    }

    // An award that failed uses the quote up: it cannot put the bond at risk again.
    function test_Stale_AQuoteIsForOneOpening() public {
        Request memory r = request(_register(address(rfq), _params(0, 0, 0), plain));
        Order[] memory orders = new Order[](1);
        orders[0] = _quote(r, 0, 0.003 ether, "");
        _bring(orders);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(stateOf(r).rung, 1);
        vm.expectRevert();
        _bring(orders);
    }

    // One bond under two quotes: the second fails whole, with what there is and what it takes, and its request has not entered.
    function test_DoubleUse_OneBondUnderTwoQuotes() public {
        vm.prank(provers[0]);
        market.unstake(10 ether - BOND);
        Request memory first = request(plain);
        Request memory second = request(plain);
        Order[] memory orders = new Order[](1);
        orders[0] = _quote(first, 0, 0.003 ether, "");
        _bring(orders);
        orders[0] = _quote(second, 0, 0.003 ether, "");
        vm.expectRevert(abi.encodeWithSelector(ISupply.InsufficientStake.selector, provers[0], 0, BOND));
        _bring(orders);
        assertEq(uint8(statusOf(second)), uint8(Status.None));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE, "nothing of it was locked");
    }

    function _withStandbys() private returns (Request memory r) {
        r = request(backed);
        Order[] memory orders = new Order[](3);
        orders[0] = _quote(r, 1, 0.005 ether, hex"01");
        orders[1] = _quote(r, 2, 0.004 ether, hex"01");
        orders[2] = _quote(r, 0, 0.003 ether, "");
        _bring(orders);
    }

    function _quote(Request memory r, uint256 i, uint88 price, bytes memory data) private view returns (Order memory) {
        Bid memory b = bidFor(r, provers[i], price);
        b.data = data;
        return Order(r, "", "", b, sign(keys[i], digestOf(r, b)));
    }

    function _bring(Order[] memory orders) private {
        bytes memory packed = Packed.pack(orders);
        vm.prank(requester);
        market.bidBatch(packed);
    }

    function _under(uint32 exclusivity, uint32 patience, uint8 standbys) private returns (uint32) {
        return _register(address(rfq), _params(exclusivity, patience, standbys));
    }

    function _params(uint32 exclusivity, uint32 patience, uint8 standbys) private pure returns (bytes memory) {
        return abi.encode(RfqParams(exclusivity, 100, patience, 10_000, 10_000, 1, standbys));
    }

    function _assertAtRest() private view {
        uint256 owed = market.balanceOf(NATIVE, requester) + market.balanceOf(NATIVE, BURNED);
        owed += market.balanceOf(NATIVE, address(this)) + 22 ether;
        for (uint256 i; i < 3; ++i) {
            assertEq(market.ledgerOf(provers[i]).locked, 0);
            assertEq(market.ledgerOf(provers[i]).busy, 0);
            owed += market.balanceOf(NATIVE, provers[i]) + market.ledgerOf(provers[i]).stake;
        }
        assertEq(address(market).balance, owed);
    }
}

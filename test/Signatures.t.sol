// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IRequests} from "../contracts/interfaces/IRequests.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";
import {EvilWallet} from "./doubles/EvilWallet.sol";

/// Requests and bids that others bring: whose word counts, where, and how often.
contract SignaturesTest is Base {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /* KEYS */

    function test_Open_ByKey() public {
        Request memory r = request(dutchInstance);
        bytes memory signature = sign(requesterKey, market.idOf(r));
        vm.prank(stranger);
        market.open(r, "", signature);
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE);
    }

    // Neither side sends: a stranger brings both words.
    function test_Bid_ByKeys() public {
        Request memory r = request(postedInstance);
        Bid memory b = bidFor(r, alice, 5);
        Order[] memory orders = new Order[](1);
        orders[0] = Order(r, "", sign(requesterKey, market.idOf(r)), b, sign(aliceKey, digestOf(r, b)));
        vm.prank(stranger);
        market.bid(orders);
        assertEq(stateOf(r).prover, market.ledgerOf(alice).id);
    }

    // K6: short, long, zero, wrong v, another's.
    function test_RevertWhen_SignatureIsNone() public {
        Request memory r = request(dutchInstance);
        bytes32 id = market.idOf(r);
        (uint8 v, bytes32 a, bytes32 s) = vm.sign(requesterKey, id);
        _assertBad(r, "");
        _assertBad(r, new bytes(65));
        _assertBad(r, new bytes(64));
        _assertBad(r, abi.encodePacked(a, s, v, uint8(0)));
        _assertBad(r, abi.encodePacked(a, bytes31(s)));
        _assertBad(r, abi.encodePacked(a, s, uint8(v - 27)));
        _assertBad(r, abi.encodePacked(a, s, uint8(v == 27 ? 28 : 27)));
        _assertBad(r, sign(aliceKey, id));
    }

    // K6: that a signature has other forms (EIP-2098, high s) makes no second word of it: a request enters once.
    function test_Open_EveryFormOfASignatureIsOneWord() public {
        Request memory r = request(dutchInstance);
        bytes32 id = market.idOf(r);
        (uint8 v, bytes32 a, bytes32 s) = vm.sign(requesterKey, id);
        bytes[3] memory forms = [
            abi.encodePacked(a, s, v),
            abi.encodePacked(a, bytes32(uint256(s) | uint256(v - 27) << 255)),
            abi.encodePacked(a, bytes32(ORDER - uint256(s)), uint8(v == 27 ? 28 : 27))
        ];
        bytes memory refusal = abi.encodeWithSelector(IMarket.WrongStatus.selector, id, Status.Open, Status.None);
        uint256 fresh = vm.snapshotState();
        for (uint256 i; i < 2; ++i) {
            vm.revertToState(fresh);
            market.open(r, "", forms[i]);
            for (uint256 j; j < 3; ++j) {
                vm.expectRevert(refusal);
                market.open(r, "", forms[j]);
            }
        }
    }

    // K6: no signature is that of nobody.
    function test_RevertWhen_RequesterIsNobody() public {
        Request memory r = request(dutchInstance);
        r.requester = address(0);
        _assertBad(r, "");
        _assertBad(r, new bytes(65));
        r.requester = address(1);
        _assertBad(r, new bytes(65));
        r.requester = address(4); // Echoes what it is asked.
        _assertBad(r, new bytes(65));
    }

    // K1, K2: on another chain it is another request, before and after the market was deployed.
    function test_RevertWhen_ChainIsAnother() public {
        Request memory r = request(dutchInstance);
        bytes32 id = market.idOf(r);
        bytes memory signature = sign(requesterKey, id);
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        assertTrue(market.idOf(r) != id);
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadSignature.selector, requester, market.idOf(r)));
        market.open(r, "", signature);
        vm.chainId(here);
        market.open(r, "", signature);
    }

    // K1: in another market likewise; requests and bids.
    function test_RevertWhen_MarketIsAnother() public {
        Request memory r = request(postedInstance);
        Bid memory b = bidFor(r, alice, 0);
        bytes memory word = sign(requesterKey, market.idOf(r));
        bytes memory proverWord = sign(aliceKey, digestOf(r, b));
        opened(r);
        IMarket here = market;
        market = deployMarket(NATIVE);
        assertTrue(market.idOf(r) != here.idOf(r));
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadSignature.selector, requester, market.idOf(r)));
        market.open(r, "", word);
        Order[] memory orders = new Order[](1);
        orders[0] = Order(r, "", word, b, proverWord);
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadSignature.selector, alice, digestOf(r, b)));
        market.bid(orders);
    }

    // P11: every field is signed. One bit flipped in any word of the request makes it another, unsigned one.
    function test_RevertWhen_AnyFieldOfARequestIsMutated() public {
        Request memory r = request(dutchInstance);
        bytes32 id = market.idOf(r);
        bytes memory signature = sign(requesterKey, id);
        for (uint256 i; i < 16; ++i) {
            Request memory other = _flipped(r, i);
            bytes32 otherId = market.idOf(other);
            assertTrue(otherId != id);
            vm.expectRevert(abi.encodeWithSelector(IMarket.BadSignature.selector, other.requester, otherId));
            market.open(other, "", signature);
        }
        market.open(r, "", signature);
        // And what is open cannot be settled, ended or cancelled as another.
        for (uint256 i; i < 16; ++i) {
            Request memory other = _flipped(r, i);
            vm.expectPartialRevert(IMarket.WrongStatus.selector);
            market.expire(other);
        }
    }

    // P11: likewise of a bid.
    function test_RevertWhen_AnyFieldOfABidIsMutated() public {
        Request memory r = request(postedInstance);
        Request memory another = request(postedInstance);
        opened(r);
        opened(another);
        Bid memory b = bidFor(r, alice, 5);
        b.data = "x";
        bytes memory word = sign(aliceKey, digestOf(r, b));

        Bid[] memory others = new Bid[](6);
        for (uint256 i; i < 6; ++i) {
            others[i] = abi.decode(abi.encode(b), (Bid));
        }
        others[1].prover = bob;
        others[2].price = 4;
        others[3].maxBond = b.maxBond + 1;
        others[4].validUntil = b.validUntil + 1;
        others[5].data = "y";
        for (uint256 i; i < 6; ++i) {
            // The first is the same bid, for another request.
            Request memory target = i == 0 ? another : r;
            Order[] memory orders = order(target, others[i]);
            orders[0].proverSignature = word;
            vm.expectRevert(
                abi.encodeWithSelector(IMarket.BadSignature.selector, others[i].prover, digestOf(target, others[i]))
            );
            market.bid(orders);
        }
    }

    // K1: a signature over a bid is none over a request, whatever the two hash to.
    function test_RevertWhen_WordIsOfAnotherType() public {
        Request memory r = request(postedInstance);
        Bid memory b = bidFor(r, requester, 0);
        _assertBad(r, sign(requesterKey, digestOf(r, b)));
    }

    /* WALLETS */

    function test_Open_ByWallet() public {
        (EvilWallet wallet, Request memory r) = _walletRequest();
        market.open(r, "", "whatever");
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        assertEq(market.balanceOf(NATIVE, address(wallet)), 1 ether - PRICE);
    }

    // K4: a wallet that refuses, reverts with a megabyte, burns its gas, floods or answers too little is not heard, and the caller
    // pays for no more than the cap.
    function test_RevertWhen_WalletIsHostile() public {
        (EvilWallet wallet, Request memory r) = _walletRequest();
        for (uint8 i = 1; i < uint8(EvilWallet.Mood.Calls); ++i) {
            wallet.judge(EvilWallet.Mood(i));
            _assertBad(r, "whatever");
            assertLt(vm.lastCallGas().gasTotalUsed, 250_000);
        }
    }

    // K4: a wallet cannot write while it judges, nor call the market.
    function test_RevertWhen_WalletReenters() public {
        (EvilWallet wallet, Request memory r) = _walletRequest();
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(IRequests.cancel, (r));
        wallet.plan(address(market), calls);
        wallet.judge(EvilWallet.Mood.Calls);
        _assertBad(r, "whatever");
        assertEq(wallet.outcomeCount(), 0);
    }

    // K4: its word is asked for once; that it changes its mind changes nothing.
    function test_Open_WalletChangesItsMind() public {
        (EvilWallet wallet, Request memory r) = _walletRequest();
        market.open(r, "", "whatever");
        wallet.judge(EvilWallet.Mood.Refuses);
        bidAs(alice, r, 0);
        market.fulfill(fulfillment(r, alice));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
    }

    // A prover may be a wallet too.
    function test_Bid_ByWallet() public {
        EvilWallet wallet = new EvilWallet();
        _enlist(address(wallet));
        Request memory r = request(postedInstance);
        opened(r);
        Order[] memory orders = order(r, bidFor(r, address(wallet), 0));
        orders[0].proverSignature = "whatever";
        wallet.judge(EvilWallet.Mood.Refuses);
        vm.expectPartialRevert(IMarket.BadSignature.selector);
        market.bid(orders);
        wallet.judge(EvilWallet.Mood.Accepts);
        market.bid(orders);
        assertEq(stateOf(r).prover, market.ledgerOf(address(wallet)).id);
    }

    /* DELEGATED ACCOUNTS (EIP-7702) */

    // K5: an account that delegates its code signs with its key, even where the code would refuse.
    function test_Open_DelegatedByKey() public {
        EvilWallet code = new EvilWallet();
        _delegate(address(code));
        EvilWallet(payable(requester)).judge(EvilWallet.Mood.Refuses);
        Request memory r = request(dutchInstance);
        market.open(r, "", sign(requesterKey, market.idOf(r)));
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
    }

    // K5: and with its code.
    function test_Open_DelegatedByCode() public {
        Request memory r = request(dutchInstance);
        _assertBad(r, "whatever");
        _delegate(address(new EvilWallet()));
        market.open(r, "", "whatever");
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
    }

    // K5, E7: a prover whose account becomes a contract that refuses coins between award and settlement is still paid, and
    // nobody else waits for it.
    function test_Fulfill_DelegatedInMidFlight() public {
        Request memory r = awarded(alice);
        Request memory other = awarded(bob);
        vm.signAndAttachDelegation(address(new EvilWallet()), aliceKey);
        vm.prank(alice);
        market.stake(1);
        EvilWallet(payable(alice)).take(EvilWallet.Mood.Burns);
        market.fulfill(fulfillment(r, alice));
        market.fulfill(fulfillment(other, bob));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE - 1);
        // It leaves by naming another account.
        vm.prank(alice);
        market.withdraw(NATIVE, stranger, PRICE);
        assertEq(stranger.balance, PRICE);
    }

    function _walletRequest() private returns (EvilWallet wallet, Request memory r) {
        wallet = new EvilWallet();
        vm.deal(address(this), 1 ether);
        market.deposit{value: 1 ether}(NATIVE, address(wallet), 1 ether);
        r = request(postedInstance);
        r.requester = address(wallet);
    }

    function _delegate(address code) private {
        vm.signAndAttachDelegation(code, requesterKey);
        vm.prank(requester);
        market.withdraw(NATIVE, stranger, 1);
        assertEq(requester.code, abi.encodePacked(hex"ef0100", code));
    }

    function _assertBad(Request memory r, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadSignature.selector, r.requester, market.idOf(r)));
        market.open(r, "", signature);
    }

    /// With the lowest bit of word `i` flipped.
    function _flipped(Request memory r, uint256 i) private pure returns (Request memory) {
        bytes memory encoded = abi.encode(r);
        encoded[32 * i + 31] ^= 0x01;
        return abi.decode(encoded, (Request));
    }
}

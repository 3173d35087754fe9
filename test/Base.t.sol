// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {Declaration, MechanismChoice, TokenOffer, VerifierChoice} from "../contracts/interfaces/ISupply.sol";
import {Packed} from "../contracts/libraries/Packed.sol";
import {Dutch, DutchParams} from "../contracts/mechanisms/Dutch.sol";
import {PostedPrice, PostedParams} from "../contracts/mechanisms/PostedPrice.sol";
import {Payment, SealedBid, SealedParams} from "../contracts/mechanisms/SealedBid.sol";
import {BID_TYPEHASH, Bid, Fulfillment, Order} from "../contracts/types/Bid.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {ANY_MECHANISM, ANY_VERIFIER, Offer} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {NullVerifier} from "./doubles/NullVerifier.sol";

/// A market with money, one instance of each mechanism, two provers and a requester.
abstract contract Base is Test {
    address internal constant NATIVE = address(0);
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;
    uint88 internal constant PRICE = 0.01 ether;
    uint80 internal constant BOND = 0.005 ether;
    uint40 internal constant START = 1_800_000_000;

    IMarket internal market;
    NullVerifier internal nullVerifier;
    uint32 internal verifier;

    Dutch internal dutch;
    PostedPrice internal posted;
    SealedBid internal sealedBid;
    uint32 internal dutchInstance;
    uint32 internal postedInstance;
    uint32 internal sealedInstance;

    address internal requester;
    uint256 internal requesterKey;
    address internal alice;
    uint256 internal aliceKey;
    address internal bob;
    uint256 internal bobKey;
    address internal stranger = makeAddr("stranger");
    uint64 private _nonce;

    function setUp() public virtual {
        vm.warp(START);
        market = deployMarket(NATIVE);
        nullVerifier = new NullVerifier();
        verifier = market.registerVerifier(address(nullVerifier), 100_000);
        (dutch, posted, sealedBid) = (new Dutch(), new PostedPrice(), new SealedBid());
        dutchInstance = _register(address(dutch), abi.encode(dutchParams()));
        postedInstance = _register(address(posted), abi.encode(postedParams()));
        sealedInstance = _register(address(sealedBid), abi.encode(sealedParams()));
        (requester, requesterKey) = makeAddrAndKey("requester");
        (alice, aliceKey) = makeAddrAndKey("alice");
        (bob, bobKey) = makeAddrAndKey("bob");
        _fund(requester, 100 ether);
        _enlist(alice);
        _enlist(bob);
    }

    /* WHAT THE INSTANCES SAY */

    function dutchParams() internal pure virtual returns (DutchParams memory) {
        return DutchParams({startBps: 1_000, endBps: 10_000, delay: 0, ramp: 100, patience: 100});
    }

    /// Pays what the request names.
    function postedParams() internal pure virtual returns (PostedParams memory) {
        return PostedParams({base: type(uint88).max, rate: 0, patience: 100});
    }

    function sealedParams() internal pure virtual returns (SealedParams memory) {
        return SealedParams({
            payment: Payment.SecondPrice,
            commit: 60,
            reveal: 60,
            reserveBps: 10_000,
            depositBps: 5_000,
            depositFloor: 1,
            standbys: 2,
            bidders: 16
        });
    }

    /* MAKING THINGS */

    /// By its artifact: the market is compiled in a way of its own, which whoever imports it would have to share.
    function deployMarket(address stakeToken) internal returns (IMarket) {
        address annex = vm.deployCode("Annex.sol:Annex", abi.encode(stakeToken));
        return IMarket(vm.deployCode("Market.sol:Market", abi.encode(stakeToken, annex)));
    }

    function _register(address mechanism, bytes memory params) internal returns (uint32) {
        return _register(mechanism, params, 0);
    }

    function _register(address mechanism, bytes memory params, uint32 fallbackInstance) internal returns (uint32) {
        return market.register(setup(mechanism, params, fallbackInstance), true);
    }

    function setup(address mechanism, bytes memory params, uint32 fallbackInstance)
        internal
        view
        returns (Setup memory)
    {
        uint32[] memory verifiers = new uint32[](1);
        verifiers[0] = verifier;
        return Setup({
            mechanism: mechanism,
            token: NATIVE,
            fallbackInstance: fallbackInstance,
            fallbackVersion: fallbackInstance == 0 ? 0 : market.instanceOf(fallbackInstance).version,
            verifiers: verifiers,
            params: params
        });
    }

    function _fund(address account, uint256 amount) internal {
        vm.deal(account, account.balance + amount + 1 ether);
        vm.prank(account);
        market.deposit{value: amount}(NATIVE, account, amount);
    }

    function _enlist(address prover) internal {
        _fund(prover, 11 ether);
        vm.startPrank(prover);
        market.declare(declaration(100));
        market.stake(10 ether);
        vm.stopPrank();
    }

    function declaration(uint16 concurrency) internal pure returns (Declaration memory d) {
        TokenOffer[] memory offers = new TokenOffer[](1);
        offers[0] = TokenOffer(NATIVE, Offer({accepted: true, floor: 1, bondLimit: 1 ether, throughput: 100_000}));
        return Declaration(
            concurrency, ANY_MECHANISM | ANY_VERIFIER, offers, new MechanismChoice[](0), new VerifierChoice[](0)
        );
    }

    /// A well-formed request, a new one at each call.
    function request(uint32 instance) internal returns (Request memory r) {
        r.requester = requester;
        r.nonce = ++_nonce;
        r.instance = instance;
        r.verifier = verifier;
        r.statement = keccak256(abi.encode("statement", _nonce));
        r.work = 1_000;
        r.maxPrice = PRICE;
        r.bond = BOND;
        r.deadline = uint40(block.timestamp) + 1 hours;
        r.window = 10 minutes;
    }

    function bidFor(Request memory, address prover, uint88 price) internal view returns (Bid memory b) {
        b.prover = prover;
        b.price = price;
        b.maxBond = 1 ether;
        b.validUntil = uint40(block.timestamp) + 1 days;
    }

    function proof(Request memory r) internal pure returns (bytes memory) {
        return abi.encode(r.statement);
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function digestOf(Request memory r, Bid memory b) internal view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                BID_TYPEHASH,
                market.idOf(r),
                reopenedAt(r),
                b.prover,
                b.price,
                b.maxBond,
                b.validUntil,
                keccak256(b.data)
            )
        );
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Bourse"),
                keccak256("1"),
                block.chainid,
                address(market)
            )
        );
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }

    /// Which opening of `r` a bid on it is for now.
    function reopenedAt(Request memory r) internal view returns (uint40) {
        State memory s = stateOf(r);
        return s.prover == 0 && s.rung == 0 ? 0 : s.time;
    }

    /* DOING THINGS */

    function opened(Request memory r) internal returns (bytes32) {
        vm.prank(r.requester);
        return market.open(r, "", "");
    }

    function order(Request memory r, Bid memory b) internal pure returns (Order[] memory orders) {
        orders = new Order[](1);
        orders[0] = Order(r, "", "", b, "");
    }

    function signedOrder(Request memory r, Bid memory b) internal view returns (Order memory) {
        return Order(r, "", sign(requesterKey, market.idOf(r)), b, "");
    }

    /// Brought the way that costs least.
    function bidBatch(Order[] memory orders) internal {
        market.bidBatch(Packed.pack(orders));
    }

    function bidAs(address prover, Request memory r, uint88 price) internal {
        Order[] memory orders = order(r, bidFor(r, prover, price));
        vm.prank(prover);
        market.bid(orders);
    }

    /// Opened and awarded to `prover` at a posted price.
    function awarded(address prover) internal returns (Request memory r) {
        r = request(postedInstance);
        opened(r);
        bidAs(prover, r, 0);
    }

    function fulfillment(Request memory r, address prover) internal pure returns (Fulfillment[] memory items) {
        items = new Fulfillment[](1);
        items[0] = Fulfillment(r, prover, proof(r));
    }

    function statusOf(Request memory r) internal view returns (Status) {
        return stateOf(r).status;
    }

    function stateOf(Request memory r) internal view returns (State memory) {
        return market.stateOf(market.idOf(r));
    }
}

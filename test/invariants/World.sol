// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Test.sol";

import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {Declaration, MechanismChoice, TokenOffer, VerifierChoice} from "../../contracts/interfaces/ISupply.sol";
import {Dutch, DutchParams} from "../../contracts/mechanisms/Dutch.sol";
import {PostedParams, PostedPrice} from "../../contracts/mechanisms/PostedPrice.sol";
import {Payment, SealedBid, SealedParams} from "../../contracts/mechanisms/SealedBid.sol";
import {ON_FAILED, Shape} from "../../contracts/types/Ask.sol";
import {Setup} from "../../contracts/types/Instance.sol";
import {ANY_MECHANISM, ANY_VERIFIER, DRAINING, Offer} from "../../contracts/types/Prover.sol";
import {EvilMechanism} from "../doubles/EvilMechanism.sol";
import {NullVerifier} from "../doubles/NullVerifier.sol";
import {Token} from "../doubles/Tokens.sol";
import {Model} from "./Model.sol";

/// A market with its people, and a watch on every call they make: what it may change and whom it may cost.
abstract contract World is Model {
    enum Rule {
        Posted,
        Dutch,
        Sealed,
        Evil
    }

    /// What is compared before and after a call.
    struct Photo {
        uint256 coins;
        /// What an account has in the market, by token; and its coins outside.
        uint256[8][2] within;
        uint256[8] outside;
        /// Of the latest requests but those in question.
        bytes32 others;
    }

    uint80 internal constant BOND = 0.005 ether;
    uint88 internal constant FLOOR = 1;
    uint64 internal constant WORK = 1_000;
    /// Requests that are still acted upon.
    uint256 internal constant RECENT = 5;
    uint40 internal constant START = 1_800_000_000;

    IMarket public immutable market = IMarket(
        vm.deployCode("Market.sol:Market", abi.encode(NATIVE, vm.deployCode("Annex.sol:Annex", abi.encode(NATIVE))))
    );
    Token public immutable token = new Token();
    address[2] public tokens = [NATIVE, address(token)];

    /// Three requesters, three provers, a stranger; and whoever burned stake is credited to.
    address[8] public people;
    mapping(address => uint256) private _keys;

    Dutch internal immutable _dutch = new Dutch();
    EvilMechanism internal immutable _evil = new EvilMechanism();
    PostedPrice internal immutable _posted = new PostedPrice();
    SealedBid internal immutable _sealed = new SealedBid();
    NullVerifier internal immutable _verifier = new NullVerifier();
    uint32[] internal _instances;
    mapping(uint32 instance => Rule) internal _rules;
    mapping(uint32 instance => address) internal _paysIn;
    uint32[2] internal _verifiers;
    /// Sent past the ledger.
    mapping(address token => uint256) public donated;

    constructor() {
        vm.warp(START);
        string[7] memory names =
            ["requester 1", "requester 2", "requester 3", "prover 1", "prover 2", "prover 3", "stranger"];
        for (uint256 i; i < 7; ++i) {
            (address account, uint256 key) = makeAddrAndKey(names[i]);
            (people[i], _keys[account]) = (account, key);
            vm.deal(account, 100 ether);
            token.mint(account, 100 ether);
            vm.prank(account);
            token.approve(address(market), type(uint256).max);
        }
        people[7] = BURNED;
        _verifiers[0] = market.registerVerifier(address(_verifier), 100_000);
        _verifiers[1] = market.registerVerifier(address(_verifier), 100_000);
        _registerAll();
        for (uint256 i; i < 7; ++i) {
            _do(people[i], abi.encodeCall(market.deposit, (NATIVE, people[i], 2 ether)), 2 ether, 0, 0);
            _do(people[i], abi.encodeCall(market.deposit, (address(token), people[i], 2 ether)), 0, 0, 0);
            if (i < 3 || 5 < i) continue;
            _do(people[i], abi.encodeCall(market.declare, (_declaration(4, false))), 0, 0, 0);
            _do(people[i], abi.encodeCall(market.stake, (0.05 ether)), 0, 0, 0);
        }
    }

    /* MAKING THINGS */

    function _registerAll() private {
        PostedParams memory p = PostedParams({base: 0.001 ether, rate: 0, patience: 100});
        DutchParams memory d = DutchParams({startBps: 1_000, endBps: 10_000, delay: 0, ramp: 100, patience: 100});
        SealedParams memory s = SealedParams({
            payment: Payment.SecondPrice,
            commit: 60,
            reveal: 60,
            reserveBps: 10_000,
            depositBps: 5_000,
            depositFloor: 1,
            standbys: 1,
            bidders: 4
        });
        Shape memory e = Shape({words: 0, shared: 0, gas: 200_000, flags: ON_FAILED});
        uint32 below = _register(Rule.Posted, address(_posted), abi.encode(p), NATIVE, 0);
        below = _register(Rule.Dutch, address(_dutch), abi.encode(d), NATIVE, below);
        _register(Rule.Evil, address(_evil), abi.encode(e), NATIVE, below);
        _register(Rule.Sealed, address(_sealed), abi.encode(s), NATIVE, below);
        s.standbys = 0;
        below = _register(Rule.Dutch, address(_dutch), abi.encode(d), address(token), 0);
        _register(Rule.Sealed, address(_sealed), abi.encode(s), address(token), below);
    }

    function _register(Rule rule, address mechanism, bytes memory params, address paysIn, uint32 below)
        private
        returns (uint32 instance)
    {
        instance = market.register(Setup(mechanism, paysIn, below, below == 0 ? 0 : 1, new uint32[](0), params), true);
        _instances.push(instance);
        (_rules[instance], _paysIn[instance]) = (rule, paysIn);
    }

    function _declaration(uint16 concurrency, bool draining) internal view returns (Declaration memory d) {
        TokenOffer[] memory offers = new TokenOffer[](2);
        for (uint256 i; i < 2; ++i) {
            offers[i] = TokenOffer(tokens[i], Offer(true, FLOOR, 1 ether, 100_000));
        }
        uint8 flags = ANY_MECHANISM | ANY_VERIFIER | (draining ? DRAINING : 0);
        return Declaration(concurrency, flags, offers, new MechanismChoice[](0), new VerifierChoice[](0));
    }

    function _sign(address account, bytes32 digest) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[account], digest);
        return abi.encodePacked(r, s, v);
    }

    /* WATCHING */

    /// Makes a call, folds its events and judges its effects. `about` and `also` are the requests it may change.
    function _do(address caller, bytes memory call, uint256 value, bytes32 about, bytes32 also)
        internal
        returns (bool ok, bytes memory result)
    {
        Photo memory before = _photo(about, also);
        _caller = caller;
        vm.recordLogs();
        vm.prank(caller);
        (ok, result) = address(market).call{value: value}(call);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes4 kind = bytes4(call);
        bool moves = kind == market.deposit.selector || kind == market.withdraw.selector;
        for (uint256 i; ok && i < logs.length; ++i) {
            if (logs[i].emitter == address(market)) _fold(logs[i]);
            else _check(moves, 10, "moved tokens");
        }
        bool paysToken = _lives[about].request.token != NATIVE || _lives[also].request.token != NATIVE;
        _judge(before, _photo(about, also), caller, moves, paysToken);
    }

    function _judge(Photo memory a, Photo memory b, address caller, bool moves, bool paysToken) private {
        _check(moves || a.coins == b.coins, 10, "moved coins");
        for (uint256 t; t < 2; ++t) {
            address paid = tokens[t];
            bool concerned = moves || paysToken || paid == NATIVE;
            for (uint256 i; i < people.length; ++i) {
                address account = people[i];
                bool lost = b.within[t][i] + _losses[paid][account] < a.within[t][i];
                _check(!lost, 7, "lost without a reason");
                _check(concerned || a.within[t][i] == b.within[t][i], 6, "another token was touched");
                bool outside = a.outside[i] == b.outside[i] || (moves && account == caller);
                _check(outside, 10, "paid out unasked");
                delete _losses[paid][account];
            }
        }
        _check(a.others == b.others, 6, "another request was touched");
    }

    function _photo(bytes32 about, bytes32 also) private view returns (Photo memory p) {
        p.coins = address(market).balance;
        for (uint256 i; i < people.length; ++i) {
            address account = people[i];
            if (account == address(0)) continue;
            p.within[0][i] = wealthOf(NATIVE, account);
            p.within[1][i] = wealthOf(address(token), account);
            p.outside[i] = account.balance;
        }
        for (uint256 i = _ids.length < RECENT ? 0 : _ids.length - RECENT; i < _ids.length; ++i) {
            bytes32 id = _ids[i];
            if (id != about && id != also) p.others = keccak256(abi.encode(p.others, market.stateOf(id)));
        }
    }

    /// All that an account has in the market: free, staked, leaving, and locked in its requests.
    function wealthOf(address paid, address account) public view returns (uint256 wealth) {
        wealth = market.balanceOf(paid, account) + _escrows[paid][account];
        if (paid != NATIVE || market.ledgerOf(account).id == 0) return wealth;
        (uint128 leaving,) = market.exitOf(account);
        wealth += market.ledgerOf(account).stake + leaving;
    }

    /// Some number from `min` to `max`, by `seed`.
    function _within(uint256 seed, uint256 min, uint256 max) internal pure returns (uint256) {
        return min + seed % (max - min + 1);
    }

    /* READING */

    function lives() external view returns (Life[] memory all) {
        all = new Life[](_ids.length);
        for (uint256 i; i < all.length; ++i) {
            all[i] = _lives[_ids[i]];
        }
    }

    function seatOf(address prover) external view returns (Seat memory) {
        return _seats[prover];
    }

    function ticketOf(bytes32 id, address prover) external view returns (uint256) {
        return _tickets[id][prover];
    }

    function balanceOf(address paid, address account) external view returns (uint256) {
        return _balances[paid][account];
    }

    function netOf(address paid) external view returns (uint256) {
        return _in[paid] - _out[paid];
    }

    function tally() external view returns (Tally memory) {
        return _tally;
    }

    function mechanisms() external view returns (address[4] memory) {
        return [address(_posted), address(_dutch), address(_sealed), address(_evil)];
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Test.sol";

import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Declaration, MechanismChoice, TokenOffer, VerifierChoice} from "../../contracts/interfaces/ISupply.sol";
import {ON_FAILED, ON_PROOF, Shape} from "../../contracts/types/Ask.sol";
import {Setup} from "../../contracts/types/Instance.sol";
import {ANY_MECHANISM, ANY_VERIFIER, DRAINING, Offer} from "../../contracts/types/Prover.sol";
import {EvilMechanism} from "../doubles/EvilMechanism.sol";
import {NullVerifier} from "../doubles/NullVerifier.sol";
import {Token} from "../doubles/Tokens.sol";
import {Catalogue, Rule} from "./Catalogue.sol";
import {Model} from "./Model.sol";

/// A market with its people, and a watch on every call they make: what it may change and whom it may cost.
abstract contract World is Model, Catalogue {
    /// What is compared before and after a call.
    struct Photo {
        uint256 coins;
        /// What an account has in the market, by token; and its coins outside.
        uint256[8][2] within;
        uint256[8] outside;
        /// Of the latest requests but those in question.
        bytes32 others;
    }

    uint88 internal constant FLOOR = 1;
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

    /// The second keeps a shared word, and has an open stage.
    EvilMechanism[2] internal _evils = [new EvilMechanism(), new EvilMechanism()];
    NullVerifier internal immutable _verifier = new NullVerifier();
    uint32[] internal _instances;
    /// Those that keep words of their own.
    uint32[] internal _standing;
    mapping(uint32 instance => Rule) internal _rules;
    mapping(uint32 instance => Shape) internal _shapes;
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
            _do(people[i], abi.encodeCall(market.declare, (_declaration(12, false))), 0, 0, 0);
            _do(people[i], abi.encodeCall(market.stake, (0.1 ether)), 0, 0, 0);
        }
    }

    /* MAKING THINGS */

    /// Each family once or more, for coins or for the token, most of them with somewhere to go down to.
    function _registerAll() private {
        uint32 race = _register(Rule.Race, _raceTerms(1), NATIVE, 0);
        uint32 posted = _register(Rule.Posted, _postedTerms(), NATIVE, race);
        uint32 dutch = _register(Rule.Dutch, _dutchTerms(), NATIVE, posted);
        _register(Rule.Sealed, _sealedTerms(1), NATIVE, dutch);
        _register(Rule.English, _englishTerms(), NATIVE, dutch);
        _register(Rule.Rfq, _rfqTerms(), NATIVE, posted);
        _register(Rule.Contest, _contestTerms(), NATIVE, posted);
        _register(Rule.Sortition, _sortitionTerms(), NATIVE, posted);
        _register(Rule.Seat, _seatTerms(), NATIVE, dutch);
        _register(Rule.Batch, _batchTerms(), NATIVE, posted);
        Shape memory shape = Shape({words: 0, shared: 0, gas: 200_000, flags: ON_FAILED});
        _register(Rule.Evil, address(_evils[0]), abi.encode(shape), NATIVE, dutch);
        (shape.shared, shape.flags) = (1, ON_FAILED | ON_PROOF);
        _register(Rule.Evil, address(_evils[1]), abi.encode(shape), NATIVE, posted);

        dutch = _register(Rule.Dutch, _dutchTerms(), address(token), 0);
        _register(Rule.Sealed, _sealedTerms(0), address(token), dutch);
        _register(Rule.Scoring, _scoringTerms(), address(token), dutch);
        _register(Rule.Race, _raceTerms(0), address(token), 0);
        _register(Rule.Committee, _committeeTerms(), address(token), dutch);
        _register(Rule.Reserved, _reservedTerms(), address(token), dutch);
    }

    function _register(Rule rule, bytes memory params, address paysIn, uint32 below) private returns (uint32) {
        return _register(rule, _mechanisms[uint256(rule)], params, paysIn, below);
    }

    function _register(Rule rule, address mechanism, bytes memory params, address paysIn, uint32 below)
        private
        returns (uint32 instance)
    {
        instance = market.register(Setup(mechanism, paysIn, below, below == 0 ? 0 : 1, new uint32[](0), params), true);
        _instances.push(instance);
        (_rules[instance], _paysIn[instance]) = (rule, paysIn);
        _shapes[instance] = IMechanism(mechanism).check(params);
        if (_shapes[instance].shared != 0) _standing.push(instance);
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
        bytes32[] memory ids = new bytes32[](2);
        (ids[0], ids[1]) = (about, also);
        return _do(caller, call, value, ids);
    }

    function _do(address caller, bytes memory call, uint256 value, bytes32[] memory about)
        internal
        returns (bool ok, bytes memory result)
    {
        Photo memory before = _photo(about);
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
        bool paysToken;
        for (uint256 i; i < about.length; ++i) {
            if (_lives[about[i]].request.token != NATIVE) paysToken = true;
        }
        _judge(before, _photo(about), caller, moves, paysToken);
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

    function _photo(bytes32[] memory about) private view returns (Photo memory p) {
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
            if (!_isIn(about, id)) p.others = keccak256(abi.encode(p.others, market.stateOf(id)));
        }
    }

    function _isIn(bytes32[] memory ids, bytes32 id) private pure returns (bool found) {
        for (uint256 i; i < ids.length; ++i) {
            if (ids[i] == id) found = true;
        }
    }

    /// All that an account has in the market: free, staked, leaving, and locked in its requests.
    function wealthOf(address paid, address account) public view returns (uint256 wealth) {
        wealth = market.balanceOf(paid, account) + _escrows[paid][account];
        if (paid != NATIVE || market.ledgerOf(account).id == 0) return wealth;
        (uint128 leaving,) = market.exitOf(account);
        wealth += market.ledgerOf(account).stake + leaving;
    }

    /// Twelve seconds a block, and a block at least.
    function _passTo(uint256 time) internal {
        if (time <= block.timestamp) return;
        vm.roll(block.number + 1 + (time - block.timestamp) / 12);
        vm.warp(time);
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

    function instances() external view returns (uint32[] memory) {
        return _instances;
    }

    /// What was traded under all instances of a family.
    function tradeOf(Rule rule) external view returns (Trade memory sum) {
        for (uint256 i; i < _instances.length; ++i) {
            if (_rules[_instances[i]] != rule) continue;
            Trade memory trade = _trades[_instances[i]];
            sum.awarded += trade.awarded;
            sum.fulfilled += trade.fulfilled;
            sum.rewarded += trade.rewarded;
        }
    }

    /// All of them, the hostile ones first.
    function mechanisms() external view returns (address[] memory all) {
        all = new address[](2 + FAMILIES);
        for (uint256 i; i < all.length; ++i) {
            all[i] = i < 2 ? address(_evils[i]) : _mechanisms[i - 2];
        }
    }
}

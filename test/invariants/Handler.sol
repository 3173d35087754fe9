// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {IAnnex} from "../../contracts/interfaces/IAnnex.sol";
import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {ISupply} from "../../contracts/interfaces/ISupply.sol";
import {Answers} from "../../contracts/libraries/Answers.sol";
import {Answer, Cause, Move, MoveKind} from "../../contracts/types/Ask.sol";
import {BID_TYPEHASH, Bid, Fulfillment, Order} from "../../contracts/types/Bid.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {EvilMechanism} from "../doubles/EvilMechanism.sol";
import {Forecast} from "./Forecast.sol";

/// What people do. Every call is forecast: whether it succeeds must be what the rules say. Nothing here reverts.
contract Handler is Forecast {
    uint64 private _nonce;

    /* MONEY */

    function deposit(uint256 who, uint256 whom, uint256 which, uint256 amount) external {
        address account = people[who % 7];
        address paid = tokens[which % 2];
        uint256 has = paid == NATIVE ? account.balance : token.balanceOf(account);
        amount = _within(amount, 0, 1 ether);
        uint256 value = paid == NATIVE && amount <= has ? amount : 0;
        bytes memory call = abi.encodeCall(IEscrow.deposit, (paid, people[whom % 7], amount));
        _expect(account, call, value, 0, amount != 0 && amount <= has, "deposit");
    }

    function withdraw(uint256 who, uint256 which, uint256 amount) external {
        address account = people[who % 7];
        address paid = tokens[which % 2];
        uint256 free = _balances[paid][account];
        amount = _within(amount, 0, free + free / 8);
        bytes memory call = abi.encodeCall(IEscrow.withdraw, (paid, account, amount));
        _expect(account, call, 0, 0, amount <= free, "withdraw");
    }

    function donate(uint256 which, uint256 amount) external {
        amount = _within(amount, 1, 1e24);
        address paid = tokens[which % 2];
        donated[paid] += amount;
        if (paid == NATIVE) vm.deal(address(market), address(market).balance + amount);
        else token.mint(address(market), amount);
    }

    /* SUPPLY */

    function declare(uint256 who, uint256 concurrency, uint256 mood) external {
        address prover = people[3 + who % 3];
        bytes memory call =
            abi.encodeCall(ISupply.declare, (_declaration(uint16(_within(concurrency, 2, 8)), mood % 24 == 0)));
        _expect(prover, call, 0, 0, true, "declare");
    }

    function stake(uint256 who, uint256 amount) external {
        address prover = people[3 + who % 4]; // The stranger is no prover.
        amount = _within(amount, 0, 0.05 ether);
        bool ok = who % 4 < 3 && amount <= _balances[NATIVE][prover];
        _expect(prover, abi.encodeCall(ISupply.stake, (uint80(amount))), 0, 0, ok, "stake");
    }

    function unstake(uint256 who, uint256 amount) external {
        address prover = people[3 + who % 3];
        uint256 free = _free(prover);
        amount = amount % 8 == 0 ? free + 1 : _within(amount, 0, free / 6);
        bytes memory call = abi.encodeCall(ISupply.unstake, (uint80(amount)));
        _expect(prover, call, 0, 0, amount <= free, "unstake");
        if (amount <= free) _readyAt[prover] = block.timestamp + 31 days;
    }

    function finishUnstake(uint256 who) external {
        address prover = people[3 + who % 3];
        bool ok = _seats[prover].exit != 0 && _readyAt[prover] <= block.timestamp;
        _expect(prover, abi.encodeCall(ISupply.finishUnstake, ()), 0, 0, ok, "finishUnstake");
    }

    /* REQUESTS */

    function open(uint256 who, uint256 seed, uint256 price, uint256 life) external {
        bool signed = life % 2 == 0;
        Request memory r = _request(who, seed, price, life);
        bytes32 id = _remember(r);
        bytes memory signature = signed ? _sign(r.requester, id) : bytes("");
        bytes memory call = abi.encodeCall(IMarket.open, (r, "", signature));
        _expect(signed ? people[6] : r.requester, call, 0, id, _canEnter(r), "open");
    }

    /// A prover brings a request that has not entered, and its bid for it.
    function openAndBid(uint256 who, uint256 seed, uint256 price, uint256 life, uint256 prover, uint256 least)
        external
    {
        Request memory r = _request(who, seed, price, life);
        bytes32 id = _remember(r);
        Life storage l = _lives[id];
        (l.instance, l.time) = (r.instance, uint40(block.timestamp));
        Bid memory b = _bid(id, people[3 + prover % 3], least, seed);
        Order[] memory orders = new Order[](1);
        orders[0] = Order(r, "", _sign(r.requester, id), b, "");
        _place(orders, b.prover, least, _canEnter(r) && _takes(id, b));
    }

    function cancel(uint256 which, uint256 who) external {
        (bytes32 id, Life storage l) = _pick(which, Status.Open);
        if (id == 0) return;
        address caller = who % 4 == 0 ? people[who % 7] : l.request.requester;
        bool ok = caller == l.request.requester && (l.status == Status.None || l.status == Status.Open) && l.holds == 0;
        _expect(caller, abi.encodeCall(IMarket.cancel, (l.request)), 0, id, ok, "cancel");
    }

    function bid(uint256 which, uint256 who, uint256 least, uint256 seed) external {
        (bytes32 id, Life storage l) = who % 3 == 0 ? _pickHeld(which, false) : _pick(which, Status.Open);
        if (id == 0) return;
        Bid memory b = _bid(id, who % 2 == 0 ? _holder(id, who) : people[3 + who % 3], least, seed);
        bool signed = seed % 3 == 0;
        bool ok = l.status == Status.Open && block.timestamp < l.request.deadline && _takes(id, b);
        Order[] memory orders = new Order[](1);
        orders[0] = Order(l.request, "", "", b, signed ? _sign(b.prover, _digest(id, b)) : bytes(""));
        _place(orders, signed ? people[6] : b.prover, least, ok);
    }

    // The answer that `peek` shows is the one that `tick` does.
    function tick(uint256 which, uint256 who, uint256 whom) external {
        (bytes32 id, Life storage l) = who % 3 == 0 ? _pickHeld(which, whom % 2 == 0) : _pick(which, Status.Open);
        if (id == 0) return;
        address about = whom % 4 == 0 ? address(0) : _holder(id, whom);
        bytes memory call = abi.encodeCall(IAnnex.tick, (l.request, about, ""));
        bool evil = _rules[l.instance] == Rule.Evil;
        bool ok;
        try market.peek(l.request, about, "") returns (Answer memory a) {
            ok = a.moves.length != 0;
        } catch {}
        if (evil && ok) _do(people[who % 7], call, 0, id, 0);
        else _expect(people[who % 7], call, 0, id, ok, "tick");
    }

    /* ENDINGS */

    /// Two proofs in one call, each with a verdict of its own.
    function fulfill(uint256 first, uint256 second, uint256 who, uint256 seed) external {
        (bytes32 a,) = _pick(first, Status.Awarded);
        if (a == 0) return;
        (bytes32 b,) = _pick(second, Status.Awarded);
        bool two = seed % 2 == 0 && a != b;
        Fulfillment[] memory items = new Fulfillment[](two ? 2 : 1);
        uint256 good;
        for (uint256 i; i < items.length; ++i) {
            Life storage l = _lives[i == 0 ? a : b];
            bool stolen = uint256(keccak256(abi.encode(seed, i))) % 5 == 0;
            bool wrong = uint256(keccak256(abi.encode(seed, i, "proof"))) % 5 == 0;
            items[i] = Fulfillment(
                l.request, stolen ? people[3 + who % 3] : l.prover, wrong ? bytes("") : abi.encode(l.request.statement)
            );
            if (!wrong && _canFulfil(l, items[i].prover)) ++good;
        }
        (bool ok, bytes memory result) = _do(people[who % 7], abi.encodeCall(IMarket.fulfill, (items)), 0, a, b);
        _check(ok == (good != 0), 12, "fulfill was not as forecast");
        _check(!ok || abi.decode(result, (uint256)) == good, 37, "another number was settled");
    }

    function expire(uint256 which, uint256 who) external {
        (bytes32 id, Life storage l) = _pickDue(which);
        if (id == 0) return;
        bytes memory call = abi.encodeCall(IAnnex.expire, (l.request));
        _expect(people[who % 7], call, 0, id, _canExpire(l), "expire");
    }

    function reclaim(uint256 which, uint256 who, uint256 whom) external {
        (bytes32 id, Life storage l) = _pickHeld(which, true);
        if (id == 0) return;
        address prover = _holder(id, whom);
        bool ok =
            l.status > Status.Awarded && l.request.deadline + 1 days <= block.timestamp && _tickets[id][prover] != 0;
        bytes memory call = abi.encodeCall(IAnnex.reclaim, (l.request, prover));
        _expect(people[who % 7], call, 0, id, ok, "reclaim");
    }

    /// Another takes its place for those who come after.
    function freeze(uint256 seed) external {
        if (seed % 4 != 0) return;
        uint32 frozen = _verifiers[1];
        market.freezeVerifier(frozen);
        _frozen[frozen] = true;
        _verifiers[1] = market.registerVerifier(address(_verifier), 100_000);
    }

    /* THE HOSTILE MECHANISM */

    function instruct(uint256 cause, uint256 kind, uint256 whom, uint256 amount, uint256 bps, uint256 due) external {
        Move[] memory moves = new Move[](1 + whom % 2);
        for (uint256 i; i < moves.length; ++i) {
            uint256 k = (kind % 12 + 2 * i) % 12;
            moves[i].kind = k < 7 ? MoveKind(k) : k < 9 ? MoveKind.Hold : MoveKind.Award;
            moves[i].prover = people[3 + (whom % 4 + i) % 4];
            moves[i].amount = amount % 5 == 0 ? uint88(amount) : uint88(_within(amount, 0, 0.011 ether));
            moves[i].bps = bps % 2 == 0 ? 0 : uint16(bps);
            if (due % 3 == 0) moves[i].due = uint40(block.timestamp + due % 4_000);
        }
        _evil.obey(Cause(cause % 4), moves);
    }

    function corrupt(uint256 cause, uint256 mood) external {
        EvilMechanism.Mood m = EvilMechanism.Mood(mood % 7);
        Cause c = Cause(cause % 4);
        if (m == EvilMechanism.Mood.Calls) {
            _evil.reenter(c, address(market), abi.encodeCall(IEscrow.withdraw, (NATIVE, address(_evil), 0)));
        } else {
            _evil.misbehave(c, m);
        }
    }

    /* TIME */

    function pass(uint256 elapsed) external {
        vm.warp(block.timestamp + (elapsed % 32 == 0 ? 31 days : _within(elapsed, 1, 40)));
    }

    /// To the seconds around which something ends.
    function passTo(uint256 which, uint256 what, uint256 side) external {
        (bytes32 id, Life storage l) = _pick(which, what % 2 == 0 ? Status.Awarded : Status.Open);
        if (id == 0) return;
        uint256[4] memory ends = [uint256(l.time), l.time + 61, l.request.deadline, l.time + 121];
        uint256 to = ends[what % 16 == 2 ? 2 : what % 4 == 2 ? 0 : what % 4] + side % 3;
        if (block.timestamp < to) vm.warp(to - 1);
    }

    /* THE END */

    /// Everything that is due is ended, every ticket and stake comes back, and everyone withdraws, while the hostile mechanism
    /// does its worst.
    function depart() external {
        _evil.misbehaveAlways(EvilMechanism.Mood.Burns);
        vm.warp(block.timestamp + 2 days);
        for (uint256 i; i < _ids.length; ++i) {
            Life storage l = _lives[_ids[i]];
            if (l.status == Status.Open || l.status == Status.Awarded) {
                _expect(people[6], abi.encodeCall(IAnnex.expire, (l.request)), 0, _ids[i], true, "expire");
            }
            for (uint256 p = 3; p < 6; ++p) {
                if (_tickets[_ids[i]][people[p]] == 0) continue;
                bytes memory call = abi.encodeCall(IAnnex.reclaim, (l.request, people[p]));
                _expect(people[6], call, 0, _ids[i], true, "reclaim");
            }
        }
        for (uint256 p = 3; p < 6; ++p) {
            uint80 all = uint80(_seats[people[p]].stake);
            _expect(people[p], abi.encodeCall(ISupply.unstake, (all)), 0, 0, true, "unstake");
        }
        vm.warp(block.timestamp + 31 days);
        for (uint256 i; i < 7; ++i) {
            address account = people[i];
            if (_seats[account].exit != 0) {
                _expect(account, abi.encodeCall(ISupply.finishUnstake, ()), 0, 0, true, "finishUnstake");
            }
            for (uint256 t; t < 2; ++t) {
                bytes memory call =
                    abi.encodeCall(IEscrow.withdraw, (tokens[t], account, _balances[tokens[t]][account]));
                _expect(account, call, 0, 0, true, "withdraw");
            }
        }
    }

    /* MAKING THINGS */

    function _request(uint256 who, uint256 seed, uint256 price, uint256 life) private returns (Request memory r) {
        r.requester = people[who % 3];
        r.instance = _instances[seed % _instances.length];
        r.token = _paysIn[r.instance];
        r.nonce = ++_nonce;
        r.verifier = _verifiers[seed % 3 == 0 ? 1 : 0];
        r.statement = keccak256(abi.encode(_nonce));
        r.work = WORK;
        r.maxPrice = uint88(_within(price, 10_000, 0.01 ether));
        r.tip = uint88(seed % 4 == 0 ? 0 : seed % 0.001 ether);
        r.bond = seed % 7 == 0 ? uint80(seed % 1_000) : BOND;
        r.deadline = uint40(block.timestamp + _within(life >> 8, life % 8 == 0 ? 1 : 5 minutes, 30 minutes));
        r.window = uint32(_within(seed >> 64, 1, 5 minutes));
    }

    /// Sends a bid whose fate is forecast, unless it is the hostile mechanism's to decide.
    function _place(Order[] memory orders, address caller, uint256 least, bool forecast) private {
        Bid memory b = orders[0].bid;
        bytes32 id = market.idOf(orders[0].request);
        Life storage l = _lives[id];
        Rule rule = _rules[l.instance];
        bytes memory call = abi.encodeCall(IAnnex.bid, (orders));
        if (rule == Rule.Evil && l.status <= Status.Open) {
            // Half of the time it does what an honest rule might.
            if (least % 4 == 0) _evil.obey(Cause.Bid, Answers.only(Answers.hold(b.prover, l.request.bond / 2 + 1, 0)));
            if (least % 4 == 1) _evil.obey(Cause.Bid, Answers.only(Answers.award(b.prover, b.price + 10_000)));
            _do(caller, call, 0, id, 0);
            return;
        }
        bool ok = _expect(caller, call, 0, id, forecast, "bid");
        if (ok && rule == Rule.Sealed) _noteSealed(id, b, _least(id, least));
    }

    function _least(bytes32 id, uint256 least) private view returns (uint88) {
        uint256 most = _lives[id].request.maxPrice;
        return uint88(_within(least >> 3, 0, least % 8 == 0 ? most * 9 / 8 : most / 20));
    }

    function _bid(bytes32 id, address prover, uint256 seed_, uint256 seed) private view returns (Bid memory b) {
        Life storage l = _lives[id];
        uint88 least = _least(id, seed_);
        (b.prover, b.price) = (prover, least);
        b.maxBond = seed % 17 == 0 ? l.request.bond / 3 : 1 ether;
        b.validUntil = uint40(seed % 19 == 0 ? block.timestamp - 1 : block.timestamp + seed % 100);
        if (_rules[l.instance] != Rule.Sealed) return b;
        if (block.timestamp <= uint256(l.time) + 60) {
            b.price = 0;
            b.data = abi.encode(_sealed.commitment(id, prover, least, SALT));
        } else {
            if (seed % 5 != 0) b.price = _committed[id][prover];
            b.data = abi.encode(SALT);
        }
    }

    function _digest(bytes32 id, Bid memory b) private view returns (bytes32) {
        Life storage l = _lives[id];
        uint40 reopenedAt = l.failed == address(0) && l.rung == 0 ? 0 : l.time;
        bytes32 word = keccak256(
            abi.encode(BID_TYPEHASH, id, reopenedAt, b.prover, b.price, b.maxBond, b.validUntil, keccak256(b.data))
        );
        return keccak256(abi.encodePacked("\x19\x01", _domain, word));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBytes} from "solady/utils/LibBytes.sol";

import {IAnnex} from "../../contracts/interfaces/IAnnex.sol";
import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {IRequests} from "../../contracts/interfaces/IRequests.sol";
import {NotYet} from "../../contracts/interfaces/IMechanism.sol";
import {Answer} from "../../contracts/types/Ask.sol";
import {Bid, Fulfillment, Order} from "../../contracts/types/Bid.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {BatchData} from "../mechanisms/BatchData.sol";
import {Bids} from "./Bids.sol";
import {Rule} from "./Catalogue.sol";

/// What people do with requests.
abstract contract Requests is Bids {
    /// What was brought for a batch, by its number.
    struct Books {
        BatchData.Order[] orders;
        BatchData.Offer[] offers;
        bool cleared;
    }

    uint64 private _nonce;
    /// Of requests before this one nothing is left.
    uint256 private _swept;
    mapping(uint256 batch => Books) internal _books;

    /* ENTRY */

    function open(uint256 who, uint256 seed, uint256 price, uint256 life) external {
        _open(_request(who, _any(seed), seed, price, life), life % 2 == 0);
    }

    /// A prover brings a request that has not entered, and its bid for it.
    function openAndBid(uint256 who, uint256 seed, uint256 price, uint256 life, uint256 prover, uint256 least)
        external
    {
        Request memory r = _request(who, _any(seed), seed, price, life);
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
        bytes memory call = abi.encodeCall(IRequests.cancel, (l.request));
        _expect(caller, call, 0, id, _canCancel(l, caller), "cancel");
    }

    /* BIDS, TICKS */

    function bid(uint256 which, uint256 who, uint256 least, uint256 seed) external {
        (bytes32 id,) = who % 3 == 0 ? _pickHeld(which, false) : _pick(which, Status.Open);
        if (id != 0) _send(id, who % 2 == 0 ? _holder(id, who) : people[3 + who % 3], least, seed);
    }

    function tick(uint256 which, uint256 who, uint256 whom) external {
        (bytes32 id,) = who % 3 == 0 ? _pickHeld(which, whom % 2 == 0) : _pick(which, Status.Open);
        if (id != 0) _tick(id, people[who % 7], whom % 4 == 0 ? address(0) : _holder(id, whom));
    }

    /// As a keeper does: looks when the mechanism wants to be told that time has passed, waits, and says so, also about deposits.
    function hasten(uint256 which, uint256 who) external {
        (bytes32 id,) = _pick(which, Status.Open);
        if (id != 0) _hasten(id, people[who % 7]);
    }

    /// Likewise: ends what is due, and has deposits given back that nothing needs any more.
    function sweep(uint256 who) external {
        address keeper = people[who % 7];
        for (uint256 i = _swept; i < _ids.length; ++i) {
            Life storage l = _lives[_ids[i]];
            if (_canExpire(l)) _expect(keeper, abi.encodeCall(IAnnex.expire, (l.request)), 0, l.id, true, "expire");
            for (uint256 p = 3; p < 6 && l.status > Status.Awarded; ++p) {
                if (_tickets[l.id][people[p]] != 0) _tick(l.id, keeper, people[p]);
            }
            if (i == _swept && l.holds == 0 && l.status != Status.Open && l.status != Status.Awarded) ++_swept;
        }
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
        (bool ok, bytes memory result) = _do(people[who % 7], abi.encodeCall(IRequests.fulfill, (items)), 0, a, b);
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

    /* HELP */

    function _request(uint256 who, uint32 instance, uint256 seed, uint256 price, uint256 life)
        internal
        returns (Request memory r)
    {
        r.requester = people[who % 3];
        r.instance = instance;
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

    function _any(uint256 seed) internal view returns (uint32) {
        return _instances[seed % _instances.length];
    }

    function _open(Request memory r, bool signed) internal returns (bytes32 id) {
        id = _remember(r);
        bytes memory signature = signed ? _sign(r.requester, id) : bytes("");
        bytes memory call = abi.encodeCall(IRequests.open, (r, "", signature));
        address caller = signed ? people[6] : r.requester;
        if (_rules[r.instance] != Rule.Batch) {
            _expect(caller, call, 0, id, _canEnter(r), "open");
            return id;
        }
        // Its books take not every request.
        bool possible = _canEnter(r);
        (bool ok,) = _do(caller, call, 0, id, 0);
        _check(!ok || possible, 12, "open succeeded against the forecast");
        BatchData.Order memory order = BatchData.Order(id, r.maxPrice, r.work, r.deadline, 0);
        if (ok) _books[block.timestamp / INTERVAL].orders.push(order);
    }

    function _send(bytes32 id, address prover, uint256 least, uint256 seed) internal {
        Life storage l = _lives[id];
        Bid memory b = _bid(id, prover, least, seed);
        bool signed = seed % 3 == 0;
        bool ok = l.status == Status.Open && block.timestamp < l.request.deadline && _takes(id, b);
        Order[] memory orders = new Order[](1);
        orders[0] = Order(l.request, "", "", b, signed ? _sign(b.prover, _digest(id, b)) : bytes(""));
        _place(orders, signed ? people[6] : b.prover, least, ok);
    }

    function _hasten(bytes32 id, address keeper) internal {
        uint256 at = _notBefore(id);
        if (at < _lives[id].request.deadline) _passTo(at);
        _tick(id, keeper, address(0));
        for (uint256 i = 3; i < 6; ++i) {
            if (_tickets[id][people[i]] != 0) _tick(id, keeper, people[i]);
        }
    }

    // The answer that `peek` shows is the one that `tick` does: the market takes all moves of an honest mechanism.
    function _tick(bytes32 id, address caller, address about) private {
        Life storage l = _lives[id];
        bytes memory data = about == address(0) ? _entries[id] : bytes("");
        bytes memory call = abi.encodeCall(IAnnex.tick, (l.request, about, data));
        bool ok;
        try market.peek(l.request, about, data) returns (Answer memory a) {
            ok = a.moves.length != 0;
        } catch {}
        if (_rules[l.instance] == Rule.Evil && ok) _do(caller, call, 0, id, 0);
        else _expect(caller, call, 0, id, ok, "tick");
    }

    /// When a tick about nobody may lead to something, as the mechanism says; 0 if it does not.
    function _notBefore(bytes32 id) private view returns (uint256 at) {
        try market.peek(_lives[id].request, address(0), "") {}
        catch (bytes memory why) {
            if (bytes4(why) != IMarket.MechanismFailed.selector) return 0;
            (, bytes memory said) = abi.decode(LibBytes.slice(why, 4), (address, bytes));
            if (said.length == 0x44 && bytes4(said) == NotYet.selector) {
                (, at) = abi.decode(LibBytes.slice(said, 4), (uint256, uint256));
            }
        }
    }
}

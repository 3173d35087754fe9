// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BINDING} from "../../contracts/types/Ask.sol";
import {Bid} from "../../contracts/types/Bid.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {Rule} from "./Catalogue.sol";
import {World} from "./World.sol";

/// Whether a call will succeed, by the rules as they are written down.
abstract contract Forecast is World {
    bytes32 internal constant SALT = keccak256("salt");

    /// What the last commitment of a prover says, and whether it was opened.
    mapping(bytes32 id => mapping(address prover => uint88)) internal _committed;
    mapping(bytes32 id => mapping(address prover => bool)) internal _revealed;
    mapping(address prover => uint256) internal _readyAt;
    bytes32 internal _domain = keccak256(
        abi.encode(
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak256("Bourse"),
            keccak256("1"),
            block.chainid,
            address(market)
        )
    );

    function _expect(address caller, bytes memory call, uint256 value, bytes32 about, bool forecast, string memory what)
        internal
        returns (bool ok)
    {
        (ok,) = _do(caller, call, value, about, 0);
        _check(ok == forecast, 12, string.concat(what, ok ? " succeeded" : " failed", " against the forecast"));
    }

    /* REQUESTS */

    function _remember(Request memory r) internal returns (bytes32 id) {
        id = market.idOf(r);
        _check(_lives[id].request.work == 0, 15, "two requests of one id");
        (_lives[id].id, _lives[id].request) = (id, r);
        _ids.push(id);
    }

    /// A request; mostly one of the latest with that status, before its deadline, if there is one.
    function _pick(uint256 which, Status status) internal view returns (bytes32 id, Life storage l) {
        uint256 count = _ids.length < RECENT ? _ids.length : RECENT;
        for (uint256 i; i < count; ++i) {
            id = _at(which, i, count);
            bool alive = block.timestamp < _lives[id].request.deadline;
            if (which % 7 == 0 || (_lives[id].status == status && alive)) break;
        }
        l = _lives[id];
    }

    /// A request; one that can be expired, if there is one.
    function _pickDue(uint256 which) internal view returns (bytes32 id, Life storage l) {
        uint256 count = _ids.length < 8 * RECENT ? _ids.length : 8 * RECENT;
        for (uint256 i; i < count; ++i) {
            id = _at(which, i, count);
            if (which % 7 == 0 || _canExpire(_lives[id])) break;
        }
        l = _lives[id];
    }

    /// A request; one that deposits stand on, over or not, if there is one.
    function _pickHeld(uint256 which, bool over) internal view returns (bytes32 id, Life storage l) {
        uint256 count = _ids.length < 8 * RECENT ? _ids.length : 8 * RECENT;
        for (uint256 i; i < count; ++i) {
            id = _at(which, i, count);
            if (_lives[id].holds != 0 && (_lives[id].status > Status.Awarded) == over) break;
        }
        l = _lives[id];
    }

    function _at(uint256 which, uint256 i, uint256 count) internal view returns (bytes32) {
        return _ids[_ids.length - 1 - (which % count + i) % count];
    }

    /// A prover; one with a ticket, if there is one.
    function _holder(bytes32 id, uint256 whom) internal view returns (address prover) {
        for (uint256 i; i < 3; ++i) {
            prover = people[3 + (whom % 3 + i) % 3];
            if (_tickets[id][prover] != 0) break;
        }
    }

    function _canEnter(Request memory r) internal view returns (bool) {
        return uint256(r.maxPrice) + r.tip <= _balances[r.token][r.requester] && !_frozen[r.verifier];
    }

    function _canCancel(Life storage l, address caller) internal view returns (bool) {
        if (caller != l.request.requester) return false;
        bool free = l.holds == 0 && l.proofs == 0 && _shapes[l.instance].flags & BINDING == 0;
        return l.status == Status.None || (l.status == Status.Open && free);
    }

    function _canLeave(uint32 instance, address prover) internal view returns (bool) {
        uint256 since = _leaving[instance][prover];
        bool stands = _tickets[bytes32(uint256(instance))][prover] != 0;
        return stands && (since == 0 || since + 31 days <= block.timestamp);
    }

    function _canFulfil(Life storage l, address prover) internal view returns (bool) {
        return
            l.status == Status.Awarded && prover == l.prover && block.timestamp <= l.time
                && !_frozen[l.request.verifier];
    }

    function _canExpire(Life storage l) internal view returns (bool) {
        if (l.status == Status.Open) return l.request.deadline <= block.timestamp;
        return l.status == Status.Awarded && l.time < block.timestamp;
    }

    /* BIDS */

    function _free(address prover) internal view returns (uint256) {
        return _seats[prover].stake - _seats[prover].locked;
    }

    /// Whether the forecast of a bid is exact; else it says only what cannot be.
    function _isForeseen(Rule rule) internal pure returns (bool) {
        return rule <= Rule.Sealed;
    }

    /// Whether a bid on an open request leads to something.
    function _takes(bytes32 id, Bid memory b) internal view returns (bool) {
        Life storage l = _lives[id];
        if (b.validUntil < block.timestamp) return false;
        if (!_isForeseen(_rules[l.instance])) return true;
        // Who committed can reveal, whatever it declared since.
        if (_seats[b.prover].draining && _tickets[id][b.prover] == 0) return false;
        Rule rule = _rules[l.instance];
        uint256 elapsed = block.timestamp - l.time;
        if (rule == Rule.Sealed) return elapsed <= 60 ? _commits(id, l, b) : _reveals(id, l, b, elapsed);
        if (elapsed > (rule == Rule.Posted ? 100 : 200)) return false;
        uint256 price = rule == Rule.Posted ? _postedPrice(l) : _dutchPrice(l, elapsed);
        return b.price <= price && _affords(l, b, price);
    }

    function _postedPrice(Life storage l) private view returns (uint256) {
        return l.request.maxPrice < 0.001 ether ? l.request.maxPrice : 0.001 ether;
    }

    function _dutchPrice(Life storage l, uint256 elapsed) private view returns (uint256) {
        uint256 start = uint256(l.request.maxPrice) / 10;
        uint256 end = l.request.maxPrice;
        return elapsed >= 100 ? end : start + (end - start) * elapsed / 100;
    }

    function _affords(Life storage l, Bid memory b, uint256 price) private view returns (bool) {
        uint256 bond = l.request.bond;
        Seat storage seat = _seats[b.prover];
        return
            price >= uint256(FLOOR) * WORK && bond <= b.maxBond && bond <= _free(b.prover)
                && seat.busy < seat.concurrency;
    }

    function _commits(bytes32 id, Life storage l, Bid memory b) private view returns (bool) {
        uint256 share = (uint256(l.request.bond) + 1) / 2;
        uint256 amount = share > 1 ? share : 1;
        uint256 held = _tickets[id][b.prover];
        Seat storage seat = _seats[b.prover];
        bool timely = uint256(l.time) + 121 < l.request.deadline && l.failed == address(0);
        bool admitted = held != 0 || (l.holds < 4 && seat.busy < seat.concurrency);
        return timely && admitted && amount <= b.maxBond && amount <= _free(b.prover) + held;
    }

    /// Not once the auction was settled: the first award opened its time anew, but not its bids.
    function _reveals(bytes32 id, Life storage l, Bid memory b, uint256 elapsed) private view returns (bool) {
        return elapsed <= 120 && l.failed == address(0) && _tickets[id][b.prover] != 0 && !_revealed[id][b.prover]
            && b.price == _committed[id][b.prover];
    }

    /// Keeps what a sealed bid said that was taken: a commitment to `least`, or its opening.
    function _noteSealed(bytes32 id, Bid memory b, uint88 least) internal {
        if (b.data.length == 0) return;
        bool opens = bytes32(b.data) == SALT;
        _revealed[id][b.prover] = opens;
        if (!opens) _committed[id][b.prover] = least;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnnex} from "../../contracts/interfaces/IAnnex.sol";
import {IRequests} from "../../contracts/interfaces/IRequests.sol";
import {ON_PROOF, SEATS} from "../../contracts/types/Ask.sol";
import {Fulfillment} from "../../contracts/types/Bid.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {Rule} from "./Catalogue.sol";
import {Standings} from "./Standings.sol";

/// What provers do after they have entered, and in open stages.
abstract contract Stages is Standings {
    /// A request, and provers that come at once; how far it goes with nothing in between is as it comes.
    function gather(uint256 who, uint256 seed, uint256 price, uint256 mask) external {
        uint32 instance = _any(seed);
        if (_shapes[instance].flags & SEATS != 0) _enlist(instance, price, mask);
        bytes32 id = _open(_request(who, instance, seed, price, mask | 1), false);
        for (uint256 i; i < 3; ++i) {
            if (mask >> i & 1 == 1) _send(id, people[3 + i], price >> i, mask >> i);
        }
        uint256 steps = mask >> 8 & 7;
        if (steps > 1) _attend(id, who, seed >> 8);
        if (steps > 2) _hasten(id, people[who % 7]);
        // A draw comes first under some rules.
        if (steps > 3 && _lives[id].status == Status.Open) _hasten(id, people[who % 7]);
        if (steps > 4) _deliver(id, people[who % 7]);
    }

    /// Provers take places where requests are awarded as they open, and wait until they count.
    function _enlist(uint32 instance, uint256 price, uint256 mask) private {
        for (uint256 i; i < 3; ++i) {
            if (mask >> i & 1 == 1) _bidInstance(instance, people[3 + i], price >> 8 * i, mask >> 16 | 1);
        }
        _passTo(block.timestamp + 30);
    }

    /// Who has entered, or anybody where nobody has to, makes the next step that the rule wants, when it is time.
    function attend(uint256 which, uint256 who, uint256 seed) external {
        (bytes32 id,) = _pick(which, Status.Open);
        if (id != 0) _attend(id, who, seed);
    }

    function _attend(bytes32 id, uint256 who, uint256 seed) private {
        Life storage l = _lives[id];
        if (l.status != Status.Open) return;
        uint256 at = l.time + _secondStep(_rules[l.instance]);
        if (at < l.request.deadline) _passTo(at);
        bool stage = _isStage(l);
        for (uint256 i; i < 3; ++i) {
            address prover = people[3 + (who % 3 + i) % 3];
            if (_tickets[id][prover] == 0 && l.holds != 0 && _rules[l.instance] != Rule.Sortition) continue;
            if (stage) _prove(id, prover, seed >> i);
            else _send(id, prover, seed >> i, seed >> i | 1);
        }
    }

    function _deliver(bytes32 id, address caller) private {
        Life storage l = _lives[id];
        Fulfillment[] memory items = new Fulfillment[](1);
        items[0] = Fulfillment(l.request, l.prover, abi.encode(l.request.statement));
        _expect(caller, abi.encodeCall(IRequests.fulfill, (items)), 0, id, _canFulfil(l, l.prover), "fulfill");
    }

    /// A proof, mostly a good one, mostly of somebody who has entered.
    function prove(uint256 which, uint256 whom, uint256 seed) external {
        (bytes32 id,) = seed % 16 == 0 ? _pick(which, Status.Open) : _pickStage(which);
        if (id != 0) _prove(id, whom % 8 == 0 ? people[whom % 7] : _holder(id, whom), seed);
    }

    /// The mechanism decides whether it takes it.
    function _prove(bytes32 id, address prover, uint256 seed) private {
        Life storage l = _lives[id];
        bytes memory proven = seed % 11 == 0 ? bytes("") : _proofOf(l.request, prover);
        bytes32 hash = seed % 13 == 0 ? bytes32(seed) : keccak256(proven);
        bytes memory call = abi.encodeCall(IAnnex.prove, (l.request, prover, proven, abi.encode(hash)));
        bool possible = l.status == Status.Open && block.timestamp < l.request.deadline && proven.length != 0
            && hash == keccak256(proven) && _isStage(l) && !_frozen[l.request.verifier];
        (bool ok,) = _do(people[seed % 7], call, 0, id, 0);
        _check(!ok || possible, 17, "a proof was taken against the forecast");
    }

    /// Seconds from opening to when those who have entered reveal, prove, or have their turn.
    function _secondStep(Rule rule) private pure returns (uint256) {
        if (rule == Rule.Sealed || rule == Rule.Scoring) return 61;
        if (rule == Rule.Committee) return 101;
        if (rule == Rule.Sortition) return 40;
        return rule == Rule.Race ? 24 : 0;
    }

    function _isStage(Life storage l) private view returns (bool) {
        return _shapes[l.instance].flags & ON_PROOF != 0;
    }

    /// A request; one of the latest that is open to proofs, if there is one.
    function _pickStage(uint256 which) private view returns (bytes32 id, Life storage l) {
        uint256 count = _ids.length < RECENT ? _ids.length : RECENT;
        for (uint256 i; i < count; ++i) {
            id = _at(which, i, count);
            bool open = _lives[id].status == Status.Open && block.timestamp < _lives[id].request.deadline;
            if (open && _isStage(_lives[id])) break;
        }
        l = _lives[id];
    }
}

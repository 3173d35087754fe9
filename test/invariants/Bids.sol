// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnnex} from "../../contracts/interfaces/IAnnex.sol";
import {Answers} from "../../contracts/libraries/Answers.sol";
import {Tickets} from "../../contracts/libraries/Tickets.sol";
import {Race} from "../../contracts/mechanisms/Race.sol";
import {Scoring} from "../../contracts/mechanisms/Scoring.sol";
import {SealedBid} from "../../contracts/mechanisms/SealedBid.sol";
import {Cause, ON_PROOF} from "../../contracts/types/Ask.sol";
import {BID_TYPEHASH, Bid, Order} from "../../contracts/types/Bid.sol";
import {Ticket} from "../../contracts/types/Prover.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {Rule} from "./Catalogue.sol";
import {People} from "./People.sol";

/// Bids that make sense under each rule, mostly.
abstract contract Bids is People {
    /// Tickets of a contest, in their order: what its tick has to bring.
    mapping(bytes32 id => bytes) internal _entries;

    function _bid(bytes32 id, address prover, uint256 seed_, uint256 seed) internal view returns (Bid memory b) {
        Life storage l = _lives[id];
        uint88 least = _least(id, seed_);
        (b.prover, b.price) = (prover, least);
        b.maxBond = seed % 17 == 0 ? l.request.bond / 3 : 1 ether;
        b.validUntil = uint40(seed % 19 == 0 ? block.timestamp - 1 : block.timestamp + seed % 100);
        Rule rule = _rules[l.instance];
        if (rule == Rule.Sealed || rule == Rule.Scoring) _seal(id, b, least, seed);
        else if (rule == Rule.English || rule == Rule.Rfq) _undercut(id, b);
        else if (rule >= Rule.Contest && rule <= Rule.Sortition) b.price = 0;
        if (rule == Rule.Contest) b.data = abi.encode(1_000 + seed % 0.0003 ether);
        if (rule != Rule.Race) return b;
        bytes32 proven = keccak256(_proofOf(l.request, prover));
        b.data = abi.encode(Race(_mechanisms[uint256(Rule.Race)]).commitment(id, prover, proven));
    }

    /// A commitment to `least`, or what opens the last one.
    function _seal(bytes32 id, Bid memory b, uint88 least, uint256 seed) private view {
        Life storage l = _lives[id];
        bool scores = _rules[l.instance] == Rule.Scoring;
        uint32 promised = (l.request.window + 1) / 2;
        uint16 share = 10_000;
        if (block.timestamp > uint256(l.time) + 60) {
            if (seed % 5 != 0) b.price = _committed[id][b.prover];
            b.data = scores ? abi.encodePacked(SALT, promised, share) : abi.encode(SALT);
            return;
        }
        b.price = 0;
        address mechanism = _mechanisms[uint256(_rules[l.instance])];
        b.data = abi.encode(
            scores
                ? Scoring(mechanism).commitment(id, b.prover, least, promised, share, SALT)
                : SealedBid(mechanism).commitment(id, b.prover, least, SALT)
        );
    }

    /// A tenth below the best, which is in the first word.
    function _undercut(bytes32 id, Bid memory b) private view {
        uint256 best = uint256(market.wordsOf(id)[0]);
        if (address(uint160(best)) != address(0)) b.price = uint88(best >> 160) * 9 / 10;
    }

    /// What a prover brings to an open stage; each has its own.
    function _proofOf(Request memory r, address prover) internal pure returns (bytes memory) {
        return abi.encode(r.statement, prover);
    }

    function _least(bytes32 id, uint256 least) internal view returns (uint88) {
        uint256 most = _lives[id].request.maxPrice;
        return uint88(_within(least >> 3, 0, least % 8 == 0 ? most * 9 / 8 : most / 20));
    }

    /// Sends a bid whose fate is forecast, unless it is a hostile mechanism's to decide.
    function _place(Order[] memory orders, address caller, uint256 least, bool forecast) internal {
        Bid memory b = orders[0].bid;
        bytes32 id = market.idOf(orders[0].request);
        Life storage l = _lives[id];
        Rule rule = _rules[l.instance];
        bytes memory call = abi.encodeCall(IAnnex.bid, (orders));
        if (rule == Rule.Evil && l.status <= Status.Open) {
            // Half of the time it does what an honest rule might.
            uint256 which = _shapes[l.instance].flags & ON_PROOF == 0 ? 0 : 1;
            if (least % 4 == 0) {
                _tell(which, Cause.Bid, Answers.only(Answers.hold(b.prover, l.request.bond / 2 + 1, 0)));
            }
            if (least % 4 == 1) _tell(which, Cause.Bid, Answers.only(Answers.award(b.prover, b.price + 10_000)));
            _do(caller, call, 0, id, 0);
        } else if (_isForeseen(rule)) {
            if (_expect(caller, call, 0, id, forecast, "bid")) _note(rule, id, b, _least(id, least));
        } else {
            (bool ok,) = _do(caller, call, 0, id, 0);
            _check(!ok || forecast, 12, "bid succeeded against the forecast");
            if (ok) _note(rule, id, b, _least(id, least));
        }
    }

    /// Keeps what a bid said that was taken.
    function _note(Rule rule, bytes32 id, Bid memory b, uint88 least) private {
        if (rule == Rule.Sealed || rule == Rule.Scoring) _noteSealed(id, b, least);
        if (rule != Rule.Contest) return;
        Ticket memory ticket = market.ticketOf(id, b.prover);
        uint256 entry = Tickets.entryOf(uint8(ticket.tag), ticket.amount, b.prover);
        _entries[id] = bytes.concat(_entries[id], bytes32(entry));
    }

    function _digest(bytes32 id, Bid memory b) internal view returns (bytes32) {
        Life storage l = _lives[id];
        uint40 reopenedAt = l.failed == address(0) && l.rung == 0 ? 0 : l.time;
        bytes32 word = keccak256(
            abi.encode(BID_TYPEHASH, id, reopenedAt, b.prover, b.price, b.maxBond, b.validUntil, keccak256(b.data))
        );
        return keccak256(abi.encodePacked("\x19\x01", _domain, word));
    }
}

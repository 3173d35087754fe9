// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnnex} from "../../contracts/interfaces/IAnnex.sol";
import {Answers} from "../../contracts/libraries/Answers.sol";
import {Answer, Cause, Move} from "../../contracts/types/Ask.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {BatchData} from "../mechanisms/BatchData.sol";
import {Rule} from "./Catalogue.sol";
import {Requests} from "./Requests.sol";

/// What people do with instances: they take places there, and give them up.
abstract contract Standings is Requests {
    function bidInstance(uint256 which, uint256 who, uint256 least, uint256 seed) external {
        uint32 instance = _standing[which % _standing.length];
        _bidInstance(instance, people[3 + who % 3], least, seed);
    }

    function _bidInstance(uint32 instance, address prover, uint256 least, uint256 seed) internal {
        Rule rule = _rules[instance];
        (uint88 price, bytes memory data) = _instanceBid(instance, rule, least, seed);
        if (rule == Rule.Evil && least % 2 == 0) {
            _tell(1, Cause.Bid, Answers.only(Answers.onInstance(Answers.hold(prover, DEPOSIT, 0))));
        }
        uint80 maxBond = seed % 17 == 0 ? 1_000 : 1 ether;
        bytes memory call = abi.encodeCall(IAnnex.bidInstance, (instance, price, maxBond, data));
        bool possible = !_seats[prover].draining || _tickets[bytes32(uint256(instance))][prover] != 0;
        (bool ok,) = _do(prover, call, 0, new bytes32[](0));
        _check(!ok || possible, 25, "a draining prover took a place");
        if (!ok || rule != Rule.Batch) return;
        _books[block.timestamp / INTERVAL].offers.push(BatchData.Offer(prover, price));
    }

    /// About whoever stands there, mostly; a hostile mechanism names a request.
    function tickInstance(uint256 which, uint256 who, uint256 whom) external {
        uint32 instance = _standing[which % _standing.length];
        Rule rule = _rules[instance];
        address about = whom % 4 == 0 ? address(0) : _holder(bytes32(uint256(instance)), whom);
        if (rule != Rule.Evil) {
            bytes memory plain = abi.encodeCall(IAnnex.tickInstance, (instance, new Request[](0), about, ""));
            _do(people[who % 7], plain, 0, new bytes32[](0));
            return;
        }
        (bytes32 id, Life storage l) = _pick(which, Status.Open);
        if (id == 0) return;
        Move memory move = whom % 3 == 0 ? Answers.release(about) : Answers.award(about, uint88(who % 0.01 ether));
        _tell(1, Cause.Tick, Answers.only(who % 3 == 0 ? Answers.onInstance(move) : Answers.about(move, 1, id)));
        Request[] memory brought = new Request[](1);
        brought[0] = l.request;
        _do(people[who % 7], abi.encodeCall(IAnnex.tickInstance, (instance, brought, about, "")), 0, id, 0);
    }

    function leave(uint256 which, uint256 who) external {
        uint32 instance = _standing[which % _standing.length];
        address prover = who % 4 == 0 ? people[who % 7] : _holder(bytes32(uint256(instance)), who);
        _leave(instance, prover);
    }

    function _leave(uint32 instance, address prover) internal {
        bytes memory call = abi.encodeCall(IAnnex.leave, (instance));
        bool forecast = _canLeave(instance, prover);
        (bool ok,) = _do(prover, call, 0, new bytes32[](0));
        _check(ok == forecast, 35, "leave was not as forecast");
    }

    /// At what price, and with which data.
    function _instanceBid(uint32 instance, Rule rule, uint256 least, uint256 seed)
        private
        view
        returns (uint88 price, bytes memory data)
    {
        if (rule == Rule.Sortition) {
            data = abi.encode(seed % 8 == 0 ? 0 : _within(least, DEPOSIT / 2, 5 * DEPOSIT));
        } else if (rule == Rule.Batch) {
            price = uint88(_within(least, 10_000, 0.004 ether));
        } else if (seed % 8 == 0) {
            data = hex"01";
        } else {
            // Below the dearest of the bids that stand, or of those who serve.
            bytes32[8] memory words = market.sharedOf(instance);
            uint256 best = uint256(words[rule == Rule.Seat ? 1 : 3]);
            if (best == 0 && seed % 2 == 0) best = uint256(words[0]);
            price = best == 0 ? uint88(_within(least, 0, CEILING)) : uint88(best >> 160) * 9 / 10;
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Dutch} from "../../contracts/mechanisms/Dutch.sol";
import {English} from "../../contracts/mechanisms/English.sol";
import {SealedBid} from "../../contracts/mechanisms/SealedBid.sol";
import {Answer, Ask, Cause, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";

// What bidders bid that stay away.
uint88 constant AWAY = type(uint88).max;

/// Whole auctions in memory, one per call, so that many can be drawn.
contract Rounds {
    uint40 private constant OPENED = 1_800_000_000;
    bytes32 private constant SALT = keccak256("salt");

    SealedBid private immutable SEALED = new SealedBid();
    Dutch private immutable DUTCH = new Dutch();
    English private immutable ENGLISH = new English();

    /// Commits, reveals and settles.
    /// @return price 0 if nobody was awarded.
    function sealedBid(bytes calldata params, uint32 commit, uint88[] calldata bids)
        external
        view
        returns (uint88 price)
    {
        Ask memory ask = _ask(params);
        ask.words = new bytes32[](SEALED.check(params).words);
        uint176[] memory tags = new uint176[](bids.length);
        for (uint160 i; i < bids.length; ++i) {
            if (bids[i] == AWAY) continue;
            bytes32 commitment = SEALED.commitment(ask.id, address(i + 1), bids[i], SALT);
            _actor(ask, i, 0, 0);
            (ask.price, ask.data) = (0, bytes.concat(commitment));
            tags[i] = _step(SEALED, ask).moves[0].tag;
            ++ask.holds;
        }
        ask.time = OPENED + commit + 1;
        for (uint160 i; i < bids.length; ++i) {
            if (bids[i] == AWAY) continue;
            _actor(ask, i, 1, tags[i]);
            (ask.price, ask.data) = (bids[i], bytes.concat(SALT));
            ask.holds -= uint8(_step(SEALED, ask).moves.length);
        }
        _actor(ask, 0, 0, 0);
        (ask.cause, ask.price, ask.data) = (Cause.Tick, 0, "");
        return _price(_step(SEALED, ask));
    }

    /// Each bidder takes the price as soon as it reaches its bid; the lowest is first.
    /// @return price 0 if nobody took it.
    /// @return waited seconds from opening.
    function dutch(bytes calldata params, uint88[] calldata bids) external view returns (uint88 price, uint40 waited) {
        uint88 lowest = AWAY;
        for (uint256 i; i < bids.length; ++i) {
            if (bids[i] < lowest) lowest = bids[i];
        }
        if (lowest == AWAY) return (0, 0);
        Ask memory ask = _ask(params);
        ask.time = DUTCH.timeAt(params, ask.request.maxPrice, OPENED, lowest);
        ask.price = lowest;
        _actor(ask, 0, 0, 0);
        return (_price(_step(DUTCH, ask)), ask.time - OPENED);
    }

    /// Bidders take turns, in an order that `seed` draws, and go a step below the best as long as that is not below their cost;
    /// who is best waits. Ends when nobody goes lower.
    /// @return price 0 if nobody bid.
    function english(bytes calldata params, uint16 decrementBps, uint88[] calldata costs, uint256 seed)
        external
        view
        returns (uint88 price)
    {
        Ask memory ask = _ask(params);
        ask.words = new bytes32[](ENGLISH.check(params).words);
        ask.price = ask.request.maxPrice;
        uint256 best = costs.length;
        uint256 passed;
        // Each round has an order of its own, and of so many turns in a row some are a whole round.
        for (uint256 turn; passed < 2 * costs.length; ++turn) {
            uint256 i = (uint256(keccak256(abi.encode(seed, turn / costs.length))) + turn) % costs.length;
            if (i == best || costs[i] == AWAY || ask.price < costs[i]) {
                ++passed;
                continue;
            }
            _actor(ask, uint160(i), 0, 0);
            _step(ENGLISH, ask);
            (best, passed) = (i, 0);
            ask.price = uint88(uint256(ask.price) * (10_000 - decrementBps) / 10_000);
        }
        if (best == costs.length) return 0;
        ask.time = uint40(uint256(ask.words[1])) + 1;
        (ask.cause, ask.price) = (Cause.Tick, 0);
        return _price(_step(ENGLISH, ask));
    }

    function _ask(bytes calldata params) private pure returns (Ask memory ask) {
        ask.cause = Cause.Bid;
        ask.status = Status.Open;
        ask.request.maxPrice = 1 ether;
        ask.request.deadline = type(uint40).max;
        (ask.openedAt, ask.time) = (OPENED, OPENED);
        ask.params = params;
    }

    function _actor(Ask memory ask, uint160 i, uint80 held, uint176 tag) private pure {
        ask.actor.prover = address(i + 1);
        ask.actor.free = 1;
        ask.actor.held = held;
        ask.actor.tag = tag;
    }

    function _step(IMechanism mechanism, Ask memory ask) private view returns (Answer memory answer) {
        answer = mechanism.step(ask);
        ask.words = answer.words;
    }

    function _price(Answer memory answer) private pure returns (uint88) {
        return answer.moves[0].kind == MoveKind.Award ? uint88(answer.moves[0].amount) : 0;
    }
}

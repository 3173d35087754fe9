// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISupply} from "./interfaces/ISupply.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {Auctions} from "./Auctions.sol";
import {IAnnex} from "./interfaces/IAnnex.sol";
import {Cause} from "./types/Ask.sol";
import {InstanceSlot, editionOf} from "./types/Instance.sol";
import {MoveKind, INSTANCE} from "./types/Ask.sol";
import {MoveRef, ReplyRef} from "./types/ReplyRef.sol";
import {Request} from "./types/Request.sol";
import {RequestRef, refTo} from "./types/RequestRef.sol";
import {standing} from "./types/State.sol";

/// How instances themselves are bid on and ticked, where their mechanisms sell more than single requests.
abstract contract Instances is IAnnex, Auctions {
    /// Seconds after which a ticket on an instance goes back without the mechanism's consent; longer than any request lives.
    uint40 private constant LEAVE_DELAY = 31 days;

    /* EXTERNAL */

    /// @inheritdoc IAnnex
    function bidInstance(uint32 instance, uint88 price, uint80 maxBond, bytes calldata data) external nonReentrant {
        (, uint32 version) = _admit(instance, 0);
        Case memory c = _itself(instance, version);
        Turn memory turn = _turn(c, Cause.Bid, msg.sender);
        (turn.bids, turn.price, turn.maxBond) = (true, price, maxBond);
        _requireTakes(msg.sender, turn.ledger, c.config.mechanism());
        if (_tickets[c.id][msg.sender].amount == 0) _requireProvesAll(c, turn);
        _consult(c, turn, data);
    }

    /// @inheritdoc IAnnex
    function tickInstance(uint32 instance, Request[] calldata requests, address about, bytes calldata data)
        external
        nonReentrant
    {
        Case memory c = _itself(instance, _instance(instance).version());
        Turn memory turn = _turn(c, Cause.Tick, about);
        ReplyRef reply = _read(c, _ask(c, turn, data));
        _note(c, reply);
        uint256 count = reply.count();
        if (count == 0) revert IMarket.NothingFollows(c.id, uint40(reply.wake()));
        for (uint256 i; i < count; ++i) {
            MoveRef move = reply.move(i);
            if (move.subject() == INSTANCE) _doOnInstance(c, turn, move);
            else _doAbout(c, turn, move, requests);
        }
    }

    /// @inheritdoc IAnnex
    function leave(uint32 instance) external nonReentrant {
        bytes32 place = bytes32(uint256(instance));
        require(_tickets[place][msg.sender].amount != 0, IMarket.NoTicket(place, msg.sender));
        uint40 since = _leavingSince[instance][msg.sender];
        if (since == 0) {
            _leavingSince[instance][msg.sender] = uint40(block.timestamp);
            emit IMarket.Leaving(instance, msg.sender, uint40(block.timestamp) + LEAVE_DELAY);
            return;
        }
        require(block.timestamp >= since + LEAVE_DELAY, ISupply.TooEarly(block.timestamp, since + LEAVE_DELAY));
        _releaseSeat(place, msg.sender);
    }

    /* PRIVATE */

    /// What is sold with an instance is awarded without being asked again: for any verifier that it admits.
    function _requireProvesAll(Case memory c, Turn memory turn) private view {
        uint256 count = c.config.verifierCount();
        if (count == 0) _requireProves(turn.actor, turn.ledger, 0);
        for (uint256 i; i < count; ++i) {
            _requireProves(turn.actor, turn.ledger, c.config.verifierAt(i));
        }
    }

    /// An instance as the subject of a question: a request that is blank but for what the instance says.
    function _itself(uint32 instance, uint32 version) private view returns (Case memory c) {
        InstanceSlot current = _instance(instance);
        _requireVersion(instance, version, current.version());
        c.id = bytes32(uint256(instance));
        c.state = standing(editionOf(instance, version));
        c.caller = msg.sender;
        _configure(c);
        Request memory blank;
        (blank.requester, blank.token) = (current.owner(), c.config.token());
        (blank.instance, blank.version) = (instance, version);
        RequestRef request;
        assembly ("memory-safe") {
            request := blank
        }
        c.request = request;
    }

    /// A move about one of the requests brought along.
    function _doAbout(Case memory c, Turn memory turn, MoveRef move, Request[] calldata requests) private {
        uint16 subject = uint16(move.subject());
        bool brought = subject != 0 && subject <= requests.length;
        require(brought, IMarket.WrongSubject(subject, uint176(requests.length), move.tag()));
        Case memory other;
        _take(other, refTo(requests[subject - 1]));
        uint176 have = uint176(uint256(other.id));
        require(have == move.tag(), IMarket.WrongSubject(subject, have, move.tag()));
        _requireOpen(other);
        _requireSameRule(c, other);
        uint256 deadline = other.request.deadline();
        require(block.timestamp < deadline, IMarket.DeadlinePassed(block.timestamp, deadline));
        other.caller = c.caller;
        _do(other, turn, move, true);
        _storeState(other);
    }

    /// A request may have entered under another version of the instance, if the rule that decides about it is the same.
    function _requireSameRule(Case memory c, Case memory other) private view {
        (uint64 edition, uint64 want) = (other.state.edition(), c.edition);
        if (edition == want) {
            (other.config, other.edition) = (c.config, c.edition);
            return;
        }
        _configure(other);
        bool same = uint32(edition) == uint32(want) && other.config.mechanism() == c.config.mechanism()
            && other.config.paramsHash() == c.config.paramsHash();
        require(same, IMarket.OtherEdition(other.id, edition, want));
    }
}

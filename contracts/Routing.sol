// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Escrow} from "./Escrow.sol";
import {Lanes} from "./Lanes.sol";
import {Registry} from "./Registry.sol";
import {Supply} from "./Supply.sol";
import {ILanes} from "./interfaces/ILanes.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IMechanism} from "./interfaces/IMechanism.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {ISupply} from "./interfaces/ISupply.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";
import {Envelope} from "./types/Ask.sol";
import {ConfigRef} from "./types/ConfigRef.sol";
import {InstanceSlot, editionOf} from "./types/Instance.sol";
import {LANE, LaneSlot, Listing, Mandate, Terms} from "./types/Lane.sol";
import {Request} from "./types/Request.sol";
import {BPS, bondAt} from "./types/State.sol";

/// How lanes are given terms, and routed within them.
abstract contract Routing is ILanes, Escrow, Registry, Supply, Lanes {
    /// Longest latency: requests live no longer.
    uint256 private constant MAX_LATENCY = 30 days;
    /// Bytes of an encoded `Envelope`.
    uint256 private constant ENVELOPE_SIZE = 192;

    /* EXTERNAL */

    /// @inheritdoc ILanes
    function setTerms(uint32 lane, Terms calldata terms) external {
        _requireRange("lane", lane, 0, LANE - 1);
        _requireRange("work", terms.work, 1, type(uint64).max);
        _requireRange("window", terms.window, 1, type(uint32).max);
        _requireRange("pricePerUnit", terms.pricePerUnit, 1, type(uint88).max / terms.work);
        _requireRange("latency", terms.latency, 1, MAX_LATENCY);
        _requireRange("bondBps", terms.bondBps, 0, BPS);
        _requireRange("reliability", terms.reliability, 0, BPS);
        _requireRange("completion", terms.completion, 0, BPS);
        _requireRange("share", terms.share, 0, BPS);
        Lane storage entry = _lane(msg.sender, lane);
        _store(entry, terms);
        emit TermsSet(msg.sender, lane, terms);
        uint64 edition = entry.slot.edition();
        if (edition != 0 && _breaks(entry, msg.sender, edition).length != 0) _lead(entry, msg.sender, lane, 0, 0);
    }

    /// @inheritdoc ILanes
    function setMandate(uint32 lane, Mandate calldata mandate) external {
        _known(msg.sender, lane).mandate = mandate;
        emit MandateSet(msg.sender, lane, mandate);
    }

    /// @inheritdoc ILanes
    function listKeepers(uint32 lane, Listing[] calldata keepers) external {
        _list(_known(msg.sender, lane).keepers, keepers);
        emit KeepersListed(msg.sender, lane, keepers);
    }

    /// @inheritdoc ILanes
    function listMechanisms(uint32 lane, Listing[] calldata mechanisms) external {
        _list(_known(msg.sender, lane).mechanisms, mechanisms);
        emit MechanismsListed(msg.sender, lane, mechanisms);
    }

    /// @inheritdoc ILanes
    function listProvers(uint32 lane, Listing[] calldata provers) external {
        _list(_known(msg.sender, lane).provers, provers);
        emit ProversListed(msg.sender, lane, provers);
    }

    /// @inheritdoc ILanes
    function route(address requester, uint32 lane, uint32 instance, uint32 version) external {
        Lane storage entry = _known(requester, lane);
        (InstanceSlot current, uint32 admitted) = _admit(instance, version);
        if (!current.open() && current.owner() != requester) {
            revert IMarket.PrivateInstance(instance, requester, current.owner());
        }
        uint64 edition = editionOf(instance, admitted);
        uint256 tip = msg.sender == requester ? 0 : _mandated(entry, requester, edition);
        bytes memory why = _breaks(entry, requester, edition);
        assembly ("memory-safe") {
            if mload(why) { revert(add(why, 0x20), mload(why)) }
        }
        _lead(entry, requester, lane, edition, tip);
    }

    /// @inheritdoc ILanes
    function laneOf(address requester, uint32 lane)
        external
        view
        returns (uint32 instance, uint32 version, Terms memory terms, Mandate memory mandate)
    {
        Lane storage entry = _known(requester, lane);
        LaneSlot slot = entry.slot;
        (instance, version) = (uint32(slot.edition()), uint32(slot.edition() >> 32));
        (terms.token, terms.work, terms.window) = (entry.token, entry.work, entry.window);
        (terms.verifier, terms.bond, terms.award) = (entry.verifier, entry.bond, entry.award);
        (terms.capabilities, terms.standbys, terms.closed) = (entry.capabilities, entry.standbys, slot.closed());
        (terms.pricePerUnit, terms.latency) = (uint88(slot.pricePerUnit()), uint32(slot.latency()));
        (terms.bondBps, terms.kept) = (uint16(slot.bondBps()), uint16(slot.kept()));
        terms.reliability = uint16(slot.reliability());
        mandate = entry.mandate;
    }

    /* PRIVATE */

    function _requireRange(string memory field, uint256 have, uint256 min, uint256 max) private pure {
        require(min <= have && have <= max, IMarket.FieldOutOfRange(field, have, min, max));
    }

    function _lead(Lane storage entry, address requester, uint32 lane, uint64 edition, uint256 tip) private {
        entry.slot = entry.slot.reroute(edition);
        emit Routed(requester, lane, uint32(edition), uint32(edition >> 32), msg.sender, tip);
    }

    /// Refuses a keeper that goes beyond its mandate; else counts its move and tips it.
    function _mandated(Lane storage entry, address requester, uint64 edition) private returns (uint256 tip) {
        Mandate memory mandate = entry.mandate;
        require(block.timestamp <= mandate.until, MandateOver(block.timestamp, mandate.until));
        require(mandate.anyone || entry.keepers[msg.sender], KeeperNotListed(msg.sender));
        uint256 stake = _ledger(msg.sender).stake();
        require(stake >= mandate.stake, ISupply.InsufficientStake(msg.sender, stake, mandate.stake));
        uint256 notBefore = uint256(entry.movedAt) + mandate.cooldown;
        require(block.timestamp >= notBefore, ISupply.TooEarly(block.timestamp, notBefore));
        address mechanism = _config(edition).mechanism();
        require(mandate.anyMechanism || entry.mechanisms[mechanism], MechanismNotListed(mechanism));
        entry.movedAt = uint40(block.timestamp);
        // A requester that is out of money still gets a better route.
        tip = mandate.tip <= _balance(entry.token, requester) ? mandate.tip : 0;
        _debit(entry.token, requester, tip);
        _credit(entry.token, msg.sender, tip);
    }

    /// Which limit of a lane the rules of `edition`, or of a rung below, can break, as an encoded error; empty if none.
    function _breaks(Lane storage entry, address requester, uint64 edition) private view returns (bytes memory why) {
        (address token, address want) = (_config(edition).token(), entry.token);
        if (token != want) return abi.encodeWithSelector(IMarket.WrongToken.selector, token, want);
        uint32 verifier = entry.verifier;
        for (bool first = true; edition != 0 && why.length == 0; first = false) {
            ConfigRef config = _config(edition);
            if (config.admits(verifier)) {
                why = _judge(entry, config, _typical(entry, requester, edition), first);
            } else if (first) {
                why = abi.encodeWithSelector(IRegistry.VerifierNotAdmitted.selector, uint32(edition), verifier);
            }
            edition = config.fallbackEdition();
        }
    }

    /// The same for one rung. What the request's own price and deadline bound, and the time that the first rung leaves, is judged there only.
    function _judge(Lane storage entry, ConfigRef config, Request memory typical, bool first)
        private
        view
        returns (bytes memory)
    {
        address mechanism = config.mechanism();
        (bytes32 code, bytes32 pinned) = (mechanism.codehash, config.codehash());
        if (code != pinned) return abi.encodeWithSelector(IMarket.CodeChanged.selector, mechanism, code, pinned);
        bytes memory question = abi.encodeCall(IMechanism.envelope, (config.toConfig().params, typical));
        (bool ok, bytes memory result) = ForeignCall.ask(mechanism, MAX_GAS, question, ENVELOPE_SIZE);
        if (!ok || result.length != ENVELOPE_SIZE) {
            return abi.encodeWithSelector(EnvelopeFailed.selector, mechanism, result);
        }
        return _exceeds(entry, abi.decode(result, (Envelope)), typical.maxPrice, first);
    }

    function _exceeds(Lane storage entry, Envelope memory worst, uint256 price, bool first)
        private
        view
        returns (bytes memory)
    {
        uint32 lacking = entry.capabilities & ~worst.capabilities;
        if (lacking != 0) return _beyond("capabilities", worst.capabilities, entry.capabilities);
        LaneSlot slot = entry.slot;
        uint256 bond = bondAt(entry.bond, slot.bondBps());
        if (worst.bond < bond) return _beyond("bondBps", worst.bond, bond);
        if (worst.price > price) return _beyond("pricePerUnit", worst.price, price);
        if (!first) return "";
        if (worst.standbys < entry.standbys) return _beyond("standbys", worst.standbys, entry.standbys);
        if (entry.award != 0 && worst.award > entry.award) return _beyond("award", worst.award, entry.award);
        uint256 latency = uint256(worst.award) + worst.proof;
        return latency > slot.latency() ? _beyond("latency", latency, slot.latency()) : bytes("");
    }

    function _beyond(string memory limit, uint256 have, uint256 want) private pure returns (bytes memory) {
        return abi.encodeWithSelector(BeyondLimit.selector, limit, have, want);
    }

    /// The request that a route is judged by: of the usual work, at the highest price and the latest deadline.
    function _typical(Lane storage entry, address requester, uint64 edition)
        private
        view
        returns (Request memory typical)
    {
        LaneSlot slot = entry.slot;
        (typical.requester, typical.token) = (requester, entry.token);
        (typical.instance, typical.version) = (uint32(edition), uint32(edition >> 32));
        (typical.verifier, typical.work, typical.window) = (entry.verifier, entry.work, entry.window);
        typical.maxPrice = uint88(slot.pricePerUnit() * entry.work);
        typical.bond = entry.bond;
        typical.deadline = uint40(block.timestamp + slot.latency());
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILanes} from "./interfaces/ILanes.sol";
import {LANE, LaneSlot, Listing, Mandate, Terms, pack} from "./types/Lane.sol";
import {LedgerSlot} from "./types/Prover.sol";
import {RequestRef} from "./types/RequestRef.sol";
import {BPS} from "./types/State.sol";

/// Lanes: what requesters insist on for their standing work, where it is routed to, and whom they let route it.
abstract contract Lanes {
    /// Of one slot each, but for the lists.
    struct Lane {
        LaneSlot slot;
        address token;
        uint64 work;
        uint32 window;
        uint32 verifier;
        uint80 bond;
        uint32 award;
        uint32 capabilities;
        uint8 standbys;
        uint40 movedAt;
        Mandate mandate;
        mapping(address keeper => bool) keepers;
        mapping(address mechanism => bool) mechanisms;
        mapping(address prover => bool) provers;
    }

    /* STORAGE */

    mapping(address requester => mapping(uint32 lane => Lane)) private _lanes;

    /* INTERNAL */

    function _lane(address requester, uint32 lane) internal view returns (Lane storage) {
        return _lanes[requester][lane];
    }

    /// A lane that its requester has set terms for.
    function _known(address requester, uint32 lane) internal view returns (Lane storage entry) {
        entry = _lanes[requester][lane];
        require(entry.slot.isSet(), ILanes.UnknownLane(requester, lane));
    }

    function _store(Lane storage entry, Terms calldata terms) internal {
        entry.slot = pack(terms).reroute(entry.slot.edition());
        (entry.token, entry.work, entry.window) = (terms.token, terms.work, terms.window);
        (entry.verifier, entry.bond, entry.award) = (terms.verifier, terms.bond, terms.award);
        (entry.capabilities, entry.standbys) = (terms.capabilities, terms.standbys);
    }

    function _list(mapping(address => bool) storage list, Listing[] calldata entries) internal {
        for (uint256 i; i < entries.length; ++i) {
            list[entries[i].account] = entries[i].listed;
        }
    }

    function _onLane(RequestRef request) internal pure returns (bool) {
        return request.instance() >= LANE;
    }

    /// Where a request of a lane enters, as an edition, if it keeps to the lane's limits.
    function _routeOf(RequestRef request) internal view returns (uint64 edition) {
        LaneSlot slot = _slotOf(request);
        edition = slot.edition();
        require(edition != 0, ILanes.Unrouted(request.requester(), uint32(request.instance()) ^ LANE));
        unchecked {
            // Of 88, 64, 40 and 32 bits: nothing overflows, and a request that enters has not reached its deadline.
            (uint256 price, uint256 most) = (request.maxPrice(), slot.pricePerUnit() * request.work());
            require(price <= most, ILanes.BeyondLimit("pricePerUnit", price, most));
            (uint256 time, uint256 longest) = (request.deadline() - block.timestamp, slot.latency());
            require(time <= longest, ILanes.BeyondLimit("latency", time, longest));
        }
    }

    /// Refuses a prover that the lane of `request` does not take.
    function _requireFit(RequestRef request, address prover, LedgerSlot ledger) internal view {
        LaneSlot slot = _slotOf(request);
        (uint256 kept, uint256 least) = (ledger.kept(), slot.kept());
        require(kept >= least, ILanes.BeyondLimit("kept", kept, least));
        uint256 ended = kept + ledger.failed();
        uint256 reliability = ended == 0 ? BPS : kept * BPS / ended;
        require(reliability >= slot.reliability(), ILanes.BeyondLimit("reliability", reliability, slot.reliability()));
        if (slot.closed()) require(_laneOf(request).provers[prover], ILanes.ProverNotListed(prover));
    }

    /// Refuses to put less of the bond at stake than the lane of `request` says.
    function _requireBond(RequestRef request, uint256 bps) internal view {
        uint256 least = _slotOf(request).bondBps();
        require(bps >= least, ILanes.BeyondLimit("bondBps", bps, least));
    }

    /* PRIVATE */

    function _laneOf(RequestRef request) private view returns (Lane storage) {
        return _lanes[request.requester()][uint32(request.instance()) ^ LANE];
    }

    function _slotOf(RequestRef request) private view returns (LaneSlot) {
        return _laneOf(request).slot;
    }
}

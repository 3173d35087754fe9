// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Listing, Mandate, Terms} from "../types/Lane.sol";

/// Lanes: standing orders of a requester. A request that names a lane (`LANE | number` as its instance, and version 0) enters under the
/// instance and version that the lane is routed to at that moment, with no more transactions than one that names the instance itself.
///
/// Hard limits are held by construction, whoever routes: a route is refused if the worst that its mechanisms can do, and those of the ladder
/// under it, breaks them (`IMechanism.envelope`); a request whose price or time breaks them does not enter; a prover that does not meet
/// them cannot bid; a smaller share of the bond is not awarded. A route names a version, so that no retune moves a lane.
interface ILanes {
    event TermsSet(address indexed requester, uint32 indexed lane, Terms terms);
    event MandateSet(address indexed requester, uint32 indexed lane, Mandate mandate);
    event KeepersListed(address indexed requester, uint32 indexed lane, Listing[] keepers);
    event MechanismsListed(address indexed requester, uint32 indexed lane, Listing[] mechanisms);
    event ProversListed(address indexed requester, uint32 indexed lane, Listing[] provers);
    /// New requests enter there, by the word of `by`, who was tipped; 0 and 0: they do not enter.
    event Routed(
        address indexed requester, uint32 indexed lane, uint32 instance, uint32 version, address by, uint256 tip
    );

    /// The requester has set no terms for it.
    error UnknownLane(address requester, uint32 lane);
    /// It leads nowhere: nobody has routed it, or its terms were changed so that the route broke them.
    error Unrouted(address requester, uint32 lane);
    /// A hard limit, by its name in `Terms`, would be broken: `have` is what would be, `want` the limit. For capabilities, both are bits.
    error BeyondLimit(string limit, uint256 have, uint256 want);
    /// What a mechanism says of its worst case failed; `reason` is its error, cut to 1 KiB.
    error EnvelopeFailed(address mechanism, bytes reason);
    /// A lane requires the prover to be listed.
    error ProverNotListed(address prover);
    /// The mandate is over, or there has been none (`until` 0).
    error MandateOver(uint256 time, uint256 until);
    error KeeperNotListed(address keeper);
    error MechanismNotListed(address mechanism);

    /// Sets the terms of one of the caller's lanes. A route that would break them ends.
    /// @param lane any number below 2^31.
    function setTerms(uint32 lane, Terms calldata terms) external;

    /// Lets keepers route one of the caller's lanes; one whose `until` is 0 takes that back at once.
    function setMandate(uint32 lane, Mandate calldata mandate) external;

    /// Whom and what a mandate admits, and which provers a lane does; entries not named here stay as they are.
    function listKeepers(uint32 lane, Listing[] calldata keepers) external;
    function listMechanisms(uint32 lane, Listing[] calldata mechanisms) external;
    function listProvers(uint32 lane, Listing[] calldata provers) external;

    /// Routes a lane: by its requester, or by a keeper within its mandate, which is tipped if the requester has the tip.
    /// @param version of the instance; 0 takes the current one.
    function route(address requester, uint32 lane, uint32 instance, uint32 version) external;

    /// Where a lane leads, 0 if nowhere; those of its terms that the market holds it to, the others 0; and its mandate.
    function laneOf(address requester, uint32 lane)
        external
        view
        returns (uint32 instance, uint32 version, Terms memory terms, Mandate memory mandate);
}

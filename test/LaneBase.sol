// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CAP_SEALED} from "../contracts/types/Ask.sol";
import {LANE, Listing, Mandate, Terms} from "../contracts/types/Lane.sol";
import {Request} from "../contracts/types/Request.sol";
import {Base} from "./Base.t.sol";

/// Lanes of the requester.
abstract contract LaneBase is Base {
    uint32 internal constant NUMBER = 7;
    uint88 internal constant UNIT = PRICE / 1_000;

    /// Terms that every instance of `Base` keeps.
    function terms() internal view returns (Terms memory t) {
        t.verifier = verifier;
        t.work = 1_000;
        t.bond = BOND;
        t.window = 10 minutes;
        t.pricePerUnit = UNIT;
        t.latency = 1 hours;
    }

    function mandate() internal view returns (Mandate memory m) {
        m.until = uint40(block.timestamp) + 1 weeks;
        m.cooldown = 1 hours;
        m.tip = 0.001 ether;
        m.anyMechanism = true;
    }

    function listing(address account, bool listed) internal pure returns (Listing[] memory entries) {
        entries = new Listing[](1);
        entries[0] = Listing(account, listed);
    }

    function _setTerms(Terms memory t) internal {
        vm.prank(requester);
        market.setTerms(NUMBER, t);
    }

    /// Lets `stranger` route, by `m`.
    function _entrust(Mandate memory m) internal {
        vm.startPrank(requester);
        market.setMandate(NUMBER, m);
        market.listKeepers(NUMBER, listing(stranger, true));
        vm.stopPrank();
    }

    function _route(uint32 instance) internal {
        vm.prank(requester);
        market.route(requester, NUMBER, instance, 0);
    }

    function _routeAsKeeper(uint32 instance) internal {
        vm.prank(stranger);
        market.route(requester, NUMBER, instance, 0);
    }

    function _routed() internal view returns (uint32 instance, uint32 version) {
        (instance, version,,) = market.laneOf(requester, NUMBER);
    }

    /// A request on the lane, a new one at each call.
    function laneRequest() internal returns (Request memory) {
        return request(LANE | NUMBER);
    }

    /// Dutch, with the sealed auction below it.
    function _ladder() internal returns (uint32) {
        return _register(address(dutch), abi.encode(dutchParams()), sealedInstance);
    }

    function _sealedTerms() internal view returns (Terms memory t) {
        t = terms();
        t.capabilities = CAP_SEALED;
    }
}

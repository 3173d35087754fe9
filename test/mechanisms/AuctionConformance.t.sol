// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {English, EnglishParams} from "../../contracts/mechanisms/English.sol";
import {PostedParams} from "../../contracts/mechanisms/PostedPrice.sol";
import {Payment, SealedParams} from "../../contracts/mechanisms/SealedBid.sol";
import {Request} from "../../contracts/types/Request.sol";
import {ConformanceTest} from "./Conformance.sol";

contract PostedPriceConformance is ConformanceTest {
    function subject() internal view override returns (IMechanism, bytes memory) {
        return (posted, abi.encode(PostedParams({base: PRICE / 2, rate: 1 gwei, patience: 100})));
    }

    /// The first takes it.
    function plays(Request memory, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        all[0].wait = 10 + uint40(rank);
    }
}

contract DutchConformance is ConformanceTest {
    function subject() internal view override returns (IMechanism, bytes memory) {
        return (dutch, abi.encode(dutchParams()));
    }

    /// Who waits longer asks for more; the last comes when there is nothing more to wait for.
    function plays(Request memory r, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        all[0].wait = 40 * (uint40(rank) + 1);
        all[0].price = uint88(r.maxPrice * (rank + 1) / 10);
    }
}

/// Commit, then reveal.
abstract contract SealedPlays is ConformanceTest {
    bytes32 private constant SALT = keccak256("salt");

    function sealedTerms(Payment payment, uint8 standbys) internal pure returns (bytes memory) {
        SealedParams memory p = sealedParams();
        (p.payment, p.standbys) = (payment, standbys);
        return abi.encode(p);
    }

    function plays(Request memory r, address prover, uint256 rank) internal view override returns (Play[] memory all) {
        all = new Play[](2);
        uint88 price = uint88(r.maxPrice * (rank + 1) / 10);
        all[0] = Play(60, 0, abi.encode(sealedBid.commitment(market.idOf(r), prover, price, SALT)), "");
        all[1] = Play(120, price, abi.encode(SALT), "");
    }
}

contract FirstPriceConformance is SealedPlays {
    function subject() internal view override returns (IMechanism, bytes memory) {
        return (sealedBid, sealedTerms(Payment.FirstPrice, 0));
    }
}

contract VickreyConformance is SealedPlays {
    function subject() internal view override returns (IMechanism, bytes memory) {
        return (sealedBid, sealedTerms(Payment.SecondPrice, 2));
    }
}

contract EnglishConformance is ConformanceTest {
    function subject() internal override returns (IMechanism, bytes memory) {
        EnglishParams memory p = EnglishParams({
            duration: 100,
            closing: 10,
            extension: 20,
            overtime: 60,
            patience: 100,
            decrementBps: 1_000,
            startBps: 10_000,
            depositBps: 10_000,
            depositFloor: 1,
            standbys: 1
        });
        return (new English(), abi.encode(p));
    }

    /// Each goes below those before it.
    function plays(Request memory r, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        all[0].wait = 10 * uint40(CROWD - rank);
        all[0].price = uint88(r.maxPrice * (rank + 1) / 10);
    }
}

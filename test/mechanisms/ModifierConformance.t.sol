// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {GasPassThrough} from "../../contracts/mechanisms/GasPassThrough.sol";
import {Grace} from "../../contracts/mechanisms/Grace.sol";
import {RaceParams} from "../../contracts/mechanisms/Race.sol";
import {Payment} from "../../contracts/mechanisms/SealedBid.sol";
import {Spread} from "../../contracts/mechanisms/Spread.sol";
import {Request} from "../../contracts/types/Request.sol";
import {ConformanceTest} from "./Conformance.sol";
import {SealedPlays} from "./AuctionConformance.t.sol";
import {RacePlays} from "./RaceConformance.t.sol";
import {Wrapping} from "./Wrapping.sol";

/// Around a Dutch auction, at a base fee that is more than the ceiling pays for: a transaction of its own for every call would have none.
/// forge-config: default.isolate = false
contract GasConformance is ConformanceTest {
    uint88 private constant CEILING = 0.002 ether;

    function setUp() public override {
        super.setUp();
        vm.fee(30 gwei);
    }

    function subject() internal override returns (IMechanism, bytes memory) {
        return (new GasPassThrough(), Wrapping.gas(dutch, abi.encode(dutchParams()), CEILING, 200_000, 0));
    }

    function plays(Request memory r, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        all[0].wait = 40 * (uint40(rank) + 1);
        all[0].price = uint88((r.maxPrice - CEILING) * (rank + 1) / 10);
    }
}

/// Around a race, of which two payments are raised.
/// forge-config: default.isolate = false
contract GasRaceConformance is RacePlays {
    function setUp() public override {
        super.setUp();
        vm.fee(30 gwei);
    }

    function raceParams() internal pure override returns (RaceParams memory) {
        return RaceParams({
            patience: 100,
            window: 60,
            commitBlocks: 2,
            bountyBps: 10_000,
            decayBps: 10_000,
            winners: 3,
            deposit: 0.001 ether
        });
    }

    function subject() internal override returns (IMechanism, bytes memory) {
        return (new GasPassThrough(), Wrapping.gas(race, abi.encode(raceParams()), 0.001 ether, 100_000, 2));
    }
}

/// Around sealed bids with standbys, at a base fee that counts as congested.
/// forge-config: default.isolate = false
contract GraceConformance is SealedPlays {
    function setUp() public override {
        super.setUp();
        vm.fee(30 gwei);
    }

    function subject() internal override returns (IMechanism, bytes memory) {
        return (new Grace(), Wrapping.grace(sealedBid, sealedTerms(Payment.SecondPrice, 2), 30 gwei, 300));
    }
}

/// Around sealed bids, with nobody refused by the time at which bids come: the same provers win again and again here.
contract SpreadConformance is SealedPlays {
    function subject() internal override returns (IMechanism, bytes memory) {
        return (new Spread(), Wrapping.spread(sealedBid, sealedTerms(Payment.FirstPrice, 2), 8, 1, 30));
    }
}

/// All three around sealed bids.
/// forge-config: default.isolate = false
contract PileConformance is SealedPlays {
    function setUp() public override {
        super.setUp();
        vm.fee(1 gwei);
    }

    function subject() internal override returns (IMechanism, bytes memory) {
        (GasPassThrough gas, Grace grace, Spread spread) = (new GasPassThrough(), new Grace(), new Spread());
        bytes memory pile = Wrapping.spread(sealedBid, sealedTerms(Payment.SecondPrice, 1), 3, 1, 30);
        pile = Wrapping.grace(spread, pile, 1, 300);
        return (gas, Wrapping.gas(grace, pile, 0.0001 ether, 200_000, 0));
    }
}

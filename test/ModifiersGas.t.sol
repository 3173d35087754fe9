// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Packed} from "../contracts/libraries/Packed.sol";
import {GasPassThrough} from "../contracts/mechanisms/GasPassThrough.sol";
import {Grace} from "../contracts/mechanisms/Grace.sol";
import {Spread} from "../contracts/mechanisms/Spread.sol";
import {Order} from "../contracts/types/Bid.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";
import {Wrapping} from "./mechanisms/Wrapping.sol";

/// What a layer around a Dutch auction costs: one signed request, awarded in one transaction, to a prover that has earned before.
contract ModifiersGasTest is Base {
    string private constant FILE = "modifiers";

    GasPassThrough private gas = new GasPassThrough();
    Grace private grace = new Grace();
    Spread private spread = new Spread();
    bytes private terms;

    function setUp() public override {
        super.setUp();
        terms = abi.encode(dutchParams());
        Request memory r = awarded(alice);
        market.fulfill(fulfillment(r, alice));
    }

    function test_Plain() public {
        _award(dutchInstance, "award_dutch");
    }

    function test_GasPassThrough() public {
        _award(_register(address(gas), Wrapping.gas(dutch, terms, 0.002 ether, 100_000, 0)), "award_gas");
    }

    function test_Grace() public {
        _award(_register(address(grace), Wrapping.grace(dutch, terms, 1, 300)), "award_grace");
    }

    function test_Spread() public {
        uint32 instance = _register(address(spread), Wrapping.spread(dutch, terms, 4, 1, 0));
        _win(instance);
        _award(instance, "award_spread");
    }

    function test_AllThree() public {
        bytes memory pile = Wrapping.grace(spread, Wrapping.spread(dutch, terms, 4, 1, 0), 1, 300);
        uint32 instance = _register(address(gas), Wrapping.gas(grace, pile, 0.002 ether, 100_000, 0));
        _win(instance);
        _award(instance, "award_all_three");
    }

    /// The instance has had a winner before.
    function _win(uint32 instance) private {
        Request memory r = request(instance);
        opened(r);
        bidAs(bob, r, 0);
    }

    function _award(uint32 instance, string memory key) private {
        Request memory r = request(instance);
        Order[] memory orders = new Order[](1);
        orders[0] = signedOrder(r, bidFor(r, alice, 0));
        bytes memory packed = Packed.pack(orders);
        vm.prank(alice);
        market.bidBatch(packed);
        vm.snapshotGasLastCall(FILE, key);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }
}

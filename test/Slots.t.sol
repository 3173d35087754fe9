// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {ConfigRef, pack, refTo} from "../contracts/types/ConfigRef.sol";
import {Config, Instance, InstanceSlot, editionOf, founded} from "../contracts/types/Instance.sol";
import {Ledger, LedgerSlot, Offer, packOffer} from "../contracts/types/Prover.sol";
import {State, StateSlot, Status, awardFor, bondAt, entered} from "../contracts/types/State.sol";

/// What lies packed in a slot or in code reads as it was written, and a transition changes what it names and nothing else.
contract SlotsTest is Test {
    /* STATE */

    // E11: the slot holds every field whole.
    function testFuzz_StateReads(uint256 slot) public pure {
        State memory s = _state(slot).toState();
        assertEq(_bits(s), uint256(StateSlot.unwrap(_state(slot))));
    }

    function testFuzz_StateIsEntered(uint32 instance, uint32 version, uint40 since) public pure {
        StateSlot slot = entered(editionOf(instance, version), since);
        State memory s = slot.toState();
        assertEq(uint8(s.status), uint8(Status.Open));
        assertEq(s.instance, instance);
        assertEq(s.version, version);
        assertEq(s.time, since);
        assertEq(s.rung + s.holds + s.prover + s.price + s.bondBps, 0);
        assertTrue(slot.isOpen() && !slot.isNew() && StateSlot.wrap(0).isNew());
        assertEq(slot.edition(), editionOf(instance, version));
    }

    function testFuzz_StateTransitions(uint256 seed, uint88 price, uint40 time, uint16 bps, uint24 number) public pure {
        StateSlot slot = _state(seed);
        State memory want = slot.toState();
        (want.status, want.price, want.time, want.bondBps, want.prover) = (Status.Awarded, price, time, bps, number);
        assertEq(_bits(slot.award(awardFor(price, time, bps), number)), _bits(want));

        want = slot.toState();
        (want.status, want.price, want.time, want.bondBps) = (Status.Open, 0, time, 0);
        assertEq(_bits(slot.reopen(time)), _bits(want));

        want.price = price;
        assertEq(_bits(slot.reopen(time).pay(price)), _bits(want));
        want.bondBps = 1;
        assertEq(_bits(slot.reopen(time).pay(price).prove()), _bits(want));

        want = slot.toState();
        want.status = Status.Cancelled;
        assertEq(_bits(slot.withStatus(Status.Cancelled)), _bits(want));
    }

    function testFuzz_StateClimbs(uint256 seed, uint32 instance, uint32 version) public pure {
        StateSlot slot = _state(seed);
        State memory want = slot.toState();
        vm.assume(want.rung != type(uint8).max);
        (want.rung, want.instance, want.version) = (want.rung + 1, instance, version);
        assertEq(_bits(slot.climb(editionOf(instance, version))), _bits(want));
    }

    function testFuzz_StateSeats(uint256 seed) public {
        StateSlot slot = _state(seed);
        State memory want = slot.toState();
        if (want.holds == type(uint8).max) {
            vm.expectRevert();
            this.seat(slot);
            return;
        }
        ++want.holds;
        assertEq(_bits(slot.seat()), _bits(want));
        assertEq(StateSlot.unwrap(slot.seat().unseat()), StateSlot.unwrap(slot));
    }

    function test_RevertWhen_NoDepositIsLeft() public {
        vm.expectRevert();
        this.unseat(StateSlot.wrap(0));
    }

    // E10, I9: the bond is rounded down, once, and is never cut.
    function testFuzz_Bond(uint80 bond, uint16 bps) public pure {
        uint256 exact = uint256(bond) * bps / 10_000;
        assertEq(bondAt(bond, bps), exact < type(uint80).max ? exact : type(uint80).max);
    }

    /* LEDGER */

    // E11: likewise a prover's.
    function testFuzz_LedgerReads(uint256 slot) public pure {
        assertEq(_bits(LedgerSlot.wrap(slot).toLedger()), slot);
    }

    function testFuzz_LedgerTransitions(uint256 seed, uint80 amount) public pure {
        LedgerSlot slot = _ledger(seed);
        Ledger memory l = slot.toLedger();
        amount = uint80(bound(amount, 0, l.stake - l.locked));
        assertEq(slot.free(), l.stake - l.locked);
        assertEq(slot.capacity(), l.busy < l.concurrency ? l.concurrency - l.busy : 0);

        uint256 awards = l.busy < l.concurrency ? 1 : 0;
        LedgerSlot engaged = slot.engage(amount, awards);
        Ledger memory want = slot.toLedger();
        want.locked += amount;
        want.busy += uint16(awards);
        assertEq(_bits(engaged.toLedger()), _bits(want));
        assertEq(LedgerSlot.unwrap(engaged.unlock(amount)), LedgerSlot.unwrap(slot) + (awards << 184));
        if (awards == 1) assertEq(LedgerSlot.unwrap(engaged.unlock(amount).give()), LedgerSlot.unwrap(slot));

        want = engaged.toLedger();
        (want.stake, want.locked) = (want.stake - amount, want.locked - amount);
        assertEq(_bits(engaged.lose(amount).toLedger()), _bits(want));

        want = slot.toLedger();
        want.stake -= amount;
        assertEq(_bits(slot.remove(amount).toLedger()), _bits(want));
        assertEq(LedgerSlot.unwrap(slot.remove(amount).add(amount)), LedgerSlot.unwrap(slot));
    }

    function testFuzz_LedgerCounts(uint256 seed, uint24 id, uint16 concurrency, uint8 flags) public pure {
        LedgerSlot slot = _ledger(seed);
        Ledger memory want = slot.toLedger();
        if (want.kept != type(uint16).max) ++want.kept;
        assertEq(_bits(slot.keep().toLedger()), _bits(want));
        want = slot.toLedger();
        if (want.failed != type(uint16).max) ++want.failed;
        assertEq(_bits(slot.fail().toLedger()), _bits(want));
        want = slot.toLedger();
        (want.id, want.concurrency, want.flags) = (id, concurrency, flags);
        assertEq(_bits(slot.declared(id, concurrency, flags).toLedger()), _bits(want));
    }

    /// The counters stop where their fields end.
    function test_LedgerCountersStop() public pure {
        LedgerSlot full = LedgerSlot.wrap(type(uint256).max);
        assertEq(LedgerSlot.unwrap(full.keep()), type(uint256).max);
        assertEq(LedgerSlot.unwrap(full.fail()), type(uint256).max);
    }

    // E1: no stake is taken that is not there, and no field runs into the next.
    function testFuzz_RevertWhen_LedgerIsOverdrawn(uint256 seed, uint80 amount) public {
        LedgerSlot slot = _ledger(seed);
        Ledger memory l = slot.toLedger();
        if (l.locked < amount) {
            vm.expectRevert();
            this.unlock(slot, amount);
        }
        if (l.stake - l.locked < amount) {
            vm.expectRevert();
            this.remove(slot, amount);
        }
        if (type(uint80).max - l.stake < amount) {
            vm.expectRevert();
            this.add(slot, amount);
        }
        vm.expectRevert();
        this.give(LedgerSlot.wrap(LedgerSlot.unwrap(slot) & ~(uint256(0xffff) << 184)));
    }

    /* OFFER, INSTANCE, CONFIG */

    function testFuzz_OfferReads(Offer memory offer) public pure {
        assertEq(abi.encode(packOffer(offer).toOffer()), abi.encode(offer));
    }

    function testFuzz_InstanceReads(address owner, bool open, uint32 retunes) public pure {
        InstanceSlot slot = founded(owner, open);
        assertEq(abi.encode(slot.toInstance()), abi.encode(Instance(owner, 1, open, false)));
        assertEq(abi.encode(slot.retuned().toInstance()), abi.encode(Instance(owner, 2, open, false)));
        retunes = uint32(bound(retunes, 2, type(uint32).max));
        slot = InstanceSlot.wrap(InstanceSlot.unwrap(slot) + (uint256(retunes - 1) << 160));
        assertEq(abi.encode(slot.retire().toInstance()), abi.encode(Instance(owner, retunes, open, true)));
    }

    function testFuzz_ConfigReads(Config memory config, uint32 verifier) public pure {
        ConfigRef ref = refTo(pack(config));
        assertEq(abi.encode(ref.toConfig()), abi.encode(config));
        assertEq(ref.mechanism(), config.mechanism);
        assertEq(ref.fallbackEdition(), editionOf(config.fallbackInstance, config.fallbackVersion));
        bool listed = config.verifiers.length == 0;
        for (uint256 i; i < config.verifiers.length; ++i) {
            listed = listed || config.verifiers[i] == verifier;
            assertTrue(ref.admits(config.verifiers[i]));
        }
        assertEq(ref.admits(verifier), listed);
    }

    /* CALLED, TO SEE THEM REVERT */

    function seat(StateSlot slot) external pure returns (StateSlot) {
        return slot.seat();
    }

    function unseat(StateSlot slot) external pure returns (StateSlot) {
        return slot.unseat();
    }

    function add(LedgerSlot slot, uint80 amount) external pure returns (LedgerSlot) {
        return slot.add(amount);
    }

    function remove(LedgerSlot slot, uint80 amount) external pure returns (LedgerSlot) {
        return slot.remove(amount);
    }

    function unlock(LedgerSlot slot, uint80 amount) external pure returns (LedgerSlot) {
        return slot.unlock(amount);
    }

    function give(LedgerSlot slot) external pure returns (LedgerSlot) {
        return slot.give();
    }

    /* MAKING THINGS */

    /// A status is one of its values.
    function _state(uint256 seed) private pure returns (StateSlot) {
        return StateSlot.wrap(seed >> 8 << 8 | uint8(seed) % (uint8(type(Status).max) + 1));
    }

    /// What is locked is no more than the stake.
    function _ledger(uint256 seed) private pure returns (LedgerSlot) {
        (uint256 stake, uint256 locked) = (uint80(seed), uint80(seed >> 80));
        return LedgerSlot.wrap(seed >> 160 << 160 | (locked % (stake + 1)) << 80 | stake);
    }

    function _bits(StateSlot slot) private pure returns (uint256) {
        return StateSlot.unwrap(slot);
    }

    /// The fields by hand, from the last and highest.
    function _bits(State memory s) private pure returns (uint256) {
        bytes memory word = abi.encodePacked(s.version, s.instance, s.bondBps, s.price, s.time, s.prover);
        return uint256(bytes32(abi.encodePacked(word, s.holds, s.rung, uint8(s.status))));
    }

    function _bits(Ledger memory l) private pure returns (uint256) {
        bytes memory word = abi.encodePacked(l.failed, l.kept, l.flags, l.concurrency, l.busy, l.id);
        return uint256(bytes32(abi.encodePacked(word, l.locked, l.stake)));
    }
}

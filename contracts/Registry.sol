// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SSTORE2} from "solady/utils/SSTORE2.sol";

import {IMechanism} from "./interfaces/IMechanism.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";
import {BINDING, DRAWS, ON_FAILED, ON_OPEN, ON_PROOF, SEATS, Shape} from "./types/Ask.sol";
import {ConfigRef, pack, refTo} from "./types/ConfigRef.sol";
import {Config, Instance, InstanceSlot, Setup, editionOf, founded} from "./types/Instance.sol";

/// Mechanism instances and verifiers: numbers whose meaning never changes.
abstract contract Registry {
    struct Verifier {
        address target;
        uint32 gas;
        bool frozen;
        bytes32 codehash;
        address registrar;
    }

    /// Most rungs under an instance.
    uint256 internal constant MAX_LADDER = 8;
    /// Most words per request and per instance.
    uint256 internal constant MAX_WORDS = 8;
    /// Range of the gas caps of mechanisms and verifiers.
    uint256 internal constant MIN_GAS = 30_000;
    uint256 internal constant MAX_GAS = 10_000_000;

    /* STORAGE */

    uint32 private _instanceCount;
    uint32 private _verifierCount;
    mapping(uint32 instance => InstanceSlot) private _instances;
    mapping(uint32 verifier => Verifier) private _verifiers;

    /* INTERNAL */

    function _instanceOf(uint32 instance) internal view returns (Instance memory) {
        return _instances[instance].toInstance();
    }

    function _configOf(uint32 instance, uint32 version) internal view returns (Config memory) {
        _requireVersion(instance, version, _instances[instance].version());
        return _config(editionOf(instance, version)).toConfig();
    }

    function _verifierOf(uint32 verifier)
        internal
        view
        returns (address target, uint32 gas, bool frozen, bytes32 codehash, address registrar)
    {
        Verifier storage entry = _verifiers[verifier];
        return (entry.target, entry.gas, entry.frozen, entry.codehash, entry.registrar);
    }

    function _register(Setup calldata setup, bool open) internal returns (uint32 instance) {
        Config memory config = _configure(setup);
        instance = ++_instanceCount;
        _publish(instance, founded(msg.sender, open), config);
    }

    function _retune(uint32 instance, Setup calldata setup) internal returns (uint32 version) {
        InstanceSlot next = _owned(instance).retuned();
        _publish(instance, next, _configure(setup));
        return next.version();
    }

    function _retire(uint32 instance) internal {
        _instances[instance] = _owned(instance).retire();
        emit IRegistry.InstanceRetired(instance);
    }

    function _registerVerifier(address target, uint32 gas) internal returns (uint32 verifier) {
        require(MIN_GAS <= gas && gas <= MAX_GAS, IRegistry.GasOutOfRange(gas, MIN_GAS, MAX_GAS));
        bytes32 codehash = _codehash(target);
        verifier = ++_verifierCount;
        _verifiers[verifier] =
            Verifier({target: target, gas: gas, frozen: false, codehash: codehash, registrar: msg.sender});
        emit IRegistry.VerifierRegistered(verifier, target, msg.sender, codehash, gas);
    }

    function _freezeVerifier(uint32 verifier) internal {
        Verifier storage entry = _verifiers[verifier];
        require(entry.target != address(0), IRegistry.UnknownVerifier(verifier, _verifierCount));
        require(entry.registrar == msg.sender, IRegistry.NotOwner(msg.sender, entry.registrar));
        require(!entry.frozen, IRegistry.VerifierIsFrozen(verifier));
        entry.frozen = true;
        emit IRegistry.VerifierFrozen(verifier);
    }

    /// The instance, and the version a request enters under, if it takes requests at all.
    function _admit(uint32 instance, uint32 version) internal view returns (InstanceSlot current, uint32) {
        current = _instances[instance];
        uint32 versions = current.version();
        if (version == 0) version = versions;
        _requireVersion(instance, version, versions);
        require(!current.retired(), IRegistry.InstanceIsRetired(instance));
        return (current, version);
    }

    function _instance(uint32 instance) internal view returns (InstanceSlot) {
        return _instances[instance];
    }

    function _config(uint64 edition) internal view returns (ConfigRef) {
        return refTo(SSTORE2.read(SSTORE2.predictDeterministicAddress(bytes32(uint256(edition)))));
    }

    /// What a settlement needs of a verifier.
    function _verifier(uint32 verifier) internal view returns (address target, uint32 gas, bool frozen) {
        Verifier storage entry = _verifiers[verifier];
        return (entry.target, entry.gas, entry.frozen);
    }

    /// The code a verifier was registered with.
    function _verifierCode(uint32 verifier) internal view returns (bytes32) {
        return _verifiers[verifier].codehash;
    }

    /// What an instance lists was there when it was registered, and is not looked up again: if it was frozen since, the request
    /// still ends without fault.
    function _requireVerifier(uint256 verifier, uint256 instance, ConfigRef config) internal view {
        uint32 number = uint32(verifier);
        if (config.lists()) {
            require(config.has(verifier), IRegistry.VerifierNotAdmitted(uint32(instance), number));
            return;
        }
        Verifier storage entry = _verifiers[number];
        if (entry.target == address(0)) revert IRegistry.UnknownVerifier(number, _verifierCount);
        require(!entry.frozen, IRegistry.VerifierIsFrozen(number));
    }

    /* PRIVATE */

    function _configure(Setup calldata setup) private view returns (Config memory config) {
        config = Config({
            mechanism: setup.mechanism,
            codehash: _codehash(setup.mechanism),
            token: setup.token,
            fallbackInstance: setup.fallbackInstance,
            fallbackVersion: setup.fallbackVersion,
            verifiers: setup.verifiers,
            shape: _shape(setup.mechanism, setup.params),
            params: setup.params
        });
        _requireLadder(config);
        for (uint256 i; i < setup.verifiers.length; ++i) {
            uint32 verifier = setup.verifiers[i];
            require(_verifiers[verifier].target != address(0), IRegistry.UnknownVerifier(verifier, _verifierCount));
        }
    }

    /// Makes a version current. Its configuration becomes code at a place that belongs to this edition alone.
    function _publish(uint32 instance, InstanceSlot current, Config memory config) private {
        _instances[instance] = current;
        SSTORE2.writeDeterministic(pack(config), bytes32(uint256(editionOf(instance, current.version()))));
        emit IRegistry.InstanceSet(instance, current.version(), msg.sender, current.open(), config);
    }

    /// A ladder is finite because a fallback names a version that exists already.
    function _requireLadder(Config memory config) private view {
        uint32 instance = config.fallbackInstance;
        uint32 version = config.fallbackVersion;
        for (uint256 rungs = 1; instance != 0; ++rungs) {
            require(rungs <= MAX_LADDER, IRegistry.LadderTooLong(rungs, MAX_LADDER));
            InstanceSlot current = _instances[instance];
            _requireVersion(instance, version, current.version());
            require(current.open() || current.owner() == msg.sender, IRegistry.NotOwner(msg.sender, current.owner()));
            ConfigRef next = _config(editionOf(instance, version));
            require(next.token() == config.token, IRegistry.FallbackToken(next.token(), config.token));
            (instance, version) = (next.fallbackInstance(), next.fallbackVersion());
        }
    }

    function _requireVersion(uint32 instance, uint32 version, uint32 versions) internal pure {
        require(0 < version && version <= versions, IRegistry.UnknownInstance(instance, version, versions));
    }

    function _shape(address mechanism, bytes calldata params) private view returns (Shape memory shape) {
        (bool ok, bytes memory result) =
            ForeignCall.ask(mechanism, MAX_GAS, abi.encodeCall(IMechanism.check, (params)), 128);
        require(ok, IRegistry.ParamsRefused(mechanism, result));
        shape = abi.decode(result, (Shape));
        require(shape.words <= MAX_WORDS, IRegistry.ShapeOutOfRange("words", shape.words, 0, MAX_WORDS));
        require(shape.shared <= MAX_WORDS, IRegistry.ShapeOutOfRange("shared", shape.shared, 0, MAX_WORDS));
        require(
            MIN_GAS <= shape.gas && shape.gas <= MAX_GAS, IRegistry.ShapeOutOfRange("gas", shape.gas, MIN_GAS, MAX_GAS)
        );
        uint8 known = ON_OPEN | ON_FAILED | ON_PROOF | DRAWS | SEATS | BINDING;
        require(shape.flags & ~known == 0, IRegistry.UnsupportedFlags(shape.flags, known));
    }

    /// The instance, if the caller may change it.
    function _owned(uint32 instance) private view returns (InstanceSlot current) {
        current = _instances[instance];
        require(current.version() != 0, IRegistry.UnknownInstance(instance, 0, 0));
        require(current.owner() == msg.sender, IRegistry.NotOwner(msg.sender, current.owner()));
        require(!current.retired(), IRegistry.InstanceIsRetired(instance));
    }

    /// Code that can be swapped under the same address (a delegation by EIP-7702) is refused.
    function _codehash(address target) private view returns (bytes32) {
        bytes memory head = new bytes(3);
        assembly ("memory-safe") {
            extcodecopy(target, add(head, 0x20), 0, 3)
        }
        require(target.code.length != 0 && bytes3(head) != 0xef0100, IRegistry.NoCode(target));
        return target.codehash;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SSTORE2} from "solady/utils/SSTORE2.sol";

import {IMechanism} from "./interfaces/IMechanism.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";
import {DRAWS, ON_FAILED, ON_OPEN, ON_PROOF, Shape} from "./types/Ask.sol";
import {Config, Instance, Setup} from "./types/Instance.sol";

/// Mechanism instances and verifiers: numbers whose meaning never changes.
abstract contract Registry is IRegistry {
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
    mapping(uint32 instance => Instance) private _instances;
    mapping(uint32 verifier => Verifier) private _verifiers;

    /* EXTERNAL */

    /// @inheritdoc IRegistry
    function register(Setup calldata setup, bool open) external returns (uint32 instance) {
        Config memory config = _configure(setup);
        instance = ++_instanceCount;
        _instances[instance] = Instance({owner: msg.sender, version: 1, open: open, retired: false});
        SSTORE2.writeDeterministic(abi.encode(config), _place(instance, 1));
        emit InstanceSet(instance, 1, msg.sender, open, config);
    }

    /// @inheritdoc IRegistry
    function retune(uint32 instance, Setup calldata setup) external returns (uint32 version) {
        Instance memory current = _owned(instance);
        require(!current.retired, InstanceIsRetired(instance));
        Config memory config = _configure(setup);
        version = current.version + 1;
        _instances[instance].version = version;
        SSTORE2.writeDeterministic(abi.encode(config), _place(instance, version));
        emit InstanceSet(instance, version, msg.sender, current.open, config);
    }

    /// @inheritdoc IRegistry
    function retire(uint32 instance) external {
        require(!_owned(instance).retired, InstanceIsRetired(instance));
        _instances[instance].retired = true;
        emit InstanceRetired(instance);
    }

    /// @inheritdoc IRegistry
    function registerVerifier(address target, uint32 gas) external returns (uint32 verifier) {
        require(MIN_GAS <= gas && gas <= MAX_GAS, GasOutOfRange(gas, MIN_GAS, MAX_GAS));
        bytes32 codehash = _codehash(target);
        verifier = ++_verifierCount;
        _verifiers[verifier] =
            Verifier({target: target, gas: gas, frozen: false, codehash: codehash, registrar: msg.sender});
        emit VerifierRegistered(verifier, target, msg.sender, codehash, gas);
    }

    /// @inheritdoc IRegistry
    function freezeVerifier(uint32 verifier) external {
        Verifier storage entry = _verifiers[verifier];
        require(entry.target != address(0), UnknownVerifier(verifier, _verifierCount));
        require(entry.registrar == msg.sender, NotOwner(msg.sender, entry.registrar));
        require(!entry.frozen, VerifierIsFrozen(verifier));
        entry.frozen = true;
        emit VerifierFrozen(verifier);
    }

    /// @inheritdoc IRegistry
    function instanceOf(uint32 instance) external view returns (Instance memory) {
        return _instances[instance];
    }

    /// @inheritdoc IRegistry
    function configOf(uint32 instance, uint32 version) external view returns (Config memory) {
        uint32 versions = _instances[instance].version;
        require(0 < version && version <= versions, UnknownInstance(instance, version, versions));
        return _config(instance, version);
    }

    /// @inheritdoc IRegistry
    function verifierOf(uint32 verifier)
        external
        view
        returns (address target, uint32 gas, bool frozen, bytes32 codehash, address registrar)
    {
        Verifier storage entry = _verifiers[verifier];
        return (entry.target, entry.gas, entry.frozen, entry.codehash, entry.registrar);
    }

    /* INTERNAL */

    /// The version a request enters under, if the instance takes requests at all.
    function _admit(uint32 instance, uint32 version) internal view returns (uint32, Instance memory current) {
        current = _instances[instance];
        if (version == 0) version = current.version;
        require(0 < version && version <= current.version, UnknownInstance(instance, version, current.version));
        require(!current.retired, InstanceIsRetired(instance));
        return (version, current);
    }

    function _config(uint32 instance, uint32 version) internal view returns (Config memory) {
        return abi.decode(SSTORE2.read(SSTORE2.predictDeterministicAddress(_place(instance, version))), (Config));
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

    function _requireVerifier(uint32 verifier, uint32 instance, uint32[] memory admitted) internal view {
        Verifier storage entry = _verifiers[verifier];
        require(entry.target != address(0), UnknownVerifier(verifier, _verifierCount));
        require(!entry.frozen, VerifierIsFrozen(verifier));
        require(_admits(admitted, verifier), VerifierNotAdmitted(instance, verifier));
    }

    function _admits(uint32[] memory admitted, uint32 verifier) internal pure returns (bool) {
        for (uint256 i; i < admitted.length; ++i) {
            if (admitted[i] == verifier) return true;
        }
        return admitted.length == 0;
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
            require(_verifiers[verifier].target != address(0), UnknownVerifier(verifier, _verifierCount));
        }
    }

    /// A ladder is finite because a fallback names a version that exists already.
    function _requireLadder(Config memory config) private view {
        uint32 instance = config.fallbackInstance;
        uint32 version = config.fallbackVersion;
        for (uint256 rungs = 1; instance != 0; ++rungs) {
            require(rungs <= MAX_LADDER, LadderTooLong(rungs, MAX_LADDER));
            Instance memory current = _instances[instance];
            require(0 < version && version <= current.version, UnknownInstance(instance, version, current.version));
            require(current.open || current.owner == msg.sender, NotOwner(msg.sender, current.owner));
            Config memory next = _config(instance, version);
            require(next.token == config.token, FallbackToken(next.token, config.token));
            (instance, version) = (next.fallbackInstance, next.fallbackVersion);
        }
    }

    function _shape(address mechanism, bytes calldata params) private view returns (Shape memory shape) {
        (bool ok, bytes memory result) =
            ForeignCall.ask(mechanism, MAX_GAS, abi.encodeCall(IMechanism.check, (params)), 128);
        require(ok, ParamsRefused(mechanism, result));
        shape = abi.decode(result, (Shape));
        require(shape.words <= MAX_WORDS, ShapeOutOfRange("words", shape.words, 0, MAX_WORDS));
        require(shape.shared <= MAX_WORDS, ShapeOutOfRange("shared", shape.shared, 0, MAX_WORDS));
        require(MIN_GAS <= shape.gas && shape.gas <= MAX_GAS, ShapeOutOfRange("gas", shape.gas, MIN_GAS, MAX_GAS));
        uint8 known = ON_OPEN | ON_FAILED | ON_PROOF | DRAWS;
        require(shape.flags & ~known == 0, ShapeOutOfRange("flags", shape.flags, 0, known));
    }

    function _owned(uint32 instance) private view returns (Instance memory current) {
        current = _instances[instance];
        require(current.version != 0, UnknownInstance(instance, 0, 0));
        require(current.owner == msg.sender, NotOwner(msg.sender, current.owner));
    }

    /// Code that can be swapped under the same address (a delegation by EIP-7702) is refused.
    function _codehash(address target) private view returns (bytes32) {
        bytes memory head = new bytes(3);
        assembly ("memory-safe") {
            extcodecopy(target, add(head, 0x20), 0, 3)
        }
        require(target.code.length != 0 && bytes3(head) != 0xef0100, NoCode(target));
        return target.codehash;
    }

    /// Where the code of a version lies.
    function _place(uint32 instance, uint32 version) private pure returns (bytes32) {
        return bytes32(uint256(instance) << 32 | version);
    }
}

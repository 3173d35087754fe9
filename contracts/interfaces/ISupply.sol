// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ledger, Offer} from "../types/Prover.sol";
import {Record} from "../types/Record.sol";

/// What a prover commits to, over all mechanisms.
struct Declaration {
    /// The most awards it serves at once.
    uint16 concurrency;
    /// `ANY_MECHANISM`, `ANY_VERIFIER`, `DRAINING`, `DRILLS`.
    uint8 flags;
    /// Terms per token; entries not named here stay as they are.
    TokenOffer[] offers;
    /// Mechanisms and verifiers, used unless the flags admit all; entries not named here stay as they are.
    MechanismChoice[] mechanisms;
    VerifierChoice[] verifiers;
}

struct TokenOffer {
    address token;
    Offer offer;
}

struct MechanismChoice {
    address mechanism;
    bool accepted;
}

struct VerifierChoice {
    uint32 verifier;
    bool accepted;
}

/// Provers: what they declare, and their stake and capacity in one ledger. The same stake never backs two promises.
interface ISupply {
    event Declared(address indexed prover, uint24 indexed id, Declaration declaration);
    event Staked(address indexed prover, uint256 amount);
    /// The amount leaves the stake now and can be withdrawn from `readyAt`, unix seconds.
    event Unstaking(address indexed prover, uint256 amount, uint40 readyAt);
    event Unstaked(address indexed prover, uint256 amount);
    /// A kept award is in the record of its prover, for a fee in its token.
    event Recorded(bytes32 indexed id, address indexed prover, uint256 fee);
    /// The award of this request, which follows, is a drill.
    event Drilled(bytes32 indexed id, address indexed prover);

    /// It never called `declare`.
    error NotAProver(address account);
    error UnknownFlags(uint8 have, uint8 known);
    error InsufficientStake(address prover, uint256 have, uint256 want);
    error NoUnstake(address prover);
    error TooEarly(uint256 time, uint256 notBefore);
    error AtCapacity(address prover, uint256 busy, uint256 concurrency);
    error Draining(address prover);
    /// It does not declare `DRILLS`.
    error NoDrills(address prover);
    /// It is recorded already, or was proven without an award.
    error NothingToRecord(bytes32 id);
    error TokenNotAccepted(address prover, address token);
    error MechanismNotAccepted(address prover, address mechanism);
    error VerifierNotAccepted(address prover, uint32 verifier);
    error BelowFloor(address prover, uint256 have, uint256 want);
    error AboveBondLimit(address prover, uint256 have, uint256 want);
    /// The work takes longer, at the declared throughput, than the award leaves.
    error BeyondThroughput(address prover, uint256 have, uint256 want);

    /// States the caller's terms; the first call makes it a prover.
    function declare(Declaration calldata declaration) external;

    /// Moves free balance, in the stake token, into the caller's stake.
    function stake(uint80 amount) external;

    /// Takes unlocked stake out of service. Amounts asked for before it is ready join, and wait anew.
    function unstake(uint80 amount) external;

    /// Moves what has waited long enough into the caller's free balance.
    function finishUnstake() external;

    /// What stakes, bonds and deposits are counted in; address(0) is the native coin.
    function stakeToken() external view returns (address);
    function ledgerOf(address prover) external view returns (Ledger memory);
    function offerOf(address prover, address token) external view returns (Offer memory);
    /// What became of a prover's awards of one class of work.
    function recordOf(address prover, uint32 verifier, address token) external view returns (Record memory);
    function proverOf(uint24 id) external view returns (address);
    function acceptsMechanism(address prover, address mechanism) external view returns (bool);
    function acceptsVerifier(address prover, uint32 verifier) external view returns (bool);
    function exitOf(address prover) external view returns (uint128 amount, uint40 readyAt);
}

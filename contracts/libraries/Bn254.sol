// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// The curve BN254 through its precompiles (EIP-196, EIP-197). Points in memory are words: G1 is (x, y), G2 is
/// (x imaginary, x real, y imaginary, y real). Infinity is all zero.
library Bn254 {
    /// @notice A coordinate or scalar is not below its field's order.
    error NotInField(uint256 have, uint256 below);
    /// @notice The point does not satisfy y² = x³ + 3.
    error NotOnCurve(uint256 x, uint256 y);
    /// @notice The precompile at this address refused or does not exist on this chain.
    error PrecompileFailed(uint256 precompile);

    /// The order of the groups: scalars and public inputs are below it.
    uint256 internal constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// The order of the base field: coordinates are below it.
    uint256 internal constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

    /// The generator of G2.
    uint256 internal constant G2_X1 = 11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 internal constant G2_X0 = 10857046999023057135944570762232829481370756359578518086990519993285655852781;
    uint256 internal constant G2_Y1 = 4082367875863433681332203403145435568316851327593401208105741076214120093531;
    uint256 internal constant G2_Y0 = 8495653923123431417604973247489272438418190587263600148770280649306958101930;

    uint256 private constant ADD = 6;
    uint256 private constant MUL = 7;
    uint256 private constant PAIRING = 8;

    /// Refuses a coordinate that is not canonical.
    function requireCoordinate(uint256 value) internal pure {
        require(value < Q, NotInField(value, Q));
    }

    /// Refuses anything but a finite point of G1 in canonical coordinates. Every point of the curve is in the group.
    function requireG1(uint256[2] memory point) internal pure {
        (uint256 x, uint256 y) = (point[0], point[1]);
        requireCoordinate(x);
        requireCoordinate(y);
        require(mulmod(y, y, Q) == addmod(mulmod(mulmod(x, x, Q), x, Q), 3, Q), NotOnCurve(x, y));
    }

    /// The y of the opposite point.
    function negate(uint256 y) internal pure returns (uint256) {
        return y == 0 ? 0 : Q - y;
    }

    /// Adds `scalar` times the point at `point` to the point at `sum`, in place. Both are addresses in memory.
    function accumulate(uint256 sum, uint256 point, uint256 scalar) internal view {
        if (scalar == 0) return;
        uint256 failed;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            let term := add(scratch, 0x40)
            mcopy(scratch, sum, 0x40)
            mcopy(term, point, 0x40)
            mstore(add(term, 0x40), scalar)
            if iszero(and(eq(returndatasize(), 0x40), staticcall(gas(), MUL, term, 0x60, term, 0x40))) {
                failed := MUL
            }
            if iszero(and(eq(returndatasize(), 0x40), staticcall(gas(), ADD, scratch, 0x80, sum, 0x40))) {
                failed := ADD
            }
        }
        require(failed == 0, PrecompileFailed(failed));
    }

    /// Whether the product of the `pairs` pairings that stand at `start` in memory is one. Reverts if a point is not in
    /// its group or not canonical: the precompile then takes all the gas it was given, 63/64 of what is left.
    function pairing(uint256 start, uint256 pairs) internal view returns (bool one) {
        bool answered;
        assembly ("memory-safe") {
            answered := staticcall(gas(), PAIRING, start, mul(pairs, 0xc0), 0x00, 0x20)
            answered := and(answered, eq(returndatasize(), 0x20))
            one := eq(mload(0x00), 1)
        }
        require(answered, PrecompileFailed(PAIRING));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bn254} from "./Bn254.sol";

/// A Groth16 verification key over BN254. G2 points are (x imaginary, x real, y imaginary, y real), as the pairing
/// precompile takes them.
struct VerifyingKey {
    uint256[2] alpha;
    uint256[4] beta;
    uint256[4] gamma;
    uint256[4] delta;
    /// The constant's point, then one for every public input: 1 to 256 points.
    uint256[2][] ic;
    /// Which public input carries the author of the proof, counted from 1; 0 if the circuit does not bind its author.
    uint256 author;
}

/// Groth16 for keys that are checked once, stored as code, and read in one copy.
library Groth16 {
    /// @notice The key has no point for its constant, or more than the most.
    error WrongPoints(uint256 have, uint256 least, uint256 most);
    /// @notice The author's input is not among the public inputs.
    error WrongAuthor(uint256 have, uint256 most);
    /// @notice The point is the group's generator: the setup was never run for this circuit.
    error SetupMissing(bytes32 point);
    /// @notice β, γ and δ must not be multiples that anyone can know: with `have` equal to plus or minus `other`
    /// proofs can be forged.
    error RelatedPoints(bytes32 have, bytes32 other);
    /// @notice The point of the proof is infinity, which no honest prover makes.
    error PointAtInfinity(uint256 word);
    /// @notice A public input is not below the order of the scalar field.
    error InputNotInField(uint256 index, uint256 have, uint256 below);

    uint256 internal constant MAX_POINTS = 256;
    /// Bytes of the points of a proof: A, B, C.
    uint256 internal constant POINTS_LENGTH = 256;

    // The stored key is the tail of the pairing's input, C's partner first, and behind it what the sum needs:
    // [-δ] [-α, β] [IC₀, -γ] [author] [offset] [length] [IC₀ …]
    uint256 private constant SUM = 0x140;
    uint256 private constant AUTHOR = 0x200;
    uint256 private constant COUNT = 0x240;
    uint256 private constant IC = 0x260;

    /// Refuses keys under which anything could be proven, or that the precompiles would choke on later. γ may be the
    /// generator, as circom's setups have it: that is sound as long as δ is not a known multiple of it.
    function check(VerifyingKey memory self) internal view {
        uint256 count = self.ic.length;
        require(0 < count && count <= MAX_POINTS, WrongPoints(count, 1, MAX_POINTS));
        require(self.author < count, WrongAuthor(self.author, count - 1));
        Bn254.requireG1(self.alpha);
        require(self.alpha[0] != 1, SetupMissing("alpha"));
        // (0, 0) is not on the curve, so this also refuses inputs that the circuit leaves unconstrained.
        for (uint256 i = 0; i < count; ++i) {
            Bn254.requireG1(self.ic[i]);
        }
        _requireG2(self);
        require(!_same(self.beta, _generator()), SetupMissing("beta"));
        require(!_same(self.delta, _generator()), SetupMissing("delta"));
        require(!_same(self.gamma, self.delta), RelatedPoints("gamma", "delta"));
        require(!_same(self.beta, self.delta), RelatedPoints("beta", "delta"));
        require(!_same(self.beta, self.gamma), RelatedPoints("beta", "gamma"));
    }

    /// The key as it is stored.
    function pack(VerifyingKey memory self) internal pure returns (bytes memory) {
        uint256[2] memory alpha = [self.alpha[0], Bn254.negate(self.alpha[1])];
        return abi.encode(_negate(self.delta), alpha, self.beta, self.ic[0], _negate(self.gamma), self.author, self.ic);
    }

    /// How many points for inputs the key stored as code at `key` has, the constant's included (0 if there is no key),
    /// and which public input is the author's (0 for none).
    function shape(address key) internal view returns (uint256 points, uint256 author) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            extcodecopy(key, free, add(AUTHOR, 1), 0x60)
            author := mload(free)
            points := mload(add(free, sub(COUNT, AUTHOR)))
        }
    }

    /// Whether the proof holds under the key stored as code at `key`. The caller has checked the number of inputs.
    /// @param points A, B, C as eight words.
    /// @param values the public inputs without the author's.
    /// @param author the value of the author's input, below the scalar field's order; unused if the key has none.
    function holds(address key, bytes calldata points, uint256[] calldata values, uint256 author)
        internal
        view
        returns (bool)
    {
        uint256 start;
        uint256 stored;
        uint256 position;
        assembly ("memory-safe") {
            start := mload(0x40)
            stored := add(start, POINTS_LENGTH)
            let size := sub(extcodesize(key), 1)
            mstore(0x40, add(stored, size))
            calldatacopy(start, points.offset, POINTS_LENGTH)
            extcodecopy(key, stored, 1, size)
            position := mload(add(stored, AUTHOR))
        }
        _requirePoint(start, 0, 2);
        _requirePoint(start, 2, 6);
        _requirePoint(start, 6, 8);
        uint256 point = stored + IC;
        unchecked {
            for (uint256 i = 0; i < values.length; ++i) {
                point += 0x40;
                if (i + 1 == position) point += 0x40;
                uint256 value = values[i];
                require(value < Bn254.R, InputNotInField(i, value, Bn254.R));
                Bn254.accumulate(stored + SUM, point, value);
            }
            if (position != 0) Bn254.accumulate(stored + SUM, stored + IC + position * 0x40, author);
        }
        return Bn254.pairing(start, 4);
    }

    /// Canonical coordinates and no infinity, for the point of a proof in words `first` to `end`; the precompile checks
    /// curve and group.
    function _requirePoint(uint256 start, uint256 first, uint256 end) private pure {
        uint256 any;
        unchecked {
            for (uint256 i = first; i < end; ++i) {
                uint256 word;
                assembly ("memory-safe") {
                    word := mload(add(start, shl(5, i)))
                }
                Bn254.requireCoordinate(word);
                any |= word;
            }
        }
        require(any != 0, PointAtInfinity(first));
    }

    /// The precompile takes a G2 point only if it is canonical, on the twist and in the subgroup.
    function _requireG2(VerifyingKey memory self) private view {
        uint256[4][3] memory points = [self.beta, self.gamma, self.delta];
        uint256[18] memory pairs;
        for (uint256 i = 0; i < 3; ++i) {
            uint256[4] memory point = points[i];
            require(point[0] | point[1] | point[2] | point[3] != 0, PointAtInfinity(i));
            (pairs[6 * i], pairs[6 * i + 1]) = (1, 2);
            for (uint256 j = 0; j < 4; ++j) {
                pairs[6 * i + 2 + j] = point[j];
            }
        }
        uint256 start;
        assembly ("memory-safe") {
            start := pairs
        }
        Bn254.pairing(start, 3);
    }

    /// Equal up to sign.
    function _same(uint256[4] memory a, uint256[4] memory b) private pure returns (bool) {
        return a[0] == b[0] && a[1] == b[1];
    }

    function _negate(uint256[4] memory a) private pure returns (uint256[4] memory) {
        return [a[0], a[1], Bn254.negate(a[2]), Bn254.negate(a[3])];
    }

    function _generator() private pure returns (uint256[4] memory) {
        return [Bn254.G2_X1, Bn254.G2_X0, Bn254.G2_Y1, Bn254.G2_Y0];
    }
}

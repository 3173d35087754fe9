// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VERIFIED} from "../../contracts/interfaces/IVerifier.sol";
import {Bn254} from "../../contracts/libraries/Bn254.sol";
import {ForeignVerifier} from "../../contracts/libraries/ForeignVerifier.sol";
import {SnarkjsVerifier} from "../../contracts/verifiers/SnarkjsVerifier.sol";
import {Oracle, SnarkjsLike} from "../doubles/ForeignVerifiers.sol";
import {Fixtures} from "./Fixtures.sol";

/// Verifiers that snarkjs generates, with genuine proofs of a circom circuit.
contract SnarkjsVerifierTest is Fixtures {
    /// Where the author stands among the public inputs of the fixtures' circuit, from 1.
    uint256 internal constant PLACE = 2;
    uint256 internal constant FIRST_INPUT = 12;

    SnarkjsVerifier internal adapter;
    address internal target;
    Set internal set;
    bytes32 internal statement;
    bytes32 internal author;
    bytes internal proof;

    function setUp() public override {
        super.setUp();
        set = circom();
        adapter = new SnarkjsVerifier();
        target = address(new SnarkjsLike(verifier, verifier.registerKey(set.verifyingKey)));
        // The first fixture pins the factor, which is input 1 without the author, and leaves the product free.
        proof = adapted(set.proofs[0], target);
        statement = adapter.statementOf(target, PLACE, 1, factor());
        author = set.authors[0];
    }

    function factor() internal pure returns (uint256[] memory pinned) {
        pinned = new uint256[](1);
        pinned[0] = 3;
    }

    /// The same points and inputs under the adapter's head.
    function adapted(bytes memory groth16, address to) internal view returns (bytes memory) {
        return abi.encodePacked(uint256(uint160(to)), PLACE, this.tail(groth16, 32));
    }

    function tail(bytes calldata data, uint256 from) external pure returns (bytes memory) {
        return data[from:];
    }

    function head(bytes calldata data, uint256 length) external pure returns (bytes memory) {
        return data[:length];
    }

    function expect(bytes memory reason, bytes memory bad) internal {
        vm.expectRevert(reason);
        this.tryVerify{gas: 2_000_000}(bad);
    }

    function tryVerify(bytes calldata bad) external view {
        adapter.verify(statement, author, bad);
    }

    function says(uint256 have) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ForeignVerifier.NotTrue.selector, target, have);
    }

    function test_GenuineProof() public view {
        assertEq(adapter.verify(statement, author, proof), VERIFIED);
    }

    function test_RevertWhen_AuthorIsAnother() public {
        author = keccak256("thief");
        expect(says(0), proof);
    }

    // V6, and points that prove nothing: the target says false.
    function test_RevertWhen_ProofIsWrong() public {
        expect(says(0), withWord(proof, FIRST_INPUT, wordAt(proof, FIRST_INPUT) + 1));
        expect(says(0), withWord(proof, FIRST_INPUT, wordAt(proof, FIRST_INPUT) - 1));
        for (uint256 i = 4; i < FIRST_INPUT; ++i) {
            expect(says(0), withWord(proof, i, wordAt(proof, i) ^ 1));
            expect(says(0), withWord(proof, i, 0));
        }
    }

    // V1, before the target is asked.
    function test_RevertWhen_AnInputIsAliased() public {
        uint256 value = wordAt(proof, FIRST_INPUT);
        for (uint256 k = 1; k <= (type(uint256).max - value) / R; ++k) {
            uint256 alias_ = value + k * R;
            bytes memory reason = abi.encodeWithSelector(Bn254.NotInField.selector, alias_, R);
            expect(reason, withWord(proof, FIRST_INPUT, alias_));
        }
    }

    // V2
    function test_RevertWhen_LengthIsWrong() public {
        for (uint256 length; length < proof.length; ++length) {
            bytes memory cut = this.head(proof, length);
            vm.expectRevert();
            this.tryVerify(cut);
        }
        expect(
            abi.encodeWithSelector(SnarkjsVerifier.WrongLength.selector, proof.length + 1, proof.length),
            bytes.concat(proof, hex"00")
        );
        uint256 most = 32 * (FIRST_INPUT + 255);
        bytes memory long = bytes.concat(proof, new bytes(most));
        expect(abi.encodeWithSelector(SnarkjsVerifier.WrongLength.selector, long.length, most), long);
        // One input more is another function, which this target does not have.
        bytes memory reason = abi.encodeWithSelector(ForeignVerifier.Reverted.selector, target);
        expect(reason, bytes.concat(proof, new bytes(32)));
    }

    function test_RevertWhen_StatementDiffers() public {
        uint256[3] memory words = [uint256(1), 2, 3];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert();
            this.tryVerify(withWord(proof, words[i], 0));
        }
        expect(abi.encodeWithSelector(SnarkjsVerifier.WrongAuthor.selector, 4, 3), withWord(proof, 1, 4));
        expect(abi.encodeWithSelector(SnarkjsVerifier.PinnedOutOfRange.selector, 2, 1, 2), withWord(proof, 2, 2));
        uint256 dirty = uint256(uint160(target)) | (1 << 160);
        expect(abi.encodeWithSelector(SnarkjsVerifier.NotAnAddress.selector, dirty), withWord(proof, 0, dirty));
        Oracle yes = new Oracle();
        yes.answer(false, abi.encode(true), 0);
        bytes32 have = adapter.statementOf(address(yes), PLACE, 1, factor());
        bytes memory reason = abi.encodeWithSelector(SnarkjsVerifier.WrongStatement.selector, have, statement);
        expect(reason, adapted(set.proofs[0], address(yes)));
    }

    function test_RevertWhen_TargetsCodeChanged() public {
        vm.etch(target, address(new Oracle()).code);
        bytes32 have = adapter.statementOf(target, PLACE, 1, factor());
        assertNotEq(have, statement);
        expect(abi.encodeWithSelector(SnarkjsVerifier.WrongStatement.selector, have, statement), proof);
    }

    // V10
    function test_RevertWhen_TargetHasNoCode() public {
        address[3] memory targets = [address(4), address(8), makeAddr("account")];
        for (uint256 i; i < targets.length; ++i) {
            statement = adapter.statementOf(targets[i], PLACE, 1, factor());
            expect(
                abi.encodeWithSelector(ForeignVerifier.NoCode.selector, targets[i]), adapted(set.proofs[0], targets[i])
            );
        }
    }

    /// Any number of inputs, with and without an author, in any place.
    function test_AsksWhatSnarkjsGenerates() public {
        Oracle oracle = new Oracle();
        oracle.answer(false, abi.encode(true), 0);
        bytes memory points = this.head(this.tail(proof, 128), 256);
        uint256 mark = uint256(keccak256("author")) >> 3;
        for (uint256 place; place < 4; ++place) {
            bytes memory question = bytes.concat(
                bytes4(
                    keccak256(
                        place == 0
                            ? bytes("verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[2])")
                            : bytes("verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[3])")
                    )
                ),
                points,
                place == 0
                    ? abi.encode(71, 72)
                    : place == 1
                        ? abi.encode(mark, 71, 72)
                        : place == 2 ? abi.encode(71, mark, 72) : abi.encode(71, 72, mark)
            );
            oracle.onlyTo(question);
            bytes memory asked = abi.encodePacked(uint256(uint160(address(oracle))), place, uint256(0), uint256(0));
            asked = bytes.concat(asked, points, abi.encode(71, 72));
            bytes32 free = adapter.statementOf(address(oracle), place, 0, new uint256[](0));
            assertEq(adapter.verify(free, keccak256("author"), asked), VERIFIED);
        }
    }
}

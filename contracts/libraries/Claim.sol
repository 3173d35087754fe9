// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// What a zkVM's proof says about its public output (the journal, the public values), and how a request pins it.
///
///     statement = keccak256(abi.encode(bytes32 program, uint8 flags, bytes pinned))
///     proof     = program (32) | flags (1) | pinned length (4) | output length (4) | output | seal
///
/// The output starts with the author (32 bytes) if `BOUND`, then with the pinned bytes; with `EXACT` it ends there,
/// otherwise what follows is free. All that follows the output is the seal: its length is for the zkVM's verifier to
/// judge. Lengths are big-endian.
library Claim {
    /// @notice The proof is shorter than its head and its output.
    error TooShort(uint256 have, uint256 least);
    /// @notice A flag that does not exist.
    error UnknownFlags(uint8 have, uint8 known);
    /// @notice The output has another length than author and pinned bytes need: `want` exactly, or at least.
    error WrongOutputLength(uint256 have, uint256 want);
    /// @notice The proof was made by or for another author.
    error WrongAuthor(bytes32 have, bytes32 want);
    /// @notice The proof is about another statement.
    error WrongStatement(bytes32 have, bytes32 want);

    /// The output starts with the author.
    uint8 internal constant BOUND = 1;
    /// The output ends with the pinned bytes.
    uint8 internal constant EXACT = 2;

    uint256 private constant HEAD = 41;

    /// Where the parts of a proof are: offsets in bytes.
    struct Parts {
        bytes32 program;
        uint8 flags;
        /// The pinned bytes, which the author may stand before.
        uint256 pinned;
        uint256 free;
        /// The end of the output.
        uint256 seal;
    }

    /// Splits a proof after checking that it is about this statement and this author.
    function open(bytes32 statement, bytes32 author, bytes calldata proof)
        internal
        pure
        returns (bytes32 program, bytes calldata output, bytes calldata seal)
    {
        Parts memory parts = _split(proof);
        if (parts.flags & BOUND != 0) {
            bytes32 named = bytes32(proof[HEAD:parts.pinned]);
            require(named == author, WrongAuthor(named, author));
        }
        bytes32 have = statementOf(parts.program, parts.flags, proof[parts.pinned:parts.free]);
        require(have == statement, WrongStatement(have, statement));
        return (parts.program, proof[HEAD:parts.seal], proof[parts.seal:]);
    }

    /// The statement that pins the start of a program's output.
    function statementOf(bytes32 program, uint8 flags, bytes calldata pinned) internal pure returns (bytes32) {
        return keccak256(abi.encode(program, flags, pinned));
    }

    function _split(bytes calldata proof) private pure returns (Parts memory parts) {
        require(HEAD <= proof.length, TooShort(proof.length, HEAD));
        parts.program = bytes32(proof[:32]);
        parts.flags = uint8(proof[32]);
        require(parts.flags <= BOUND | EXACT, UnknownFlags(parts.flags, BOUND | EXACT));
        parts.pinned = HEAD + (parts.flags & BOUND == 0 ? 0 : 32);
        parts.free = parts.pinned + uint32(bytes4(proof[33:37]));
        parts.seal = HEAD + uint32(bytes4(proof[37:41]));
        require(parts.seal <= proof.length, TooShort(proof.length, parts.seal));

        bool fits = parts.flags & EXACT == 0 ? parts.free <= parts.seal : parts.free == parts.seal;
        require(fits, WrongOutputLength(parts.seal - HEAD, parts.free - HEAD));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// The two books of `mechanisms/Batch.sol` in the instance's shared words: of the batch that is being collected, and of the one before,
/// which is being cleared. A book is two running hashes and two counts, whatever is in it: whoever clears brings the entries along.
///
/// Words: 0: `print << 128 | second << 64 | first`, where each half is `batch << 24 | cleared << 16 | offers << 8 | orders`; batches with an
/// even number are in the first half. 1 and 2: the hashes of the orders and of the offers of the first; 3 and 4: of the second.
library BatchBook {
    uint256 internal constant WORDS = 5;

    struct Book {
        uint256 batch;
        uint256 orders;
        uint256 offers;
        bool cleared;
        bytes32 ordersHash;
        bytes32 offersHash;
    }

    /// The book of a batch; an empty one if its words are those of another batch.
    function load(bytes32[] memory shared, uint256 batch) internal pure returns (Book memory book) {
        uint256 half = batch & 1;
        uint256 packed = uint64(uint256(shared[0]) >> 64 * half);
        book.batch = batch;
        if (packed >> 24 != batch) return book;
        book.orders = uint8(packed);
        book.offers = uint8(packed >> 8);
        book.cleared = uint8(packed >> 16) != 0;
        book.ordersHash = shared[1 + 2 * half];
        book.offersHash = shared[2 + 2 * half];
    }

    function store(Book memory book, bytes32[] memory shared) internal pure {
        uint256 half = book.batch & 1;
        uint256 packed = book.batch << 24 | (book.cleared ? 1 << 16 : 0) | book.offers << 8 | book.orders;
        uint256 others = uint256(shared[0]) & ~(uint256(type(uint64).max) << 64 * half);
        shared[0] = bytes32(others | packed << 64 * half);
        shared[1 + 2 * half] = book.ordersHash;
        shared[2 + 2 * half] = book.offersHash;
    }

    /// Extends the orders. `entry` is as `entryOf` packs it.
    function order(Book memory book, bytes32 id, uint256 entry) internal pure {
        book.ordersHash = keccak256(abi.encode(book.ordersHash, id, entry));
        ++book.orders;
    }

    /// Extends the offers. `entry` is `ask << 160 | prover`.
    function offer(Book memory book, uint256 entry) internal pure {
        book.offersHash = keccak256(abi.encode(book.offersHash, entry));
        ++book.offers;
    }

    /// An order but for its id: what it pays at most for a lot, its work, its deadline, and how often it has been carried over.
    function entryOf(uint256 value, uint256 work, uint256 deadline, uint256 carried) internal pure returns (uint256) {
        return value << 112 | work << 48 | deadline << 8 | carried;
    }

    /// By which parameters the books are kept; 0 if there are none yet.
    function print(bytes32[] memory shared) internal pure returns (uint256) {
        return uint256(shared[0]) >> 128;
    }

    /// Empty books under other parameters.
    function restart(bytes32[] memory shared, uint256 print_) internal pure {
        shared[0] = bytes32(print_ << 128);
    }

    /// The word at a byte of `data`.
    function word(bytes calldata data, uint256 at) internal pure returns (uint256) {
        return uint256(bytes32(data[at:at + 32]));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IMechanism} from "../contracts/interfaces/IMechanism.sol";
import {Answers} from "../contracts/libraries/Answers.sol";
import {Notice} from "../contracts/libraries/Notice.sol";
import {Packed} from "../contracts/libraries/Packed.sol";
import {Question} from "../contracts/libraries/Question.sol";
import {Actor, Answer, Ask, Cause, Move, MoveKind} from "../contracts/types/Ask.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {ConfigRef, pack, refTo as configAt} from "../contracts/types/ConfigRef.sol";
import {Config} from "../contracts/types/Instance.sol";
import {OrderRef, proverIn} from "../contracts/types/OrderRef.sol";
import {LedgerSlot} from "../contracts/types/Prover.sol";
import {MoveRef, ReplyRef, refTo as replyAt, saleTo} from "../contracts/types/ReplyRef.sol";
import {REQUEST_TYPEHASH, Request} from "../contracts/types/Request.sol";
import {REQUEST_SIZE, RequestRef, refTo as requestAt, unpack} from "../contracts/types/RequestRef.sol";
import {StateSlot, Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// What is written and read by hand is what the compiler writes and reads.
contract EncodingsTest is Base {
    using Question for bytes;

    bytes32[8] private _words;
    bytes32[8] private _shared;

    /* QUESTION */

    function testFuzz_QuestionIsTheCompilers(Request memory r, Actor memory actor, bytes memory data, uint256 seed)
        public
    {
        Ask memory ask;
        (ask.request, ask.actor, ask.data) = (r, actor, data);
        ask.cause = Cause(seed % 5);
        ask.status = Status(seed % 6);
        (ask.id, ask.beacon) = (_draw(seed, 0), _draw(seed, 1));
        (ask.holds, ask.rung, ask.price) = (uint8(seed >> 8), uint8(seed >> 16), uint88(seed >> 24));
        (ask.openedAt, ask.time) = (uint40(seed >> 112), uint40(block.timestamp));
        (ask.blockNumber, ask.baseFee) = (uint64(block.number), uint64(seed >> 64));
        vm.fee(ask.baseFee);
        ask.params = abi.encode(seed, _draw(seed, 2), _draw(seed, 3));
        _cut(ask.params, seed % 97);
        ask.words = _list(seed, seed % 9, _words);
        ask.shared = _list(~seed, (seed >> 128) % 9, _shared);
        if (actor.prover == address(0)) delete ask.actor;
        _soil(seed);
        assertEq(this.question(ask), abi.encodeCall(IMechanism.step, (ask)));
    }

    function testFuzz_QuestionAboutNobody(Request memory r, bytes memory data, uint256 seed) public {
        testFuzz_QuestionIsTheCompilers(r, Actor(address(0), 0, 0, 0, 0, 0, 0, 0, 0), data, seed);
    }

    function test_QuestionWithoutAnything() public {
        Ask memory ask;
        (ask.time, ask.blockNumber) = (uint40(block.timestamp), uint64(block.number));
        vm.fee(0);
        assertEq(this.question(ask), abi.encodeCall(IMechanism.step, (ask)));
    }

    function question(Ask calldata ask) external view returns (bytes memory) {
        Config memory config;
        config.params = ask.params;
        config.verifiers = new uint32[](ask.params.length % 3);
        (config.shape.words, config.shape.shared) = (uint8(ask.words.length), uint8(ask.shared.length));
        StateSlot state = StateSlot.wrap(
            uint256(ask.status) | uint256(ask.rung) << 8 | uint256(ask.holds) << 16 | uint256(ask.openedAt) << 48
                | uint256(keccak256(ask.params)) << 88
        );
        uint256 ledger = uint256(ask.actor.free) | uint256(ask.actor.id) << 160 | uint256(ask.actor.capacity) << 200
            | uint256(ask.actor.kept) << 224 | uint256(ask.actor.failed) << 240;
        return _question(ask, configAt(pack(config)), state, LedgerSlot.wrap(ledger));
    }

    function _question(Ask calldata ask, ConfigRef config, StateSlot state, LedgerSlot ledger)
        private
        view
        returns (bytes memory written)
    {
        written = Question.blank(config, ask.data);
        written.setEvent(ask.cause, ask.price);
        written.setRequest(ask.id, requestAt(ask.request), state, ask.beacon);
        if (ask.actor.prover == address(0)) written.setNobody();
        else written.setActor(ask.actor.prover, ledger, ask.actor.throughput, ask.actor.held, ask.actor.tag);
        if (ask.words.length != 0) written.setWords(_words);
        if (ask.shared.length != 0) written.setShared(_shared);
        // What is allocated next does not lie in it.
        bytes memory next = new bytes(64);
        next[0] = 0xff;
    }

    /* REPLY */

    function testFuzz_ReplyReads(uint256 seed) public view {
        this.read(abi.encode(_answer(seed)), true);
    }

    // M6: one word of an answer is another, or there is more or less of it.
    function testFuzz_ReplyIsNeverMisread(uint256 seed, uint256 place, uint256 value, uint256 how) public view {
        bytes memory result = abi.encode(_answer(seed));
        if (how % 8 == 0) {
            result = bytes.concat(result, new bytes(value % 65));
        } else if (how % 8 == 1) {
            uint256 size = result.length - value % (result.length + 1);
            assembly ("memory-safe") {
                mstore(result, size)
            }
        } else {
            uint256 word = 1 + place % (how % 2 == 0 ? 8 : result.length / 0x20);
            assembly ("memory-safe") {
                let spot := add(result, shl(5, word))
                switch mod(how, 8)
                case 2 { mstore(spot, value) }
                case 3 { mstore(spot, add(mload(spot), 0x20)) }
                case 4 { mstore(spot, sub(mload(spot), 0x20)) }
                case 5 { mstore(spot, xor(mload(spot), shl(and(value, 0xff), 1))) }
                case 6 { mstore(spot, mod(value, 0x400)) }
                case 7 { mstore(spot, sub(mload(spot), 1)) }
            }
        }
        this.read(result, false);
    }

    function read(bytes memory result, bool sound) external view {
        (bool ok, ReplyRef reply) = replyAt(result);
        if (sound) assertTrue(ok);
        if (!ok) return;
        Answer memory answer = abi.decode(result, (Answer));
        assertEq(abi.encode(answer), result);
        assertEq(reply.wake(), answer.wake);
        assertEq(abi.encode(reply.words(), reply.shared()), abi.encode(answer.words, answer.shared));
        assertEq(reply.count(), answer.moves.length);
        for (uint256 i; i < answer.moves.length; ++i) {
            MoveRef move = reply.move(i);
            Move memory m = answer.moves[i];
            assertEq(abi.encode(m.kind, m.subject, m.prover), abi.encode(move.kind(), move.subject(), move.prover()));
            assertEq(abi.encode(m.amount, m.due), abi.encode(move.amount(), move.due()));
            assertEq(abi.encode(m.bps, m.tag), abi.encode(move.bps(), move.tag()));
        }
        this.resend(result, abi.encode(answer));
    }

    // What counts as a sale is one for the slow reader too, with the same terms; and what `Answers.sell` writes is one.
    function testFuzz_SaleReads(uint256 seed, address prover, uint88 amount, uint256 place, uint256 value) public view {
        Answer memory answer = _answer(seed);
        if (seed % 4 != 0) {
            delete answer;
            answer.moves = Answers.only(Answers.award(prover, amount));
        }
        bytes memory result = abi.encode(answer);
        if (seed % 3 == 0) {
            uint256 word = 1 + place % (result.length / 0x20);
            assembly ("memory-safe") {
                mstore(add(result, shl(5, word)), value)
            }
        }
        bytes memory before = bytes.concat(result);
        (bool sale, uint256 price) = saleTo(result, prover);
        assertEq(result, before);
        (bool ok, ReplyRef reply) = replyAt(result);
        bool plain =
            ok && reply.count() == 1 && reply.words().length == 0 && reply.shared().length == 0 && reply.wake() == 0;
        if (plain) {
            Move memory m = abi.decode(result, (Answer)).moves[0];
            plain = keccak256(abi.encode(m)) == keccak256(abi.encode(Answers.award(prover, m.amount)));
            if (plain) assertEq(price, m.amount);
        }
        assertEq(sale, plain);
    }

    function resend(bytes calldata result, bytes calldata want) external view {
        (bool ok, bytes memory have) = address(this).staticcall(abi.encodeCall(this.sent, (result)));
        assertTrue(ok);
        assertEq(have, want);
    }

    function sent(bytes memory result) external pure {
        (, ReplyRef reply) = replyAt(result);
        reply.send();
    }

    /* REQUEST */

    function testFuzz_RequestHashes(Request memory r) public view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Bourse"),
                keccak256("1"),
                block.chainid,
                address(market)
            )
        );
        bytes32 want = keccak256(abi.encodePacked("\x19\x01", domain, keccak256(abi.encode(REQUEST_TYPEHASH, r))));
        assertEq(market.idOf(r), want);
    }

    function testFuzz_RequestReads(Request memory r) public view {
        this.fields(r);
    }

    function fields(Request calldata r) external pure {
        RequestRef ref = requestAt(r);
        assertEq(_fields(ref), abi.encode(r));
        assertEq(abi.encode(r.requester, r.token), abi.encode(ref.requester(), ref.token()));
        assertEq(abi.encode(r.instance, r.version), abi.encode(ref.instance(), ref.version()));
        assertEq(abi.encode(r.verifier, r.statement), abi.encode(ref.verifier(), ref.statement()));
        assertEq(abi.encode(r.input, r.work, r.maxPrice), abi.encode(ref.input(), ref.work(), ref.maxPrice()));
        assertEq(abi.encode(r.tip, r.bond, r.deadline), abi.encode(ref.tip(), ref.bond(), ref.deadline()));
        assertEq(abi.encode(r.window, r.callback), abi.encode(ref.window(), ref.callback()));
        assertEq(abi.encode(r.callbackGas), abi.encode(ref.callbackGas()));
        assertEq(uint256(r.maxPrice) + r.tip, ref.escrow());
    }

    // K2: a request has one encoding. Any bit above any field's type is refused wherever the request is brought.
    function test_RevertWhen_AFieldHasBitsBeyondItsType() public {
        uint8[16] memory bits = [160, 160, 64, 32, 32, 32, 255, 255, 64, 88, 88, 80, 40, 32, 160, 32];
        Request memory r = awarded(alice);
        for (uint256 i; i < 16; ++i) {
            if (bits[i] == 255) continue;
            for (uint256 bit = bits[i]; bit < 256; bit += 19) {
                _assertDirty(abi.encodeCall(market.idOf, (r)), 4, i, bit);
                _assertDirty(abi.encodeCall(market.expire, (r)), 4, i, bit);
                _assertDirty(abi.encodeCall(market.open, (r, "", "")), 4, i, bit);
                _assertDirty(abi.encodeCall(market.fulfill, (fulfillment(r, alice))), 0x64, i, bit);
                _assertDirty(abi.encodeCall(market.bid, (order(r, bidFor(r, alice, 0)))), 0x64, i, bit);
            }
        }
    }

    function _assertDirty(bytes memory data, uint256 start, uint256 field, uint256 bit) private {
        assembly ("memory-safe") {
            let place := add(add(data, 0x20), add(start, mul(0x20, field)))
            mstore(place, xor(mload(place), shl(bit, 1)))
        }
        (bool ok, bytes memory why) = address(market).call(data);
        assertFalse(ok);
        assertEq(why.length, 0);
    }

    /* EVENT */

    function testFuzz_OpenedIsTheCompilers(bytes32 id, uint64 edition, Request memory r, bytes memory input) public {
        _sparse(r, uint256(id));
        vm.expectEmit();
        emit IMarket.Opened(id, r.requester, _entry(edition, r, input));
        this.announce(id, edition, r, input);
        vm.expectEmit();
        emit IMarket.Opened(id, r.requester, _entry(edition, r, input));
        this.announcePacked(id, edition, Packed.pack(r), input);
    }

    function testFuzz_OpenedIsRead(uint64 edition, Request memory r, bytes memory input, uint256 seed) public pure {
        _sparse(r, seed);
        (uint64 e, Request memory read_, bytes memory i) = Packed.open(r.requester, _entry(edition, r, input));
        assertEq(abi.encode(e, read_, i), abi.encode(edition, r, input));
    }

    function announce(bytes32 id, uint64 edition, Request calldata r, bytes calldata input) external {
        _soil(uint256(id));
        Notice.opened(id, edition, requestAt(r), input);
    }

    function announcePacked(bytes32 id, uint64 edition, bytes calldata r, bytes calldata input) external {
        _soil(uint256(id));
        Notice.opened(id, edition, _unpacked(r), input);
    }

    function _entry(uint64 edition, Request memory r, bytes memory input) private pure returns (bytes memory entry) {
        bytes memory packed = Packed.pack(r);
        bytes memory tail = new bytes(packed.length - 20);
        for (uint256 i; i < tail.length; ++i) {
            tail[i] = packed[20 + i];
        }
        return bytes.concat(bytes8(edition), tail, input);
    }

    function _sparse(Request memory r, uint256 seed) private pure {
        if (seed & 1 == 0) r.version = 0;
        if (seed & 2 == 0) r.token = address(0);
        if (seed & 4 == 0) r.input = 0;
        if (seed & 8 == 0) r.tip = 0;
        if (seed & 16 == 0) r.callback = address(0);
        if (seed & 32 == 0) r.callbackGas = 0;
    }

    /* ORDER */

    function testFuzz_OrderReads(Order memory o, uint256 seed) public view {
        _sparse(o.request, seed);
        Order[] memory orders = new Order[](2);
        (orders[0], orders[1]) = (o, o);
        this.order(Packed.pack(orders), o);
    }

    function order(bytes calldata packed, Order calldata o) external pure {
        uint256 at;
        assembly ("memory-safe") {
            at := packed.offset
        }
        uint256 last = at + packed.length;
        for (uint256 i; i < 2; ++i) {
            RequestRef ref;
            (ref, at) = unpack(at);
            assertEq(_fields(ref), abi.encode(o.request));
            assertEq(ref.structHash(), keccak256(abi.encode(REQUEST_TYPEHASH, o.request)));
            (uint256 price, uint256 maxBond, uint256 validUntil) = OrderRef.wrap(at).terms();
            assertEq(abi.encode(price, maxBond, validUntil), abi.encode(o.bid.price, o.bid.maxBond, o.bid.validUntil));
            at = _parts(OrderRef.wrap(at), o);
        }
        assertEq(at, last);
    }

    function _parts(OrderRef ref, Order calldata o) private pure returns (uint256) {
        (bytes calldata rs, bytes calldata ps, bytes calldata data, bytes calldata input, uint256 next) = ref.parts();
        assertEq(rs, o.requesterSignature);
        assertEq(abi.encode(data, input), abi.encode(o.bid.data, o.input));
        if (o.proverSignature.length == 0) {
            assertEq(ps.length, 0);
            return next;
        }
        (address prover, bytes calldata signature) = proverIn(ps);
        assertEq(prover, o.bid.prover);
        assertEq(signature, o.proverSignature);
        return next;
    }

    function _unpacked(bytes calldata packed) private pure returns (RequestRef) {
        uint256 at;
        assembly ("memory-safe") {
            at := packed.offset
        }
        (RequestRef ref,) = unpack(at);
        return ref;
    }

    function _fields(RequestRef ref) private pure returns (bytes memory words) {
        words = new bytes(REQUEST_SIZE);
        assembly ("memory-safe") {
            mcopy(add(words, 0x20), ref, REQUEST_SIZE)
        }
    }

    /* MAKING THINGS */

    /// Memory that was used and given back is not zero.
    function _soil(uint256 dirt) private pure {
        assembly ("memory-safe") {
            let free := mload(0x40)
            for { let i := 0 } lt(i, 0x2000) { i := add(i, 0x20) } { mstore(add(free, i), or(dirt, 1)) }
        }
    }

    /// Up to 3 moves and 3 words of each kind, with fields of any value.
    function _answer(uint256 seed) private pure returns (Answer memory answer) {
        answer.moves = new Move[](seed % 4);
        for (uint256 i; i < answer.moves.length; ++i) {
            (uint256 a, uint256 b) = (uint256(_draw(seed, i)), uint256(_draw(~seed, i)));
            answer.moves[i] = Move({
                kind: MoveKind(a % 7),
                subject: uint16(a >> 8),
                prover: address(uint160(a >> 24)),
                amount: uint88(b),
                due: uint40(b >> 88),
                bps: uint16(b >> 128),
                tag: uint176(a ^ b)
            });
        }
        answer.words = new bytes32[]((seed >> 8) % 4);
        answer.shared = new bytes32[]((seed >> 16) % 4);
        for (uint256 i; i < answer.words.length; ++i) {
            answer.words[i] = _draw(seed, 8 + i);
        }
        for (uint256 i; i < answer.shared.length; ++i) {
            answer.shared[i] = _draw(seed, 16 + i);
        }
        answer.wake = uint40(seed >> 24);
    }

    /// Words, kept as the market keeps them.
    function _list(uint256 seed, uint256 count, bytes32[8] storage kept) private returns (bytes32[] memory words) {
        words = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            words[i] = _draw(seed, i);
            kept[i] = words[i];
        }
    }

    function _draw(uint256 seed, uint256 i) private pure returns (bytes32) {
        return keccak256(abi.encode(seed, i));
    }

    function _cut(bytes memory data, uint256 size) private pure {
        assembly ("memory-safe") {
            mstore(data, size)
        }
    }
}

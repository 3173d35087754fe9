// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Committee, CommitteeParams} from "../../contracts/mechanisms/Committee.sol";
import {Answer, Ask, Cause} from "../../contracts/types/Ask.sol";
import {Harness} from "./Harness.sol";

/// A committee of people who have keys to sign with.
abstract contract CommitteeHarness is Harness {
    uint8 internal constant LATE = 1;
    uint8 internal constant WITHHELD = 2;
    uint8 internal constant SPLIT = 3;
    uint80 internal constant DEPOSIT = 0.5 ether;
    bytes32 internal constant PROOF = keccak256("proof");
    /// Of a committee whose last seat is taken at once.
    uint40 internal constant SHARDS = START + 300;
    uint40 internal constant MEMBERS = SHARDS + 200;
    uint40 internal constant LAST = MEMBERS + 100;

    Committee internal committee = new Committee();
    address[] internal people;
    address internal immutable stranger = makeAddr("stranger");
    mapping(address person => uint256) private _keys;

    CommitteeParams internal p = CommitteeParams({
        seats: 7,
        least: 4,
        needed: 3,
        enrolment: 600,
        shards: 300,
        aggregation: 200,
        open: 100,
        stagger: 20,
        feeBps: 8_000,
        aggregatorBps: 1_000,
        depositBps: 5_000,
        depositFloor: 1_000,
        bonded: 1
    });

    function setUp() public virtual {
        for (uint256 i; i < 14; ++i) {
            (address person, uint256 key) = makeAddrAndKey(string.concat("person ", vm.toString(i)));
            people.push(person);
            _keys[person] = key;
        }
        _reopen();
    }

    function _reopen() internal {
        _open(committee, abi.encode(p));
    }

    /// All of 7 seats, or fewer.
    function _seat(uint256 count) internal {
        for (uint256 i; i < count; ++i) {
            _bid(people[i], 0, "");
        }
    }

    /// The parts of the fee of 0.8 ether: a tenth to who brings the whole, the rest to the members.
    function _rest() internal pure returns (uint256) {
        return 0.72 ether;
    }

    function _at(uint256 seat) internal view returns (address) {
        bytes memory packed = abi.encodePacked(words);
        return address(bytes20(this.slice(packed, 16 + 20 * seat)));
    }

    function slice(bytes calldata data, uint256 from) external pure returns (bytes memory) {
        return data[from:from + 20];
    }

    function _count() internal view returns (uint256) {
        return uint8(uint256(words[0]) >> 168);
    }

    function _roster() internal view returns (address[] memory members) {
        members = new address[](_count());
        for (uint256 i; i < members.length; ++i) {
            members[i] = _at(i);
        }
    }

    function _mask(uint256 from, uint256 count) internal pure returns (uint16) {
        return uint16(((1 << count) - 1) << from);
    }

    /// The first `count` members declare seats late, or that there is no input.
    function _notice(uint8 kind, uint16 late, uint256 count) internal view returns (bytes memory) {
        bytes memory said = abi.encodePacked(late);
        uint16 signers = _mask(0, count);
        return abi.encodePacked(kind, signers, said, _signatures(kind, said, signers));
    }

    /// `weights`, signed by the first `count` members.
    function _split(uint16 late, uint16[] memory weights, uint256 count) internal view returns (bytes memory) {
        uint16 signers = _mask(0, count);
        bytes memory said = _said(late, weights);
        return abi.encodePacked(signers, said, _signatures(SPLIT, said, signers));
    }

    function _said(uint16 late, uint16[] memory weights) internal pure returns (bytes memory said) {
        said = abi.encodePacked(late);
        for (uint256 i; i < weights.length; ++i) {
            said = abi.encodePacked(said, weights[i]);
        }
    }

    function _signatures(uint8 kind, bytes memory said, uint16 signers) internal view returns (bytes memory all) {
        bytes32 digest = _digest(id, 0, kind, said);
        for (uint256 i; i < _count(); ++i) {
            if (signers >> i & 1 == 1) all = bytes.concat(all, _sign(_at(i), digest));
        }
    }

    function _digest(bytes32 id_, uint8 rung, uint8 kind, bytes memory said) internal view returns (bytes32) {
        bytes32 statement = committee.statement(id_, rung, kind, _roster(), said);
        return keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", statement));
    }

    function _sign(address person, bytes32 digest) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[person], digest);
        return abi.encodePacked(r, s, v);
    }

    /// 7 weights of those who are not late, most of them equal.
    function _weights(uint16 late) internal pure returns (uint16[] memory weights) {
        weights = new uint16[](7);
        uint256 works;
        for (uint256 i; i < 7; ++i) {
            if (late >> i & 1 == 0) ++works;
        }
        uint256 left = 10_000;
        for (uint256 i; i < 7; ++i) {
            if (late >> i & 1 == 1) continue;
            weights[i] = uint16(left / works);
            left -= left / works--;
        }
    }

    function _say(bytes memory data) internal returns (Answer memory) {
        return _apply(_saying(data));
    }

    function _saying(bytes memory data) internal view returns (Ask memory ask) {
        ask = _ask(Cause.Tick, address(0));
        ask.data = data;
    }

    function _proving(address prover, bytes memory data) internal view returns (Ask memory ask) {
        ask = _ask(Cause.Proof, prover);
        ask.data = bytes.concat(PROOF, data);
    }
}

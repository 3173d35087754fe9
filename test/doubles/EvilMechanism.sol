// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Answer, Ask, Cause, Envelope, Move, Shape} from "../../contracts/types/Ask.sol";
import {Request} from "../../contracts/types/Request.sol";

/// Answers what it is told to, or misbehaves. Its parameters are its shape. To a cause it was told nothing about it
/// answers that nothing follows, with the words of the question; the first is the beacon once it is known.
contract EvilMechanism is IMechanism {
    enum Mood {
        Obeys,
        Reverts,
        Burns,
        Floods,
        Garbles,
        Empty,
        Calls
    }

    error No(Cause cause);

    mapping(Cause => Mood) private _moods;
    mapping(Cause => bytes) private _answers;
    address private _target;
    bytes private _call;

    /// Answers `moves` and nothing else to `cause`.
    function obey(Cause cause, Move[] calldata moves) external {
        _moods[cause] = Mood.Obeys;
        Answer memory answer;
        answer.moves = moves;
        _answers[cause] = abi.encode(answer);
    }

    function obey(Cause cause, Answer calldata answer) external {
        _moods[cause] = Mood.Obeys;
        _answers[cause] = abi.encode(answer);
    }

    function misbehave(Cause cause, Mood mood) external {
        _moods[cause] = mood;
    }

    /// To every cause.
    function misbehaveAlways(Mood mood) external {
        for (uint8 i; i <= uint8(Cause.Proof); ++i) {
            _moods[Cause(i)] = mood;
        }
    }

    /// Calls `target` while asked about `cause`; awards the request for nothing if that succeeds.
    function reenter(Cause cause, address target, bytes calldata call_) external {
        (_moods[cause], _target, _call) = (Mood.Calls, target, call_);
    }

    function name() external pure returns (string memory) {
        return "evil";
    }

    function check(bytes calldata params) external pure returns (Shape memory) {
        return abi.decode(params, (Shape));
    }

    function envelope(bytes calldata, Request calldata) external pure returns (Envelope memory) {}

    function step(Ask calldata ask) external view returns (Answer memory answer) {
        Mood mood = _moods[ask.cause];
        if (mood == Mood.Reverts) revert No(ask.cause);
        if (mood == Mood.Burns) while (true) {}
        if (mood == Mood.Floods) _return(new bytes(1_000_000));
        // An array that starts behind the end of the answer.
        if (mood == Mood.Garbles) _return(abi.encode(uint256(0x20), type(uint256).max, 0, 0));
        if (mood == Mood.Empty) _return("");
        if (mood == Mood.Calls) _asView(_callOut)();
        bytes memory told = _answers[ask.cause];
        if (told.length != 0) _return(told);
        answer.words = ask.words;
        answer.shared = ask.shared;
        if (ask.beacon != 0 && answer.words.length != 0) answer.words[0] = ask.beacon;
    }

    function _callOut() private {
        (bool ok,) = _target.call(_call);
        require(ok, No(Cause.Tick));
    }

    function _return(bytes memory output) private pure {
        assembly ("memory-safe") {
            return(add(output, 0x20), mload(output))
        }
    }

    function _asView(function() f) private pure returns (function() view g) {
        assembly ("memory-safe") {
            g := f
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {ISupply} from "../../contracts/interfaces/ISupply.sol";
import {Answer, Cause, INSTANCE, Move, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {EvilMechanism} from "../doubles/EvilMechanism.sol";
import {Forecast} from "./Forecast.sol";

/// What goes on around the requests: money comes and goes, provers declare and stake, time passes, and hostile mechanisms change
/// their minds.
abstract contract People is Forecast {
    /* MONEY */

    function deposit(uint256 who, uint256 whom, uint256 which, uint256 amount) external {
        address account = people[who % 7];
        address paid = tokens[which % 2];
        uint256 has = paid == NATIVE ? account.balance : token.balanceOf(account);
        amount = _within(amount, 0, 1 ether);
        uint256 value = paid == NATIVE && amount <= has ? amount : 0;
        bytes memory call = abi.encodeCall(IEscrow.deposit, (paid, people[whom % 7], amount));
        _expect(account, call, value, 0, amount != 0 && amount <= has, "deposit");
    }

    function withdraw(uint256 who, uint256 which, uint256 amount) external {
        address account = people[who % 7];
        address paid = tokens[which % 2];
        uint256 free = _balances[paid][account];
        amount = _within(amount, 0, free + free / 8);
        bytes memory call = abi.encodeCall(IEscrow.withdraw, (paid, account, amount));
        _expect(account, call, 0, 0, amount <= free, "withdraw");
    }

    function donate(uint256 which, uint256 amount) external {
        amount = _within(amount, 1, 1e24);
        address paid = tokens[which % 2];
        donated[paid] += amount;
        if (paid == NATIVE) vm.deal(address(market), address(market).balance + amount);
        else token.mint(address(market), amount);
    }

    /* SUPPLY */

    function declare(uint256 who, uint256 concurrency, uint256 mood) external {
        address prover = people[3 + who % 3];
        bytes memory call =
            abi.encodeCall(ISupply.declare, (_declaration(uint16(_within(concurrency, 4, 12)), mood % 24 == 0)));
        _expect(prover, call, 0, 0, true, "declare");
    }

    function stake(uint256 who, uint256 amount) external {
        address prover = people[3 + who % 4]; // The stranger is no prover.
        amount = _within(amount, 0, 0.05 ether);
        bool ok = who % 4 < 3 && amount <= _balances[NATIVE][prover];
        _expect(prover, abi.encodeCall(ISupply.stake, (uint80(amount))), 0, 0, ok, "stake");
    }

    function unstake(uint256 who, uint256 amount) external {
        address prover = people[3 + who % 3];
        uint256 free = _free(prover);
        amount = amount % 8 == 0 ? free + 1 : _within(amount, 0, free / 6);
        bytes memory call = abi.encodeCall(ISupply.unstake, (uint80(amount)));
        _expect(prover, call, 0, 0, amount <= free, "unstake");
        if (amount <= free) _readyAt[prover] = block.timestamp + 31 days;
    }

    function finishUnstake(uint256 who) external {
        address prover = people[3 + who % 3];
        bool ok = _seats[prover].exit != 0 && _readyAt[prover] <= block.timestamp;
        _expect(prover, abi.encodeCall(ISupply.finishUnstake, ()), 0, 0, ok, "finishUnstake");
    }

    /* VERIFIERS */

    /// Another takes its place for those who come after.
    function freeze(uint256 seed) external {
        if (seed % 4 != 0) return;
        uint32 frozen = _verifiers[1];
        market.freezeVerifier(frozen);
        _frozen[frozen] = true;
        _verifiers[1] = market.registerVerifier(address(_verifier), 100_000);
    }

    /* THE HOSTILE MECHANISMS */

    function instruct(uint256 cause, uint256 kind, uint256 whom, uint256 amount, uint256 bps, uint256 due) external {
        Move[] memory moves = new Move[](1 + whom % 2);
        for (uint256 i; i < moves.length; ++i) {
            uint256 k = (kind % 12 + 2 * i) % 12;
            moves[i].kind = k < 7 ? MoveKind(k) : k < 9 ? MoveKind.Hold : MoveKind.Award;
            moves[i].prover = people[3 + (whom % 4 + i) % 4];
            moves[i].amount = amount % 5 == 0 ? uint88(amount) : uint88(_within(amount, 0, 0.011 ether));
            moves[i].bps = bps % 2 == 0 ? 0 : uint16(bps);
            if (due % 3 == 0) moves[i].due = uint40(block.timestamp + due % 4_000);
            if (due % 5 == 0) moves[i].subject = INSTANCE;
        }
        _tell(cause % 2, Cause(cause % 5), moves);
    }

    function corrupt(uint256 cause, uint256 mood) external {
        EvilMechanism.Mood m = EvilMechanism.Mood(mood % 7);
        EvilMechanism evil = _evils[cause % 2];
        Cause c = Cause(cause % 5);
        if (m == EvilMechanism.Mood.Calls) {
            evil.reenter(c, address(market), abi.encodeCall(IEscrow.withdraw, (NATIVE, address(evil), 0)));
        } else {
            evil.misbehave(c, m);
        }
    }

    /// The second keeps a word, which has to be in its answer.
    function _tell(uint256 which, Cause cause, Move[] memory moves) internal {
        Answer memory answer;
        (answer.moves, answer.shared) = (moves, new bytes32[](which));
        _evils[which].obey(cause, answer);
    }

    /* TIME */

    function pass(uint256 elapsed) external {
        _passTo(block.timestamp + (elapsed % 32 == 0 ? 31 days : _within(elapsed, 1, 40)));
    }

    /// To the seconds around which something ends.
    function passTo(uint256 which, uint256 what, uint256 side) external {
        (bytes32 id, Life storage l) = _pick(which, what % 2 == 0 ? Status.Awarded : Status.Open);
        if (id == 0) return;
        uint256[4] memory ends = [uint256(l.time), l.time + 61, l.request.deadline, l.time + 121];
        uint256 to = ends[what % 16 == 2 ? 2 : what % 4 == 2 ? 0 : what % 4] + side % 3;
        _passTo(to - 1);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Weights} from "../../contracts/libraries/Scores.sol";
import {Alpha} from "../../contracts/libraries/Tickets.sol";
import {Batch, BatchParams} from "../../contracts/mechanisms/Batch.sol";
import {Committee, CommitteeParams} from "../../contracts/mechanisms/Committee.sol";
import {Contest, ContestParams} from "../../contracts/mechanisms/Contest.sol";
import {Dutch, DutchParams} from "../../contracts/mechanisms/Dutch.sol";
import {English, EnglishParams} from "../../contracts/mechanisms/English.sol";
import {PostedParams, PostedPrice} from "../../contracts/mechanisms/PostedPrice.sol";
import {Race, RaceParams} from "../../contracts/mechanisms/Race.sol";
import {Reserved, ReservedParams} from "../../contracts/mechanisms/Reserved.sol";
import {Rfq, RfqParams} from "../../contracts/mechanisms/Rfq.sol";
import {ScorePayment, Scoring, ScoringParams} from "../../contracts/mechanisms/Scoring.sol";
import {Payment, SealedBid, SealedParams} from "../../contracts/mechanisms/SealedBid.sol";
import {Seat, SeatParams} from "../../contracts/mechanisms/Seat.sol";
import {Sortition, SortitionParams} from "../../contracts/mechanisms/Sortition.sol";

/// The families, in the order of their addresses below; `Evil` is none of them.
enum Rule {
    Posted,
    Dutch,
    Sealed,
    English,
    Scoring,
    Rfq,
    Contest,
    Race,
    Committee,
    Sortition,
    Seat,
    Reserved,
    Batch,
    Evil
}

/// A mechanism of every family, under parameters by which everything happens within minutes.
contract Catalogue {
    uint256 internal constant FAMILIES = 13;
    uint64 internal constant WORK = 1_000;
    uint80 internal constant BOND = 0.005 ether;
    /// Behind a place on an instance, or in a race.
    uint80 internal constant DEPOSIT = 0.002 ether;
    /// What a million units of work may cost at most, where that is the price; a request has a thousand.
    uint88 internal constant CEILING = 2 ether;
    /// Of a batch.
    uint40 internal constant INTERVAL = 120;
    uint40 internal constant GRACE = 60;

    address[FAMILIES] internal _mechanisms = [
        address(new PostedPrice()),
        address(new Dutch()),
        address(new SealedBid()),
        address(new English()),
        address(new Scoring()),
        address(new Rfq()),
        address(new Contest()),
        address(new Race()),
        address(new Committee()),
        address(new Sortition()),
        address(new Seat()),
        address(new Reserved()),
        address(new Batch())
    ];

    function _postedTerms() internal pure returns (bytes memory) {
        return abi.encode(PostedParams({base: 0.001 ether, rate: 0, patience: 100}));
    }

    function _dutchTerms() internal pure returns (bytes memory) {
        return abi.encode(DutchParams({startBps: 1_000, endBps: 10_000, delay: 0, ramp: 100, patience: 100}));
    }

    function _sealedTerms(uint8 standbys) internal pure returns (bytes memory) {
        return abi.encode(
            SealedParams({
                payment: Payment.SecondPrice,
                commit: 60,
                reveal: 60,
                reserveBps: 10_000,
                depositBps: 5_000,
                depositFloor: 1,
                standbys: standbys,
                bidders: 4
            })
        );
    }

    function _englishTerms() internal pure returns (bytes memory) {
        return abi.encode(
            EnglishParams({
                duration: 60,
                closing: 10,
                extension: 15,
                overtime: 30,
                patience: 60,
                decrementBps: 500,
                startBps: 10_000,
                depositBps: 5_000,
                depositFloor: 1,
                standbys: 1
            })
        );
    }

    function _scoringTerms() internal pure returns (bytes memory) {
        Weights memory weights = Weights({
            baseBps: 4_000, timeBps: 5_000, bondBps: 1_000, penaltyBps: 10_000, stakeWorth: 1e27, leastBondBps: 1_000
        });
        return abi.encode(
            ScoringParams({
                payment: ScorePayment.SecondScore,
                commit: 60,
                reveal: 60,
                weights: weights,
                depositBps: 5_000,
                depositFloor: 1,
                standbys: 1,
                bidders: 4
            })
        );
    }

    function _rfqTerms() internal pure returns (bytes memory) {
        return abi.encode(
            RfqParams({
                exclusivity: 60,
                overrideBps: 100,
                patience: 90,
                startBps: 10_000,
                depositBps: 5_000,
                depositFloor: 1,
                standbys: 2
            })
        );
    }

    function _contestTerms() internal pure returns (bytes memory) {
        return abi.encode(
            ContestParams({
                stakeToken: address(0),
                entry: 60,
                settling: 30,
                feeBps: 10_000,
                minTicket: 1_000,
                maxTicket: 0.001 ether,
                alpha: Alpha.One,
                entrants: 8,
                distance: 1
            })
        );
    }

    /// @param commitBlocks 0 for proofs that bind their author.
    function _raceTerms(uint16 commitBlocks) internal pure returns (bytes memory) {
        return abi.encode(
            RaceParams({
                patience: 120,
                window: 40,
                commitBlocks: commitBlocks,
                bountyBps: 9_000,
                decayBps: 5_000,
                winners: 2,
                deposit: commitBlocks == 0 ? 0 : DEPOSIT
            })
        );
    }

    function _committeeTerms() internal pure returns (bytes memory) {
        return abi.encode(
            CommitteeParams({
                seats: 3,
                least: 2,
                needed: 2,
                enrolment: 60,
                shards: 20,
                aggregation: 20,
                open: 40,
                stagger: 5,
                feeBps: 9_000,
                aggregatorBps: 1_000,
                depositBps: 5_000,
                depositFloor: 1,
                bonded: 1
            })
        );
    }

    function _sortitionTerms() internal pure returns (bytes memory) {
        return abi.encode(
            SortitionParams({
                base: 0.0005 ether,
                rate: 0,
                minDeposit: DEPOSIT / 2,
                maxDeposit: 5 * DEPOSIT,
                notice: 60,
                distance: 1,
                lead: 20,
                stagger: 20,
                stages: 2,
                patience: 40,
                backups: 1
            })
        );
    }

    function _seatTerms() internal pure returns (bytes memory) {
        return abi.encode(
            SeatParams({
                base: 2_000,
                ceiling: CEILING,
                decrementBps: 500,
                handover: 30,
                term: 20 minutes,
                notice: 30,
                deposit: DEPOSIT,
                missBps: 1_000,
                maxMisses: 2,
                patience: 60,
                burst: 2,
                refill: 30,
                maxWork: WORK,
                maxBond: BOND,
                minWindow: 1
            })
        );
    }

    function _reservedTerms() internal pure returns (bytes memory) {
        return abi.encode(
            ReservedParams({
                base: 2_000,
                ceiling: CEILING,
                decrementBps: 500,
                offering: 30,
                term: 10 minutes,
                notice: 30,
                deposit: DEPOSIT,
                creditBps: 1_000,
                maxMisses: 2,
                period: 1 hours,
                terminal: 1,
                holders: 2,
                patience: 60,
                burst: 2,
                refill: 30,
                maxWork: WORK,
                maxBond: BOND,
                latency: 60,
                pace: 0
            })
        );
    }

    /// A lot is a request.
    function _batchTerms() internal pure returns (bytes memory) {
        return abi.encode(
            BatchParams({
                interval: uint32(INTERVAL),
                grace: uint32(GRACE),
                window: 1,
                lot: uint40(WORK),
                floor: 10_000,
                ceiling: 0.01 ether,
                work: WORK,
                bond: BOND,
                orders: 8,
                offers: 8,
                carry: 0
            })
        );
    }
}

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// A request whose `instance` has this bit set names a lane of its requester: the bits below are the lane's number.
uint32 constant LANE = 1 << 31;

/// What a requester wants of a stream of similar work: the work, by which mechanisms are judged; what may never be broken, which the
/// market holds every route, request, bid and award of the lane to; and what is negotiable, which guides whoever routes.
struct Terms {
    /// What is paid with; address(0) is the native coin.
    address token;
    /// Who judges the proofs.
    uint32 verifier;
    /// The usual size of a request, in units of the verifier class; its usual bond, in the stake token; and its usual window, in seconds.
    uint64 work;
    uint80 bond;
    uint32 window;
    /// Hard: the most that a request pays per unit of work, in the token. At least 1.
    uint88 pricePerUnit;
    /// Hard: most seconds from entry to a proof, 1 to 30 days. A request of the lane may not have a later deadline.
    uint32 latency;
    /// Hard: most seconds from entry to the first award, if the mechanism is as slow as it can be; 0 for no limit of its own.
    uint32 award;
    /// Hard: least share of a request's bond behind an award, in basis points.
    uint16 bondBps;
    /// Hard: provers that bid have kept at least `kept` awards, and `reliability` basis points of all that ended.
    uint16 kept;
    uint16 reliability;
    /// Hard: provers that stand ready to take over.
    uint8 standbys;
    /// Hard: `CAP_…` bits that every mechanism of the ladder has.
    uint32 capabilities;
    /// Hard: only provers that the requester lists may bid.
    bool closed;
    /// Hard, but nothing that a contract could hold: the least share of requests that are proven, and the largest share of them that goes to one
    /// prover, in basis points; 0 for no limit. Whoever routes has to estimate them.
    uint16 completion;
    uint16 share;
    /// Negotiable; guides whoever routes, and binds nobody.
    Wish[] wishes;
}

/// How much one attribute of what is delivered matters.
struct Wish {
    Attribute attribute;
    /// In basis points of all that is negotiable.
    uint16 weight;
    /// What is as good as it needs to be, and what is of no use; between them the use falls in a straight line. Units as `Attribute` says.
    uint88 best;
    uint88 worst;
}

/// What is delivered can be judged by, each as an average over requests of a value between 0 and 1 (`sim/src/qos/terms.rs` computes them). Where
/// a unit is a share, it is counted in basis points.
enum Attribute {
    /// What is paid per unit of work, in the token.
    Cost,
    /// Seconds from entry to a proof.
    Latency,
    /// Whether those are no more than `worst`.
    Tail,
    /// How far the price is from what was predicted, as a share of that; and likewise the time.
    SteadyPrice,
    SteadyTime,
    /// The share of requests that are proven at all.
    Completion,
    /// How many provers share the work.
    Neutrality,
    /// Whether the input is of use to one prover only: 1 or 0.
    Privacy
}

/// Who may route a lane in its requester's place, and how far.
struct Mandate {
    /// Unix seconds; it ends then. 0: there is none.
    uint40 until;
    /// Seconds between two moves.
    uint32 cooldown;
    /// Stake that whoever moves has in the market, in the stake token.
    uint80 stake;
    /// Paid for a move from the requester's free balance, in the token of the lane.
    uint88 tip;
    /// Anyone may move; otherwise only keepers that are listed.
    bool anyone;
    /// To instances of any mechanism; otherwise only of those that are listed, by the address of their code.
    bool anyMechanism;
}

struct Listing {
    address account;
    bool listed;
}

/// The route and those limits that are looked at when a request of the lane enters and is awarded, in one slot: instance and version (64
/// bits, as an edition), pricePerUnit (88), latency (32), bondBps, kept, reliability (16 each), closed (8); the first lowest.
type LaneSlot is uint256;

using {isSet, edition, pricePerUnit, latency, bondBps, kept, reliability, closed, reroute} for LaneSlot global;

/// The slot of `terms`, not routed.
function pack(Terms calldata terms) pure returns (LaneSlot) {
    return LaneSlot.wrap(
        uint256(terms.pricePerUnit) << 64 | uint256(terms.latency) << 152 | uint256(terms.bondBps) << 184
            | uint256(terms.kept) << 200 | uint256(terms.reliability) << 216 | uint256(terms.closed ? 1 : 0) << 232
    );
}

function isSet(LaneSlot self) pure returns (bool) {
    return LaneSlot.unwrap(self) != 0;
}

/// 0 if the lane is not routed.
function edition(LaneSlot self) pure returns (uint64) {
    return uint64(LaneSlot.unwrap(self));
}

function pricePerUnit(LaneSlot self) pure returns (uint256) {
    return uint88(LaneSlot.unwrap(self) >> 64);
}

function latency(LaneSlot self) pure returns (uint256) {
    return uint32(LaneSlot.unwrap(self) >> 152);
}

function bondBps(LaneSlot self) pure returns (uint256) {
    return uint16(LaneSlot.unwrap(self) >> 184);
}

function kept(LaneSlot self) pure returns (uint256) {
    return uint16(LaneSlot.unwrap(self) >> 200);
}

function reliability(LaneSlot self) pure returns (uint256) {
    return uint16(LaneSlot.unwrap(self) >> 216);
}

function closed(LaneSlot self) pure returns (bool) {
    return LaneSlot.unwrap(self) >> 232 != 0;
}

/// The same limits, to another place.
function reroute(LaneSlot self, uint64 edition_) pure returns (LaneSlot) {
    return LaneSlot.wrap(LaneSlot.unwrap(self) >> 64 << 64 | edition_);
}

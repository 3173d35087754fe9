// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAnnex} from "./IAnnex.sol";
import {IEscrow} from "./IEscrow.sol";
import {ILanes} from "./ILanes.sol";
import {IRecords} from "./IRecords.sol";
import {IRegistry} from "./IRegistry.sol";
import {IRequests} from "./IRequests.sol";
import {ISupply} from "./ISupply.sol";
import {MoveKind} from "../types/Ask.sol";
import {StateSlot, Status} from "../types/State.sol";

/// The life of a request. None → Open → Awarded → Fulfilled, or → Closed with the escrow back; a failed award opens it
/// again in the next rung of its ladder. Every transition that time alone allows is open to everyone.
interface IMarket is IRequests, IAnnex, IRecords, IEscrow, IRegistry, ISupply, ILanes {
    /// The request entered, and its escrow is locked. `entry` is the version and the instance that it entered under (4 bytes each); the
    /// request as `types/RequestRef.sol` packs it, without the requester; and its input. `Packed.open` reads it.
    event Opened(bytes32 indexed id, address indexed requester, bytes entry);
    /// `state` is what is stored of the request now, in the layout of `types/State.sol`: prover, price, due time, share of the bond.
    event Awarded(bytes32 indexed id, address indexed prover, StateSlot state);
    /// A ticket is there, or goes back. `id` is that of its request; or, of a ticket on an instance, the instance's number.
    event Held(bytes32 indexed id, address indexed prover, uint80 amount, uint176 tag);
    event Released(bytes32 indexed id, address indexed prover, uint80 amount);
    /// A ticket was taken: so much of it is burned, compensates the requester, and tips `to`, who called.
    event Forfeited(
        bytes32 indexed id, address indexed prover, uint256 burned, uint256 compensation, uint256 tip, address to
    );
    /// A ticket on an instance was taken, or a part of it, and split likewise; `id` is the request that it was about, or the
    /// instance's number, which means its owner.
    event Docked(
        bytes32 indexed id,
        address indexed prover,
        uint32 instance,
        uint256 burned,
        uint256 compensation,
        uint256 tip,
        address to
    );
    /// The bond of an award that failed was taken, and split likewise.
    event Slashed(
        bytes32 indexed id, address indexed prover, uint256 burned, uint256 compensation, uint256 tip, address to
    );
    /// An award ended without a proof and without fault, because its verifier was frozen.
    event Excused(bytes32 indexed id, address indexed prover);
    /// Opened again under the next instance of its ladder.
    event Climbed(bytes32 indexed id, uint8 rung, uint32 instance, uint32 version);
    /// The mechanism's words for this request, or for its instance, changed.
    event Noted(bytes32 indexed id, bytes32[] words);
    event NotedInstance(uint32 indexed instance, bytes32[] shared);
    event BeaconFixed(bytes32 indexed id, uint64 blockNumber);
    event Tipped(bytes32 indexed id, address indexed to, uint256 amount);
    /// A valid proof came while no award stood, in an open stage; the mechanism says what it is worth.
    event Proven(bytes32 indexed id, address indexed prover, bytes proof);
    event Rewarded(bytes32 indexed id, address indexed prover, uint256 amount);
    event Fulfilled(bytes32 indexed id, address indexed prover, uint256 price, bytes proof);
    /// An item of a batch was left out; `reason` is the error it would have failed with.
    event FulfillmentRejected(bytes32 indexed id, bytes reason);
    event CallbackFailed(bytes32 indexed id);
    /// Given up; or, if a proof had been accepted, fulfilled.
    event Closed(bytes32 indexed id, uint256 refund);
    /// A prover wants its ticket on an instance back, which it can have from `readyAt` on, whatever the mechanism says.
    event Leaving(uint32 indexed instance, address indexed prover, uint40 readyAt);
    event Cancelled(bytes32 indexed id, uint256 refund);

    error WrongStatus(bytes32 id, Status have, Status want);
    error NotRequester(address have, address want);
    /// Neither the account's key nor its code accepts the signature over `digest`. A bid's digest is another one each
    /// time its request opens again.
    error BadSignature(address account, bytes32 digest);
    /// The input's hash is not the one the request names.
    error WrongInput(bytes32 have, bytes32 want);
    error FieldOutOfRange(string field, uint256 have, uint256 min, uint256 max);
    error DeadlinePassed(uint256 time, uint256 deadline);
    error NotDue(uint256 time, uint256 due);
    error BidExpired(uint256 time, uint256 validUntil);
    error WrongProver(bytes32 id, address have);
    error PrivateInstance(uint32 instance, address have, address want);
    error DepositsStand(bytes32 id, uint8 holds);
    /// The request has been proven in an open stage: it is neither taken back nor awarded any more.
    error AlreadyProven(bytes32 id, uint16 proofs);
    /// The instance binds its requesters: what is open under it is not taken back.
    error BindingInstance(bytes32 id, uint32 instance);
    /// The instance takes no proofs without an award.
    error NoOpenStage(bytes32 id, uint32 instance);
    /// What is brought along has to begin with the hash of the proof.
    error WrongProofHash(bytes32 have, bytes32 want);
    /// The request is not under the rules of the instance that is ticked; editions are version << 32 | instance.
    error OtherEdition(bytes32 id, uint64 have, uint64 want);
    /// A move names the request number `subject` of those brought along, whose id does not end in `want`, or there is none.
    error WrongSubject(uint16 subject, uint176 have, uint176 want);
    error NoTicket(bytes32 id, address prover);
    /// The mechanism failed; `reason` is its error, cut to 1 KiB.
    error MechanismFailed(address mechanism, bytes reason);
    /// What the mechanism returned, `size` bytes, is not the encoding of an `Answer`.
    error MalformedAnswer(address mechanism, uint256 size);
    /// The mechanism's code is not the one the instance was registered with.
    error CodeChanged(address target, bytes32 have, bytes32 want);
    /// A move that this event, request or prover does not allow.
    error MoveRefused(MoveKind kind, address prover, string why);
    error TooMuch(string what, uint256 have, uint256 max);
    /// The verifier refused the proof; `reason` is its error, cut to 1 KiB.
    error ProofRefused(bytes32 id, uint32 verifier, bytes reason);
    /// Too little gas is left to give the callee what it is promised.
    error GasTooLow(uint256 have, uint256 want);
    error EmptyBatch();
    /// Of a packed order, or of the part that names its prover, there are `have` bytes; it takes `want`.
    error TruncatedOrder(uint256 have, uint256 want);
    /// The mechanism has no move to make now; it wants to be asked again at `wake`, unix seconds, 0 for never.
    error NothingFollows(bytes32 id, uint40 wake);
    /// The request names another token than its instance.
    error WrongToken(address have, address want);
    error OnlySelf(address have);
}

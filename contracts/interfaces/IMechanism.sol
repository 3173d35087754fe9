// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Request} from "../types/Request.sol";
import {Answer, Ask, Envelope, Shape} from "../types/Ask.sol";

/// A rule by which requests find provers. It is asked, never told: the market keeps the money and the state, brings both
/// to every question, and does what the answer says only after checking it.
///
/// What a mechanism must not do, and what happens if it does:
/// - Depend on anything but its arguments (its own storage, other contracts, block context). Then twin and chain
///   disagree, and keepers that check stop serving it. The market does not rely on it.
/// - Revert for ever, burn its gas or return more than 16 KiB. The call that asked fails. Requests under it reach their
///   deadline and are refunded by `expire`, which does not need its consent.
/// - Award above the request's price, below a prover's floor, to a prover that neither is bidding nor holds a
///   ticket, beyond its stake or capacity, or later than the deadline. The market refuses the move, and with it the call.
/// - Hold or take what the prover's bid did not offer. Refused likewise.
/// - Keep tickets after the request ended. They can be claimed back a day after its deadline without asking.
interface IMechanism {
    /// A short stable name, such as "dutch", by which tools and twins know the rule.
    function name() external view returns (string memory);

    /// Refuses senseless parameters.
    /// @dev Reverts with `InvalidParam`, or if the encoding is wrong.
    /// @param params in the mechanism's own encoding.
    /// @return shape what it needs of the market under them.
    function check(bytes calldata params) external view returns (Shape memory shape);

    /// The worst case of a request under parameters that passed `check`.
    function envelope(bytes calldata params, Request calldata request) external view returns (Envelope memory);

    /// The rule itself.
    /// @dev Reverts with one of the errors below to say no.
    function step(Ask calldata ask) external view returns (Answer memory);
}

/// A parameter is outside its range; `name` says which, `max` and `min` are inclusive.
error InvalidParam(string name, uint256 have, uint256 min, uint256 max);
/// Come back at `notBefore`, unix seconds.
error NotYet(uint256 time, uint256 notBefore);
/// It was possible until `notAfter`, unix seconds.
error TooLate(uint256 time, uint256 notAfter);
/// Something about the bid is `have` and would have to be `want`, or no more than it: its price, its data, how many have bid
/// before. The rule's own documentation says which.
error Unacceptable(uint256 have, uint256 want);
/// The stake that the bid offers does not cover what it would put at risk.
error InsufficientBond(uint256 have, uint256 want);
/// The bidder has `have` of the awards that count, and is refused above `want`, until others have won or the request has waited.
error Concentrated(uint256 have, uint256 want);
/// The mechanism has no use for this cause.
error Unexpected(uint8 cause);

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Request} from "../types/Request.sol";

/// What provers have shown that they can do, and how others see whether they can. Part of the market; its code is elsewhere.
interface IRecords {
    /// Puts fulfilled awards of the caller into its record, for a hundredth of what each paid (rounded up), which is burned from its balance. What was
    /// proven in an open stage is nobody's award, and on no record.
    function record(Request[] calldata requests) external;

    /// Opens a request of the caller, and awards it to `prover` at once for its `maxPrice`, if that declared `DRILLS` and its offer is met. The caller shows
    /// that the request can be proven: `proof` is one, with the caller as its author. Where a verifier does not bind authors anybody can copy it.
    /// Not on lanes, and not under rules that keep words.
    function drill(Request calldata request, address prover, bytes calldata input, bytes calldata proof) external;
}

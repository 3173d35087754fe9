//! The contracts' ABI in Rust, generated from `abi/*.json` (`make bindings`); no code of its own.
//!
//! [`Market`] is everything a client calls, with the events and errors of all its parts and of the mechanisms and
//! verifiers it asks. [`Errors`] are those that belong to no contract. `Request` implements `SolStruct` under the EIP-712
//! type that the contracts hash; what is signed of a `Bid` has more than what is sent.

#![allow(missing_docs, unreachable_pub, clippy::too_many_arguments, reason = "generated code")]

pub use token::{Errors, IERC20};

pub mod code;

/// The ABI of the market as JSON, for decoding by name.
pub const MARKET_ABI: &str = include_str!("../abi/Market.json");

mod market {
    alloy::sol!(
        #[sol(rpc, all_derives)]
        Market,
        "abi/Market.json"
    );
}
pub use market::Market;

mod mechanism {
    alloy::sol!(
        #[sol(rpc, all_derives)]
        IMechanism,
        "abi/IMechanism.json"
    );
}
pub use mechanism::IMechanism;

mod verifier {
    alloy::sol!(
        #[sol(rpc, all_derives)]
        IVerifier,
        "abi/IVerifier.json"
    );
}
pub use verifier::IVerifier;

mod groth16 {
    alloy::sol!(
        #[sol(rpc, all_derives)]
        Groth16Verifier,
        "abi/Groth16Verifier.json"
    );
}
pub use groth16::Groth16Verifier;

mod token {
    alloy::sol! {
        /// ERC-20 with its metadata and the permit of ERC-2612.
        #[sol(rpc, all_derives)]
        interface IERC20 {
            event Transfer(address indexed from, address indexed to, uint256 value);
            event Approval(address indexed owner, address indexed spender, uint256 value);

            error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
            error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);

            function name() external view returns (string);
            function symbol() external view returns (string);
            function decimals() external view returns (uint8);
            function totalSupply() external view returns (uint256);
            function balanceOf(address account) external view returns (uint256);
            function allowance(address owner, address spender) external view returns (uint256);
            function transfer(address to, uint256 value) external returns (bool);
            function approve(address spender, uint256 value) external returns (bool);
            function transferFrom(address from, address to, uint256 value) external returns (bool);
            function nonces(address owner) external view returns (uint256);
            function DOMAIN_SEPARATOR() external view returns (bytes32);
            function permit(
                address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s
            ) external;
        }

        /// What others than the market say no with: mechanisms, tokens, verifiers.
        #[sol(abi, all_derives)]
        interface Errors {
            error InvalidParam(string name, uint256 have, uint256 min, uint256 max);
            error NotYet(uint256 time, uint256 notBefore);
            error TooLate(uint256 time, uint256 notAfter);
            error Unacceptable(uint256 have, uint256 want);
            error InsufficientBond(uint256 have, uint256 want);
            error Concentrated(uint256 have, uint256 want);
            error Unexpected(uint8 cause);
            error InnerChanged(address mechanism, bytes32 have, bytes32 want);
            error InnerMisnamed(address mechanism, bytes32 have, bytes32 want);
            error TransferFailed();
            error TransferFromFailed();
            error ETHTransferFailed();
            error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
            error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
            error UnknownKey(bytes32 key);
            error WrongLength(uint256 have, uint256 want);
            error TooShort(uint256 have, uint256 least);
            error WrongOutputLength(uint256 have, uint256 want);
            error PinnedOutOfRange(uint256 first, uint256 pinned, uint256 inputs);
            error WrongStatement(bytes32 have, bytes32 want);
            error WrongAuthor(bytes32 have, bytes32 want);
            error WrongAuthor(uint256 have, uint256 most);
            error InvalidProof(bytes32 key);
            error NotInField(uint256 have, uint256 below);
            error InputNotInField(uint256 index, uint256 have, uint256 below);
            error NotOnCurve(uint256 x, uint256 y);
            error PointAtInfinity(uint256 word);
            error PrecompileFailed(uint256 precompile);
            error WrongPoints(uint256 have, uint256 least, uint256 most);
            error SetupMissing(bytes32 point);
            error RelatedPoints(bytes32 have, bytes32 other);
            error NotAnAddress(uint256 have);
            error NotTrue(address target, uint256 have);
            error Reverted(address target);
            error WrongReturn(address target, uint256 have, uint256 want);
        }
    }
}

//! The market and its mechanisms as pure functions: no clock, randomness source, disk, network or async. Everything that
//! decides off-chain (keeper, prover, simulator) decides on what this crate computes, and what it computes is what the
//! contracts compute, to the wei.

pub mod abi;
pub mod ask;
pub mod equilibrium;
pub mod event;
pub mod lane;
pub mod market;
pub mod mechanisms;
pub mod planning;
pub mod qos;
pub mod request;

/// An amount of a token or of the native coin, in its smallest unit. The contracts keep amounts below 2^88.
pub type Wei = u128;
/// Unix seconds.
pub type Time = u64;
/// Hundredths of a percent; 10,000 is all.
pub type Bps = u16;
/// A request's id, or any other 32 bytes that the contracts treat as opaque.
pub type Id = [u8; 32];
/// An address.
pub type Account = [u8; 20];

/// All of something, in [`Bps`].
pub const BPS: Wei = 10_000;
/// The address that stands for the native coin, and for nobody.
pub const ZERO: Account = [0; 20];

//! Quality of service: the numbers of THEORY.md again, and what a decision promises.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod drift;
mod evidence;
mod fresh;
mod market;
mod play;
mod records;
mod select;
mod survey;
mod sybils;
mod tune;
mod world;

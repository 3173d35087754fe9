//! Quality of service: the numbers of THEORY.md again, and what a decision promises.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod evidence;
mod play;
mod select;
mod survey;
mod world;

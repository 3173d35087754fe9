//! Quality of service: what a requester wants, what was delivered, what each mechanism would deliver, and which one to take.
//! THEORY.md 2 to 4 as pure functions: the same evidence and the same seed give the same decision, bit for bit, on any machine
//! (transcendental functions are those of `libm`, sums run in a fixed order).
//!
//! [`survey`] does it for a lane of the chain, from the fold of the market's events alone: [`onchain`] has its terms, [`history`] what
//! happened, [`belief`] the provers. [`counterfactual`] asks the same of other rules.
//!
//! Data go round once: [`measure`] makes facts of what happened, [`evidence`] adds them up, [`predict`] plays plausible futures
//! with the twins of the mechanisms, [`select`] chooses by the requester's [`terms`] and [`utility`], [`explain`] says why.

pub mod belief;
pub mod chance;
pub mod counterfactual;
pub mod crowd;
pub mod drift;
pub mod evidence;
pub mod explain;
pub mod fresh;
pub mod history;
pub mod measure;
pub mod menu;
pub mod onchain;
pub mod play;
pub mod predict;
pub mod retune;
pub mod scout;
pub mod select;
pub mod sift;
pub mod stage;
pub mod supply;
pub mod survey;
pub mod terms;
pub mod tune;
pub mod utility;

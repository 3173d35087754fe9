//! What became of a prover's awards for one class of work; the twin of `contracts/types/Record.sol`.

use crate::Wei;

/// The largest value of a count, and of an amount.
const MOST: u32 = (1 << 24) - 1;
const MOST_PAID: Wei = (1 << 88) - 1;

/// For one verifier, paid in one token. Each field stops counting at its largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Awards that were proven in time, of those that the prover had recorded.
    pub kept: u32,
    /// Awards that were missed while their request could still go on to somebody else.
    pub late: u32,
    /// Awards that were missed, and their request with them.
    pub failed: u32,
    /// What the kept ones paid, in the token.
    pub paid: Wei,
    /// What the others would have paid.
    pub missed: Wei,
}

/// What it costs to have a kept award recorded: a hundredth of its price, rounded up.
pub(super) fn fee(price: Wei) -> Wei {
    price.div_ceil(100)
}

impl Record {
    /// One kept, and what it paid.
    pub(super) fn keep(&mut self, price: Wei) {
        self.kept = (self.kept + 1).min(MOST);
        self.paid = (self.paid + price).min(MOST_PAID);
    }

    /// One missed, and what it would have paid.
    pub(super) fn miss(&mut self, price: Wei, over: bool) {
        let count = if over { &mut self.failed } else { &mut self.late };
        *count = (*count + 1).min(MOST);
        self.missed = (self.missed + price).min(MOST_PAID);
    }
}

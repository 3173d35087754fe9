//! What work costs.

use bourse_sim::{BPS, Wei};

/// What work costs this prover in one token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tariff {
    /// For any request.
    pub fixed: Wei,
    /// On top for every million units of work.
    pub rate: Wei,
    /// Gas that a request takes from bid to payment.
    pub gas: u64,
    /// What 10^18 of the chain's native coin are worth in the token; 0 leaves gas out.
    pub native_price: Wei,
}

const RATE_UNIT: Wei = 1_000_000;
const COIN: Wei = 1_000_000_000_000_000_000;

impl Tariff {
    /// What a request of this much work costs at this price of gas (wei each). Rounded up; too much to count is the most
    /// there is, which no request pays.
    pub fn cost(&self, work: u64, gas_price: Wei) -> Wei {
        let proving = self.rate.saturating_mul(work.into()).div_ceil(RATE_UNIT);
        self.fixed.saturating_add(proving).saturating_add(self.gas(gas_price))
    }

    /// The same where an award is raised by `raise` for gas: only what that does not cover is left, and is fixed.
    pub fn raised(&self, raise: Wei, gas_price: Wei) -> Self {
        let gas = self.gas(gas_price).saturating_sub(raise);
        Self { fixed: self.fixed.saturating_add(gas), gas: 0, ..*self }
    }

    /// What gas costs at this price (wei each), rounded up.
    fn gas(&self, gas_price: Wei) -> Wei {
        gas_price.saturating_mul(self.gas.into()).saturating_mul(self.native_price).div_ceil(COIN)
    }
}

/// `amount` and so many basis points of it on top, rounded up.
pub(super) fn plus(amount: Wei, bps: u32) -> Wei {
    times(amount, 10_000_u32.saturating_add(bps))
}

/// So many basis points of `amount`, rounded up.
pub(super) fn times(amount: Wei, bps: u32) -> Wei {
    amount.saturating_mul(bps.into()).div_ceil(BPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_is_the_sum_of_its_parts_rounded_up() {
        let tariff = Tariff { fixed: 100, rate: 1_500_000, gas: 200_000, native_price: COIN };
        assert_eq!(tariff.cost(10, 0), 100 + 15);
        assert_eq!(tariff.cost(1, 3), 100 + 2 + 600_000);
        let elsewhere = Tariff { native_price: 2 * COIN / 1_000, ..tariff };
        assert_eq!(elsewhere.cost(1, 3), 100 + 2 + 1_200);
    }

    #[test]
    fn gas_that_is_paid_for_is_no_cost() {
        let tariff = Tariff { fixed: 100, rate: 0, gas: 200_000, native_price: COIN };
        assert_eq!(tariff.raised(0, 3).cost(1, 3), tariff.cost(1, 3));
        assert_eq!(tariff.raised(450_000, 3).cost(1, 3), 100 + 150_000);
        assert_eq!(tariff.raised(700_000, 3).cost(1, 3), 100);
    }

    #[test]
    fn a_cost_beyond_counting_is_the_most_there_is() {
        let tariff = Tariff { fixed: 1, rate: Wei::MAX, gas: u64::MAX, native_price: Wei::MAX };
        assert!(tariff.cost(u64::MAX, Wei::MAX) > 1 << 88);
        assert_eq!(plus(Wei::MAX, u32::MAX), Wei::MAX.div_ceil(BPS));
    }
}

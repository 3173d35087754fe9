//! Numbers that look random and are a function of a seed: the same future can be drawn again by anybody, and every mechanism can be
//! shown the same one (common random numbers).

use libm::{cos, exp, log, sqrt};

/// A stream of numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The stream that this path of numbers leads to; paths that differ in one have nothing to do with each other.
    pub fn new(path: &[u64]) -> Self {
        path.iter().fold(Self(0x6a09_e667_f3bc_c908), |mut chance, step| {
            chance.0 ^= *step;
            Self(chance.bits())
        })
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `low` to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// One of `count` numbers from 0; 0 if there are none.
    pub fn index(&mut self, count: usize) -> usize {
        (self.uniform() * count as f64) as usize
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// With mean 1.
    pub fn exponential(&mut self) -> f64 {
        -log(1.0 - self.uniform())
    }

    /// With mean 0 and standard deviation 1.
    pub fn normal(&mut self) -> f64 {
        sqrt(2.0 * self.exponential()) * cos(std::f64::consts::TAU * self.uniform())
    }

    /// A factor with median 1, whose logarithm has this standard deviation.
    pub fn factor(&mut self, sd: f64) -> f64 {
        exp(sd * self.normal())
    }
}

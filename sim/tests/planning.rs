//! The numbers of queueing theory, and what a requester saves by reserving.

use bourse_sim::planning::{lost, reservation, wait, waiting, waiting_over};

fn near(have: f64, want: f64) {
    assert!((have - want).abs() < 5e-6, "{have}, want {want}");
}

/// Pool size, utilisation, share that waits, mean wait, share that waits longer than half a proof.
#[test]
fn erlang_c() {
    let table = [
        (1, 0.5, 0.5, 1.0, 0.38940),
        (1, 0.8, 0.8, 4.0, 0.72387),
        (4, 0.7, 0.42865, 0.35721, 0.23525),
        (8, 0.8, 0.45764, 0.28603, 0.20563),
        (16, 0.85, 0.43322, 0.18051, 0.13048),
        (24, 0.9, 0.51592, 0.21497, 0.15539),
    ];
    for (provers, busy, some, mean, long) in table {
        let load = f64::from(provers) * busy;
        near(waiting(provers, load), some);
        near(wait(provers, load), mean);
        near(waiting_over(provers, load, 0.5), long);
    }
    near(waiting(2, 3.0), 1.0);
    assert!(wait(2, 2.0).is_infinite());
    near(waiting_over(2, 2.0, 10.0), 1.0);
}

#[test]
fn erlang_b() {
    for (provers, load, want) in [(1, 0.5, 0.333333), (4, 2.8, 0.183724), (8, 6.4, 0.144394), (24, 20.0, 0.066097)] {
        assert!((lost(provers, load) - want).abs() < 5e-7);
    }
}

#[test]
fn the_newsvendor_reserves_until_the_last_unit_is_used_as_often_as_it_costs() {
    assert_eq!(reservation(20.0, 0.4, 1.0), 21);
    assert_eq!(reservation(20.0, 1.0, 1.0), 0);
    // No other reservation is cheaper.
    let cost = |reserved: u32| {
        let (mut at, mut cost) = ((-20_f64).exp(), 0.4 * f64::from(reserved));
        for demand in 0..200_u32 {
            cost += at * f64::from(demand.saturating_sub(reserved));
            at *= 20.0 / f64::from(demand + 1);
        }
        cost
    };
    assert!((0..60).all(|other| cost(21) <= cost(other)));
    assert!(cost(21) < 0.5 * cost(0), "half of what the spot market costs");
}

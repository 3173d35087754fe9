//! How much capacity to reserve: waiting and loss in a pool of equal provers, and the newsvendor's reservation. Times are in
//! units of the mean time of one proof, `load` is requests per such time.

/// The share of requests that find all of `provers` busy and are lost, for Poisson arrivals (Erlang B).
pub fn lost(provers: u32, load: f64) -> f64 {
    (1..=provers).fold(1.0, |lost, count| load * lost / (f64::from(count) + load * lost))
}

/// The share that has to wait where none is lost, for `load` below `provers` and exponential times (Erlang C); all otherwise.
pub fn waiting(provers: u32, load: f64) -> f64 {
    let busy = load / f64::from(provers);
    if busy >= 1.0 {
        return 1.0;
    }
    let lost = lost(provers, load);
    lost / (1.0 - busy * (1.0 - lost))
}

/// The mean wait before a proof starts; infinite if the load is too much.
pub fn wait(provers: u32, load: f64) -> f64 {
    let spare = f64::from(provers) - load;
    if spare <= 0.0 { f64::INFINITY } else { waiting(provers, load) / spare }
}

/// The share that waits longer than `time`.
pub fn waiting_over(provers: u32, load: f64, time: f64) -> f64 {
    let spare = f64::from(provers) - load;
    if spare <= 0.0 { 1.0 } else { waiting(provers, load) * (-spare * time).exp() }
}

/// What to reserve against a Poisson demand of this `mean`, if a unit costs `reserved` whether it is used or not, and `spot` when it is
/// bought on demand: the least R with P(D > R) at most `reserved / spot`.
pub fn reservation(mean: f64, reserved: f64, spot: f64) -> u32 {
    let (mut at, mut above) = ((-mean).exp(), 1.0);
    for units in 0..10_000 {
        above -= at;
        if above <= reserved / spot {
            return units;
        }
        at *= mean / f64::from(units + 1);
    }
    10_000
}

//! The thesis, tested: requesters who differ are served better by the mechanism that suits each than by the best one for all, and a keeper
//! that starts with a wrong model finds it. `make thesis` runs it and writes `bench/results/thesis.json`, the figures beside it and the tables
//! of `docs/thesis.md`. Everything but the times at the end is a function of the seeds.

mod canvas;
mod chain;
mod figures;
mod keeper;
mod past;
mod policies;
mod population;
mod report;
mod speed;
mod stats;
mod world;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use keeper::{Learning, learn};
use policies::{Outcome, outcome};
use population::{Mix, archetypes};
use report::{HEADING, Score, value};
use serde_json::{Value, json};
use stats::{Interval, mean, round};
use world::{Era, REQUESTERS, REQUESTS, World};

const WORLDS: u64 = 10;
const COMMAND: &str = "make thesis";
/// How much more regret than without a drift is as good as none, in shares of the oracle's value, and over how many requests.
const RECOVERED: f64 = 0.02;
const SPAN: usize = 5;

type Policy = (&'static str, fn(&World, &Era) -> Outcome);

const POLICIES: [Policy; 7] = [
    ("oracle", |world, era| outcome(era, &policies::oracle(world, era))),
    ("keeper, nothing learned", |world, era| outcome(era, &policies::keeper_static(world, era))),
    ("best family, tuned per requester", |world, era| outcome(era, &policies::single_family(world, era))),
    ("best single, tuned (SBS)", |world, era| outcome(era, &policies::single(world, era))),
    ("user's pick, noise .2", |world, era| outcome(era, &policies::users(world, era))),
    ("round robin with fallback", policies::round_robin),
    ("random family", |world, era| outcome(era, &policies::random(world, era))),
];
const KEEPERS: [&str; 2] = ["keeper, requests 51-60", "keeper, requests 1-60 (cold)"];

/// Policies by name, in the order in which they are shown.
struct Scores(Vec<(&'static str, Score)>);

impl Scores {
    fn of(&mut self, name: &'static str) -> &mut Score {
        let at = self.0.iter().position(|(other, _)| *other == name).unwrap_or_else(|| {
            self.0.push((name, Score::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    fn add(&mut self, world: &World, learning: Option<&Learning>) {
        let era = &world.eras[0];
        let [oracle, single] = [policies::oracle, policies::single].map(|policy| outcome(era, &policy(world, era)));
        let mut take = |name, outcome: &Outcome| self.of(name).add(outcome, &oracle, &single);
        for (name, policy) in POLICIES {
            take(name, &policy(world, era));
            if let (Some(learning), true) = (learning, name == "oracle") {
                for (name, from) in KEEPERS.into_iter().zip([50, 0]) {
                    take(name, &averaged(&learning.course[from..]));
                }
            }
        }
    }

    fn json(&self) -> Value {
        self.0.iter().map(|(name, score)| ((*name).to_owned(), score.json())).collect()
    }

    fn table(&self) -> String {
        self.0.iter().fold(HEADING.to_owned(), |table, (name, score)| table + &score.row(name))
    }
}

/// What each requester got on average; its limits held if they did in more than 95 % of its requests, and by the mechanism's word in all.
fn averaged(course: &[Outcome]) -> Outcome {
    let count = course.len() as f64;
    let requesters = course.first().map_or(0, Vec::len);
    let share = |number: usize, wanted: fn(&world::Worth) -> bool| {
        course.iter().filter(|outcome| wanted(&outcome[number])).count() as f64 / count
    };
    let of = |number: usize| world::Worth {
        satisfied: share(number, |worth| worth.satisfied) > 0.95,
        allowed: share(number, |worth| worth.allowed) == 1.0,
        utility: course.iter().map(|outcome| outcome[number].utility).sum::<f64>() / count,
    };
    (0..requesters).map(of).collect()
}

struct Findings {
    scores: Scores,
    calm: Vec<Vec<f64>>,
    shaken: Vec<Vec<f64>>,
    switches: Vec<f64>,
    broken: usize,
    hopeless: usize,
    worlds: Vec<World>,
}

fn diverse() -> Result<Findings> {
    let mut found = Findings {
        scores: Scores(Vec::new()),
        calm: Vec::new(),
        shaken: Vec::new(),
        switches: Vec::new(),
        broken: 0,
        hopeless: 0,
        worlds: Vec::new(),
    };
    for seed in 1..=WORLDS {
        let world = World::new(seed, Mix::Diverse, 2).with_context(|| format!("world {seed}"))?;
        let (calm, shaken) = (learn(&world, false)?, learn(&world, true)?);
        found.scores.add(&world, Some(&calm));
        let oracles: Vec<f64> =
            world.eras.iter().map(|era| value(&outcome(era, &policies::oracle(&world, era)))).collect();
        found.calm.push(report::regret(&calm.course, |_| oracles[0]));
        found
            .shaken
            .push(report::regret(&shaken.course, |request| oracles[usize::from(request >= REQUESTS as usize / 2)]));
        found.switches.push(calm.switches);
        found.broken += calm.broken + shaken.broken;
        found.hopeless += world.hopeless;
        eprintln!(
            "world {seed}: oracle {:.3}, after 50 requests {:.3}",
            oracles[0],
            value(&averaged(&calm.course[50..]))
        );
        found.worlds.push(world);
    }
    Ok(found)
}

fn other(mix: Mix, worlds: u64) -> Result<(Scores, f64)> {
    let mut scores = Scores(Vec::new());
    let mut gap = 0.0;
    for seed in 1..=worlds {
        let world = World::new(seed, mix, 1)?;
        let learning = if mix == Mix::Lenient { Some(learn(&world, false)?) } else { None };
        scores.add(&world, learning.as_ref());
        let era = &world.eras[0];
        let of = |policy: fn(&World, &Era) -> policies::Picks| value(&outcome(era, &policy(&world, era)));
        gap += of(policies::oracle) - of(policies::single);
    }
    Ok((scores, gap / worlds as f64))
}

/// The mean over worlds, request by request.
fn course(worlds: &[Vec<f64>]) -> Vec<f64> {
    (0..REQUESTS as usize).map(|request| mean(&worlds.iter().map(|world| world[request]).collect::<Vec<_>>())).collect()
}

/// Requests after the drift until the mean regret of the last few is, for good, as if there had been none.
fn recovery(shaken: &[f64], calm: &[f64]) -> usize {
    let from = REQUESTS as usize / 2;
    let above = |last: usize| mean(&shaken[last - SPAN..last]) - mean(&calm[last - SPAN..last]);
    (from + SPAN..=shaken.len()).rev().find(|last| RECOVERED < above(*last)).map_or(0, |last| last - from)
}

fn windows(worlds: &[Vec<f64>], from: usize, to: usize) -> Interval {
    Interval::of(&worlds.iter().map(|world| mean(&world[from..to])).collect::<Vec<_>>())
}

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("speed") {
        println!("{:#}", speed::measure()?);
        return Ok(());
    }
    if std::env::args().nth(1).as_deref() == Some("past") {
        println!("{:#}", past::measure()?);
        return Ok(());
    }
    if std::env::args().nth(1).as_deref() == Some("chain") {
        return on_chain(&root());
    }
    let found = diverse()?;
    let (lenient, soft) = other(Mix::Lenient, WORLDS / 2)?;
    let (_, same) = other(Mix::Same, 3)?;
    let speed = speed::measure()?;
    let (calm, shaken) = (course(&found.calm), course(&found.shaken));
    let (families, cells) = report::families(&found.worlds);

    let root = root();
    fs::create_dir_all(&root)?;
    let bars: Vec<_> = found.scores.0.iter().map(|(name, score)| ((*name).to_owned(), score.gap_closed())).collect();
    figures::bars(&root.join("gap.png"), "share of the gap closed (SBS 0, oracle 1)", &bars)?;
    let curves: [(&str, &[f64]); 2] = [("calm", &calm), ("fleet degrades at 30", &shaken)];
    figures::curves(&root.join("regret.png"), "keeper from a cold start: regret, of the oracle", &curves)?;
    figures::heat(&root.join("families.png"), "value of the best of each family", &archetypes(), &families, &cells)?;

    let spans = [(0, 10), (10, 20), (20, 30), (30, 40), (40, 50), (50, 60)];
    let json = json!({
        "command": COMMAND,
        "seeds": (1..=WORLDS).collect::<Vec<_>>(),
        "requesters_per_world": REQUESTERS,
        "requests_per_requester": REQUESTS,
        "unservable_requesters": found.hopeless,
        "policies": found.scores.json(),
        "policies_without_limits": lenient.json(),
        "gap_without_limits": round(soft),
        "gap_of_identical_requesters": same,
        "regret": { "calm": report::curve(&calm), "drift_at_30": report::curve(&shaken) },
        "requests_to_recover": recovery(&shaken, &calm),
        "switches_per_requester": round(mean(&found.switches)),
        "deliveries_above_price_or_after_time": found.broken,
        "speed": speed,
    });
    fs::write(root.join("thesis.json"), serde_json::to_string_pretty(&json)? + "\n")?;

    let mut text = format!("### With limits\n\n{}", found.scores.table());
    text += &format!("\n### Without limits but price and time\n\n{}", lenient.table());
    text += "\n### Regret of the keeper from a cold start, of the oracle's value\n\n| requests | calm | fleet degrades after 30 |\n|---|---|---|\n";
    for (from, to) in spans {
        let [calm, shaken] = [&found.calm, &found.shaken].map(|worlds| windows(worlds, from, to).cell());
        text += &format!("| {}-{to} | {calm} | {shaken} |\n", from + 1);
    }
    text += &format!(
        "\nIdentical requesters: gap {same}. Requests until regret is again within 2 % of what it is without the drift: {}. Changes of route per \
         requester: {:.1}. Deliveries above the highest price or after the latest time: {}. Requesters that no instance can serve, left out: \
         {} of {}.\n",
        recovery(&shaken, &calm),
        mean(&found.switches),
        found.broken,
        found.hopeless,
        WORLDS * REQUESTERS
    );
    println!("{text}\n{speed:#}");
    publish("results", &text)?;
    on_chain(&root)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("results")
}

/// The part that is played on a chain; its results go beside those of the simulation.
fn on_chain(root: &Path) -> Result<()> {
    let (chain, table) = tokio::runtime::Runtime::new()?.block_on(chain::measure())?;
    let path = root.join("thesis.json");
    let mut all: Value = serde_json::from_str(&fs::read_to_string(&path).context("bench/results/thesis.json")?)?;
    let of = |policy: &Value| policy["hard_violations_on_chain"].clone();
    let violations: Value = chain["policies"]
        .as_object()
        .map(|policies| policies.iter().map(|(name, policy)| (name.clone(), of(policy))).collect())
        .context("policies")?;
    (all["hard_violations_on_chain"], all["chain"]) = (violations, chain);
    fs::write(path, serde_json::to_string_pretty(&all)? + "\n")?;
    println!("{table}");
    publish("chain", &table)
}

/// Puts tables where docs/thesis.md wants them.
fn publish(what: &str, text: &str) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/thesis.md");
    let page = fs::read_to_string(&path).context("docs/thesis.md")?;
    let (start, end) = (&*format!("<!-- {what} -->\n"), &*format!("<!-- end of {what} -->"));
    let (head, rest) = page.split_once(start).context("docs/thesis.md has no place for results")?;
    let (_, tail) = rest.split_once(end).context("docs/thesis.md has no end of results")?;
    fs::write(path, format!("{head}{start}{text}{end}{tail}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_alike_loses_nothing_by_sharing_a_mechanism() -> Result<()> {
        let (_, gap) = other(Mix::Same, 1)?;
        assert_eq!(gap, 0.0);
        Ok(())
    }
}

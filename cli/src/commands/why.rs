//! `bourse why`: why a lane leads where it does, and what it would get elsewhere; from chain data alone.

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_keeper::verdict;
use bourse_sim::mechanisms::modifier::full_name;
use bourse_sim::qos::counterfactual::happened;
use bourse_sim::qos::onchain::PER;
use bourse_sim::qos::select::{Pace, View};
use bourse_sim::qos::survey::{Survey, Unfit, survey};
use bourse_sim::qos::terms::ATTRIBUTES;
use serde_json::{Value, json};

use crate::amount;
use crate::commands::lanes::Which;
use crate::past::Past;
use crate::session::Session;

/// `bourse why`
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    which: Which,
    /// As of this block [default: the latest]
    #[arg(long, value_name = "NUMBER")]
    block: Option<u64>,
}

/// Runs the command.
///
/// # Errors
/// If there is no such lane, or the chain cannot be read.
pub async fn run(session: &Session, Options { which, block }: &Options) -> Result<()> {
    let key = which.key(session)?;
    let mut past = Past::read(session).await?;
    if let Some(block) = block {
        past.back_to(*block)?;
    }
    let market = past.present()?;
    let survey = survey(&market, &past.names, key, past.head.time).with_context(|| which.unknown(key.0))?;
    let lane = market.lanes().get(&key).with_context(|| which.unknown(key.0))?;
    let token = session.node.token(lane.terms.token).await?;
    let name = |instance: u32| name_of(&past, &market, instance);
    let pace = Pace::default();
    let decided = survey.decide(&pace);
    let fresh = survey.propose(&decided, &pace);
    let last = past.moves(key).last().copied();
    let views = survey.views();
    let shown = json!({
        "requester": amount::address(key.0),
        "lane": key.1,
        "route": lane.route.map(|(instance, version)| json!({ "instance": instance, "version": version })),
        "routed": last.map(|last| json!({ "block": last.block, "time": last.time, "by": amount::address(last.by) })),
        "block": past.head.number,
        "decision": match &decided {
            Ok(record) => verdict::record_json(record),
            Err(infeasible) => verdict::infeasible_json(infeasible),
        },
        "instances": views.iter().map(|view| view_json(&survey, view)).collect::<Vec<_>>(),
        "fresh": fresh.as_ref().map(verdict::fresh_json),
        "unfit": survey.unfit.iter().map(|(number, why)| unfit_json(&survey, *number, *why)).collect::<Vec<_>>(),
        "delivered": happened(&market, key).map(|course| super::whatif::course_json(&course)),
    });
    session.out.result(&shown, || {
        let leads = match (lane.route, last) {
            (Some((instance, _)), Some(last)) => {
                let by = if last.by == key.0 { "its requester".to_owned() } else { amount::address(last.by) };
                format!("leads to instance {instance} ({}) since {}, by {by}", name(instance), amount::clock(last.time))
            }
            _ => "leads nowhere".to_owned(),
        };
        let now = match &decided {
            Ok(record) => record.to_string(),
            Err(infeasible) => format!("no instance holds its limits: {infeasible}"),
        };
        let fresh = fresh.as_ref().map_or(String::new(), |fresh| format!("\nto be registered: {fresh}"));
        let table = table(session, &survey, &views, &token, name);
        let left_out: Vec<_> = survey
            .unfit
            .iter()
            .map(|(number, why)| {
                let instance = survey.place(*number).0;
                format!("instance {instance} ({}) {}", name(instance), unfit(*why))
            })
            .collect();
        let left_out =
            if left_out.is_empty() { String::new() } else { format!("\nnot looked at: {}", left_out.join("; ")) };
        let got = happened(&market, key).map_or("nothing was delivered yet".to_owned(), |course| {
            format!("delivered so far: {}", super::whatif::words(&course, &token, lane.terms.work))
        });
        format!("lane {} {leads}\n{got}\nnow: {now}{fresh}\n\n{table}{left_out}", key.1)
    })
}

/// What an instance's mechanism is called, with its modifiers.
pub(super) fn name_of(past: &Past, market: &bourse_sim::market::Market, instance: u32) -> String {
    let config = market.instances().get(&instance).and_then(|entry| entry.config(entry.version()));
    let name = config.and_then(|config| Some(full_name(past.names.get(&config.mechanism)?, &config.params)));
    name.unwrap_or_else(|| "?".to_owned())
}

/// Each instance and what it would deliver, the best first.
pub(super) fn table(
    session: &Session,
    survey: &Survey,
    views: &[View],
    token: &Token,
    name: impl Fn(u32) -> String,
) -> String {
    let weighed: Vec<usize> = (0..ATTRIBUTES.len()).filter(|i| survey.terms.wishes[*i].weight > 0.0).collect();
    let mut head = vec!["instance".to_owned(), "mechanism".to_owned(), "utility".to_owned()];
    head.extend(weighed.iter().map(|i| format!("{} (of {:.2})", ATTRIBUTES[*i], survey.terms.wishes[*i].weight)));
    head.extend(["price", "time", "proven", "limits"].map(str::to_owned));
    let mut sorted: Vec<&View> = views.iter().collect();
    sorted.sort_by(|a, b| a.tier.cmp(&b.tier).then(b.score.total_cmp(&a.score)));
    let rows = sorted.into_iter().map(|view| {
        let (outlook, correction) =
            (&survey.outlooks[&view.instance], survey.ledger.correction(view.family, view.instance));
        let (_, traits) = outlook.corrected(&correction, 0.0);
        let price = traits.price * outlook.work as f64 / PER;
        let (instance, version) = survey.place(view.instance);
        let newest = if instance == view.instance { String::new() } else { format!(" v{version}") };
        let mut row = vec![format!("{instance}{newest}"), name(instance), format!("{:.3}", view.value())];
        row.extend(weighed.iter().map(|i| format!("{:.3}", view.parts[*i])));
        row.extend([
            amount::rough(price as u128, token),
            format!("{:.0} s", traits.time),
            format!("{:.0} %", 100.0 * outlook.probability(&correction, 0.0, (0.0, 0.0))),
            limits(view),
        ]);
        row
    });
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    session.out.table(&head, rows)
}

fn limits(view: &View) -> String {
    let broken: Vec<_> = view.breaches.iter().map(|breach| breach.limit.to_string()).collect();
    match view.tier {
        0 => "held".to_owned(),
        1 => "held if all goes well".to_owned(),
        _ => format!("breaks {}", broken.join(", ")),
    }
}

fn view_json(survey: &Survey, view: &View) -> Value {
    let parts: serde_json::Map<_, _> = ATTRIBUTES
        .iter()
        .zip(view.parts)
        .filter(|(attribute, _)| survey.terms.wish(**attribute).weight > 0.0)
        .map(|(attribute, part)| (attribute.to_string(), json!(part)))
        .collect();
    let breaches: Vec<_> = view.breaches.iter().map(|breach| breach.limit.to_string()).collect();
    let (instance, version) = survey.place(view.instance);
    json!({
        "instance": instance, "version": version, "utility": view.value(), "score": view.score, "risk": view.risk, "parts": parts,
        "breaks": breaches,
    })
}

fn unfit_json(survey: &Survey, number: u32, why: Unfit) -> Value {
    let (instance, version) = survey.place(number);
    json!({ "instance": instance, "version": version, "why": unfit(why) })
}

fn unfit(why: Unfit) -> &'static str {
    match why {
        Unfit::Retired => "is retired",
        Unfit::Private => "is another requester's own",
        Unfit::Token => "is paid in another token",
        Unfit::Verifier => "does not take the lane's verifier",
        Unfit::Mandate => "is not among the mechanisms of the mandate",
        Unfit::Unknown => "has a mechanism, or a ladder, that nothing is known of here",
    }
}

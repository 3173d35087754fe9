//! `bourse lanes check`: whether what a file wishes for can be had in this market; and if not, what comes nearest.

use std::collections::BTreeMap;

use anyhow::{Context, Error, Result};
use bourse_chain::read::Token;
use bourse_keeper::verdict;
use bourse_sim::event::Event;
use bourse_sim::lane::{LANE, Mandate, Terms};
use bourse_sim::market::Market;
use bourse_sim::qos::fresh::usual_of;
use bourse_sim::qos::onchain::PER;
use bourse_sim::qos::select::{Breach, Infeasible, Limit, Pace};
use bourse_sim::qos::survey::{self, Survey, survey};
use bourse_sim::qos::terms::Usual;
use bourse_sim::qos::{belief, history};
use bourse_sim::{Account, Time};
use serde_json::json;

use super::why;
use crate::lane::{self, Said};
use crate::past::Past;
use crate::session::Session;
use crate::{Outcome, amount, commands};

/// A lane that nobody has; terms are tried on it.
const NOBODY: u32 = LANE - 1;

/// Runs the command; [`Outcome::Short`] if no instance can hold the limits.
///
/// # Errors
/// Which field of the file is wrong; if the chain cannot be read.
pub async fn run(session: &Session, said: &Said) -> Result<Outcome> {
    let past = Past::read(session).await?;
    let mut market = past.present()?;
    let (token, stake) = (session.token(said.token.as_deref()).await?, session.node.token(market.stake_token()).await?);
    let terms = said.terms(&token, &stake, session.verifier(&said.verifier)?)?;
    let requester = session.settings.key().map(|key| key.address()).unwrap_or_default();
    let survey = tried(&mut market, &past.names, requester, &terms, past.head.time)?;
    let decided = survey.decide(&Pace::default());
    let shown = match &decided {
        Ok(record) => verdict::record_json(record),
        Err(infeasible) => verdict::infeasible_json(infeasible),
    };
    session.out.result(&json!({ "terms": commands::lanes::terms_json(&terms), "decision": shown }), || {
        let told = match &decided {
            Ok(record) => format!("can be had: {record}"),
            Err(infeasible) => nearest(infeasible, &terms, &token),
        };
        let name = |instance: u32| why::name_of(&past, &market, instance);
        format!("{told}\n\n{}", why::table(session, &survey, &survey.views(), &token, name))
    })?;
    Ok(if decided.is_ok() { Outcome::Done } else { Outcome::Short })
}

/// What the market would be to a lane with these terms, whatever its mandate.
fn tried(
    market: &mut Market,
    names: &BTreeMap<Account, String>,
    requester: Account,
    terms: &Terms,
    now: Time,
) -> Result<Survey> {
    imagine(market, requester, terms, now)?;
    survey(market, names, (requester, NOBODY), now).context("the lane was just set")
}

/// Gives the requester a lane with these terms in a market that is only looked at.
fn imagine(market: &mut Market, requester: Account, terms: &Terms, now: Time) -> Result<()> {
    let (lane, mandate) = (NOBODY, Mandate { any_mechanism: true, ..Mandate::default() });
    market.apply(&Event::TermsSet { requester, lane, terms: terms.clone() }, now)?;
    Ok(market.apply(&Event::MandateSet { requester, lane, mandate }, now)?)
}

/// Makes sure that terms can be had in this market by a request of `requester`.
///
/// # Errors
/// What comes nearest, if they cannot.
pub async fn require_feasible(session: &Session, requester: Account, terms: &Terms, token: &Token) -> Result<()> {
    let past = Past::read(session).await?;
    let survey = tried(&mut past.present()?, &past.names, requester, terms, past.head.time)?;
    survey.decide(&Pace::default()).map(drop).map_err(|infeasible| Error::msg(nearest(&infeasible, terms, token)))
}

/// What a lane's terms would have to give up for an instance to hold them; none if they need not, or the lane or the instance is not known.
///
/// # Errors
/// If the chain cannot be read.
pub async fn in_the_way(session: &Session, key: (Account, u32), instance: u32) -> Result<Option<String>> {
    let past = Past::read(session).await?;
    let mut market = past.present()?;
    let Some(terms) = market.lanes().get(&key).map(|lane| lane.terms.clone()) else { return Ok(None) };
    let token = session.node.token(terms.token).await?;
    let survey = tried(&mut market, &past.names, key.0, &terms, past.head.time)?;
    let view = survey.views().into_iter().find(|view| view.instance == instance);
    let breaches = view.map(|view| view.breaches).unwrap_or_default();
    let given = breaches.iter().map(|breach| give_up(breach, &terms, &token)).collect::<Vec<_>>();
    Ok((!given.is_empty()).then(|| format!("instance {instance} could hold them with {}", given.join(" and "))))
}

/// What `work` units usually cost and take, by what provers have declared and delivered in this market; none if nothing is known of any.
///
/// # Errors
/// If the chain cannot be read.
pub async fn usual(session: &Session, verifier: u32, work: u64) -> Result<Option<Usual>> {
    let past = Past::read(session).await?;
    let mut market = past.present()?;
    let terms = Terms { verifier, work, price_per_unit: u64::MAX.into(), ..Terms::default() };
    let key = (Account::default(), NOBODY);
    imagine(&mut market, key.0, &terms, past.head.time)?;
    let lane = market.lanes().get(&key).context("the lane was just set")?;
    let fleet = belief::fleet(&market, &past.names, (lane, key.0), &history::past(&market, key.0));
    Ok(usual_of(&fleet, &survey::usual(lane)))
}

/// What to give up, in the units of the file.
fn nearest(infeasible: &Infeasible, terms: &Terms, token: &Token) -> String {
    if infeasible.nearest.is_empty() {
        return "cannot be had: there is no instance that is paid in its token and takes its verifier".to_owned();
    }
    let said = infeasible.nearest.iter().map(|breach| give_up(breach, terms, token));
    let any = if infeasible.together { "all of it:" } else { "any one of these:" };
    format!(
        "cannot be had; it could with {any}\n{}",
        said.map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
    )
}

fn give_up(breach: &Breach, terms: &Terms, token: &Token) -> String {
    let Breach { limit, have, want } = breach;
    let price = |rate: f64| amount::rough((rate * terms.work as f64 / PER) as u128, token);
    let share = |share: f64| format!("{:.0}", share * 10_000.0);
    match limit {
        Limit::Price => format!("max_price {} instead of {}", price(*have), price(*want)),
        Limit::Time => format!("latency {have}s instead of {want}s"),
        Limit::Award => format!("award {have}s instead of {want}s"),
        Limit::Bond => format!("bond_bps {} instead of {}", share(*have), share(*want)),
        Limit::Standbys => format!("standbys {have} instead of {want}"),
        Limit::Completion => format!("completion {} instead of {}", share(*have), share(*want)),
        Limit::Share => format!("share {} instead of {}", share(*have), share(*want)),
        Limit::Capabilities => {
            let missing = lane::capabilities(*want as u32 & !(*have as u32)).join(" and ");
            format!("capabilities without {missing}")
        }
    }
}

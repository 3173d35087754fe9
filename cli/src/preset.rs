//! Lanes to start from: the named terms of `sim/src/qos/terms.rs`, spelt out as a file that can be read and changed.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_sim::qos::onchain::PER;
use bourse_sim::qos::terms::{ATTRIBUTES, Attribute, PRESETS, Usual, Wish};
use bourse_sim::{BPS, Bps, Time, Wei};
use clap::builder::PossibleValuesParser;

use crate::amount;
use crate::commands::check;
use crate::deploy::GROTH16;
use crate::lane::{self, Said, SaidMandate, SaidWish};
use crate::session::Session;

/// The most that is paid and waited for, as multiples of what is usual.
const DEAREST: Wei = 4;
const LATEST: Time = 10;

/// `bourse lanes new`
#[derive(Clone, Debug, clap::Args)]
pub struct New {
    /// What matters most
    #[arg(long, value_parser = PossibleValuesParser::new(PRESETS.map(|preset| preset.name)))]
    pub preset: String,
    /// The usual size of a request, in units of the verifier
    #[arg(long, value_name = "N")]
    pub work: u64,
    /// What such a request usually costs, in the native coin [default: by what is known of this market's provers]
    #[arg(long, value_name = "AMOUNT")]
    pub price: Option<String>,
    /// How long it usually takes, to the proof [default: likewise]
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
}

impl New {
    /// The file.
    ///
    /// # Errors
    /// Which flag makes no sense, or is missing as nothing is known of this market's provers.
    pub async fn file(&self, session: &Session) -> Result<String> {
        let coin = session.token(None).await?;
        let (price, time) = self.usual(session, &coin).await?;
        let said = self.said(&coin, price, time)?;
        let head = format!(
            "# A lane called {}, around {} and {time}s for {} units of work. Every line can be changed; then:\n# bourse lanes check \
             FILE, bourse lanes set NUMBER FILE\n",
            self.preset,
            amount::bare(price, coin.decimals),
            self.work
        );
        Ok(format!("{head}{}", toml::to_string(&said)?))
    }

    /// What such a request usually costs, in wei, and takes, in seconds.
    async fn usual(&self, session: &Session, coin: &Token) -> Result<(Wei, Time)> {
        let price = self.price.as_ref().map(|price| amount::parse(price, coin)).transpose()?;
        let time = self.time.as_ref().map(|time| amount::seconds(time)).transpose()?;
        if let (Some(price), Some(time)) = (price, time) {
            return Ok((price, time));
        }
        let known = check::usual(session, session.verifier(GROTH16)?, self.work).await?;
        let known = known.context("nothing is known of provers in this market yet: say --price and --time")?;
        let cost = (known.price * self.work as f64 / PER) as Wei;
        Ok((price.unwrap_or(cost.max(1)), time.unwrap_or(known.time as Time)))
    }

    fn said(&self, coin: &Token, price: Wei, time: Time) -> Result<Said> {
        let preset = PRESETS.iter().find(|preset| preset.name == self.preset);
        let preset = preset.with_context(|| format!("no preset is called '{}'", self.preset))?;
        let terms = preset.terms(Usual { price: price as f64, time: time as f64 });
        let weighed = ATTRIBUTES.iter().filter(|attribute| terms.wish(**attribute).weight > 0.0);
        let wishes: BTreeMap<_, _> =
            weighed.map(|attribute| (attribute.to_string(), wish(*attribute, terms.wish(*attribute), coin))).collect();
        let most = amount::bare(DEAREST * price, coin.decimals);
        let (bps, limits) = (|share: f64| (share * BPS as f64).round() as Bps, &terms.limits);
        Ok(Said {
            work: self.work,
            max_price: most.clone(),
            latency: format!("{}s", LATEST * time),
            bond: most,
            window: format!("{}s", DEAREST as Time * time),
            verifier: GROTH16.into(),
            capabilities: lane::capabilities(limits.capabilities).into_iter().map(str::to_owned).collect(),
            completion: bps(limits.completion),
            share: if limits.share < 1.0 { bps(limits.share) } else { 0 },
            wishes,
            mandate: Some(SaidMandate {
                lasts: "30d".into(),
                cooldown: "10m".into(),
                tip: "0".into(),
                stake: "0".into(),
                ..SaidMandate::default()
            }),
            ..Said::default()
        })
    }
}

/// In the units of the file.
fn wish(attribute: Attribute, wish: &Wish, coin: &Token) -> SaidWish {
    let value = |value: f64| match attribute {
        Attribute::Cost => amount::bare(value as Wei, coin.decimals),
        Attribute::Latency | Attribute::Tail if value >= 1.0 => format!("{value:.0}s"),
        Attribute::SteadyPrice | Attribute::SteadyTime | Attribute::Completion => format!("{:.0}", value * BPS as f64),
        _ => format!("{value:.0}"),
    };
    let weight = (wish.weight * BPS as f64).round() as Bps;
    SaidWish { weight, best: value(wish.best), worst: value(wish.worst) }
}

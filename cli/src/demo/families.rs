//! The demo's market by rule, a family of mechanisms or one with modifiers around it: what each was asked for, and what it did.

use std::collections::BTreeMap;

use bourse_chain::read::Token;
use bourse_sim::Wei;
use serde_json::{Value, json};

use super::board::{Board, Line};
use crate::amount;
use crate::output::Output;

/// The trade of one family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trade {
    /// Requests that came to it, first or down a ladder.
    pub requests: u32,
    /// Those of them that it gave a prover, or that it took a proof of.
    pub awarded: u32,
    /// Those of them that were proven.
    pub proven: u32,
    /// What was paid for these, in the native coin.
    paid: Wei,
    /// What they would have paid at most.
    most: Wei,
    /// Seconds from their entry to their end, together.
    seconds: u64,
}

/// The trade of each family that has an instance.
pub fn trades(board: &Board) -> BTreeMap<&str, Trade> {
    let mut trades: BTreeMap<&str, Trade> =
        board.families.values().map(|family| (family.as_str(), Trade::default())).collect();
    for line in board.lines() {
        let rungs = line.journey.iter().flat_map(|journey| journey.rungs.iter().enumerate());
        for (i, rung) in rungs {
            let family = board.families.get(&rung.instance).and_then(|family| trades.get_mut(family.as_str()));
            if let Some(trade) = family {
                trade.add(&line, i, board);
            }
        }
    }
    trades
}

impl Trade {
    /// Takes in what happened to a request in its rung number `i`.
    fn add(&mut self, line: &Line<'_>, i: usize, board: &Board) {
        let Some((journey, rung)) = line.journey.and_then(|journey| Some((journey, journey.rungs.get(i)?))) else {
            return;
        };
        let next = journey.rungs.get(i + 1);
        let here = |block: u64| rung.at.block <= block && next.is_none_or(|next| block < next.at.block);
        let awarded = journey.awards.iter().any(|award| here(award.at.block));
        self.requests += 1;
        self.awarded += u32::from(awarded || next.is_none() && journey.proof.is_some());
        if let (None, Some((_, price)), Some((request, _))) = (next, journey.proven(), &journey.entered) {
            self.proven += 1;
            self.paid += price;
            self.most += request.max_price;
            self.seconds += line.seconds(board.time);
        }
    }
}

/// For people: a line for each family.
pub fn table(out: Output, board: &Board, coin: &Token) -> String {
    let head = ["rule", "requests", "awarded", "proven", "mean price", "of the most", "mean time"];
    let rows = trades(board).into_iter().map(|(family, trade)| {
        let mean = |total: String| if trade.proven == 0 { "–".to_owned() } else { total };
        let (proven, most) = (trade.proven.max(1), trade.most.max(1));
        vec![
            family.to_owned(),
            trade.requests.to_string(),
            trade.awarded.to_string(),
            trade.proven.to_string(),
            mean(amount::rough(trade.paid / Wei::from(proven), coin)),
            mean(format!("{} %", trade.paid * 100 / most)),
            mean(format!("{} s", trade.seconds / u64::from(proven))),
        ]
    });
    out.table(&head, rows)
}

/// The same for programs; amounts and seconds are sums.
pub fn json(board: &Board) -> Value {
    let trades = trades(board).into_iter().map(|(family, trade)| {
        json!({
            "family": family,
            "requests": trade.requests,
            "awarded": trade.awarded,
            "proven": trade.proven,
            "paid": trade.paid.to_string(),
            "most": trade.most.to_string(),
            "seconds": trade.seconds,
        })
    });
    trades.collect()
}

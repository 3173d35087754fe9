//! What provers lose, and to whom. Of any mechanism this is read off what it answers to a bid; of the shipped ones that take more or less
//! than an auction does, off their parameters.

use bourse_chain::read::Token;
use bourse_sim::Wei;
use bourse_sim::ask::Refusal;
use bourse_sim::mechanisms::batch::BatchParams;
use bourse_sim::mechanisms::committee::CommitteeParams;
use bourse_sim::mechanisms::contest::ContestParams;
use bourse_sim::mechanisms::race::RaceParams;
use bourse_sim::mechanisms::reserved::ReservedParams;
use bourse_sim::mechanisms::seat::SeatParams;
use bourse_sim::mechanisms::sortition::SortitionParams;
use serde_json::{Value, json};

use crate::amount;

/// The split of stake that is lost, in basis points: burned, and to who says so. The rest is the requester's.
const BURN_BPS: Wei = 5_000;
const TIP_BPS: Wei = 500;
const BPS: Wei = 10_000;

/// What provers lose under some parameters; amounts in the smallest unit of the stake token.
#[derive(Clone, Debug)]
pub(super) struct Losses {
    /// What a bid puts down; or why that is not known.
    deposit: Result<Wei, String>,
    /// A bidder that does not go on with its bid loses that.
    binds: bool,
    /// What it takes to lose without winning, what of the deposit is lost by it, and what becomes of the rest.
    loser: (&'static str, Wei, &'static str),
    /// What it takes to be a no-show, and what is lost by it.
    no_show: (&'static str, Wei),
}

impl Losses {
    /// As in an auction: losers have their `deposit` back, and who wins and does not prove loses the `bond`.
    pub(super) fn usual(deposit: Result<Wei, String>, bond: Wei) -> Self {
        let binds = deposit.as_ref().is_ok_and(|deposit| *deposit != 0);
        Self { deposit, binds, loser: ("is not chosen", 0, "comes back"), no_show: ("wins and does not prove", bond) }
    }

    /// As the mechanism of that name has them, if it is a shipped one whose rules differ; `bond` is the request's.
    ///
    /// # Errors
    /// If the parameters are not its: somebody else's mechanism may have that name.
    pub(super) fn of(&self, mechanism: &str, params: &[u8], bond: Wei) -> Result<Self, Refusal> {
        let back = "comes back";
        let free =
            |deposit, loser| Self { deposit: Ok(deposit), binds: false, loser: (loser, 0, back), ..self.clone() };
        Ok(match mechanism {
            "contest" => {
                let ticket = ContestParams::decode(params)?.min_ticket;
                let loser = ("buys the least ticket and is not drawn", ticket, back);
                Self { loser, no_show: ("is drawn and does not prove", bond), ..free(ticket, "") }
            }
            "race" => {
                let deposit = RaceParams::decode(params)?.deposit;
                Self { no_show: ("enters, and nobody proves in time", deposit), ..free(deposit, "is beaten") }
            }
            "committee" => {
                let p = CommitteeParams::decode(params)?;
                let deposit = p.deposit(bond);
                let lost = if p.bonded == 0 { 0 } else { deposit };
                let no_show = ("is a member, and none of them brings the proof", lost);
                Self { no_show, ..free(deposit, "is late with its shard") }
            }
            "seat" => {
                let p = SeatParams::decode(params)?;
                let lost = bond + (p.deposit * Wei::from(p.miss_bps)).div_ceil(BPS);
                let no_show = ("sits and does not prove", lost);
                Self { no_show, ..free(p.deposit, "is outbid") }
            }
            "reserved" => {
                let p = ReservedParams::decode(params)?;
                let lost = bond + (p.deposit * Wei::from(p.credit_bps)).div_ceil(BPS);
                let no_show = ("holds a contract and does not prove", lost);
                Self { no_show, ..free(p.deposit, "is outbid") }
            }
            "sortition" => {
                let deposit = SortitionParams::decode(params)?.min_deposit;
                Self { loser: ("is not drawn", 0, "stays its own, in the pool"), ..free(deposit, "") }
            }
            "batch" => Self { binds: true, ..free(BatchParams::decode(params)?.bond, "finds no order") },
            _ => self.clone(),
        })
    }

    /// For programs: fields of the explanation.
    pub(super) fn json(&self) -> [(&'static str, Value); 3] {
        let deposit = self.deposit.as_ref().map_or(Value::Null, |deposit| json!(deposit.to_string()));
        let lost = self.no_show.1;
        let no_show = json!({
            "lost": lost.to_string(),
            "burned": (lost - tip(lost) - compensation(lost)).to_string(),
            "requester": compensation(lost).to_string(),
            "caller": tip(lost).to_string(),
        });
        [("deposit", deposit), ("loser", json!(self.loser.1.to_string())), ("noShow", no_show)]
    }

    /// For people: who loses, and how.
    pub(super) fn rows(&self, stake: &Token) -> Vec<(&'static str, String)> {
        let (who, lost, rest) = self.loser;
        let loser = match &self.deposit {
            Err(why) => format!("not known: the bids that were tried are refused ({why})"),
            Ok(_) if lost != 0 => format!("{who}: {}", shared(lost, stake)),
            Ok(0) => format!("{who}: pays nothing; bids put nothing down"),
            Ok(deposit) => format!("{who}: pays nothing, its deposit of {} {rest}", amount::show(*deposit, stake)),
        };
        let mut rows = vec![("loser", loser)];
        if let Some(deposit) = self.deposit.as_ref().ok().filter(|_| self.binds) {
            rows.push(("silent bidder", format!("does not go on with its bid: {}", shared(*deposit, stake))));
        }
        let (who, lost) = self.no_show;
        rows.push(("no-show", format!("{who}: {}", shared(lost, stake))));
        rows
    }
}

fn shared(lost: Wei, stake: &Token) -> String {
    if lost == 0 {
        return "loses nothing".to_owned();
    }
    let show = |wei| amount::show(wei, stake);
    let burned = lost - tip(lost) - compensation(lost);
    format!(
        "loses {}: {} burned, {} to the requester, {} to who says so",
        show(lost),
        show(burned),
        show(compensation(lost)),
        show(tip(lost))
    )
}

fn tip(amount: Wei) -> Wei {
    amount * TIP_BPS / BPS
}

fn compensation(amount: Wei) -> Wei {
    amount * (BPS - BURN_BPS - TIP_BPS) / BPS
}

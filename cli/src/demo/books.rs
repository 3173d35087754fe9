//! The demo's last word: what each requester wanted and got, and whether the money adds up.

use anyhow::Result;
use bourse_chain::read::Token;
use bourse_chain::{Node, wire};
use bourse_sim::ask::Status;
use bourse_sim::{Account, Wei, ZERO};
use serde_json::{Value, json};

use super::board::{Board, Line, Standing};
use super::families;
use crate::amount;
use crate::journey::{End, Journey};
use crate::output::Output;

/// Where the ledger keeps what was burned; see ARCHITECTURE.md.
const BURNED: Account = {
    let mut account = [0; 20];
    account[18] = 0xde;
    account[19] = 0xad;
    account
};

/// The market's money, in the native coin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// What ever came in.
    pub deposited: Wei,
    /// What left.
    pub withdrawn: Wei,
    /// Free balances of everybody.
    pub balances: Wei,
    /// Stakes, on their way out or not.
    pub stakes: Wei,
    /// What was burned.
    pub burned: Wei,
    /// What is locked in requests.
    pub escrow: Wei,
    /// What the contract really holds.
    pub held: Wei,
}

impl Books {
    /// Asks the chain.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn read(node: &Node, board: &Board) -> Result<Self> {
        let mut books = Self {
            deposited: board.deposited,
            withdrawn: board.withdrawn,
            burned: node.balance(ZERO, BURNED).await?,
            escrow: board.escrow(),
            held: node.wallet(ZERO, node.market()).await?,
            ..Self::default()
        };
        for account in board.accounts.iter().filter(|account| **account != BURNED) {
            books.balances += node.balance(ZERO, *account).await?;
            books.stakes += node.ledger(*account).await?.stake + node.exit(*account).await?.0;
        }
        Ok(books)
    }

    /// Nothing came from nowhere and nothing is lost.
    pub fn balance(&self) -> bool {
        let owed = self.balances + self.stakes + self.burned + self.escrow;
        self.deposited == self.withdrawn + owed && self.held == owed
    }

    fn words(&self, coin: &Token) -> String {
        let show = |amount| amount::show(amount, coin);
        format!(
            "deposited {} − withdrawn {} = balances {} + stakes {} + burned {} + in escrow {}: {}",
            show(self.deposited),
            show(self.withdrawn),
            show(self.balances),
            show(self.stakes),
            show(self.burned),
            show(self.escrow),
            if self.balance() { "adds up" } else { "DOES NOT ADD UP" }
        )
    }
}

/// What is checked at the end, and whether it holds.
///
/// # Errors
/// If the node does not answer.
pub async fn checks(node: &Node, board: &Board, books: &Books) -> Result<Vec<(String, bool)>> {
    let lines: Vec<_> = board.lines().collect();
    let mut agreed = true;
    for line in &lines {
        let status = match line.record {
            Some(record) => node.state(record.id).await?.status,
            None => Status::None,
        };
        agreed &= matches!(
            (line.standing(), status),
            (Standing::Proven, Status::Fulfilled) | (Standing::Refunded, Status::Closed)
        );
    }
    let whole = |journey: &Journey| match (&journey.end, &journey.entered) {
        (Some((End::Closed { refund }, _)), Some((request, _))) => *refund + journey.tipped == request.escrow(),
        _ => true,
    };
    let cheaper = |line: &Line<'_>| match (line.record, line.journey.and_then(Journey::proven)) {
        (Some(record), Some((_, price))) => price <= record.request.max_price,
        _ => true,
    };
    let proven = |line: &&Line<'_>| line.standing() == Standing::Proven;
    let trades = families::trades(board);
    let idle: Vec<_> = trades.iter().filter(|(_, trade)| trade.proven == 0).map(|(family, _)| *family).collect();
    let all = match idle.as_slice() {
        [] => format!("all {} rules brought proofs, each its own", trades.len()),
        idle => format!("of {} rules no proof came by {}", trades.len(), idle.join(", ")),
    };
    let recovered = |line: &&Line<'_>| line.journey.is_some_and(|journey| !journey.slashes.is_empty());
    let taken_over = lines.iter().filter(proven).any(|line| recovered(&line));
    Ok(vec![
        ("every request has its proof or its money back".to_owned(), agreed),
        ("nobody paid more than it said".to_owned(), lines.iter().all(cheaper)),
        ("refunds are whole".to_owned(), lines.iter().filter_map(|line| line.journey).all(whole)),
        (all, idle.is_empty()),
        ("a prover died and was slashed, and another took over".to_owned(), taken_over),
        ("the money adds up".to_owned(), books.balance()),
    ])
}

/// What everybody wanted and got, what each family did, and the sums.
pub fn table(out: Output, board: &Board, books: &Books, coin: &Token) -> String {
    let head = ["who", "wanted", "size", "way", "paid", "at most", "time", "proven by", "status"];
    let rows = board.lines().map(|line| {
        let proven = line.journey.and_then(Journey::proven);
        let dash = || "–".to_owned();
        vec![
            line.requester.name.to_owned(),
            line.requester.wish.to_owned(),
            format!("2^{}", line.errand.size),
            line.way(board),
            proven.map_or_else(dash, |(_, price)| amount::rough(price, coin)),
            format!("{} {}", line.errand.max_price, coin.symbol),
            format!("{} s", line.seconds(board.time)),
            proven.map_or_else(dash, |(prover, _)| board.name(prover)),
            standing(&line),
        ]
    });
    format!("{}\n\n{}\n\n{}", out.table(&head, rows), families::table(out, board, coin), books.words(coin))
}

/// The same for programs.
pub fn json(board: &Board, books: &Books, checks: &[(String, bool)]) -> Value {
    let lines = board.lines().map(|line| {
        let proven = line.journey.and_then(Journey::proven);
        json!({
            "requester": line.requester.name,
            "wish": line.requester.wish,
            "size": 1_u64 << line.errand.size,
            "way": line.journey.map(|j| j.rungs.iter().map(|rung| board.instance(rung.instance)).collect::<Vec<_>>()),
            "price": proven.map(|(_, price)| price.to_string()),
            "prover": proven.map(|(prover, _)| board.name(prover)),
            "failed": line.journey.map(|j| j.slashes.iter().map(|loss| board.name(loss.prover)).collect::<Vec<_>>()),
            "seconds": line.seconds(board.time),
            "status": standing(&line),
            "request": line.record.map(|record| wire::request_json(&record.request)),
        })
    });
    json!({
        "requests": lines.collect::<Vec<_>>(),
        "families": families::json(board),
        "deposited": books.deposited.to_string(),
        "withdrawn": books.withdrawn.to_string(),
        "balances": books.balances.to_string(),
        "stakes": books.stakes.to_string(),
        "burned": books.burned.to_string(),
        "escrow": books.escrow.to_string(),
        "held": books.held.to_string(),
        "checks": checks.iter().map(|(what, holds)| json!({ "check": what, "holds": holds })).collect::<Vec<_>>(),
    })
}

fn standing(line: &Line<'_>) -> String {
    let word = match line.standing() {
        Standing::Planned => "never entered",
        Standing::Open => "still open",
        Standing::Awarded => "still unproven",
        Standing::Proven => "proven",
        Standing::Refunded => "refunded",
    };
    word.to_owned()
}

//! `bourse account`: what one has, and moving it in and out.

use anyhow::{Result, ensure};
use bourse_chain::read::Token;
use bourse_chain::{Key, call};
use bourse_sim::{Account, Wei, ZERO};
use clap::Subcommand;
use serde_json::json;

use crate::amount;
use crate::session::Session;

/// `bourse account`
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Whose; yours unless named
    #[arg(value_name = "ADDRESS", value_parser = amount::account)]
    pub account: Option<Account>,
    /// Another token than the native coin
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub token: Option<String>,
    /// What to do; show it unless named
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done with one's money.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Put money into the market
    Deposit {
        /// How much: 0.5, or 20 gwei
        amount: String,
        /// Into another account's balance
        #[arg(long, value_name = "ADDRESS", value_parser = amount::account)]
        to: Option<Account>,
    },
    /// Take free balance out of the market
    Withdraw {
        /// How much, or `all`
        amount: String,
        /// To another address
        #[arg(long, value_name = "ADDRESS", value_parser = amount::account)]
        to: Option<Account>,
    },
}

/// Runs the command.
///
/// # Errors
/// What is missing: money, a key, an allowance.
pub async fn run(session: &Session, options: Options) -> Result<()> {
    let token = session.token(options.token.as_deref()).await?;
    match options.command {
        None => show(session, options.account, &token).await,
        Some(Command::Deposit { amount, to }) => {
            let key = session.settings.key()?;
            let amount = amount::parse(&amount, &token)?;
            deposit(session, &key, &token, to.unwrap_or(key.address()), amount).await?;
            show(session, Some(key.address()), &token).await
        }
        Some(Command::Withdraw { amount, to }) => {
            let key = session.settings.key()?;
            let have = session.node.balance(token.address, key.address()).await?;
            let amount = if amount == "all" { have } else { amount::parse(&amount, &token)? };
            ensure!(
                amount <= have && amount != 0,
                "{} is free in the market, want at least {} and more than nothing",
                amount::show(have, &token),
                amount::show(amount, &token)
            );
            session.send(&key, call::withdraw(token.address, to.unwrap_or(key.address()), amount)).await?;
            show(session, Some(key.address()), &token).await
        }
    }
}

/// Moves money from the key's wallet into `account`'s balance; approves the token first where that is needed.
///
/// # Errors
/// If the wallet does not hold it.
pub async fn deposit(session: &Session, key: &Key, token: &Token, account: Account, amount: Wei) -> Result<()> {
    let have = session.node.wallet(token.address, key.address()).await?;
    ensure!(
        amount <= have,
        "the wallet {} has {}, want {}: send it some first",
        amount::address(key.address()),
        amount::show(have, token),
        amount::show(amount, token)
    );
    if token.address != ZERO {
        let market = session.node.market();
        if session.node.allowance(token.address, key.address(), market).await? < amount {
            session.send_to(key, token.address, call::approve(market, amount)).await?;
        }
    }
    session.send(key, call::deposit(token.address, account, amount)).await?;
    Ok(())
}

async fn show(session: &Session, account: Option<Account>, token: &Token) -> Result<()> {
    let account = match account {
        Some(account) => account,
        None => session.settings.key()?.address(),
    };
    let node = &session.node;
    let (wallet, free) = (node.wallet(token.address, account).await?, node.balance(token.address, account).await?);
    let ledger = node.ledger(account).await?;
    let stake = node.token(node.stake_token().await?).await?;
    let shown = json!({
        "account": amount::address(account),
        "token": amount::address(token.address),
        "wallet": wallet.to_string(),
        "market": free.to_string(),
        "stake": ledger.stake.to_string(),
        "locked": ledger.locked.to_string(),
    });
    session.out.result(&shown, || {
        let mut lines = vec![
            format!("account    {}", amount::address(account)),
            format!("wallet     {}", amount::show(wallet, token)),
            format!("in market  {}", amount::show(free, token)),
        ];
        if ledger.id != 0 {
            let (staked, locked) = (amount::show(ledger.stake, &stake), amount::show(ledger.locked, &stake));
            lines.push(format!("stake      {staked}, of it locked {locked} (prover {})", ledger.id));
        }
        lines.join("\n")
    })
}

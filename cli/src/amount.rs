//! Amounts, durations, addresses and ids as people write and read them.

use alloy::hex;
use anyhow::{Context, Result, bail, ensure};
use bourse_chain::read::Token;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

/// An amount of `token`: `0.02`, or with a unit of the native coin, `20 gwei`, `5 wei`.
///
/// # Errors
/// If it is no amount, has more decimal places than the token, or does not fit 88 bits.
pub fn parse(text: &str, token: &Token) -> Result<Wei> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let decimals = match unit.trim().to_ascii_lowercase().as_str() {
        "wei" => 0,
        "gwei" if token.address == ZERO => 9,
        "" => token.decimals,
        "eth" | "ether" if token.address == ZERO => 18,
        symbol if symbol == token.symbol.to_ascii_lowercase() => token.decimals,
        other => bail!("'{other}' is no unit of {}; want none, wei, or {}", token.symbol, token.symbol),
    };
    let amount =
        scaled(number.trim(), decimals).with_context(|| format!("'{text}' is no amount of {}", token.symbol))?;
    let most = (1_u128 << 88) - 1;
    ensure!(
        amount <= most,
        "'{text}' is more than the market counts: have {amount}, at most {most} of the smallest unit"
    );
    Ok(amount)
}

fn scaled(number: &str, decimals: u8) -> Result<Wei> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    ensure!(!number.is_empty() && digits(whole) && digits(part), "want digits like 12 or 0.02");
    ensure!(part.len() <= usize::from(decimals), "{} decimal places, at most {decimals} exist", part.len());
    let padded = format!("{whole}{part:0<width$}", width = usize::from(decimals));
    padded.parse().context("too large")
}

/// An amount with its symbol, all its places, without zeros at the end.
pub fn show(amount: Wei, token: &Token) -> String {
    format!("{} {}", bare(amount, token.decimals), token.symbol)
}

/// An amount without its symbol.
pub fn bare(amount: Wei, decimals: u8) -> String {
    let unit = 10_u128.pow(decimals.into());
    let part = format!("{:0width$}", amount % unit, width = usize::from(decimals));
    let part = part.trim_end_matches('0');
    let whole = amount / unit;
    if part.is_empty() || decimals == 0 { whole.to_string() } else { format!("{whole}.{part}") }
}

/// An amount to about five figures, for tables.
pub fn rough(amount: Wei, token: &Token) -> String {
    let digits = amount.checked_ilog10().unwrap_or(0);
    let unit = 10_u128.pow(digits.saturating_sub(4));
    show((amount + unit / 2) / unit * unit, token)
}

/// Seconds: `90`, `90s`, `10m`, `2h`, `1d`.
///
/// # Errors
/// If it is none of these, or 0.
pub fn seconds(text: &str) -> Result<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = match unit.trim() {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        other => bail!("'{other}' is no unit of time; want s, m, h or d"),
    };
    let number: u64 = number.parse().with_context(|| format!("'{text}' is no time; want one like 90s, 10m, 2h"))?;
    ensure!(number != 0, "'{text}' is no time at all; want at least 1 s");
    number.checked_mul(unit).with_context(|| format!("'{text}' is too long"))
}

/// Bytes in hex, with or without `0x`.
///
/// # Errors
/// If there is another character, or half a byte.
pub fn bytes(text: &str) -> Result<Vec<u8>> {
    let text = text.trim();
    hex::decode(text).with_context(|| format!("'{}' is no hex", brief(text)))
}

/// An address.
///
/// # Errors
/// If it is not 20 bytes of hex.
pub fn account(text: &str) -> Result<Account> {
    let bytes = bytes(text)?;
    let have = bytes.len();
    bytes.try_into().ok().with_context(|| format!("'{text}' has {have} bytes; an address has 20"))
}

/// 32 bytes: an id, a statement.
///
/// # Errors
/// If it is not 32 bytes of hex.
pub fn word(text: &str) -> Result<Id> {
    let bytes = bytes(text)?;
    let have = bytes.len();
    bytes.try_into().ok().with_context(|| format!("'{}' has {have} bytes, want 32", brief(text)))
}

/// An address in full, with its checksum.
pub fn address(account: Account) -> String {
    alloy::primitives::Address::from(account).to_string()
}

/// The start of an address or id, enough to tell it from others on a screen.
pub fn short(bytes: &[u8]) -> String {
    format!("0x{}…", hex::encode(bytes.get(..4).unwrap_or(bytes)))
}

/// Bytes in hex with `0x`.
pub fn hex(bytes: &[u8]) -> String {
    hex::encode_prefixed(bytes)
}

/// The time of day, in UTC.
pub fn clock(time: Time) -> String {
    let of_day = time % 86_400;
    format!("{:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

/// What somebody wrote, short enough for a message.
fn brief(text: &str) -> String {
    text.chars().take(40).collect()
}

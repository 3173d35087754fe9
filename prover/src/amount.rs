use std::{fmt, str::FromStr};

use bourse_sim::Wei;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount of a token, as people write it: `1500`, `"2.5 gwei"`, `"0.1 ether"`. Without a unit it is the token's smallest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub Wei);

/// Text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no amount; right would be 1500, \"2.5 gwei\" or \"0.1 ether\" (10^9 and 10^18 of the smallest unit)")]
pub struct NotAnAmount(String);

impl FromStr for Amount {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        read(text).map(Self).ok_or_else(|| NotAnAmount(text.chars().take(80).collect()))
    }
}

fn read(text: &str) -> Option<Wei> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let places = match unit {
        "" | "wei" => 0,
        "gwei" => 9,
        "ether" => 18,
        _ => return None,
    };
    let number: String = number.trim().chars().filter(|c| *c != '_').collect();
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || places < fraction.len() {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl de::Visitor<'_> for Reader {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an amount such as 1500, \"2.5 gwei\" or \"0.1 ether\"")
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Amount, E> {
        Ok(Amount(value.into()))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Amount, E> {
        Ok(Amount(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Amount, E> {
        u64::try_from(value).map(|value| Amount(value.into())).map_err(|_| E::custom(NotAnAmount(value.to_string())))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<Amount>().map(|amount| amount.0);
        assert_eq!(read("1500"), Ok(1500));
        assert_eq!(read("1_000 wei"), Ok(1000));
        assert_eq!(read(" 2.5 gwei "), Ok(2_500_000_000));
        assert_eq!(read("0.1 ether"), Ok(100_000_000_000_000_000));
        assert_eq!(read("340282366920938463463374607431768211455"), Ok(Wei::MAX));
    }

    #[test]
    fn what_is_no_amount_is_refused_with_an_example() {
        for text in ["", "-1", "1.5", "1.2.3 gwei", "ether", ".5 ether", "5 eth", "1e18", "1.0000000001 gwei", "9 9"] {
            let error = text.parse::<Amount>().unwrap_err();
            assert!(error.to_string().contains("0.1 ether"), "{text}: {error}");
        }
        assert!("340282366920938463463374607431768211456".parse::<Amount>().is_err());
        assert!("340282366920938463464 ether".parse::<Amount>().is_err());
    }
}

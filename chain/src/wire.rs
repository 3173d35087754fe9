//! What requesters and provers say to each other over HTTP, as JSON: a request that has not entered, and a prover's signed bid on it.
//! Amounts are texts of decimal digits, in the smallest unit of their token; times are unix seconds.

use alloy::hex;
use alloy::primitives::Address;
use bourse_sim::mechanisms::committee::recover;
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time};
use serde_json::{Value, json};

use crate::call::Bid;
use crate::key::{Key, KeyError};
use crate::sign::Domain;

/// Where provers take inquiries, below their address.
pub const QUOTE_PATH: &str = "/v1/quote";

/// What JSON lacks, or has otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` is {have}; want {want}")]
pub struct Malformed {
    /// The field.
    pub field: &'static str,
    /// What it holds, or `missing`.
    pub have: String,
    /// What would be right.
    pub want: &'static str,
}

/// A question: what does this request cost, of which this is the input?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// The request.
    pub request: Request,
    /// What it commits to.
    pub input: Vec<u8>,
}

/// The answer: a bid that its prover signed, for whoever asked to bring along when it opens the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// The bid.
    pub bid: Bid,
    /// Its prover's signature, for the first opening of the request.
    pub signature: Vec<u8>,
}

/// Why a quote is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields")]
pub enum Useless {
    #[error("it is for request {}, not {}", hex::encode_prefixed(.have), hex::encode_prefixed(.want))]
    Request { have: Id, want: Id },
    #[error("it asks {have}, and the request pays {want} at most")]
    Price { have: u128, want: u128 },
    #[error("it puts {have} at risk, and the request wants {want}")]
    Bond { have: u128, want: u128 },
    #[error("it is void after {have}, and it is {now}")]
    Expired { have: Time, now: Time },
    #[error("it is no quote to be awarded: it carries {0} bytes of its own")]
    Data(usize),
    #[error("{} did not sign it", Address::from(*.0))]
    Signature(Account),
}

impl Inquiry {
    /// As JSON.
    pub fn json(&self) -> Value {
        json!({ "request": request_json(&self.request), "input": hex::encode_prefixed(&self.input) })
    }

    /// The inverse of [`Inquiry::json`].
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn read(json: &Value) -> Result<Self, Malformed> {
        let request = json.get("request").ok_or_else(|| malformed("request", None, "a request"))?;
        Ok(Self { request: read_request(request)?, input: bytes(json, "input")? })
    }
}

impl Quote {
    /// Signs a bid on a request that has not entered.
    ///
    /// # Errors
    /// [`KeyError::Signing`].
    pub fn sign(domain: &Domain, key: &Key, bid: Bid) -> Result<Self, KeyError> {
        Ok(Self { signature: domain.sign_bid(key, &bid, 0)?, bid })
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let Bid { request, prover, price, max_bond, valid_until, data } = &self.bid;
        json!({
            "request": hex::encode_prefixed(request),
            "prover": Address::from(*prover).to_string(),
            "price": price.to_string(),
            "maxBond": max_bond.to_string(),
            "validUntil": valid_until,
            "data": hex::encode_prefixed(data),
            "signature": hex::encode_prefixed(&self.signature),
        })
    }

    /// The inverse of [`Quote::json`].
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn read(json: &Value) -> Result<Self, Malformed> {
        let bid = Bid {
            request: word(json, "request")?,
            prover: account(json, "prover")?,
            price: number(json, "price")?,
            max_bond: number(json, "maxBond")?,
            valid_until: number(json, "validUntil")?,
            data: bytes(json, "data")?,
        };
        Ok(Self { bid, signature: bytes(json, "signature")? })
    }

    /// Whether `request` can be opened with it at `now`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, domain: &Domain, request: &Request, now: Time) -> Result<(), Useless> {
        let (bid, id) = (&self.bid, domain.request_id(request));
        let signer = <&[u8; 65]>::try_from(self.signature.as_slice()).ok();
        let signer = signer.and_then(|signature| recover(&domain.bid_digest(bid, 0), signature));
        match () {
            () if bid.request != id => Err(Useless::Request { have: bid.request, want: id }),
            () if request.max_price < bid.price => Err(Useless::Price { have: bid.price, want: request.max_price }),
            () if bid.max_bond < request.bond => Err(Useless::Bond { have: bid.max_bond, want: request.bond }),
            () if bid.valid_until <= now => Err(Useless::Expired { have: bid.valid_until, now }),
            () if !bid.data.is_empty() => Err(Useless::Data(bid.data.len())),
            () if signer != Some(bid.prover) => Err(Useless::Signature(bid.prover)),
            () => Ok(()),
        }
    }
}

/// A request as JSON.
pub fn request_json(request: &Request) -> Value {
    json!({
        "requester": Address::from(request.requester).to_string(),
        "token": Address::from(request.token).to_string(),
        "nonce": request.nonce.to_string(),
        "instance": request.instance,
        "version": request.version,
        "verifier": request.verifier,
        "statement": hex::encode_prefixed(request.statement),
        "input": hex::encode_prefixed(request.input),
        "work": request.work.to_string(),
        "maxPrice": request.max_price.to_string(),
        "tip": request.tip.to_string(),
        "bond": request.bond.to_string(),
        "deadline": request.deadline,
        "window": request.window,
        "callback": Address::from(request.callback).to_string(),
        "callbackGas": request.callback_gas,
    })
}

/// The inverse of [`request_json`]; of numbers it takes texts and numbers alike.
///
/// # Errors
/// The first field that is wrong.
pub fn read_request(json: &Value) -> Result<Request, Malformed> {
    Ok(Request {
        requester: account(json, "requester")?,
        token: account(json, "token")?,
        nonce: number(json, "nonce")?,
        instance: number(json, "instance")?,
        version: number(json, "version")?,
        verifier: number(json, "verifier")?,
        statement: word(json, "statement")?,
        input: word(json, "input")?,
        work: number(json, "work")?,
        max_price: number(json, "maxPrice")?,
        tip: number(json, "tip")?,
        bond: number(json, "bond")?,
        deadline: number(json, "deadline")?,
        window: number(json, "window")?,
        callback: account(json, "callback")?,
        callback_gas: number(json, "callbackGas")?,
    })
}

fn number<N: std::str::FromStr>(json: &Value, field: &'static str) -> Result<N, Malformed> {
    let text = json.get(field).map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned));
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| malformed(field, json.get(field), "a number that fits the contract's field"))
}

fn bytes(json: &Value, field: &'static str) -> Result<Vec<u8>, Malformed> {
    let text = json.get(field).and_then(Value::as_str);
    text.and_then(|text| hex::decode(text).ok()).ok_or_else(|| malformed(field, json.get(field), "bytes in hex"))
}

fn account(json: &Value, field: &'static str) -> Result<Account, Malformed> {
    bytes(json, field)?.try_into().map_err(|_| malformed(field, json.get(field), "20 bytes in hex"))
}

fn word(json: &Value, field: &'static str) -> Result<Id, Malformed> {
    bytes(json, field)?.try_into().map_err(|_| malformed(field, json.get(field), "32 bytes in hex"))
}

fn malformed(field: &'static str, have: Option<&Value>, want: &'static str) -> Malformed {
    let text = have.map_or_else(|| "missing".to_owned(), Value::to_string);
    Malformed { field, have: text.chars().take(80).collect(), want }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn request() -> Request {
        Request { requester: [1; 20], nonce: u64::MAX, max_price: 1 << 87, bond: 7, deadline: 99, ..Request::default() }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let inquiry = Inquiry { request: request(), input: vec![1, 2, 3] };
        assert_eq!(Inquiry::read(&inquiry.json()), Ok(inquiry.clone()));
        let mut wrong = inquiry.json();
        wrong["request"]["window"] = json!(1_u64 << 32);
        let want = "a number that fits the contract's field";
        assert_eq!(Inquiry::read(&wrong), Err(Malformed { field: "window", have: (1_u64 << 32).to_string(), want }));
        assert_eq!(Inquiry::read(&json!({})).unwrap_err().to_string(), "`request` is missing; want a request");
    }

    #[test]
    fn a_quote_is_judged_by_all_that_it_says() {
        let (domain, key) = (Domain::new(1, [9; 20]), Key::random());
        let id = domain.request_id(&request());
        let bid = Bid { request: id, prover: key.address(), price: 5, max_bond: 7, valid_until: 50, data: Vec::new() };
        let quote = Quote::sign(&domain, &key, bid.clone()).unwrap();
        let quote = Quote::read(&quote.json()).unwrap();
        assert_eq!(quote.check(&domain, &request(), 49), Ok(()));
        assert_eq!(quote.check(&domain, &request(), 50), Err(Useless::Expired { have: 50, now: 50 }));
        let cheap = Request { max_price: 4, ..request() };
        assert_eq!(
            quote.check(&domain, &cheap, 1),
            Err(Useless::Request { have: id, want: domain.request_id(&cheap) })
        );
        let with = |change: &dyn Fn(&mut Bid)| {
            let mut bid = bid.clone();
            change(&mut bid);
            Quote::sign(&domain, &key, bid).unwrap().check(&domain, &request(), 1)
        };
        assert_eq!(with(&|bid| bid.price = 1 << 88), Err(Useless::Price { have: 1 << 88, want: 1 << 87 }));
        assert_eq!(with(&|bid| bid.max_bond = 6), Err(Useless::Bond { have: 6, want: 7 }));
        assert_eq!(with(&|bid| bid.data = vec![1]), Err(Useless::Data(1)));
        assert_eq!(with(&|bid| bid.prover = [3; 20]), Err(Useless::Signature([3; 20])));
        let forged = Quote { bid: Bid { price: 4, ..bid }, ..quote };
        assert_eq!(forged.check(&domain, &request(), 1), Err(Useless::Signature(key.address())));
    }
}

//! The books of batches, and who trades in one; the twin of `contracts/libraries/BatchBook.sol` and `BatchMatch.sol`.

use std::cmp::Reverse;

use crate::abi::keccak;
use crate::ask::Refusal;
use crate::{Account, Id, Time, Wei, ZERO};

/// Words that the books of an instance take.
pub const WORDS: usize = 5;
const ORDER: usize = 64;
const OFFER: usize = 32;

/// A request in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Of the request.
    pub id: Id,
    /// What it pays at most for a lot, in the instance's token.
    pub value: Wei,
    /// Units of work.
    pub work: u64,
    /// Unix seconds.
    pub deadline: Time,
    /// How many batches it has been in before.
    pub carried: u8,
}

/// An offer in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Who offers.
    pub prover: Account,
    /// What it asks for a lot, in the instance's token.
    pub ask: Wei,
}

/// What the words say about one batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Book {
    pub batch: u64,
    pub orders: u8,
    pub offers: u8,
    pub cleared: bool,
    pub orders_hash: Id,
    pub offers_hash: Id,
}

/// Who trades, by arrival, and what they pay for a lot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Match {
    pub price: Wei,
    pub orders: Vec<usize>,
    pub offers: Vec<usize>,
}

impl Order {
    /// As the book has it, but for the id.
    pub fn entry(&self) -> Id {
        let mut word = Id::default();
        word[7..18].copy_from_slice(&self.value.to_be_bytes()[5..]);
        word[18..26].copy_from_slice(&self.work.to_be_bytes());
        word[26..31].copy_from_slice(&self.deadline.to_be_bytes()[3..]);
        word[31] = self.carried;
        word
    }

    /// The inverse of [`Order::entry`].
    pub fn read(id: Id, entry: &Id) -> Self {
        let part = |bytes: &[u8]| bytes.iter().fold(0, |value: Wei, byte| value << 8 | Wei::from(*byte));
        Self {
            id,
            value: part(&entry[2..18]),
            work: part(&entry[18..26]) as u64,
            deadline: part(&entry[26..31]) as Time,
            carried: entry[31],
        }
    }
}

impl Offer {
    /// As the book has it.
    pub fn entry(&self) -> Id {
        let mut word = Id::default();
        word[..16].copy_from_slice(&(self.ask << 32).to_be_bytes());
        word[12..].copy_from_slice(&self.prover);
        word
    }

    /// The inverse of [`Offer::entry`].
    pub fn read(entry: &Id) -> Self {
        let mut prover = ZERO;
        prover.copy_from_slice(&entry[12..]);
        Self { prover, ask: entry[..12].iter().fold(0, |ask, byte| ask << 8 | Wei::from(*byte)) }
    }
}

impl Book {
    /// The book of a batch; an empty one if its words are those of another batch.
    pub fn load(shared: &[Id], batch: u64) -> Self {
        let half = (batch & 1) as usize;
        let word = half_of(shared, half);
        if word >> 24 != batch {
            return Self { batch, ..Self::default() };
        }
        Self {
            batch,
            orders: word as u8,
            offers: (word >> 8) as u8,
            cleared: (word >> 16) as u8 != 0,
            orders_hash: shared[1 + 2 * half],
            offers_hash: shared[2 + 2 * half],
        }
    }

    /// Into the words.
    pub fn store(&self, shared: &mut [Id]) {
        let half = (self.batch & 1) as usize;
        let (cleared, offers) = (u64::from(self.cleared) << 16, u64::from(self.offers) << 8);
        let word = self.batch << 24 | cleared | offers | u64::from(self.orders);
        shared[0][24 - 8 * half..32 - 8 * half].copy_from_slice(&word.to_be_bytes());
        shared[1 + 2 * half] = self.orders_hash;
        shared[2 + 2 * half] = self.offers_hash;
    }

    /// Extends the orders.
    pub fn order(&mut self, order: &Order) {
        self.orders_hash = keccak([self.orders_hash, order.id, order.entry()].as_flattened());
        self.orders += 1;
    }

    /// Extends the offers.
    pub fn offer(&mut self, offer: &Offer) {
        self.offers_hash = keccak([self.offers_hash, offer.entry()].as_flattened());
        self.offers += 1;
    }

    /// What a tick brings along to clear this batch: its entries in order of arrival, and their ranks.
    pub fn data(&self, orders: &[Order], offers: &[Offer]) -> Vec<u8> {
        let seed = self.seed();
        let mut data = Vec::with_capacity(65 * orders.len() + 33 * offers.len());
        for order in orders {
            data.extend([order.id, order.entry()].as_flattened());
        }
        for offer in offers {
            data.extend(offer.entry());
        }
        let mut ranks: Vec<u8> = (0..orders.len() as u8).collect();
        ranks.sort_by_key(|i| (Reverse(orders[usize::from(*i)].value), lot(&seed, &orders[usize::from(*i)].id)));
        data.extend(ranks);
        let mut ranks: Vec<u8> = (0..offers.len() as u8).collect();
        ranks.sort_by_key(|i| (offers[usize::from(*i)].ask, lot(&seed, &offers[usize::from(*i)].entry())));
        data.extend(ranks);
        data
    }

    /// Reads what a tick brought along.
    ///
    /// # Errors
    /// If it is not this book.
    pub fn read(&self, data: &[u8]) -> Result<(Vec<Order>, Vec<Offer>), Refusal> {
        let (orders, offers) = (usize::from(self.orders), usize::from(self.offers));
        let want = (ORDER + 1) * orders + (OFFER + 1) * offers;
        if data.len() != want {
            return Err(Refusal::unacceptable(data.len() as Wei, want as Wei));
        }
        let word = |at: usize| -> Id { std::array::from_fn(|i| data[at + i]) };
        let orders: Vec<_> = (0..orders).map(|i| Order::read(word(ORDER * i), &word(ORDER * i + 32))).collect();
        let from = ORDER * orders.len();
        let offers: Vec<_> = (0..offers).map(|i| Offer::read(&word(from + OFFER * i))).collect();
        let mut again = Self::default();
        for (i, order) in orders.iter().enumerate() {
            again.orders_hash = keccak([again.orders_hash, order.id, word(ORDER * i + 32)].as_flattened());
        }
        offers.iter().for_each(|offer| again.offer(offer));
        same(again.orders_hash, self.orders_hash)?;
        same(again.offers_hash, self.offers_hash)?;
        Ok((orders, offers))
    }

    /// Who trades, by the ranks at the end of what a tick brought along.
    ///
    /// # Errors
    /// If it is not this book, or the ranks are not those of the prices.
    pub fn find(&self, data: &[u8]) -> Result<Match, Refusal> {
        let (orders, offers) = self.read(data)?;
        let ranks = &data[ORDER * orders.len() + OFFER * offers.len()..];
        let (first, second) = ranks.split_at(orders.len());
        let seed = self.seed();
        let by_value = ranked(first, &seed, true, |i| orders.get(i).map(|order| (order.value, order.id)))?;
        let by_ask = ranked(second, &seed, false, |i| offers.get(i).map(|offer| (offer.ask, offer.entry())))?;
        let values: Vec<_> = by_value.iter().map(|i| orders[*i].value).collect();
        let asks: Vec<_> = by_ask.iter().map(|i| offers[*i].ask).collect();
        let (trades, price) = mcafee(&values, &asks);
        let arrived = |mut those: Vec<usize>| {
            those.truncate(trades);
            those.sort_unstable();
            those
        };
        Ok(Match { price, orders: arrived(by_value), offers: arrived(by_ask) })
    }

    fn seed(&self) -> Id {
        keccak([self.orders_hash, self.offers_hash].as_flattened())
    }
}

/// The rule itself: how many trade, and at what price for a lot. On what orders are worth, most first, and what offers
/// ask, least first.
pub fn mcafee(values: &[Wei], asks: &[Wei]) -> (usize, Wei) {
    let k = values.iter().zip(asks).take_while(|(value, ask)| value >= ask).count();
    if k == 0 {
        return (0, 0);
    }
    if let (Some(value), Some(ask)) = (values.get(k), asks.get(k)) {
        let price = (value + ask) / 2;
        if asks[k - 1] <= price && price <= values[k - 1] {
            return (k, price);
        }
    }
    (k - 1, asks[k - 1])
}

/// By which parameters the books are kept; 0 if there are none yet.
pub fn print(shared: &[Id]) -> u64 {
    shared[0][8..16].iter().fold(0, |print, byte| print << 8 | u64::from(*byte))
}

/// Empty books under other parameters.
pub(super) fn restart(shared: &mut [Id], print: u64) {
    shared[0] = Id::default();
    shared[0][8..16].copy_from_slice(&print.to_be_bytes());
}

fn half_of(shared: &[Id], half: usize) -> u64 {
    shared[0][24 - 8 * half..32 - 8 * half].iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

fn ranked(
    ranks: &[u8],
    seed: &Id,
    falling: bool,
    of: impl Fn(usize) -> Option<(Wei, Id)>,
) -> Result<Vec<usize>, Refusal> {
    let mut before: Option<(Wei, Id)> = None;
    let mut all = Vec::with_capacity(ranks.len());
    for (rank, which) in ranks.iter().enumerate() {
        let most = ranks.len() as Wei - 1;
        let next = of(usize::from(*which)).ok_or(Refusal::unacceptable(Wei::from(*which), most))?;
        if let Some(before) = before {
            let (low, high) = if falling { (next.0, before.0) } else { (before.0, next.0) };
            let ordered = low < high || low == high && lot(seed, &before.1) < lot(seed, &next.1);
            if !ordered {
                return Err(Refusal::unacceptable(rank as Wei, rank as Wei - 1));
            }
        }
        before = Some(next);
        all.push(usize::from(*which));
    }
    Ok(all)
}

fn lot(seed: &Id, which: &Id) -> Id {
    keccak([*seed, *which].as_flattened())
}

fn same(have: Id, want: Id) -> Result<(), Refusal> {
    if have == want { Ok(()) } else { Err(Refusal::Unacceptable { have, want }) }
}

//! Revealed bids as a request's words keep them: two words a bid, the highest score first.

use super::{Offer, Payment, ScoringParams};
use crate::ask::{Ask, Move};
use crate::mechanisms::sealing::{self, SETTLED, prover_in};
use crate::{Account, Id, Time, Wei, ZERO};

/// Words that keep a revealed bid.
pub(super) const STRIDE: usize = 2;

/// A revealed bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "what the names say")]
pub struct Bid {
    pub prover: Account,
    pub score: Wei,
    pub offer: Offer,
}

/// The bid in two words, if there is one.
pub fn bid(head: &Id, terms: &Id) -> Option<Bid> {
    let bidder = prover_in(head);
    let promised = u32::from_be_bytes([terms[17], terms[18], terms[19], terms[20]]);
    let offer = Offer { price: number(&terms[21..]), promised, share: u16::from_be_bytes([terms[15], terms[16]]) };
    (bidder != ZERO).then(|| Bid { prover: bidder, score: score(head), offer })
}

/// The bids that can be awarded, the best first.
pub fn bids(words: &[Id]) -> impl Iterator<Item = Bid> {
    words.chunks_exact(2).filter_map(|pair| bid(&pair[0], &pair[1]))
}

/// `bidder` has revealed a bid that can win or sets a price.
pub fn revealed(words: &[Id], bidder: &Account) -> bool {
    sealing::revealed(words, STRIDE, bidder)
}

/// Takes bids out of the words from the best down to the first whose promise ends by the deadline: that one is awarded, those
/// before it are let go.
pub(super) fn next(p: &ScoringParams, ask: &Ask, words: &mut [Id]) -> Vec<Move> {
    let mut moves = Vec::new();
    for i in (0..2 * p.ranks()).step_by(2) {
        let Some(Bid { prover, score, offer }) = bid(&words[i], &words[i + 1]) else { continue };
        let due = ask.time + Time::from(offer.promised);
        let fits = due <= ask.request.deadline;
        let more = match p.payment {
            Payment::FirstScore => 0,
            Payment::SecondScore => score - runner_up(&words[i + 2..]),
        };
        moves.push(if fits {
            Move { due, bps: offer.share, ..Move::award(prover, offer.price + more) }
        } else {
            Move::release(prover)
        });
        words[i] = if i == 0 { SETTLED } else { Id::default() };
        words[i + 1] = Id::default();
        if fits {
            break;
        }
    }
    moves
}

/// The best score in `words`; 0 if there is none.
fn runner_up(words: &[Id]) -> Wei {
    words.iter().step_by(2).map(score).find(|score| *score != 0).unwrap_or_default()
}

/// Puts a revealed bid in its place, and says whose ticket is no longer needed.
pub(super) fn insert(words: &mut [Id], ranks: usize, bid: Bid) -> Option<Account> {
    let last = 2 * ranks;
    let better = |word: &&Id| **word != Id::default() && score(word) >= bid.score;
    let place = 2 * words[..last].iter().step_by(2).take_while(better).count();
    let [head, terms] = encode(&bid);
    if place == last {
        if let Some(word) = words.get_mut(last).filter(|word| **word == Id::default() || score(word) < bid.score) {
            *word = head;
        }
        return Some(bid.prover);
    }
    let out = prover_in(&words[last - 2]);
    if last < words.len() {
        words[last] = words[last - 2];
    }
    words[place..last].rotate_right(2);
    (words[place], words[place + 1]) = (head, terms);
    (out != ZERO).then_some(out)
}

fn encode(bid: &Bid) -> [Id; 2] {
    let (mut head, mut terms) = (Id::default(), Id::default());
    head[1..12].copy_from_slice(&bid.score.to_be_bytes()[5..]);
    head[12..].copy_from_slice(&bid.prover);
    terms[15..17].copy_from_slice(&bid.offer.share.to_be_bytes());
    terms[17..21].copy_from_slice(&bid.offer.promised.to_be_bytes());
    terms[21..].copy_from_slice(&bid.offer.price.to_be_bytes()[5..]);
    [head, terms]
}

/// The 88 bits above the prover.
fn score(head: &Id) -> Wei {
    number(&head[1..12])
}

fn number(bytes: &[u8]) -> Wei {
    bytes.iter().fold(0, |number, byte| number << 8 | Wei::from(*byte))
}

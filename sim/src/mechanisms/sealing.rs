//! How sealed bids are committed to, and who has revealed: what auctions of them share, whatever it is that their bids say; the twin of
//! `contracts/libraries/Sealing.sol`.

use super::{no_later, no_more, no_sooner, only};
use crate::ask::{Answer, Ask, Move, Refusal, Status, Tag};
use crate::{Account, BPS, Bps, Id, Time, Wei, ZERO};

/// Where the best bid was, once the auction was settled; no bid: its prover is 0.
pub(super) const SETTLED: Id = {
    let mut word = [0; 32];
    word[0] = 0x80;
    word
};

/// The parameters that such auctions have in common, and how their words keep revealed bids.
pub(super) struct Sealing {
    /// Seconds for commitments, and after that for reveals.
    pub(super) commit: u32,
    /// See `commit`.
    pub(super) reveal: u32,
    /// Bidders admitted.
    pub(super) bidders: u8,
    /// A deposit in basis points of the request's bond, and the least it is, in the stake token.
    pub(super) deposit_bps: Bps,
    /// See `deposit_bps`.
    pub(super) deposit_floor: Wei,
    /// Bids that can be awarded, and the words of each, the first of which ends with the prover.
    pub(super) ranks: usize,
    /// See `ranks`.
    pub(super) stride: usize,
}

impl Sealing {
    pub(super) fn commit_end(&self, opened_at: Time) -> Time {
        opened_at + Time::from(self.commit)
    }

    pub(super) fn reveal_end(&self, opened_at: Time) -> Time {
        self.commit_end(opened_at) + Time::from(self.reveal)
    }

    pub(super) fn deposit(&self, bond: Wei) -> Wei {
        (bond * Wei::from(self.deposit_bps)).div_ceil(BPS).max(self.deposit_floor)
    }

    /// Holds a deposit for a commitment.
    pub(super) fn commit(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let settled = self.reveal_end(ask.opened_at) + 1;
        no_later(settled, ask.request.deadline.saturating_sub(1))?;
        no_more(ask.price, 0)?;
        let commitment = word_of(ask)?;
        if ask.actor.held == 0 && ask.holds >= self.bidders {
            return Err(Refusal::unacceptable(ask.holds.into(), Wei::from(self.bidders) - 1));
        }
        let (deposit, stake) = (self.deposit(ask.request.bond), ask.actor.free + ask.actor.held);
        if stake < deposit {
            return Err(Refusal::InsufficientBond { have: stake, want: deposit });
        }
        let hold = Move::hold(ask.actor.prover, deposit, tag(&commitment));
        Ok(Answer { words: ask.words.clone(), wake: settled, ..only(hold) })
    }

    /// Takes in a bid that is revealed: `open` says what was committed to and the commitment to that, `insert` puts it among the words and says
    /// whose ticket is no longer needed.
    pub(super) fn reveal<Bid>(
        &self,
        ask: &Ask,
        open: impl FnOnce(&Ask) -> Result<(Bid, Id), Refusal>,
        insert: impl FnOnce(&mut [Id], Bid) -> Option<Account>,
    ) -> Result<Answer, Refusal> {
        let end = self.reveal_end(ask.opened_at);
        no_later(ask.time, end)?;
        let (bid, commitment) = open(ask)?;
        let opened = tag(&commitment);
        if opened != ask.actor.tag {
            return Err(Refusal::Unacceptable { have: widen(&opened), want: widen(&ask.actor.tag) });
        }
        if revealed(&ask.words, self.stride, &ask.actor.prover) {
            return Err(Refusal::unexpected(ask.cause));
        }
        let mut words = ask.words.clone();
        let out = insert(&mut words, bid);
        let standing = usize::from(ask.holds).checked_sub(usize::from(out.is_some())).ok_or(Refusal::Malformed)?;
        let wake = if standing == self.ranked(&words) { ask.time } else { end + 1 };
        Ok(Answer { moves: out.map(Move::release).into_iter().collect(), words, shared: Vec::new(), wake })
    }

    /// A tick of an auction whose reveals are over: takes the deposit of the bidder that it is about if that has not revealed, and says how
    /// many such deposits are left.
    pub(super) fn close(&self, ask: &Ask) -> Result<(Option<Move>, usize), Refusal> {
        let silent = usize::from(ask.holds).checked_sub(self.ranked(&ask.words)).ok_or(Refusal::Malformed)?;
        let end = self.reveal_end(ask.opened_at);
        if ask.words[0] != SETTLED && ask.time <= end {
            no_sooner(ask.time, self.commit_end(ask.opened_at) + 1)?;
            if silent != 0 {
                no_sooner(ask.time, end + 1)?;
            }
        }
        let prover = ask.actor.prover;
        if ask.actor.held == 0 || revealed(&ask.words, self.stride, &prover) {
            return Ok((None, silent));
        }
        Ok((Some(Move::forfeit(prover)), silent.checked_sub(1).ok_or(Refusal::Malformed)?))
    }

    /// A tick about a ticket that outlived the auction: takes that of a bidder that has not revealed, and gives that of a standby back, with
    /// its words, once no award can fail any more.
    pub(super) fn leave(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let leaver = ask.actor.prover;
        let mut words = ask.words.clone();
        if !revealed(&words, self.stride, &leaver) {
            return Ok(Answer { words, ..only(Move::forfeit(leaver)) });
        }
        if ask.status == Status::Awarded {
            no_sooner(ask.time, ask.request.deadline)?;
        }
        for bid in words.chunks_exact_mut(self.stride).filter(|bid| prover_in(&bid[0]) == leaver) {
            bid.fill(Id::default());
        }
        Ok(Answer { words, ..only(Move::release(leaver)) })
    }

    /// How many bids that could be awarded are in the words.
    fn ranked(&self, words: &[Id]) -> usize {
        words.iter().step_by(self.stride).take(self.ranks).filter(|word| prover_in(word) != ZERO).count()
    }
}

pub(super) fn revealed(words: &[Id], stride: usize, bidder: &Account) -> bool {
    words.iter().step_by(stride).any(|word| prover_in(word) == *bidder)
}

pub(super) fn prover_in(word: &Id) -> Account {
    let mut account = ZERO;
    account.copy_from_slice(&word[12..]);
    account
}

/// What the market keeps of a commitment.
pub fn tag(commitment: &Id) -> Tag {
    let mut tag = Tag::default();
    tag.copy_from_slice(&commitment[..22]);
    tag
}

/// The word that a bid brings.
pub(super) fn word_of(ask: &Ask) -> Result<Id, Refusal> {
    ask.data.as_slice().try_into().map_err(|_| Refusal::unacceptable(ask.data.len() as Wei, 32))
}

fn widen(tag: &Tag) -> Id {
    let mut word = Id::default();
    word[10..].copy_from_slice(tag);
    word
}

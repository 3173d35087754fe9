//! What one member knows of its committee at work on one request: from its own trying, and from what others have signed. Nothing is signed
//! that does not follow from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use bourse_sim::{
    Account, Time,
    mechanisms::committee::{Crew, Said, Stage},
};

use super::{NO_SEATS, Topic, Word};
use crate::{backend::Fault, door::Refusal};

/// Seconds from the start that members have to say that they are at work, before a split leaves any of them out.
pub const ROLL: Time = 10;
/// Times in a row that the input cannot be had before that is said.
const TRIES: u32 = 3;
/// How long after one try, or one question to a member, the next may begin.
const AGAIN: Duration = Duration::from_secs(2);
const WHOLE: usize = 10_000;

/// Whether the input can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Input {
    /// Not known.
    #[default]
    Unknown,
    /// It could be when it was tried last.
    There,
    /// So many tries in a row ended without it.
    Missing(u32),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Minutes {
    rung: u8,
    seats: Vec<Account>,
    me: usize,
    input: Input,
    /// When the last try to have it began, and whether it is under way.
    tried: Option<Instant>,
    trying: bool,
    /// Members that said in time that they are at work, with this one.
    here: BTreeSet<usize>,
    /// The one split that this member signs; see [`Minutes::draft`].
    split: Option<Vec<u8>>,
    signed: BTreeMap<(Topic, usize), [u8; 65]>,
    asked: BTreeMap<(Topic, usize), Instant>,
    /// When the proof was there, and when a quorum had said that the input is withheld; unix seconds.
    ready: Option<Time>,
    certain: Option<Time>,
}

impl Minutes {
    /// Those of who holds seat `me`, and has signed `split` before if any.
    pub fn new(rung: u8, crew: &Crew, me: usize, split: Option<Vec<u8>>) -> Self {
        Self { rung, seats: crew.seats.clone(), me, split, ..Self::default() }
    }

    /// Whether they are of these members on this rung.
    pub fn is_of(&self, rung: u8, crew: &Crew) -> bool {
        self.rung == rung && self.seats == crew.seats
    }

    /// Begins a try to have the input, if it is time for one.
    pub fn try_input(&mut self, at: Instant) -> bool {
        let due = self.tried.is_none_or(|tried| tried + AGAIN <= at);
        let try_now = !self.trying && self.input != Input::There && due;
        if try_now {
            (self.tried, self.trying) = (Some(at), true);
        }
        try_now
    }

    /// What came of a try, or of an attempt to prove.
    pub fn tried(&mut self, result: &Result<(), Fault>) {
        self.trying = false;
        self.input = match (result, self.input) {
            (Ok(()), _) => Input::There,
            (Err(Fault::Withheld { .. }), Input::Missing(times)) => Input::Missing(times.saturating_add(1)),
            (Err(Fault::Withheld { .. }), _) => Input::Missing(1),
            (Err(_), _) => Input::Unknown,
        };
        if self.input == Input::There {
            self.here.insert(self.me);
        }
    }

    /// Somebody says that the input is withheld: what was seen of it before is looked at again.
    pub fn doubt(&mut self) {
        if self.input == Input::There {
            self.input = Input::Unknown;
        }
    }

    /// It could not be had when it was tried last.
    pub fn is_missing(&self) -> bool {
        matches!(self.input, Input::Missing(_))
    }

    /// This member has tried often enough to say that it is withheld.
    pub fn is_withheld(&self) -> bool {
        matches!(self.input, Input::Missing(times) if TRIES <= times)
    }

    /// This member is at work.
    pub fn is_here(&self) -> bool {
        self.here.contains(&self.me)
    }

    /// Takes a member's word down, whose signature the caller has looked at.
    pub fn hear(&mut self, word: &Word, stage: &Stage, now: Time) {
        let counts = match word.topic {
            Topic::Here => {
                if now <= stage.shards {
                    self.here.insert(word.seat);
                }
                false
            }
            Topic::Withheld => word.said[..] == NO_SEATS,
            Topic::Split => self.split.as_deref() == Some(&word.said[..]),
        };
        if counts {
            self.signed.insert((word.topic, word.seat), word.signature.0);
        }
    }

    /// The split as this member sees it: alike for all that have said in time that they are at work. Once it has signed one it sees no other.
    ///
    /// # Errors
    /// Why there is none, or none yet.
    pub fn draft(&self, stage: &Stage, needed: usize, now: Time) -> Result<Vec<u8>, Refusal> {
        let crew = &stage.crew;
        if crew.flagged != 0 {
            return Err(Refusal::new("seats have changed hands: members are paid alike", crew.flagged, 0));
        }
        if let Some(split) = &self.split {
            return Ok(split.clone());
        }
        if !self.is_here() {
            return Err(Refusal::busy("this member is not at work itself yet", "no input", "the input"));
        }
        let here = self.here.iter().fold(0, |bits, seat| bits | 1_u16 << seat);
        let late = crew.held_bits() & !here;
        let roll = stage.start + ROLL;
        if late != 0 && now < roll {
            return Err(Refusal::busy("members may still say that they are at work", now, roll));
        }
        let (have, want) = (late.count_ones() as usize, crew.most_late(needed));
        if want < have {
            return Err(Refusal::busy("too few members have said that they are at work", have, want));
        }
        Ok(split(crew, late))
    }

    /// From now on this is the one split.
    pub fn agree(&mut self, split: Vec<u8>) {
        self.split = Some(split);
    }

    /// The seats whose word on `topic` is not there, and that may be asked for it now; they count as asked.
    pub fn to_ask(&mut self, topic: Topic, seats: impl Iterator<Item = usize>, at: Instant) -> Vec<usize> {
        let silent = |seat: &usize| match topic {
            Topic::Here => !self.here.contains(seat),
            _ => !self.signed.contains_key(&(topic, *seat)),
        };
        let due = |seat: &usize| self.asked.get(&(topic, *seat)).is_none_or(|asked| *asked + AGAIN <= at);
        let ask: Vec<_> = seats.filter(|seat| *seat != self.me && silent(seat) && due(seat)).collect();
        self.asked.extend(ask.iter().map(|seat| ((topic, *seat), at)));
        ask
    }

    /// Until when a quorum is waited for if the proof is there at `now`, and for `wait` seconds from then; unix seconds.
    pub fn wait(&mut self, now: Time, wait: Time) -> Time {
        self.ready.get_or_insert(now).saturating_add(wait)
    }

    /// Since when a quorum has said that the input is withheld, known at `now`; and how many of it have lower seats than this member.
    pub fn certain(&mut self, now: Time) -> (Time, usize) {
        let before = self.seats_of(Topic::Withheld).filter(|seat| *seat < self.me).count();
        (*self.certain.get_or_insert(now), before)
    }

    /// The data of a tick that says that the input is withheld, once a quorum does.
    pub fn notice(&self, crew: &Crew) -> Option<Vec<u8>> {
        let tally = self.tally(Topic::Withheld, crew, &NO_SEATS)?;
        Some([&[Said::Withheld as u8], tally.as_slice()].concat())
    }

    /// The data that come with the proof, once a quorum has signed the split.
    pub fn agreement(&self, crew: &Crew) -> Option<Vec<u8>> {
        self.tally(Topic::Split, crew, self.split.as_deref()?)
    }

    fn tally(&self, topic: Topic, crew: &Crew, said: &[u8]) -> Option<Vec<u8>> {
        let signers = self.seats_of(topic).fold(0, |bits, seat| bits | 1_u16 << seat);
        let signatures = self.signed.iter().filter(|((of, _), _)| *of == topic).flat_map(|(_, signature)| signature);
        let data = signers.to_be_bytes().iter().chain(said).chain(signatures).copied().collect();
        (crew.quorum() <= signers.count_ones() as usize).then_some(data)
    }

    fn seats_of(&self, topic: Topic) -> impl Iterator<Item = usize> {
        self.signed.keys().filter(move |(of, _)| *of == topic).map(|(_, seat)| *seat)
    }
}

/// Alike for all who hold a seat and are not late; what does not divide goes to the lowest.
fn split(crew: &Crew, late: u16) -> Vec<u8> {
    let paid = crew.held_bits() & !late;
    let (count, mut rank) = (paid.count_ones().max(1) as usize, 0);
    let mut said = late.to_be_bytes().to_vec();
    for seat in 0..crew.count() {
        let mut weight = 0;
        if paid >> seat & 1 == 1 {
            weight = (WHOLE / count + usize::from(rank < WHOLE % count)) as u16;
            rank += 1;
        }
        said.extend_from_slice(&weight.to_be_bytes());
    }
    said
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use bourse_chain::Key;

    use super::*;

    const WITHHELD: Result<(), Fault> = Err(Fault::Withheld { why: String::new() });
    const ID: [u8; 32] = [7; 32];

    /// Four members at work since 1000, whose shards are due at 1060; these are the minutes of seat 1.
    fn committee() -> ([Key; 4], Stage, Minutes) {
        let keys = [0; 4].map(|_| Key::random());
        let crew = Crew { full: 1_000, seats: keys.iter().map(Key::address).collect(), flagged: 0 };
        let minutes = Minutes::new(0, &crew, 1, None);
        (keys, Stage { crew, start: 1_000, shards: 1_060, begun: true, ..Stage::default() }, minutes)
    }

    fn word(keys: &[Key], stage: &Stage, seat: usize, topic: Topic, said: &[u8]) -> Word {
        Word::sign(&keys[seat], &stage.crew, (ID, 0), seat, topic, said).unwrap()
    }

    #[test]
    fn an_input_is_withheld_after_three_tries_in_a_row() {
        let (_, _, mut minutes) = committee();
        let start = Instant::now();
        for (times, result) in [WITHHELD, WITHHELD, Err(Fault::Failed(String::new())), WITHHELD, WITHHELD, WITHHELD]
            .into_iter()
            .enumerate()
        {
            assert!(!minutes.is_withheld(), "after {times}");
            let at = start + AGAIN * times as u32;
            assert!(minutes.try_input(at));
            assert!(!minutes.try_input(at + AGAIN), "one at a time");
            minutes.tried(&result);
            assert!(!minutes.try_input(at + AGAIN / 2), "not at once again");
        }
        assert!(minutes.is_withheld() && !minutes.is_here());
        minutes.tried(&Ok(()));
        assert!(!minutes.is_missing() && minutes.is_here());
        assert!(!minutes.try_input(start + AGAIN * 9), "it is there");
        minutes.doubt();
        assert!(minutes.try_input(start + AGAIN * 9));
    }

    #[test]
    fn who_was_heard_in_time_is_paid_alike() {
        let (keys, stage, mut minutes) = committee();
        let here = |seat| word(&keys, &stage, seat, Topic::Here, &[]);
        assert!(minutes.draft(&stage, 2, 1_030).is_err(), "not at work itself");
        minutes.tried(&Ok(()));
        minutes.hear(&here(0), &stage, 1_001);
        assert!(minutes.draft(&stage, 2, 1_030).is_err(), "two are no quorum");
        minutes.hear(&here(3), &stage, 1_060);
        minutes.hear(&here(2), &stage, 1_061);
        assert!(minutes.draft(&stage, 2, 1_009).is_err(), "the roll is still called");
        let late = [[0, 4], [13, 6], [13, 5], [0, 0], [13, 5]].concat();
        assert_eq!(minutes.draft(&stage, 2, 1_010), Ok(late.clone()), "3334, 3333, 0, 3333");
        assert!(minutes.draft(&stage, 4, 1_010).is_err(), "all are needed");
        minutes.agree(late.clone());
        minutes.hear(&here(2), &stage, 1_050);
        assert_eq!(minutes.draft(&stage, 2, 1_050), Ok(late), "what is signed once stays");
        let mut changed = stage.clone();
        changed.crew.flagged = 4;
        assert!(minutes.draft(&changed, 2, 1_070).is_err());
        assert!(!minutes.is_of(1, &stage.crew) && minutes.is_of(0, &stage.crew));
    }

    #[test]
    fn a_quorum_is_three_of_four_that_say_the_same() {
        let (keys, stage, mut minutes) = committee();
        minutes.agree(vec![1, 2]);
        for seat in [3, 0, 3] {
            minutes.hear(&word(&keys, &stage, seat, Topic::Split, &[1, 2]), &stage, 1_000);
        }
        minutes.hear(&word(&keys, &stage, 1, Topic::Split, &[1, 3]), &stage, 1_000);
        minutes.hear(&word(&keys, &stage, 1, Topic::Withheld, &NO_SEATS), &stage, 1_000);
        assert_eq!((minutes.agreement(&stage.crew), minutes.notice(&stage.crew)), (None, None));
        assert_eq!(minutes.to_ask(Topic::Split, 0..4, Instant::now()), [2], "neither itself nor who has said so");
        assert_eq!(minutes.to_ask(Topic::Split, 0..4, Instant::now()), [0; 0], "not at once again");
        let words = [0, 1, 3].map(|seat| word(&keys, &stage, seat, Topic::Split, &[1, 2]));
        minutes.hear(&words[1], &stage, 1_000);
        let signatures = words.map(|word| word.signature.to_vec()).concat();
        assert_eq!(minutes.agreement(&stage.crew), Some([vec![0, 11, 1, 2], signatures].concat()));
        assert_eq!(minutes.certain(1_005), (1_005, 0));
        for seat in [0, 2] {
            minutes.hear(&word(&keys, &stage, seat, Topic::Withheld, &NO_SEATS), &stage, 1_000);
        }
        let notice = minutes.notice(&stage.crew).unwrap();
        assert_eq!((&notice[..5], notice.len()), (&[2, 0, 7, 0, 0][..], 5 + 3 * 65));
        assert_eq!(minutes.certain(1_009), (1_005, 1), "seat 0 comes before");
    }
}

//! Seats in committees at work: whether the input can be had, who else is at work, what members say together, and what of that goes to
//! the chain. Signed is only what this prover has seen itself; a split is on disk before anybody sees the signature.

use std::{collections::BTreeMap, time::Instant};

use alloy::primitives::{B256, hex};
use bourse_chain::call;
use bourse_sim::{
    Id, Time, ZERO,
    ask::Status,
    mechanisms::committee::{CommitteeParams, Stage},
};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    Prover,
    auction::piece,
    tickets::{GRACE, TICK_GAS},
};
use crate::{
    backend::Fault,
    bid::Rule,
    committee::{Minutes, NO_SEATS, Peers, Speech, Topic, Word},
    door::Refusal,
};

/// Blocks for which a notice that was refused rests.
const REST: u64 = 1;
/// Seconds that each signer of a notice leaves to the one before it to submit it.
const STEP: Time = 5;

/// Where members meet.
pub(super) struct Table {
    peers: Peers,
    speeches: mpsc::Receiver<Speech>,
    minutes: BTreeMap<Id, Minutes>,
    trying: JoinSet<(Id, Result<(), Fault>)>,
    asking: JoinSet<(Id, usize, Topic, Result<Word, String>)>,
}

/// What happens there.
pub(super) enum Event {
    /// A try to have an input has ended.
    Tried(Id, Result<(), Fault>),
    /// A member that was asked to say the same has answered.
    Answered(Id, usize, Topic, Result<Word, String>),
    /// A member asks this one.
    Asked(Speech),
}

/// A seat of this prover in a committee at work.
struct Sitting {
    id: Id,
    rung: u8,
    params: CommitteeParams,
    stage: Stage,
    /// The seat.
    me: usize,
}

impl Table {
    pub(super) fn new(peers: Peers, speeches: mpsc::Receiver<Speech>) -> Self {
        let (trying, asking) = (JoinSet::new(), JoinSet::new());
        Self { peers, speeches, minutes: BTreeMap::new(), trying, asking }
    }

    /// The next event; nothing is lost if nobody waits for it any more.
    pub(super) async fn next(&mut self) -> Event {
        tokio::select! {
            Some(Ok((id, result))) = self.trying.join_next() => Event::Tried(id, result),
            Some(Ok((id, seat, topic, answer))) = self.asking.join_next() => Event::Answered(id, seat, topic, answer),
            Some(speech) = self.speeches.recv() => Event::Asked(speech),
            else => std::future::pending().await,
        }
    }

    /// To prove now would be in vain.
    pub(super) fn lacks_input(&self, id: &Id) -> bool {
        self.minutes.get(id).is_some_and(Minutes::is_missing)
    }

    /// An attempt to prove ended without the input; whether that is known now.
    pub(super) fn found_withheld(&mut self, id: &Id, fault: &Fault) -> bool {
        let Some(minutes) = self.minutes.get_mut(id).filter(|_| matches!(fault, Fault::Withheld { .. })) else {
            return false;
        };
        minutes.tried(&Err(fault.clone()));
        true
    }

    pub(super) fn close(&mut self) {
        self.trying.abort_all();
        self.asking.abort_all();
    }

    /// A quorum can be had: the nodes of enough members are known.
    fn reaches_quorum(&self, sitting: &Sitting) -> bool {
        let crew = &sitting.stage.crew;
        let known = |(seat, member): &(usize, _)| *seat == sitting.me || self.peers.get(member).is_some();
        crew.quorum() <= crew.held().filter(known).count()
    }

    /// Says `word` to all members that have not said the same, now and then.
    fn ask(&mut self, sitting: &Sitting, word: &Word) {
        let Some(minutes) = self.minutes.get_mut(&sitting.id) else { return };
        let (id, topic) = (sitting.id, word.topic);
        let peer = |seat: usize| self.peers.get(sitting.stage.crew.seats.get(seat)?);
        let known = sitting.stage.crew.held().map(|(seat, _)| seat).filter(|seat| peer(*seat).is_some());
        for seat in minutes.to_ask(topic, known, Instant::now()) {
            let (Some(peer), word) = (peer(seat).cloned(), word.clone()) else { continue };
            self.asking.spawn(async move { (id, seat, topic, peer.say(&word).await) });
        }
    }
}

impl Prover {
    /// Does what each seat asks for now.
    pub(super) async fn convene(&mut self) -> anyhow::Result<()> {
        let now = self.state.next_time(self.waited());
        let sittings = self.state.tickets().into_iter().filter_map(|(id, _)| self.sitting(id, now));
        let sittings: Vec<_> = sittings.collect();
        self.table.minutes.retain(|id, minutes| {
            sittings.iter().any(|sitting| sitting.id == *id && minutes.is_of(sitting.rung, &sitting.stage.crew))
        });
        for sitting in sittings {
            let Sitting { id, rung, .. } = sitting;
            if !self.table.minutes.contains_key(&id) {
                let signed = self.store.agreed(&id, rung).await?;
                self.table.minutes.insert(id, Minutes::new(rung, &sitting.stage.crew, sitting.me, signed));
            }
            self.try_input(id);
            if now <= sitting.stage.shards {
                self.call_the_roll(&sitting)?;
                self.give_notice(&sitting, now).await?;
            }
        }
        Ok(())
    }

    /// The seat of this prover in the committee at work on a request, if there is one.
    fn sitting(&self, id: &Id, now: Time) -> Option<Sitting> {
        let case = self.state.market().request(id).filter(|case| case.status == Status::Open)?;
        let Ok(Rule::Committee(params)) = self.state.rule(case) else { return None };
        let stage = params.stage(&self.state.seen(case), self.state.words(case), case.time, now).ok()?;
        let me = stage.crew.seat_of(&self.state.me()).filter(|_| stage.begun)?;
        Some(Sitting { id: *id, rung: case.rung, params, stage, me })
    }

    /// Finds out whether the input can be had, by what the backends do before they prove.
    fn try_input(&mut self, id: Id) {
        let (Some(case), Some(minutes)) = (self.state.market().request(&id), self.table.minutes.get_mut(&id)) else {
            return;
        };
        if minutes.try_input(Instant::now()) {
            let (verifier, work) = (case.request.verifier, piece(id, case, self.state.me()));
            let workshop = self.workshop.clone();
            self.table.trying.spawn(async move { (id, workshop.find(verifier, &work).await.map(drop)) });
        }
    }

    /// Tells the others that this member is at work, and hears whether they are.
    fn call_the_roll(&mut self, sitting: &Sitting) -> anyhow::Result<()> {
        let minutes = self.table.minutes.get(&sitting.id);
        if minutes.is_some_and(|minutes| minutes.is_here() && !minutes.is_missing()) {
            let word = self.sign_word(sitting, Topic::Here, &[])?;
            self.table.ask(sitting, &word);
        }
        Ok(())
    }

    /// Says that the input is withheld, and submits that once a quorum says so.
    async fn give_notice(&mut self, sitting: &Sitting, now: Time) -> anyhow::Result<()> {
        let (id, shards) = (sitting.id, sitting.stage.shards);
        if !self.lacks_for_good(&id) {
            return Ok(());
        }
        let word = self.sign_word(sitting, Topic::Withheld, &NO_SEATS)?;
        self.table.ask(sitting, &word);
        let Some(minutes) = self.table.minutes.get_mut(&id) else { return Ok(()) };
        minutes.hear(&word, &sitting.stage, now);
        let Some(data) = minutes.notice(&sitting.stage.crew) else { return Ok(()) };
        let (since, before) = minutes.certain(now);
        if now < (since + before as Time * STEP).min(shards.saturating_sub(STEP)) {
            return Ok(());
        }
        let Some(case) = self.state.market().request(&id) else { return Ok(()) };
        tracing::warn!(id = %B256::from(id), "a quorum says that the input is withheld");
        let intent = self.deed("notice", &id, sitting.rung, call::tick(&case.request, ZERO, &data));
        self.submit(intent.until(shards).gas_at_least(TICK_GAS), REST).await?;
        Ok(())
    }

    /// This member has tried often enough, and could not have proven without it.
    fn lacks_for_good(&self, id: &Id) -> bool {
        let proven = self.jobs.get(id).is_some_and(|job| job.proof.is_some());
        !proven && self.table.minutes.get(id).is_some_and(Minutes::is_withheld)
    }

    /// What comes with the proof: the split that a quorum has signed, or nothing if there is none in time. None while it is waited for.
    pub(super) async fn split(&mut self, id: &Id, now: Time) -> anyhow::Result<Option<Vec<u8>>> {
        let alike = Ok(Some(Vec::new()));
        let Some(sitting) = self.sitting(id, now) else { return alike };
        let (crew, rivals) = (&sitting.stage.crew, rivals(&sitting));
        let Some(minutes) = self.table.minutes.get_mut(id) else { return alike };
        let last = minutes.wait(now, self.config.committee.wait_seconds);
        let last = last.min(rivals.saturating_sub(1)).min(sitting.stage.last.saturating_sub(GRACE));
        if crew.flagged != 0 || last < now || !self.table.reaches_quorum(&sitting) {
            return alike;
        }
        let Ok(said) = self.agree(&sitting, now).await? else { return Ok(None) };
        let word = self.sign_word(&sitting, Topic::Split, &said)?;
        self.table.ask(&sitting, &word);
        let Some(minutes) = self.table.minutes.get_mut(id) else { return alike };
        minutes.hear(&word, &sitting.stage, now);
        Ok(minutes.agreement(crew))
    }

    /// The one split that this prover signs for a request: what it sees now, or saw when it signed first.
    async fn agree(&mut self, sitting: &Sitting, now: Time) -> anyhow::Result<Result<Vec<u8>, Refusal>> {
        let Some(minutes) = self.table.minutes.get_mut(&sitting.id) else { return Ok(Err(Refusal::starting())) };
        let draft = match minutes.draft(&sitting.stage, sitting.params.needed.into(), now) {
            Ok(draft) => draft,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let signed = self.store.agree(&sitting.id, sitting.rung, &draft).await?;
        minutes.agree(signed.clone());
        Ok(Ok(signed))
    }

    /// Takes in what happened.
    pub(super) async fn at_table(&mut self, event: Event) -> anyhow::Result<()> {
        let now = self.state.next_time(self.waited());
        match event {
            Event::Tried(id, result) => {
                if let Err(fault) = &result {
                    tracing::warn!(id = %B256::from(id), %fault, "not at work yet for a committee");
                }
                if let Some(minutes) = self.table.minutes.get_mut(&id) {
                    minutes.tried(&result);
                }
            }
            Event::Answered(id, seat, topic, Ok(word)) => {
                let Some(sitting) = self.sitting(&id, now) else { return Ok(()) };
                let same = word.request == id && (word.rung, word.seat, word.topic) == (sitting.rung, seat, topic);
                match word.require_signer(&sitting.stage.crew) {
                    Ok(()) if same => {
                        if let Some(minutes) = self.table.minutes.get_mut(&id) {
                            minutes.hear(&word, &sitting.stage, now);
                        }
                    }
                    _ => {
                        tracing::warn!(id = %B256::from(id), seat, "a member answered with a word that is not its own")
                    }
                }
            }
            Event::Answered(id, seat, topic, Err(why)) => {
                tracing::debug!(id = %B256::from(id), seat, topic = topic.as_str(), why, "a member does not say so");
            }
            Event::Asked(Speech { word, reply }) => {
                let answer = self.say_the_same(&word, now).await?;
                let (topic, outcome) = (word.topic.as_str(), if answer.is_ok() { "signed" } else { "refused" });
                self.metrics.add("prover_words_total", format!("topic=\"{topic}\",outcome=\"{outcome}\""), 1.0);
                // Who asked may have gone.
                drop(reply.send(answer));
            }
        }
        Ok(())
    }

    /// This member's word for another's, if it can say the same.
    async fn say_the_same(&mut self, word: &Word, now: Time) -> anyhow::Result<Result<Word, Refusal>> {
        let id = word.request.0;
        if self.state.tip().is_none() {
            return Ok(Err(Refusal::busy("this prover is not at the head of the chain", "behind", "see /readyz")));
        }
        let Some(sitting) = self.sitting(&id, now).filter(|sitting| sitting.rung == word.rung) else {
            let have = format!("request {}, rung {}", word.request, word.rung);
            return Ok(Err(Refusal::busy(
                "this prover has no seat at work on it",
                have,
                "a seat, once the work begins",
            )));
        };
        if let Err(refusal) = word.require_signer(&sitting.stage.crew) {
            return Ok(Err(refusal));
        }
        let said = match word.topic {
            Topic::Here => self.here(&id),
            Topic::Withheld => self.withheld(&sitting, word, now),
            Topic::Split => self.same_split(&sitting, word, now).await?,
        };
        // Its word counts whether or not this member says the same.
        if let Some(minutes) = self.table.minutes.get_mut(&id) {
            minutes.hear(word, &sitting.stage, now);
        }
        match said {
            Ok(said) => Ok(Ok(self.sign_word(&sitting, word.topic, &said)?)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    fn here(&self, id: &Id) -> Result<Vec<u8>, Refusal> {
        let minutes = self.table.minutes.get(id);
        if minutes.is_some_and(|minutes| minutes.is_here() && !minutes.is_missing()) {
            return Ok(Vec::new());
        }
        Err(Refusal::busy("this member is not at work yet", "no input", "the input"))
    }

    fn withheld(&mut self, sitting: &Sitting, word: &Word, now: Time) -> Result<Vec<u8>, Refusal> {
        if word.said[..] != NO_SEATS {
            let (have, want) = (hex::encode_prefixed(&word.said), hex::encode_prefixed(NO_SEATS));
            return Err(Refusal::new("the contract knows no such notice", have, want));
        }
        if sitting.stage.shards < now {
            return Err(Refusal::new("it is too late to say that the input is withheld", now, sitting.stage.shards));
        }
        if self.lacks_for_good(&sitting.id) {
            return Ok(NO_SEATS.to_vec());
        }
        if let Some(minutes) = self.table.minutes.get_mut(&sitting.id) {
            minutes.doubt();
        }
        Err(Refusal::busy(
            "this member has not found that the input is withheld",
            "not tried in vain",
            "some more tries",
        ))
    }

    async fn same_split(
        &mut self,
        sitting: &Sitting,
        word: &Word,
        now: Time,
    ) -> anyhow::Result<Result<Vec<u8>, Refusal>> {
        let Some(minutes) = self.table.minutes.get(&sitting.id) else { return Ok(Err(Refusal::starting())) };
        match minutes.draft(&sitting.stage, sitting.params.needed.into(), now) {
            Ok(draft) if draft == word.said[..] => self.agree(sitting, now).await,
            Ok(draft) => {
                let (have, want) = (hex::encode_prefixed(&word.said), hex::encode_prefixed(draft));
                Ok(Err(Refusal::new("it is not the split that this member has seen", have, want)))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    fn sign_word(&self, sitting: &Sitting, topic: Topic, said: &[u8]) -> anyhow::Result<Word> {
        Ok(Word::sign(&self.key, &sitting.stage.crew, (sitting.id, sitting.rung), sitting.me, topic, said)?)
    }
}

/// From when another can bring the whole beside who holds the seat.
fn rivals(sitting: &Sitting) -> Time {
    let next = Some(sitting.me + 1).filter(|seat| *seat < sitting.stage.crew.count());
    sitting.params.turn(&sitting.stage, next)
}

//! Requests played through the twins: who bids what and when under each mechanism, what comes of it. The mechanism's answers are the
//! twin's own; what is modelled here is only how provers behave, which is how our prover node bids: in time for what they can prove, at
//! the equilibrium's price where theory has one, at cost where that is best.

mod auctions;
mod opens;
mod pools;

use super::chance::Chance;
use super::crowd::Crowd;
use super::stage::{START, Stage};
use super::supply::{Belief, Contender, Fleet, Job};
use crate::ask::{ON_OPEN, Refusal, Shape, Status};
use crate::equilibrium::{Rivalry, first_price_bid};
use crate::market::{Case, Ticket};
use crate::mechanisms::committee::CommitteeParams;
use crate::mechanisms::dutch::DutchParams;
use crate::mechanisms::posted::PostedParams;
use crate::mechanisms::race::RaceParams;
use crate::mechanisms::reserved::ReservedParams;
use crate::mechanisms::rfq::RfqParams;
use crate::mechanisms::scoring::ScoringParams;
use crate::mechanisms::sealed::SealedParams;
use crate::mechanisms::sortition::SortitionParams;
use crate::mechanisms::{Mechanism, by_name};
use crate::{Account, Id, Time, Wei};

/// A family with its parameters, of those whose provers are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after their mechanisms")]
pub enum Rule {
    Posted(PostedParams),
    Dutch(DutchParams),
    Sealed(SealedParams),
    Scoring(ScoringParams),
    Race(RaceParams),
    Sortition(SortitionParams),
    Rfq(RfqParams),
    Reserved(ReservedParams),
    Committee(CommitteeParams),
}

impl Rule {
    /// The rule of a mechanism that says it is called `name`; none if its provers are not modelled or the parameters are not its own.
    pub fn read(name: &str, params: &[u8]) -> Option<Self> {
        Some(match name {
            "posted" => Self::Posted(PostedParams::decode(params).ok()?),
            "dutch" => Self::Dutch(DutchParams::decode(params).ok()?),
            "sealed" => Self::Sealed(SealedParams::decode(params).ok()?),
            "scoring" => Self::Scoring(ScoringParams::decode(params).ok()?),
            "race" => Self::Race(RaceParams::decode(params).ok()?),
            "sortition" => Self::Sortition(SortitionParams::decode(params).ok()?),
            "rfq" => Self::Rfq(RfqParams::decode(params).ok()?),
            "reserved" => Self::Reserved(ReservedParams::decode(params).ok()?),
            "committee" => Self::Committee(CommitteeParams::decode(params).ok()?),
            _ => return None,
        })
    }

    /// What the mechanism says it is called.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Posted(_) => "posted",
            Self::Dutch(_) => "dutch",
            Self::Sealed(_) => "sealed",
            Self::Scoring(_) => "scoring",
            Self::Race(_) => "race",
            Self::Sortition(_) => "sortition",
            Self::Rfq(_) => "rfq",
            Self::Reserved(_) => "reserved",
            Self::Committee(_) => "committee",
        }
    }

    /// The parameters as the contract takes them.
    pub fn params(&self) -> Vec<u8> {
        match self {
            Self::Posted(p) => p.encode(),
            Self::Dutch(p) => p.encode(),
            Self::Sealed(p) => p.encode(),
            Self::Scoring(p) => p.encode(),
            Self::Race(p) => p.encode(),
            Self::Sortition(p) => p.encode(),
            Self::Rfq(p) => p.encode(),
            Self::Reserved(p) => p.encode(),
            Self::Committee(p) => p.encode(),
        }
    }

    /// The twin.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] if there is none, which cannot be.
    pub fn mechanism(&self) -> Result<&'static dyn Mechanism, Refusal> {
        by_name(self.name()).ok_or(Refusal::Malformed)
    }
}

/// An instance as requests find it: with the pool or the contract that provers have bid for before.
pub struct Venue {
    rule: Rule,
    mechanism: &'static dyn Mechanism,
    params: Vec<u8>,
    shape: Shape,
    shared: Vec<Id>,
    seats: Vec<(Account, Ticket)>,
    belief: Belief,
}

impl Venue {
    /// An instance for requests like `job` among these provers.
    ///
    /// # Errors
    /// If the parameters do not pass the mechanism's check.
    pub fn new(rule: Rule, fleet: &Fleet, job: &Job) -> Result<Self, Refusal> {
        let (mechanism, params) = (rule.mechanism()?, rule.params());
        let shape = mechanism.check(&params)?;
        let (shared, seats) = match &rule {
            Rule::Sortition(p) => pools::enrolled(p, fleet),
            Rule::Reserved(p) => pools::offered(p, fleet, job)?,
            _ => Default::default(),
        };
        Ok(Self { rule, mechanism, params, shape, shared, seats, belief: fleet.belief(job) })
    }

    /// What becomes of one request, given what the provers turn out to be; `number` tells its id from others.
    ///
    /// # Errors
    /// If a mechanism refuses what it must not: a fault of this model.
    pub fn play(&self, job: &Job, crowd: &[Contender], number: u64) -> Result<Case, Refusal> {
        self.play_among(job, &crowd.into(), number)
    }

    /// The same among provers who stand in order already.
    ///
    /// # Errors
    /// As for [`Venue::play`].
    pub fn play_among(&self, job: &Job, crowd: &Crowd, number: u64) -> Result<Case, Refusal> {
        Ok(self.run(self.enter(job, number), job, crowd)?.case)
    }

    /// The same, with all that the market would have told.
    ///
    /// # Errors
    /// As for [`Venue::play`].
    pub fn record(&self, job: &Job, crowd: &[Contender], number: u64) -> Result<Stage<'_>, Refusal> {
        self.run(self.enter(job, number).recorded(), job, &crowd.into())
    }

    /// The same of the request with this id, with all that was done, for it to be done again on a chain.
    ///
    /// # Errors
    /// As for [`Venue::play`].
    pub fn act(&self, job: &Job, crowd: &[Contender], id: Id) -> Result<Stage<'_>, Refusal> {
        let mut stage = self.enter_as(job, id);
        stage.acts = Some(Vec::new());
        self.run(stage, job, &crowd.into())
    }

    fn enter(&self, job: &Job, number: u64) -> Stage<'_> {
        let mut chance = Chance::new(&[number]);
        let mut id = Id::default();
        id.chunks_exact_mut(8).for_each(|part| part.copy_from_slice(&chance.bits().to_be_bytes()));
        self.enter_as(job, id)
    }

    fn enter_as(&self, job: &Job, id: Id) -> Stage<'_> {
        let mut stage = Stage::enter(self.mechanism, (&self.params, self.shape), &self.shared, job, id);
        stage.seats = self.seats.as_slice().into();
        stage
    }

    fn run<'a>(&self, mut stage: Stage<'a>, job: &Job, crowd: &Crowd) -> Result<Stage<'a>, Refusal> {
        let scene = Scene { job, crowd, belief: self.belief };
        // Who asks for quotes enters with them, where nobody waits for any.
        let quoted = matches!(self.rule, Rule::Rfq(p) if p.patience == 0);
        if self.shape.flags & ON_OPEN != 0 && !quoted {
            stage.opening()?;
        }
        let mut failed = deliver(&scene, &mut stage)?;
        while stage.open() {
            match &self.rule {
                // Deposits stand still, and nobody is left to take over.
                _ if failed => auctions::expire_at(stage.case.time + 1, &mut stage)?,
                Rule::Posted(p) => auctions::posted(p, &scene, &mut stage)?,
                Rule::Dutch(p) => auctions::dutch(p, &scene, &mut stage)?,
                Rule::Sealed(p) => auctions::sealed(p, &scene, &mut stage)?,
                Rule::Scoring(p) => auctions::scoring(p, &scene, &mut stage)?,
                Rule::Rfq(p) => auctions::rfq(p, &scene, &mut stage)?,
                Rule::Race(p) => opens::race(p, &scene, &mut stage)?,
                Rule::Committee(p) => opens::committee(p, &scene, &mut stage)?,
                Rule::Sortition(p) => pools::sortition(p, &scene, &mut stage)?,
                Rule::Reserved(_) => {}
            }
            if stage.case.status == Status::Open {
                break;
            }
            failed |= deliver(&scene, &mut stage)?;
        }
        if stage.case.is_live() {
            stage.now = stage.now.max(stage.case.request.deadline);
            stage.close();
        }
        Ok(stage)
    }
}

/// What the provers of a request know.
struct Scene<'a> {
    job: &'a Job,
    crowd: &'a Crowd,
    belief: Belief,
}

impl Scene<'_> {
    /// Who has room, could stand the bond and would be in time if awarded at `award`. Who answers first comes first.
    fn able(&self, award: Time) -> impl Iterator<Item = &Contender> {
        self.crowd.prompt().filter(self.fit(award))
    }

    /// The same, the cheapest first.
    fn cheap(&self, award: Time) -> impl Iterator<Item = &Contender> {
        self.crowd.cheap().filter(self.fit(award))
    }

    /// Whether one who has room could stand the bond and would be in time.
    fn fit(&self, award: Time) -> impl Fn(&&Contender) -> bool {
        let rest = (START + self.job.deadline).saturating_sub(award).min(self.job.window.into());
        let bond = self.job.bond;
        move |who| bond <= who.stake && who.expected <= rest
    }

    /// What `who` asks where the lowest of `bidders` wins and is paid what it asks; none if that is above the ceiling.
    fn asks(&self, who: &Contender, bidders: usize, ceiling: Wei) -> Option<Wei> {
        let Belief { lowest, highest } = self.belief;
        let rivalry = Rivalry { bidders: u32::try_from(bidders).unwrap_or(u32::MAX), lowest, highest, ceiling };
        first_price_bid(&rivalry, who.reckoned)
    }

    fn find(&self, account: &Account) -> Result<&Contender, Refusal> {
        self.crowd.find(account).ok_or(Refusal::Malformed)
    }
}

/// Awards, one after the other, until one is kept or nobody is left. Whether one was missed.
fn deliver(scene: &Scene<'_>, stage: &mut Stage<'_>) -> Result<bool, Refusal> {
    let mut failed = false;
    while let Some(award) = stage.case.award.filter(|_| stage.case.status == Status::Awarded) {
        let who = scene.find(&award.prover)?;
        let ready = stage.now + who.length;
        if !who.fails && ready <= award.due {
            stage.now = ready;
            stage.fulfil();
        } else {
            failed = true;
            stage.now = award.due + 1;
            stage.expire(who)?;
        }
    }
    Ok(failed)
}

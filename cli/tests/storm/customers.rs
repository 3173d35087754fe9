//! Requesters: each a loop around an executor of its own, whose journal brings back what a reorg takes.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Result, bail};
use bourse_chain::{ExecuteConfig, Executor, Fault, Key, Outcome, call};
use bourse_cli::amount;
use bourse_cli::demo::chain::Secret;
use bourse_cli::demo::errands;
use bourse_cli::demo::people::rounds;
use bourse_cli::record::Record;
use bourse_cli::session::Session;
use bourse_cli::spec::Spec;
use bourse_sim::Id;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::World;
use super::world::{REQUESTERS, SIZE};

const REQUESTS: usize = 40;
/// Sealed auctions take longest: they come first.
const SEALED: usize = 30;
/// Between two looks at the chain.
const BEAT: Duration = Duration::from_millis(200);

/// All requesters.
pub(crate) struct Customers {
    tasks: JoinSet<Result<Vec<Record>>>,
    done: watch::Sender<bool>,
}

/// One requester.
struct Customer {
    session: Session,
    requester: Secret,
    /// Who brings what the requester only signs; none if it sends by itself.
    bearer: Option<Key>,
    wishes: VecDeque<(Instant, Spec)>,
    executor: Executor,
    seen: Option<Id>,
}

impl Customers {
    /// A request about every second, over all instances, from all requesters in turn.
    pub(crate) async fn start(world: &World, seed: u64, length: Duration) -> Self {
        let mut rng = StdRng::seed_from_u64(!seed);
        let (begin, step) = (Instant::now(), length / REQUESTS as u32);
        let mut wishes = vec![VecDeque::new(); REQUESTERS];
        for number in 0..REQUESTS {
            let at = begin + step * number as u32 + step.mul_f64(rng.random_range(0.0..1.0));
            wishes[number % REQUESTERS].push_back((at, spec(number)));
        }
        let (done, told) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for (number, wishes) in wishes.into_iter().enumerate() {
            let customer = Customer::new(world, number, wishes).await;
            tasks.spawn(customer.serve(told.clone()));
        }
        Self { tasks, done }
    }

    /// What has all been asked for, once nothing of it is on its way.
    pub(crate) async fn finish(mut self) -> Vec<Record> {
        self.done.send_replace(true);
        let mut records = Vec::new();
        while let Some(made) = self.tasks.join_next().await {
            records.extend(made.unwrap().unwrap());
        }
        assert_eq!(records.len(), REQUESTS);
        records
    }

    /// One of them has given up; none should.
    pub(crate) async fn failed(&mut self) {
        let ended = self.tasks.join_next().await;
        panic!("a requester ended early: {:?}", ended.map(|ended| ended.map(|made| made.map(|made| made.len()))));
    }
}

impl Customer {
    async fn new(world: &World, number: usize, wishes: VecDeque<(Instant, Spec)>) -> Self {
        let (session, requester) = (world.session.clone(), world.cast.requesters[number].clone());
        // The last one only signs.
        let bearer = (number + 1 == REQUESTERS).then(|| world.cast.operator.key.clone());
        let key = bearer.as_ref().unwrap_or(&requester.key).clone();
        let journal = world.folder.join(format!("requester-{number}.sqlite"));
        let executor = Executor::open(session.node.clone(), key, &journal, ExecuteConfig::default()).await.unwrap();
        Self { session, requester, bearer, wishes, executor, seen: None }
    }

    /// Works until it has asked for all it wants, nothing is on its way, and it is told that all is done.
    async fn serve(mut self, done: watch::Receiver<bool>) -> Result<Vec<Record>> {
        let mut made = Vec::new();
        loop {
            self.advance().await?;
            while self.wishes.front().is_some_and(|(at, _)| *at <= Instant::now()) {
                let Some(record) = self.ask().await? else { break };
                made.push(record);
                self.wishes.pop_front();
            }
            if *done.borrow() && self.wishes.is_empty() && self.executor.pending().await?.is_empty() {
                self.executor.close().await;
                return Ok(made);
            }
            sleep(BEAT).await;
        }
    }

    async fn advance(&mut self) -> Result<()> {
        let head = self.session.node.head().await?;
        if self.seen.replace(head.hash) == Some(head.hash) {
            return Ok(());
        }
        for (key, outcome) in self.executor.advance(head).await? {
            if let Outcome::Failed(fault) = outcome {
                bail!("the request {key} did not enter: {fault}");
            }
        }
        Ok(())
    }

    /// Sends the next request; nothing if that is not possible now.
    async fn ask(&mut self) -> Result<Option<Record>> {
        let Some((_, spec)) = self.wishes.front() else { return Ok(None) };
        let record = errands::compose(&self.session, spec, self.requester.key.address()).await?;
        let signature = match self.bearer {
            Some(_) => self.session.domain.sign_request(&self.requester.key, &record.request)?,
            None => Vec::new(),
        };
        let open = call::open(&record.request, &record.input, &signature);
        let intent = open.intent(amount::hex(&record.id), self.session.node.market());
        match self.executor.submit(intent).await? {
            Ok(_) => Ok(Some(record)),
            Err(Fault::Retry { .. }) => Ok(None),
            Err(fault) => bail!("the request {} was refused: {fault}", amount::hex(&record.id)),
        }
    }
}

fn spec(number: usize) -> Spec {
    let all = ["sealed", "vickrey", "posted", "dutch", "steep"];
    let open = &all[2..];
    let instance = if number < SEALED { all[number % all.len()] } else { open[number % open.len()] };
    // Whoever moves a sealed auction on is tipped.
    let tip = matches!(instance, "sealed" | "vickrey").then(|| "0.0003".to_owned());
    Spec {
        instance: Some(instance.to_owned()),
        max_price: Some("0.02".to_owned()),
        bond: Some("0.02".to_owned()),
        deadline: Some("170s".to_owned()),
        window: Some("60s".to_owned()),
        rounds: Some(rounds(SIZE)),
        seed: Some((number + 1).to_string()),
        tip,
        ..Spec::default()
    }
}

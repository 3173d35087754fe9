//! What is looked at when all is over.

use std::collections::BTreeMap;
use std::time::Duration;

use bourse_chain::{ExecuteConfig, Executor, Update};
use bourse_cli::amount;
use bourse_cli::demo::board::Board;
use bourse_cli::demo::books::Books;
use bourse_cli::demo::setup::{KEEPER, PURSE, STAKE_WEI};
use bourse_cli::journey::End;
use bourse_cli::record::Record;
use bourse_prover::store::Store;
use bourse_sim::ask::Status;
use bourse_sim::event::Event;
use bourse_sim::{Account, Id, Wei, ZERO};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Storm, World};

/// Between two looks.
const BEAT: Duration = Duration::from_millis(300);

/// The market from its first block, read anew.
struct Story {
    board: Board,
    fulfilled: BTreeMap<Id, usize>,
    /// What provers were paid for proofs.
    earned: BTreeMap<Account, Wei>,
    /// What requesters paid, tips to themselves not counted.
    spent: BTreeMap<Account, Wei>,
    /// What came to others as tips.
    tips: BTreeMap<Account, Wei>,
}

impl World {
    /// Waits until every request has its proof, no deposit stands, and nobody has anything on its way.
    pub(crate) async fn calm(&mut self, records: &[Record], patience: Duration) {
        let end = Instant::now() + patience;
        loop {
            self.processes.check().unwrap();
            let open = self.unrest(records).await;
            let Some(open) = open else { return };
            assert!(Instant::now() < end, "not over after {} s: {open}", patience.as_secs());
            sleep(BEAT).await;
        }
    }

    /// What is still going on.
    async fn unrest(&self, records: &[Record]) -> Option<String> {
        let node = &self.session.node;
        for record in records {
            let status = node.state(record.id).await.unwrap().status;
            let id = amount::hex(&record.id);
            assert!(!matches!(status, Status::Closed | Status::Cancelled), "{id} ended without a proof");
            if status != Status::Fulfilled {
                return Some(format!("{id} is {status:?}"));
            }
        }
        for (prover, secret) in self.provers.iter().zip(&self.cast.provers) {
            let ledger = node.ledger(secret.key.address()).await.unwrap();
            let pending = self.pending(prover).await;
            if (ledger.busy, ledger.locked, pending) != (0, 0, Some(0.0)) {
                return Some(format!("{} has {ledger:?}, {pending:?} intents pending", prover.name));
            }
        }
        let status = self.asked("/v1/status").await;
        let calm = status["at_tip"] == true && status["pending"] == json!([]) && status["proofs_waiting"] == 0;
        (!calm).then(|| format!("the keeper says {status}"))
    }

    /// Nothing was lost: no request, no proof, no wei.
    pub(crate) async fn audit(&mut self, records: &[Record], storm: &Storm) {
        let story = self.read().await;
        self.audit_requests(&story, records).await;
        story.audit_proofs(storm);
        self.audit_money(&story).await;
        let mut rejected = Vec::new();
        for record in records {
            let proof = self.asked(&format!("/v1/proofs/{}", amount::hex(&record.id))).await;
            match proof["status"].as_str() {
                Some("settled") => {}
                Some("rejected") => rejected.push(record.id),
                // A prover that found the keeper down delivered by itself.
                _ => assert!(proof.get("error").is_some(), "{proof}"),
            }
        }
        self.audit_views(records.len()).await;
        let proven = self.audit_disks().await;
        for id in rejected {
            // Only this may be of no use: the proof of a prover whose award the reorg took back, and another got it.
            let paid = story.board.journeys[&id].award().map(|award| award.prover);
            let other = proven.iter().any(|(of, prover)| *of == id && Some(*prover) != paid);
            assert!(other, "the keeper rejected the proof that fulfilled {}", amount::hex(&id));
        }
    }

    async fn read(&self) -> Story {
        let (board, nothing) = (Board::default(), BTreeMap::new());
        let mut story =
            Story { board, fulfilled: BTreeMap::new(), earned: nothing.clone(), spent: nothing.clone(), tips: nothing };
        let mut follower = self.session.history();
        loop {
            match follower.next().await.unwrap() {
                Update::Committed(block) => {
                    story.board.absorb(&block);
                    block.events.iter().for_each(|event| story.hear(event));
                }
                Update::Reverted(block) => panic!("block {} was taken back after the end", block.number),
                Update::Tip(_) => return story,
            }
        }
    }

    async fn audit_requests(&self, story: &Story, records: &[Record]) {
        assert_eq!(story.board.journeys.len(), records.len(), "requests that nobody made");
        for record in records {
            let id = amount::hex(&record.id);
            let journey = &story.board.journeys[&record.id];
            assert_eq!((journey.slashes.len(), journey.forfeits.len()), (0, 0), "{id}: {journey:?}");
            let Some((End::Fulfilled { price, .. }, _)) = &journey.end else { panic!("{id}: {:?}", journey.end) };
            assert!(*price <= record.request.max_price, "{id} cost {price}");
            assert_eq!(journey.award().map(|award| award.price), Some(*price), "{id}");
            assert_eq!(story.fulfilled.get(&record.id), Some(&1), "{id}");
            assert_eq!(self.session.node.state(record.id).await.unwrap().status, Status::Fulfilled, "{id}");
        }
    }

    /// Everybody has exactly what it should have, and the market has all of it.
    async fn audit_money(&self, story: &Story) {
        let node = &self.session.node;
        let of = |sums: &BTreeMap<Account, Wei>, account| sums.get(&account).copied().unwrap_or_default();
        for secret in &self.cast.requesters {
            let account = secret.key.address();
            let have = node.balance(ZERO, account).await.unwrap();
            assert_eq!(have, PURSE - of(&story.spent, account), "a refund is not whole");
        }
        for (prover, secret) in self.provers.iter().zip(&self.cast.provers) {
            let account = secret.key.address();
            let (ledger, have) = (node.ledger(account).await.unwrap(), node.balance(ZERO, account).await.unwrap());
            assert_eq!(have, of(&story.earned, account) + of(&story.tips, account), "{}", prover.name);
            assert_eq!((ledger.stake, ledger.locked, ledger.failed), (STAKE_WEI, 0, 0), "{}", prover.name);
        }
        let keeper = self.cast.keeper.key.address();
        assert_eq!(node.balance(ZERO, keeper).await.unwrap(), of(&story.tips, keeper));
        let books = Books::read(node, &story.board).await.unwrap();
        assert!(books.balance(), "{books:?}");
        assert_eq!((books.escrow, books.burned), (0, 0), "{books:?}");
    }

    /// A keeper that has just read the chain sees what the one sees that went through it all.
    async fn audit_views(&mut self, requests: usize) {
        let (seen, provers) = (self.asked("/v1/requests").await, self.asked("/v1/provers").await);
        let shown = seen["requests"].as_array().unwrap();
        assert_eq!(shown.len(), requests);
        assert!(shown.iter().all(|request| request["status"] == "fulfilled"), "{seen}");
        self.processes.kill(KEEPER).await.unwrap();
        self.launch_ignorant_keeper();
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let (now, supply) = (self.asked("/v1/requests").await, self.asked("/v1/provers").await);
            if (&now["requests"], &supply) == (&seen["requests"], &provers) {
                return;
            }
            self.processes.check().unwrap();
            assert!(Instant::now() < end, "it sees\n{now}\n{supply}\nand not\n{seen}\n{provers}");
            sleep(BEAT).await;
        }
    }

    /// Killed once more, nobody has anything left to do. What provers have proofs for.
    async fn audit_disks(&mut self) -> Vec<(Id, Account)> {
        let (node, mut proven) = (&self.session.node, Vec::new());
        for name in self.names() {
            self.processes.kill(name).await.unwrap();
            let (journal, store) = self.disk(name);
            let prover = self.provers.iter().position(|prover| prover.name == name);
            let secret = prover.map_or(&self.cast.keeper, |at| &self.cast.provers[at]);
            let config = ExecuteConfig::default();
            let executor = Executor::open(node.clone(), secret.key.clone(), &journal, config).await.unwrap();
            assert_eq!(executor.pending().await.unwrap(), [], "{name}");
            executor.close().await;
            if prover.is_some() {
                let store = Store::open(&store, node, secret.key.address()).await.unwrap();
                let jobs = store.jobs().await.unwrap();
                assert!(jobs.iter().all(|job| job.stage.is_final()), "{name}: {jobs:?}");
                let has = jobs.iter().filter(|job| job.proof.is_some());
                proven.extend(has.map(|job| (job.id, secret.key.address())));
            }
        }
        proven
    }
}

impl Story {
    /// A proof is made once: that of an award which a reorg took back is good for the next one, and differs from any other.
    fn audit_proofs(&self, storm: &Storm) {
        let mut again = 0;
        for ((id, by), taken_back) in &storm.proofs {
            let Some((End::Fulfilled { prover, proof, .. }, _)) = &self.board.journeys[id].end else { continue };
            if prover == by {
                assert_eq!(proof, taken_back, "{} was proven twice", amount::hex(id));
                again += 1;
            }
        }
        println!("{} proofs taken back, {again} settled again for the same prover", storm.proofs.len());
    }

    fn hear(&mut self, event: &Event) {
        let requester = |id| self.board.journeys[id].entered.as_ref().unwrap().0.requester;
        match event {
            Event::Fulfilled { id, prover, price, .. } => {
                *self.spent.entry(requester(id)).or_default() += price;
                *self.earned.entry(*prover).or_default() += price;
                *self.fulfilled.entry(*id).or_default() += 1;
            }
            Event::Tipped { id, to, amount } if *to != requester(id) => {
                *self.spent.entry(requester(id)).or_default() += amount;
                *self.tips.entry(*to).or_default() += amount;
            }
            _ => {}
        }
    }
}

//! A chain told by hand, and a keeper's state that listens.

#![allow(dead_code, reason = "every test uses its part")]

use bourse_chain::{Block, Fault, Outcome, Revert, Submitted};
use bourse_keeper::config::Goals;
use bourse_keeper::decide::{Action, decide};
use bourse_keeper::proof::{Fate, Proof, ProofKey};
use bourse_keeper::state::{Errand, Input, Note, State};
use bourse_sim::ask::Shape;
use bourse_sim::event::{Config, Declaration, Event, Offer};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::dutch::{Dutch, DutchParams};
use bourse_sim::mechanisms::posted::{PostedParams, PostedPrice};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

pub(crate) const START: Time = 1_000_000;
pub(crate) const REQUESTER: Account = [1; 20];
pub(crate) const ALICE: Account = [2; 20];
pub(crate) const BOB: Account = [3; 20];
pub(crate) const DUTCH: Account = [11; 20];
pub(crate) const POSTED: Account = [12; 20];
pub(crate) const STRANGE: Account = [13; 20];
pub(crate) const BOND: Wei = 1_000;

/// A chain told by hand.
pub(crate) struct Script {
    pub(crate) state: State,
    pub(crate) goals: Goals,
    pub(crate) chain: Vec<Block>,
    pub(crate) fork: u8,
    /// Of the blocks to come.
    pub(crate) base_fee: u64,
}

impl Script {
    pub(crate) fn new() -> Self {
        let state = State::new(1, &[7; 20], ZERO);
        let mut script = Self { state, goals: Goals::default(), chain: Vec::new(), fork: 0, base_fee: 0 };
        script.commit(0, furniture());
        script.tip();
        for errand in script.state.errands(10) {
            let Errand::Name(mechanism) = errand else { panic!("{errand:?} before there are requests") };
            let name = [(DUTCH, "dutch"), (POSTED, "posted")].iter().find(|(of, _)| *of == mechanism);
            script.hear(Input::Named(mechanism, name.map(|(_, name)| (*name).to_owned())));
        }
        script
    }

    pub(crate) fn hear(&mut self, input: Input) {
        self.state.absorb(input).unwrap();
    }

    /// A block, `seconds` after START.
    pub(crate) fn commit(&mut self, seconds: Time, events: Vec<Event>) {
        let number = self.chain.len() as u64;
        let mut hash = [self.fork; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        let parent = self.chain.last().map_or([0; 32], |block| block.hash);
        let mut transaction = hash;
        transaction[31] = 0xee;
        let transactions = vec![transaction; events.len()];
        let block =
            Block { number, hash, parent, time: START + seconds, base_fee: self.base_fee, events, transactions };
        self.chain.push(block.clone());
        self.hear(Input::Committed(block));
    }

    /// Takes the last block back.
    pub(crate) fn revert(&mut self) {
        let block = self.chain.pop().unwrap();
        self.fork += 1;
        self.hear(Input::Reverted(block));
    }

    pub(crate) fn tip(&mut self) {
        let block = self.chain.last().unwrap();
        self.hear(Input::Tip(block.head()));
    }

    pub(crate) fn decide(&self) -> Vec<Action> {
        decide(&self.state, &self.goals)
    }

    pub(crate) fn only(&self) -> Action {
        let mut actions = self.decide();
        assert_eq!(actions.len(), 1, "{actions:?}");
        actions.remove(0)
    }

    pub(crate) fn sent(&mut self, action: &Action) {
        self.hear(Input::Submitted(action.clone(), Ok(Submitted::Sent { transaction: [5; 32] })));
    }

    pub(crate) fn landed(&mut self, action: &Action) {
        let block = self.chain.last().unwrap();
        let (transaction, block) = (block.transactions.first().copied().unwrap_or([5; 32]), block.number);
        self.hear(Input::Outcome(action.key.clone(), Outcome::Landed { transaction, block }));
    }

    pub(crate) fn fates(&mut self) -> Vec<(ProofKey, Fate)> {
        let fate = |note| match note {
            Note::Fate(proof, fate) => Some((proof.key, fate)),
            _ => None,
        };
        self.state.notes().into_iter().filter_map(fate).collect()
    }

    /// Hands in a proof and has the chain say yes to it.
    pub(crate) fn verified(&mut self, request: Id, due: Time) -> ProofKey {
        let proof = Proof::new(request, ALICE, request.to_vec(), START + due, self.state.head().number);
        let key = proof.key;
        self.hear(Input::Proof(proof));
        assert_eq!(self.state.errands(1), [Errand::Check(key)]);
        self.hear(Input::Checked(key, Ok(())));
        key
    }
}

pub(crate) fn furniture() -> Vec<Event> {
    let instance = |instance, mechanism, shape: Shape, params| Event::InstanceSet {
        instance,
        version: 1,
        owner: REQUESTER,
        open: true,
        config: Config { mechanism, shape, params, ..Config::default() },
    };
    let dutch = DutchParams { start_bps: 1_000, end_bps: 10_000, delay: 0, ramp: 10, patience: 10 }.encode();
    let posted = PostedParams { base: 50, rate: 0, patience: 100 }.encode();
    let shape = |mechanism: &dyn Mechanism, params: &[u8]| mechanism.check(params).unwrap();
    let mut events = vec![
        Event::VerifierRegistered { verifier: 1, target: [9; 20], registrar: ZERO, codehash: [0; 32], gas: 100_000 },
        instance(1, DUTCH, shape(&Dutch, &dutch), dutch.clone()),
        instance(2, POSTED, shape(&PostedPrice, &posted), posted.clone()),
        instance(3, STRANGE, Shape { gas: 30_000, ..Shape::default() }, Vec::new()),
        Event::Deposited { token: ZERO, account: REQUESTER, from: REQUESTER, amount: 1_000_000 },
    ];
    for (number, prover) in [(1, ALICE), (2, BOB)] {
        let offer = Offer { accepted: true, floor: 0, bond_limit: BOND, throughput: 0 };
        let declaration =
            Declaration { concurrency: 100, flags: 3, offers: vec![(ZERO, offer)], ..Declaration::default() };
        events.push(Event::Deposited { token: ZERO, account: prover, from: prover, amount: 100_000 });
        events.push(Event::Declared { prover, number, declaration });
        events.push(Event::Staked { prover, amount: 100_000 });
    }
    events
}

pub(crate) fn id(n: u8) -> Id {
    [n; 32]
}

pub(crate) fn opened(n: u8, instance: u32, deadline: Time) -> Event {
    let request = Request {
        requester: REQUESTER,
        nonce: n.into(),
        instance,
        verifier: 1,
        work: 1,
        max_price: 100,
        tip: 10,
        bond: BOND,
        deadline: START + deadline,
        window: 60,
        ..Request::default()
    };
    Event::Opened { id: id(n), requester: REQUESTER, instance, version: 1, request, input: Vec::new() }
}

pub(crate) fn awarded(n: u8, prover: Account, due: Time) -> Vec<Event> {
    let tipped = Event::Tipped { id: id(n), to: REQUESTER, amount: 10 };
    vec![tipped, Event::Awarded { id: id(n), prover, price: 50, due: START + due, bond_bps: 10_000 }]
}

pub(crate) fn fulfilled(n: u8) -> Event {
    Event::Fulfilled { id: id(n), prover: ALICE, price: 50, proof: id(n).to_vec() }
}

pub(crate) fn no(name: &str) -> Fault {
    let revert = Revert { name: name.to_owned(), arguments: Vec::new(), reason: None, data: Vec::new() };
    Fault::Drop { why: "the verifier says no".to_owned(), revert: Some(revert) }
}

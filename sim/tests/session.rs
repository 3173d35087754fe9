//! What ticks of an instance are brought: the books of batches, replayed from the events of a market that lives through many of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bourse_sim::abi::keccak;
use bourse_sim::ask::{Cause, Move, MoveKind, Refusal};
use bourse_sim::event::{Config, Declaration, Event};
use bourse_sim::market::{Market, Turn};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::batch::book::Book;
use bourse_sim::mechanisms::batch::{Batch, BatchParams};
use bourse_sim::mechanisms::gas::GasParams;
use bourse_sim::mechanisms::modifier::{GAS, Inner};
use bourse_sim::mechanisms::spread::SpreadParams;
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

const OWNER: Account = [0xa1; 20];
/// What a modifier keeps of a request's price; every request has so much more.
const RESERVE: Wei = 20;
const START: Time = 1_000_000;
const PLACE: Id = {
    let mut id = [0; 32];
    id[31] = 1;
    id
};

/// Room for few, so that what is carried does not always find a place.
fn params() -> BatchParams {
    BatchParams {
        interval: 100,
        grace: 60,
        window: 10,
        lot: 1,
        floor: 1,
        ceiling: 1_000,
        work: 1,
        bond: 10,
        orders: 6,
        offers: 4,
        carry: 3,
    }
}

/// A market with one instance, whose mechanism is the twin.
struct World {
    market: Market,
    twin: &'static dyn Mechanism,
    params: BatchParams,
    now: Time,
    dice: Id,
    count: u64,
    clears: u32,
    trades: u32,
    carried: u32,
    dropped: u32,
}

impl World {
    fn new(params: BatchParams) -> Self {
        Self::under(&Batch, params)
    }

    fn under(twin: &'static dyn Mechanism, params: BatchParams) -> Self {
        let mut world = Self {
            market: Market::new(ZERO),
            twin,
            params,
            now: START,
            dice: Id::default(),
            count: 0,
            clears: 0,
            trades: 0,
            carried: 0,
            dropped: 0,
        };
        let mut events = vec![set(twin, 1, &params)];
        events.push(Event::Deposited { token: ZERO, account: OWNER, from: OWNER, amount: 1 << 60 });
        for number in 1..=12 {
            let prover = prover(number);
            let declaration = Declaration { concurrency: u16::MAX, ..Declaration::default() };
            events.push(Event::Deposited { token: ZERO, account: prover, from: prover, amount: 1 << 40 });
            events.push(Event::Declared { prover, number, declaration });
            events.push(Event::Staked { prover, amount: 1 << 40 });
        }
        world.market.commit(&events, START).unwrap();
        world
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.dice = keccak(&self.dice);
        u64::from_be_bytes(self.dice[..8].try_into().unwrap()) % bound
    }

    fn turn(&self, cause: Cause, actor: Account) -> Turn {
        Turn { cause, actor, time: self.now, ..Turn::default() }
    }

    fn open(&mut self) {
        self.count += 1;
        let mut id = keccak(&self.count.to_be_bytes());
        id[0] = 1;
        let max_price = RESERVE + Wei::from(1 + self.below(100));
        let request = Request {
            requester: OWNER,
            instance: 1,
            work: 1,
            max_price,
            deadline: self.now + 80 + self.below(700),
            window: 10,
            ..Request::default()
        };
        let version = self.market.instances()[&1].version();
        let opened = Event::Opened { id, requester: OWNER, instance: 1, version, request, input: Vec::new() };
        let mut after = self.market.clone();
        after.commit(std::slice::from_ref(&opened), self.now).unwrap();
        let Ok(answer) = self.twin.step(&after.ask(&id, self.turn(Cause::Opened, ZERO)).unwrap()) else { return };
        let noted = Event::NotedInstance { instance: 1, shared: answer.shared };
        self.market.commit(&[opened, noted], self.now).unwrap();
    }

    fn offer(&mut self) {
        let prover = prover(1 + self.below(12) as u32);
        let price = Wei::from(1 + self.below(120));
        let turn = Turn { price, ..self.turn(Cause::Bid, prover) };
        let Ok(answer) = self.twin.step(&self.market.ask_instance(1, turn).unwrap()) else { return };
        let mut events = vec![Event::NotedInstance { instance: 1, shared: answer.shared }];
        events.extend(answer.moves.iter().map(|step| self.ticket(step)));
        self.market.commit(&events, self.now).unwrap();
    }

    fn ticket(&self, step: &Move) -> Event {
        let (id, prover, amount) = (PLACE, step.prover, step.amount);
        match step.kind {
            MoveKind::Hold => Event::Held { id, prover, amount, tag: step.tag },
            _ => Event::Released { id, prover, amount: self.params.bond },
        }
    }

    /// Ticks the instance with what its session brings. An award may fail: its prover has changed its mind.
    fn clear(&mut self) {
        let last = self.params.batch(self.now) - 1;
        let book = Book::load(&self.market.instances()[&1].shared, last);
        let (ask, requests) = self.market.session(self.twin, 1, self.turn(Cause::Tick, ZERO)).unwrap();
        if book.offers == 0 || book.cleared || self.now >= self.params.void(last) {
            assert_eq!((ask.data.len(), requests.len()), (0, 0), "nothing is brought where nothing follows");
            return;
        }
        let answer = self.twin.step(&ask).unwrap();
        self.clears += 1;
        let mut events = vec![Event::NotedInstance { instance: 1, shared: answer.shared.clone() }];
        for step in &answer.moves {
            if step.kind == MoveKind::Release {
                events.push(self.ticket(step));
                continue;
            }
            let id = requests[usize::from(step.subject) - 1];
            assert_eq!(id[10..], step.tag, "the market checks it");
            let prover = step.prover;
            if self.below(5) == 0 {
                let (burned, compensation, tip) = (5, 5, 0);
                events.push(Event::Docked { id, instance: 1, prover, burned, compensation, tip, to: OWNER });
                continue;
            }
            self.trades += 1;
            events.push(Event::Released { id: PLACE, prover, amount: self.params.bond });
            let due = self.now + 10;
            events.push(Event::Awarded { id, prover, price: step.amount, due, bond_bps: 10_000 });
        }
        let (then, before) = (Book::load(&answer.shared, last + 1), Book::load(&ask.shared, last + 1));
        let carried = then.orders - before.orders;
        self.carried += u32::from(carried);
        let left = usize::from(book.orders) - requests.len() - usize::from(carried);
        self.dropped += u32::from(then.orders == self.params.orders && left != 0);
        self.market.commit(&events, self.now).unwrap();
    }

    /// Gives back what is left of batches that nobody cleared.
    fn sweep(&mut self) {
        for number in 1..=12 {
            let prover = prover(number);
            let ask = self.market.ask_instance(1, self.turn(Cause::Tick, prover)).unwrap();
            if let Ok(answer) = self.twin.step(&ask) {
                let events: Vec<_> = answer.moves.iter().map(|step| self.ticket(step)).collect();
                self.market.commit(&events, self.now).unwrap();
            }
        }
        let open: Vec<(Id, Wei)> = self.market.live().map(|(id, case)| (*id, case.request.max_price)).collect();
        for (id, refund) in open {
            let ask = self.market.ask(&id, self.turn(Cause::Tick, ZERO)).unwrap();
            if self.twin.step(&ask).is_ok() {
                self.market.commit(&[Event::Closed { id, refund }], self.now).unwrap();
            }
        }
    }

    fn live(&mut self, steps: u32) {
        for _ in 0..steps {
            match self.below(12) {
                0..=4 => self.open(),
                5..=8 => self.offer(),
                9 => self.clear(),
                10 => self.sweep(),
                _ => self.now += self.below(40),
            }
        }
    }
}

fn prover(number: u32) -> Account {
    [number as u8; 20]
}

/// Of a batch, or one with modifiers around it: both see what is kept for gas in a request's price differently.
fn set(twin: &dyn Mechanism, version: u32, params: &BatchParams) -> Event {
    let inner = |name: &str| Inner { name: name.to_owned(), ..Inner::default() };
    let mut params = params.encode();
    if twin.name() == "gas" {
        params = SpreadParams { inner: inner("batch"), window: 8, most: 8, patience: 1 }.encode(&params);
        let (units, rate) = (1, 1_000_000_000_000_000_000);
        params = GasParams { inner: inner("spread"), ceiling: RESERVE, units, rate, payments: 0 }.encode(&params);
    }
    let shape = twin.check(&params).unwrap();
    let config = Config { shape, params, ..Config::default() };
    Event::InstanceSet { instance: 1, version, owner: OWNER, open: true, config }
}

#[test]
fn every_batch_is_brought_as_its_hashes_have_it() {
    let mut world = World::new(params());
    world.live(6_000);
    assert!(world.clears > 50 && world.trades > 50, "{} cleared, {} trades", world.clears, world.trades);
    assert!(world.carried > 50 && world.dropped > 10, "{} carried, {} found no room", world.carried, world.dropped);
}

#[test]
fn modifiers_do_not_hide_the_books() {
    let mut world = World::under(&GAS, params());
    world.live(2_000);
    assert!(world.clears > 20 && world.trades > 20, "{} cleared, {} trades", world.clears, world.trades);
}

#[test]
fn a_book_is_that_of_the_present_parameters() {
    let mut world = World::new(params());
    world.live(300);
    world.params.ceiling = 999;
    world.market.commit(&[set(&Batch, 2, &world.params)], world.now).unwrap();
    world.clears = 0;
    world.live(1_000);
    assert!(world.clears > 10, "{}", world.clears);
}

#[test]
fn a_block_that_is_taken_back_takes_its_entries_back() {
    let mut world = World::new(params());
    world.now = START + 5;
    (0..4).for_each(|_| world.open());
    (0..4).for_each(|_| world.offer());
    let tick = Turn { time: world.params.end(world.params.batch(world.now)), ..Turn::default() };
    let session = |market: &Market| market.session(&Batch, 1, tick.clone()).unwrap();
    let before = session(&world.market);
    world.open();
    assert_ne!(session(&world.market), before);
    world.market.revert().unwrap();
    assert_eq!(session(&world.market), before);
    assert_ne!(Batch.step(&before.0), Err(Refusal::Malformed));
    assert!(!before.0.data.is_empty());
}

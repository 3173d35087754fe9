//! What ticks are brought: the deposits that mechanisms keep but a running hash of.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bourse_sim::ask::{Answer, Ask, Cause, Envelope, Refusal, Shape};
use bourse_sim::event::{Config, Declaration, Event};
use bourse_sim::market::{Market, Ticket, Turn};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Wei, ZERO};

const ID: Id = [7; 32];
const ALICE: Account = [0xa1; 20];
const PAUL: Account = [0xb1; 20];
const PETE: Account = [0xb2; 20];

/// A mechanism that has the amounts of all deposits replayed.
struct Replays;

impl Mechanism for Replays {
    fn name(&self) -> &'static str {
        "replays"
    }

    fn check(&self, _: &[u8]) -> Result<Shape, Refusal> {
        Err(Refusal::Malformed)
    }

    fn envelope(&self, _: &[u8], _: &Request) -> Result<Envelope, Refusal> {
        Err(Refusal::Malformed)
    }

    fn step(&self, _: &Ask) -> Result<Answer, Refusal> {
        Err(Refusal::Malformed)
    }

    fn brief(&self, ask: &Ask, book: &[(Account, Ticket)]) -> Vec<u8> {
        assert_eq!(ask.cause, Cause::Tick);
        book.iter().map(|(_, ticket)| ticket.amount as u8).collect()
    }
}

fn held(prover: Account, amount: Wei) -> Event {
    Event::Held { id: ID, prover, amount, tag: [9; 22] }
}

/// Two instances, a request under the second, and two provers that bid on it.
fn events() -> Vec<Event> {
    let set =
        |instance| Event::InstanceSet { instance, version: 1, owner: ALICE, open: true, config: Config::default() };
    let request = Request { requester: ALICE, instance: 2, max_price: 1, deadline: 1_000, ..Request::default() };
    let entered =
        Event::Opened { id: ID, requester: ALICE, instance: request.instance, version: 1, request, input: Vec::new() };
    let mut events = vec![set(1), set(2)];
    events.push(Event::Deposited { token: ZERO, account: ALICE, from: ALICE, amount: 1 });
    for (number, prover) in [(1, PAUL), (2, PETE)] {
        let declaration = Declaration { concurrency: 4, ..Declaration::default() };
        events.push(Event::Deposited { token: ZERO, account: prover, from: prover, amount: 10 });
        events.push(Event::Declared { prover, number, declaration });
        events.push(Event::Staked { prover, amount: 10 });
    }
    events.extend([entered, held(PETE, 1), held(PAUL, 2), held(PETE, 3)]);
    events
}

#[test]
fn a_tick_is_brought_every_deposit_of_a_rung_in_its_order() {
    let mut market = Market::new(ZERO);
    market.commit(&events(), 100).unwrap();
    let brief = |market: &Market| market.ticking(&Replays, &ID, Turn::default()).unwrap().data;
    assert_eq!(brief(&market), [1, 2, 3]);
    let released = Event::Released { id: ID, prover: PETE, amount: 3 };
    market.commit(&[released], 101).unwrap();
    assert_eq!(brief(&market), [1, 2, 3], "who has left was there");
    market.commit(&[Event::Climbed { id: ID, rung: 1, instance: 1, version: 1 }], 102).unwrap();
    assert_eq!(brief(&market), []);
    market.revert().unwrap();
    assert_eq!(brief(&market), [1, 2, 3]);
}

//! Committees of nodes on a real chain: what they say to each other, and what of that the chain hears.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fixture;

use std::path::Path;

use bourse_prover::committee::{Topic, Word};
use bourse_sim::{Wei, ask::Status, mechanisms::committee::CommitteeParams};
use fixture::{BOND, MAX_PRICE, Program, World};

const STAKE: Wei = 100_000_000_000_000_000;
/// What the members are paid together; as much again is for who brings the whole.
const REST: Wei = MAX_PRICE / 2;

fn params(seats: u8, least: u8) -> CommitteeParams {
    CommitteeParams {
        seats,
        least,
        needed: least - 1,
        // The work begins with the last seat, or where one stays empty, when enrolment ends.
        enrolment: if least == seats { 240 } else { 30 },
        shards: 60,
        aggregation: 60,
        open: 60,
        stagger: 30,
        fee_bps: 10_000,
        aggregator_bps: 5_000,
        deposit_bps: 10_000,
        deposit_floor: 1,
        bonded: 1,
    }
}

/// The settings of a backend whose programs look for the rest of the input in `file`.
fn fetching(world: &World, file: &Path) -> String {
    let (verifier, file) = (world.anything, file.display());
    let program = |yes: &str| {
        let no = r#"{"withheld": "nothing is where the input says"}"#;
        let script = format!("cat > /dev/null; if test -e {file}; then echo '{yes}'; else echo '{no}'; fi");
        format!(r#"{{ program = "sh", args = ["-c", """{}"""] }}"#, script.replace('"', "\\\""))
    };
    let (check, prove) = (program(r#"{"ok": true}"#), program(r#"{"proof": "0x01"}"#));
    format!(
        "[[backends]]\nverifier = {verifier}\n[backends.command]\nname = \"fetching\"\ncheck = {check}\n\
         prove = {prove}\ntimeout_seconds = 10.0"
    )
}

async fn staked(world: &World, nodes: &[&Program]) {
    for node in nodes {
        world.until_ledger("a stake", node, |ledger| ledger.stake == STAKE).await;
    }
}

/// What each node was paid, and that nothing of it is held any longer.
async fn paid(world: &World, nodes: &[&Program]) -> Vec<Wei> {
    let mut paid = Vec::new();
    for node in nodes {
        let ledger = world.node.ledger(node.account).await.unwrap();
        assert_eq!((ledger.stake, ledger.locked, ledger.busy, ledger.failed), (STAKE, 0, 0, 0));
        paid.push(world.balance(node.account).await);
    }
    paid.sort_unstable();
    paid
}

/// Three of three have said that they are at work: all sign the same split, in which what does not divide by three is the first seat's.
#[tokio::test]
async fn a_committee_of_nodes_settles_with_the_split_that_all_have_signed() {
    let mut world = World::new().await;
    let committee = world.committee_of(params(3, 3)).await;
    let places = World::places(&[1, 2, 3]);
    let nodes = [1, 2, 3].map(|account| world.start_at(&places, account, 30, ""));
    let nodes = nodes.each_ref();
    staked(&world, &nodes).await;
    let task = world.task(31);
    let id = world.open(committee, &task).await;
    assert_eq!(world.fulfilled(id).await.holds, 0);
    // Members paid alike without a split would have a third each.
    assert_eq!(paid(&world, &nodes).await, [REST * 3_333 / 10_000, REST * 3_333 / 10_000, REST * 13_334 / 10_000]);
}

/// A node that is down when the work begins is left out by the three others, and gets its deposit back.
#[tokio::test]
async fn a_quorum_leaves_out_the_member_whose_node_is_down() {
    let mut world = World::new().await;
    let committee = world.committee_of(params(5, 4)).await;
    let places = World::places(&[1, 2, 3, 4]);
    let nodes = [1, 2, 3].map(|account| world.start_at(&places, account, 30, ""));
    let nodes = nodes.each_ref();
    staked(&world, &nodes).await;
    let task = world.task(32);
    let id = world.open(committee, &task).await;
    world.until("three deposits", id, |state| state.holds == 3).await;
    let mut down = world.start_at(&places, 4, 30, "");
    world.until("four deposits", id, |state| state.holds == 4).await;
    down.kill();
    assert_eq!(world.fulfilled(id).await.holds, 0);
    assert_eq!(paid(&world, &nodes).await, [REST * 3_333 / 10_000, REST * 3_333 / 10_000, REST * 13_334 / 10_000]);
    assert_eq!(paid(&world, &[&down]).await, [0], "no share, and all of its stake");
}

/// Two of three are no quorum: after the wait the proof comes without a split, and all are paid alike.
#[tokio::test]
async fn without_a_quorum_the_proof_comes_all_the_same() {
    let mut world = World::new().await;
    let committee = world.committee_of(params(4, 3)).await;
    let places = World::places(&[1, 2, 3]);
    let nodes = [1, 2].map(|account| world.start_at(&places, account, 4, ""));
    let nodes = nodes.each_ref();
    staked(&world, &nodes).await;
    let task = world.task(33);
    let id = world.open(committee, &task).await;
    world.until("two deposits", id, |state| state.holds == 2).await;
    let mut down = world.start_at(&places, 3, 4, "");
    world.until("three deposits", id, |state| state.holds == 3).await;
    down.kill();
    assert_eq!(world.fulfilled(id).await.holds, 0);
    assert_eq!(paid(&world, &nodes).await, [REST / 3, REST / 3 + REST]);
    assert_eq!(paid(&world, &[&down]).await, [REST / 3]);
}

/// The input is gone when the work begins: all say so, the request ends before shards are due, and nobody loses anything, although members are bonded.
#[tokio::test]
async fn members_that_find_the_input_withheld_go_free() {
    let mut world = World::new().await;
    let committee = world.committee_of(CommitteeParams { enrolment: 20, ..params(4, 3) }).await;
    let file = world.folder.path().join("input");
    std::fs::write(&file, "").unwrap();
    let (places, backend) = (World::places(&[1, 2, 3]), fetching(&world, &file));
    let nodes = [1, 2, 3].map(|account| world.start_at(&places, account, 30, &backend));
    let nodes = nodes.each_ref();
    staked(&world, &nodes).await;
    let requester = world.account(0);
    let before = world.balance(requester).await;
    let (request, id) = world.ask_anything(committee).await;
    world.until("three deposits", id, |state| state.holds == 3).await;
    assert_eq!(world.balance(requester).await, before - MAX_PRICE);
    std::fs::remove_file(&file).unwrap();
    let state = world.until("an end", id, |state| state.status != Status::Open).await;
    assert_eq!((state.status, state.holds), (Status::Closed, 0));
    let now = world.node.head().await.unwrap().time;
    assert!(now < request.deadline - 600 + 20 + 60, "before shards are due");
    assert_eq!(paid(&world, &nodes).await, [0; 3], "and no deposit is lost");
    assert_eq!(world.balance(requester).await, before, "the requester has all of its money back");
}

/// Three of five are no quorum for a notice; when the input is there again, the first seat proves, and all are paid.
#[tokio::test]
async fn an_input_that_comes_late_is_proven() {
    let mut world = World::new().await;
    let committee = world.committee_of(params(5, 5)).await;
    let file = world.folder.path().join("input");
    std::fs::write(&file, "").unwrap();
    let (places, backend) = (World::places(&[1, 2]), fetching(&world, &file));
    let (request, id) = world.ask_anything(committee).await;
    let mut nodes = Vec::new();
    for account in [1, 2] {
        nodes.push(world.start_at(&places, account, 4, &backend));
        world.until("a deposit", id, |state| usize::from(state.holds) == nodes.len()).await;
    }
    for account in [3, 4] {
        world.sit(account, &request, id).await;
    }
    std::fs::remove_file(&file).unwrap();
    world.sit(5, &request, id).await;
    let [here, withheld] =
        [world.word(3, id, Topic::Here, &[]).await, world.word(3, id, Topic::Withheld, &[0, 0]).await];
    for node in &nodes {
        let said = node.agrees(&withheld).await;
        assert_eq!(said.require_signer(&world.crew(id).await), Ok(()));
        assert_eq!(node.refuses(&here).await, (429, "this member is not at work yet".into()));
    }
    assert_eq!(world.state(id).await.status, Status::Open);
    std::fs::write(&file, "").unwrap();
    assert_eq!(world.fulfilled(id).await.holds, 0);
    assert_eq!(paid(&world, &nodes.iter().collect::<Vec<_>>()).await, [REST / 5, REST / 5 + REST]);
}

/// Weights of four seats, in basis points, and who is late.
fn split(late: u16, weights: [u16; 4]) -> Vec<u8> {
    std::iter::once(late).chain(weights).flat_map(u16::to_be_bytes).collect()
}

/// A node signs the one split that it has seen to be true, for who sits with it, and no other afterwards.
#[tokio::test]
async fn a_node_refuses_to_sign_a_split_that_it_has_not_seen_to_be_true() {
    let mut world = World::new().await;
    let committee = world.committee_of(CommitteeParams { needed: 3, ..params(4, 4) }).await;
    let file = world.folder.path().join("input");
    std::fs::write(&file, "").unwrap();
    let (places, backend) = (World::places(&[2, 3]), fetching(&world, &file));
    let (request, id) = world.ask_anything(committee).await;
    world.sit(1, &request, id).await;
    let mut nodes = Vec::new();
    for account in [2, 3] {
        nodes.push(world.start_at(&places, account, 30, &backend));
        world.until("a deposit", id, |state| usize::from(state.holds) == nodes.len() + 1).await;
    }
    world.sit(4, &request, id).await;
    let crew = world.crew(id).await;
    for node in &nodes {
        let word = node.agrees(&world.word(1, id, Topic::Here, &[]).await).await;
        assert_eq!(word.require_signer(&crew), Ok(()));
    }
    let three = split(8, [3_334, 3_333, 3_333, 0]);
    let proposed = world.word(1, id, Topic::Split, &three).await;
    let (status, why) = nodes[0].refuses(&proposed).await;
    assert_eq!((status, why.as_str()), (429, "members may still say that they are at work"));
    let forged = Word { seat: 3, ..proposed.clone() };
    assert_eq!(nodes[0].refuses(&forged).await, (422, "it is not signed by who holds the seat".into()));
    world.pass(12).await;
    for (late, weights) in
        [(8, [5_000, 3_000, 2_000, 0]), (4, [3_334, 3_333, 0, 3_333]), (0, [2_500; 4]), (12, [5_000, 5_000, 0, 0])]
    {
        let false_split = world.word(1, id, Topic::Split, &split(late, weights)).await;
        let (status, why) = nodes[0].refuses(&false_split).await;
        assert_eq!((status, why.as_str()), (422, "it is not the split that this member has seen"), "{weights:?}");
    }
    let first = nodes[0].agrees(&proposed).await;
    assert_eq!((first.seat, first.require_signer(&crew)), (1, Ok(())));

    nodes[0].agrees(&world.word(4, id, Topic::Here, &[]).await).await;
    let four = world.word(1, id, Topic::Split, &split(0, [2_500; 4])).await;
    assert_eq!(nodes[0].refuses(&four).await.0, 422, "it has signed another before");
    world.restart(2, &mut nodes[0]);
    let again = nodes[0].agrees(&proposed).await;
    assert_eq!(again.signature, first.signature);
    assert_eq!(nodes[0].refuses(&four).await.0, 422, "nor after a restart");

    let second = nodes[1].agrees(&proposed).await;
    let signatures = [&proposed, &first, &second].map(|word| word.signature.to_vec()).concat();
    world.prove(1, &request, &[&[0, 7], three.as_slice(), &signatures].concat()).await;
    assert_eq!(world.fulfilled(id).await.holds, 0);
    assert_eq!(
        world.balance(world.account(1)).await,
        REST + REST * 3_334 / 10_000,
        "the chain counts what they have signed"
    );
    assert_eq!(world.balance(world.account(4)).await, 0);
    assert_eq!(world.node.ledger(world.account(4)).await.unwrap().stake, BOND);
}

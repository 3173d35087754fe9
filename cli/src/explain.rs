//! What an instance's parameters imply for a request, in the words of its mechanism on the chain. This file knows no mechanism: it asks
//! `check`, `envelope` and, for the deposit, `step`. Where losers pay otherwise than in an auction, `losses` knows.

use alloy::primitives::{Bytes, Uint};
use alloy::sol_types::SolCall;
use anyhow::{Context, Result, ensure};
use bourse_bindings::IMechanism::{self, Answer, Ask, Envelope, Request, Shape};
use bourse_chain::read::Token;
use bourse_chain::{Call, Head, Node, NodeError, Revert};
use bourse_sim::event::Setup;
use bourse_sim::mechanisms::modifier::{Core, core, full_name};
use bourse_sim::{Time, Wei, ZERO};
use serde_json::{Value, json};

mod losses;

use crate::session::Session;
use crate::{amount, blueprint, view};
use losses::Losses;

/// The request that the parameters are explained by.
#[derive(Clone, Debug, clap::Args)]
pub struct Example {
    /// The most it pays, in the instance's token
    #[arg(long, value_name = "AMOUNT", default_value = "0.01", requires = "explain")]
    pub max_price: String,
    /// The stake that its prover puts at risk, in the stake token [default: as much as max-price]
    #[arg(long, value_name = "AMOUNT", requires = "explain")]
    pub bond: Option<String>,
    /// Its work, in units of the verifier
    #[arg(long, value_name = "N", default_value_t = 1_000_000, requires = "explain")]
    pub work: u64,
    /// How long one prover may take
    #[arg(long, value_name = "TIME", default_value = "2m", requires = "explain")]
    pub window: String,
}

/// What the mechanism says of the example.
#[derive(Clone, Debug)]
pub struct Explanation {
    setup: Setup,
    name: String,
    request: Request,
    shape: Shape,
    envelope: Envelope,
    losses: Losses,
    /// What an award is raised by now, for gas, and the base fee that it follows from; none if gas is not paid for.
    raise: Option<(Wei, u64)>,
    token: Token,
    stake: Token,
}

/// The cause of a bid, and the status of a request that is open, as the mechanism counts them.
const BID: u8 = 1;
const OPEN: u8 = 1;
const HOLD: u8 = 0;

/// Capability bits of `contracts/types/Ask.sol` in words, the lowest first.
const CAPABILITIES: [&str; 6] = [
    "bids are sealed",
    "the price is fixed at opening",
    "open to every prover",
    "awarded by a single bid",
    "one prover gets the input",
    "to bid one's cost is best",
];

impl Explanation {
    /// Asks the mechanism.
    ///
    /// # Errors
    /// Why it refuses the parameters, in its words; if there is no mechanism, or the example makes no sense.
    pub async fn of(session: &Session, setup: Setup, example: &Example) -> Result<Self> {
        let token = session.node.token(setup.token).await?;
        let stake = session.node.token(session.node.stake_token().await?).await?;
        let at = amount::address(setup.mechanism);
        let deployed = view::has_code(&session.node, setup.mechanism).await?;
        ensure!(deployed, "there is no contract at {at}: is it the mechanism's address?");
        let node = Node::connect(&session.settings.rpc, setup.mechanism).await?;
        let name = session.node.mechanism_name(setup.mechanism).await?;
        let name = name.with_context(|| format!("the contract at {at} has no name: it is no mechanism"))?;
        let head = session.node.head().await?;
        let params = Bytes::copy_from_slice(&setup.params);

        let asked = IMechanism::checkCall { params: params.clone() }.abi_encode();
        let answer = ask(&node, asked).await?.map_err(|why| {
            let silent = why.data.is_empty();
            let why = if silent { "they are not in its encoding".to_owned() } else { why.to_string() };
            anyhow::anyhow!("the mechanism {name} at {at} refuses these parameters: {why}")
        })?;
        let shape = IMechanism::checkCall::abi_decode_returns(&answer).context("its `check` answers no shape")?;

        let mut request = example.request(&setup, &token, &stake)?;
        let asked = IMechanism::envelopeCall { params: params.clone(), request: request.clone() }.abi_encode();
        let answer = ask(&node, asked).await?.map_err(|why| anyhow::anyhow!("its envelope is refused: {why}"))?;
        let envelope = IMechanism::envelopeCall::abi_decode_returns(&answer).context("it answers no envelope")?;

        let end = head.time + envelope.award.to::<Time>() + envelope.proof.to::<Time>() + A_DAY;
        request.deadline = Uint::saturating_from(end);
        let usual = Losses::usual(deposit(&node, &request, &params, &shape, head).await?, envelope.bond.to());
        let core = core(&name, &setup.params, &Default::default())?;
        let losses = usual.of(&core.name, core.params, request.bond.to()).unwrap_or(usual);
        let raise = raise(&core, head.base_fee);
        Ok(Self { setup, name, request, shape, envelope, losses, raise, token, stake })
    }

    /// For programs: amounts as decimal strings, times in seconds.
    pub fn json(&self) -> Value {
        let envelope = &self.envelope;
        let mut json = json!({
            "mechanism": amount::address(self.setup.mechanism),
            "mechanismName": full_name(&self.name, &self.setup.params),
            "rule": blueprint::words(&self.name, &self.setup.params, &self.token),
            "raise": self.raise.map(|(raise, _)| raise.to_string()),
            "params": amount::hex(&self.setup.params),
            "request": {
                "maxPrice": self.request.maxPrice.to_string(),
                "bond": self.request.bond.to_string(),
                "work": self.request.work,
                "window": self.request.window,
            },
            "price": envelope.price.to_string(),
            "award": envelope.award.to::<u64>(),
            "proof": envelope.proof.to::<u64>(),
            "deadline": self.deadline(),
            "bond": envelope.bond.to_string(),
            "standbys": envelope.standbys,
            "capabilities": self.capabilities(),
            "words": self.shape.words,
            "gas": self.shape.gas,
        });
        for (name, value) in self.losses.json() {
            json[name] = value;
        }
        json
    }

    /// For people: a line each, name and meaning.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let envelope = &self.envelope;
        let row = |name: &str, text: String| vec![name.to_owned(), text];
        let (priced, staked) = (|wei| amount::show(wei, &self.token), |wei| amount::show(wei, &self.stake));
        let example = format!(
            "{} units of work, up to {}, bond {}, window {} s",
            self.request.work,
            priced(self.request.maxPrice.to()),
            staked(self.request.bond.to()),
            self.request.window
        );
        let standbys = match envelope.standbys {
            0 => "nobody: down the ladder, or back to the requester".to_owned(),
            count => format!("{count}, each at its own bond; then down the ladder, or back to the requester"),
        };
        let name = full_name(&self.name, &self.setup.params);
        let mut rows = vec![
            row("mechanism", format!("{name} at {}", amount::address(self.setup.mechanism))),
            row(
                "rule",
                blueprint::words(&self.name, &self.setup.params, &self.token).unwrap_or_else(|| "its own".into()),
            ),
            row("example", example),
            row("worst price", priced(envelope.price.to())),
            row("latest award", format!("{} s after it opens", envelope.award)),
            row("latest proof", format!("{} s after its award", envelope.proof)),
            row("deadline", format!("at least {} s from opening, or there may be no time to prove", self.deadline())),
            row("at risk", format!("at least {} of the stake of who is to prove", staked(envelope.bond.to()))),
        ];
        rows.extend(self.losses.rows(&self.stake).into_iter().map(|(name, text)| row(name, text)));
        rows.extend(self.raise.map(|(raise, base_fee)| {
            let fee = amount::bare(base_fee.into(), 9);
            let text = format!("{} now, at a base fee of {fee} gwei; in the worst price at its most", priced(raise));
            row("for gas", text)
        }));
        rows.push(row("then", standbys));
        rows.push(row("in short", self.capabilities().join("; ")));
        rows
    }

    /// Seconds from opening to the last moment at which the first award may be proven.
    fn deadline(&self) -> u64 {
        self.envelope.award.to::<u64>() + self.envelope.proof.to::<u64>()
    }

    fn capabilities(&self) -> Vec<&'static str> {
        let has = |bit: usize| self.envelope.capabilities >> bit & 1 == 1;
        CAPABILITIES.iter().enumerate().filter(|(bit, _)| has(*bit)).map(|(_, words)| *words).collect()
    }
}

impl Example {
    /// The example, but for its deadline.
    fn request(&self, setup: &Setup, token: &Token, stake: &Token) -> Result<Request> {
        let bond = self.bond.as_deref().unwrap_or(&self.max_price);
        let window = amount::seconds(&self.window).context("window")?;
        Ok(Request {
            requester: ZERO.into(),
            token: setup.token.into(),
            nonce: 0,
            instance: 0,
            version: 0,
            verifier: setup.verifiers.first().copied().unwrap_or(0),
            statement: [0; 32].into(),
            input: [0; 32].into(),
            work: self.work,
            maxPrice: Uint::saturating_from(amount::parse(&self.max_price, token).context("max-price")?),
            tip: Uint::ZERO,
            bond: Uint::saturating_from(amount::parse(bond, stake).context("bond")?),
            deadline: Uint::ZERO,
            window: u32::try_from(window).with_context(|| format!("a window of {} is too long", self.window))?,
            callback: ZERO.into(),
            callbackGas: 0,
        })
    }
}

/// Long enough for any mechanism to find the deadline far.
const A_DAY: Time = 86_400;
/// Who bids in the example; anybody.
const BIDDER: [u8; 20] = [0xb1; 20];

/// What a bid puts down: bids for nothing, without data and with a word of them, by a bidder with all the stake it could need. If all
/// are refused, the last reason.
async fn deposit(
    node: &Node,
    request: &Request,
    params: &Bytes,
    shape: &Shape,
    head: Head,
) -> Result<std::result::Result<Wei, String>> {
    let mut question = Ask {
        cause: BID,
        status: OPEN,
        request: request.clone(),
        openedAt: Uint::saturating_from(head.time),
        time: Uint::saturating_from(head.time),
        blockNumber: head.number,
        baseFee: head.base_fee,
        params: params.clone(),
        words: vec![[0; 32].into(); shape.words.into()],
        shared: vec![[0; 32].into(); shape.shared.into()],
        ..Ask::default()
    };
    question.actor.prover = BIDDER.into();
    question.actor.id = Uint::saturating_from(1_u8);
    question.actor.free = Uint::MAX;
    question.actor.capacity = 1;
    let mut refused = String::new();
    for data in [Vec::new(), vec![0; 32]] {
        question.data = data.into();
        match ask(node, IMechanism::stepCall { ask: question.clone() }.abi_encode()).await? {
            Err(why) => refused = why.to_string(),
            Ok(answer) => {
                let answer: Answer =
                    IMechanism::stepCall::abi_decode_returns(&answer).context("it answers no moves")?;
                let held = answer.moves.iter().find(|a| a.kind == HOLD && a.prover == question.actor.prover);
                return Ok(Ok(held.map_or(0, |held| held.amount.to())));
            }
        }
    }
    Ok(Err(refused))
}

/// What the modifiers in a rule, if any of them pays for gas, raise an award by at this base fee, with that.
fn raise(core: &Core<'_>, base_fee: u64) -> Option<(Wei, u64)> {
    (core.raise(u64::MAX) != 0).then(|| (core.raise(base_fee), base_fee))
}

/// What the contract that `node` is about answers; or why it says no.
async fn ask(node: &Node, calldata: Vec<u8>) -> Result<std::result::Result<Vec<u8>, Revert>> {
    match node.simulate(ZERO, &Call { calldata, ..Call::default() }).await {
        Ok(answer) => Ok(Ok(answer)),
        Err(NodeError::Reverted(why)) => Ok(Err(why)),
        Err(error) => Err(error.into()),
    }
}

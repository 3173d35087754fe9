//! The only crate that speaks to a node. ABI types end here, sim types begin: what comes out of it and goes into it is
//! `bourse_sim`'s, plus byte vectors.
//!
//! ```text
//! Node::connect(url, market: Account) -> Result<Node, NodeError>     async; one endpoint, the market it is asked about  node.rs
//!   .chain_id() .market()
//!   .balance(token, account) .ledger(prover) .offer(prover, token)
//!   .state(id) .ticket(id, prover) .words(id) .shared(instance) .config(instance, version) .instance(number)
//!   .verifier(number) .exit(prover) .peek(&request, about, data) .stake_token() .token(token) -> Token
//!   .wallet(token, account) .allowance(token, owner, spender) .permit(&key, token, amount, deadline) .head()
//!                                                                    async views at the latest block                    read.rs
//!   .genesis() .code_hash(account) .mechanism_name(mechanism) .simulate(from, &call)                                   probe.rs
//! Follower::new(node, FollowConfig::from_start(Start::Block(n)))
//!   .next().await -> Result<Update, FollowError>                     cancel-safe; waits through failures of the node    follow.rs
//!   Update::{Committed(Block), Reverted(Block), Tip(Head)}           Block { number, hash, parent, time, base_fee, events, transactions }
//! Executor::open(node, key, journal: &Path, ExecuteConfig::default()) -> Result<Executor, ExecuteError>                  execute.rs
//!   .submit(intent).await -> Result<Result<Submitted, Fault>, ExecuteError>   idempotent by key; simulated first
//!   .advance(head).await -> Result<Vec<(String, Outcome)>, ExecuteError>      at each tip: what became of what was sent
//!   .pending().await -> Result<Vec<Pending>, ExecuteError>
//!   .complete(intent, patience).await -> Result<Outcome, ExecuteError>        submits and advances by itself, for tools
//!   .address() .close().await
//! call::open(&request, &input, &signature) -> Call                   calldata of every function; value for a native deposit
//! call::deploy(&code, salt) -> (Call, Account)                       to call::DEPLOYER
//!   .intent(key: impl Into<String>, to: Account) -> Intent           then .until(deadline) .gas_at_least(gas)           call.rs
//! Domain::of(&node): .request_id(&request) .bid_digest(&bid, reopened_at) .sign_request(&key, &request) .sign_bid(&key, &bid, reopened_at)        sign.rs
//! Quote::sign(&domain, &key, bid) .check(&domain, &request, now) .json() .read(&json); Inquiry; request_json(&request)   wire.rs
//! Key::from_env(variable) Key::from_keystore(path, &Password) .address()                                                key.rs
//! Revert::decode(&data): Display is a sentence with values; .name, .arguments, .reason                                  error.rs
//! ```
//!
//! How a program uses it: one loop owns a [`Follower`], a `bourse_sim::market::Market` and an [`Executor`]. On
//! `Committed` it applies the block's events, on `Reverted` it undoes them, and on `Tip`, and only then, it decides,
//! `submit`s, and calls [`Executor::advance`]. What an action did is believed when its event is followed; an
//! [`Outcome`] only says whether to keep waiting.

pub mod call;
mod convert;
mod decode;
mod entry;
pub mod error;
pub mod execute;
mod fetch;
pub mod follow;
pub mod http;
pub mod intent;
mod journal;
pub mod key;
pub mod node;
mod packed;
mod probe;
pub mod read;
mod send;
mod sentences;
pub mod sign;
pub mod wire;

pub use call::Call;
pub use error::Revert;
pub use execute::{ExecuteConfig, ExecuteError, Executor};
pub use follow::{Block, FollowConfig, FollowError, Follower, Head, Start, Update};
pub use intent::{Fault, Intent, Outcome, Pending, Submitted};
pub use journal::JournalError;
pub use key::{Key, KeyError, Password};
pub use node::{Node, NodeError};
pub use sign::Domain;

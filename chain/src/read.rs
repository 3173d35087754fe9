//! What the market says about itself, at the latest block. For programs that follow the chain their own fold is the
//! better source; this is for a look from outside.

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::providers::Provider;
use alloy::signers::SignerSync;
use alloy::sol_types::SolStruct;
use bourse_bindings::{IERC20, Market};
use bourse_sim::ask::{Answer, Status, Tag};
use bourse_sim::event::{Config, Offer};
use bourse_sim::lane::Terms;
use bourse_sim::market::Record;
use bourse_sim::request::Request;
use bourse_sim::{Account, Bps, Id, Time, Wei, ZERO};

use crate::convert;
use crate::fetch;
use crate::follow::Head;
use crate::key::Key;
use crate::node::{Node, NodeError};

/// What is stored of a request; the twin of `State` in `contracts/types/State.sol`, which documents the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct State {
    pub status: Status,
    pub rung: u8,
    pub holds: u8,
    pub prover: u32,
    pub time: Time,
    pub price: Wei,
    pub bond_bps: Bps,
    pub instance: u32,
    pub version: u32,
}

/// A prover's stake and capacity; the twin of `Ledger` in `contracts/types/Prover.sol`, which documents the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Ledger {
    pub stake: Wei,
    pub locked: Wei,
    pub id: u32,
    pub busy: u16,
    pub concurrency: u16,
    pub flags: u8,
    pub kept: u16,
    pub failed: u16,
}

/// An instance; the twin of `Instance` in `contracts/types/Instance.sol`, which documents the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Instance {
    pub owner: Account,
    pub version: u32,
    pub open: bool,
    pub retired: bool,
}

/// An entry of the verifier registry. `target` is [`ZERO`] if there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Verifier {
    pub target: Account,
    pub gas: u32,
    pub frozen: bool,
    pub codehash: Id,
    pub registrar: Account,
}

alloy::sol! {
    /// What ERC-2612 has a holder sign.
    struct Permit {
        address owner;
        address spender;
        uint256 value;
        uint256 nonce;
        uint256 deadline;
    }
}

/// How to write amounts of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its address; [`ZERO`] is the native coin.
    pub address: Account,
    /// Its symbol.
    pub symbol: String,
    /// Decimal places of its amounts.
    pub decimals: u8,
}

impl Node {
    /// The newest block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn head(&self) -> Result<Head, NodeError> {
        Ok(fetch::latest(self).await?.head())
    }

    /// What `account` has in the market, free to withdraw or lock.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn balance(&self, token: Account, account: Account) -> Result<Wei, NodeError> {
        Ok(convert::wei(self.contract().balanceOf(token.into(), account.into()).call().await?))
    }

    /// What `account` has outside the market.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn wallet(&self, token: Account, account: Account) -> Result<Wei, NodeError> {
        let account = Address::from(account);
        let amount = match token {
            ZERO => self.provider().get_balance(account).await?,
            _ => IERC20::new(token.into(), self.provider()).balanceOf(account).call().await?,
        };
        Ok(convert::wei(amount))
    }

    /// What `spender` may collect of `owner`'s tokens.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn allowance(&self, token: Account, owner: Account, spender: Account) -> Result<Wei, NodeError> {
        let token = IERC20::new(token.into(), self.provider());
        Ok(convert::wei(token.allowance(owner.into(), spender.into()).call().await?))
    }

    /// A prover's stake and capacity; all zero if it never declared.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn ledger(&self, prover: Account) -> Result<Ledger, NodeError> {
        let ledger = self.contract().ledgerOf(prover.into()).call().await?;
        Ok(Ledger {
            stake: ledger.stake.to(),
            locked: ledger.locked.to(),
            id: ledger.id.to(),
            busy: ledger.busy,
            concurrency: ledger.concurrency,
            flags: ledger.flags,
            kept: ledger.kept,
            failed: ledger.failed,
        })
    }

    /// What a prover asks of work paid in `token`.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn offer(&self, prover: Account, token: Account) -> Result<Offer, NodeError> {
        Ok(convert::offer_in(&self.contract().offerOf(prover.into(), token.into()).call().await?))
    }

    /// What became of a prover's awards of one class of work.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn record(&self, prover: Account, verifier: u32, token: Account) -> Result<Record, NodeError> {
        let record = self.contract().recordOf(prover.into(), verifier, token.into()).call().await?;
        Ok(Record {
            kept: record.kept.to(),
            late: record.late.to(),
            failed: record.failed.to(),
            paid: record.paid.to(),
            missed: record.missed.to(),
        })
    }

    /// Stake on its way out, and when it can be withdrawn.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn exit(&self, prover: Account) -> Result<(Wei, Time), NodeError> {
        let exit = self.contract().exitOf(prover.into()).call().await?;
        Ok((exit.amount, exit.readyAt.to()))
    }

    /// The prover with number `number`; [`ZERO`] if there is none.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn prover(&self, number: u32) -> Result<Account, NodeError> {
        let number = alloy::primitives::Uint::saturating_from(number);
        Ok(self.contract().proverOf(number).call().await?.into_array())
    }

    /// What stakes are counted in.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn stake_token(&self) -> Result<Account, NodeError> {
        Ok(self.contract().stakeToken().call().await?.into_array())
    }

    /// Where a request stands.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn state(&self, id: Id) -> Result<State, NodeError> {
        let state = self.contract().stateOf(id.into()).call().await?;
        let status = convert::status_in(state.status).ok_or_else(|| strange("a status of", state.status))?;
        Ok(State {
            status,
            rung: state.rung,
            holds: state.holds,
            prover: state.prover.to(),
            time: state.time.to(),
            price: state.price.to(),
            bond_bps: state.bondBps,
            instance: state.instance,
            version: state.version,
        })
    }

    /// A prover's deposit on a request; `(0, …)` if there is none.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn ticket(&self, id: Id, prover: Account) -> Result<(Wei, Tag), NodeError> {
        let ticket = self.contract().ticketOf(id.into(), prover.into()).call().await?;
        Ok((ticket.amount.to(), convert::tag_in(ticket.tag)))
    }

    /// The words of a request, in its current rung.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn words(&self, id: Id) -> Result<[Id; 8], NodeError> {
        Ok(self.contract().wordsOf(id.into()).call().await?.map(|word: B256| word.0))
    }

    /// The words of an instance.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn shared(&self, instance: u32) -> Result<[Id; 8], NodeError> {
        Ok(self.contract().sharedOf(instance).call().await?.map(|word: B256| word.0))
    }

    /// An instance; its version is 0 if there is none of that number.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn instance(&self, number: u32) -> Result<Instance, NodeError> {
        let instance = self.contract().instanceOf(number).call().await?;
        Ok(Instance {
            owner: instance.owner.into_array(),
            version: instance.version,
            open: instance.open,
            retired: instance.retired,
        })
    }

    /// Where a lane leads, as an instance and its version, 0 and 0 if nowhere; and those of its terms that the market holds it to.
    ///
    /// # Errors
    /// [`NodeError`]; the market reverts with `UnknownLane`.
    pub async fn lane(&self, requester: Account, lane: u32) -> Result<((u32, u32), Terms), NodeError> {
        let lane = self.contract().laneOf(requester.into(), lane).call().await?;
        Ok(((lane.instance, lane.version), convert::terms_in(&lane.terms)))
    }

    /// One version of an instance.
    ///
    /// # Errors
    /// [`NodeError`]; the market reverts with `UnknownInstance`.
    pub async fn config(&self, instance: u32, version: u32) -> Result<Config, NodeError> {
        Ok(convert::config_in(self.contract().configOf(instance, version).call().await?))
    }

    /// An entry of the verifier registry.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn verifier(&self, number: u32) -> Result<Verifier, NodeError> {
        let entry = self.contract().verifierOf(number).call().await?;
        Ok(Verifier {
            target: entry.target.into_array(),
            gas: entry.gas,
            frozen: entry.frozen,
            codehash: entry.codehash.0,
            registrar: entry.registrar.into_array(),
        })
    }

    /// What a tick would be answered now.
    ///
    /// # Errors
    /// [`NodeError`]; the market reverts as `tick` would.
    pub async fn peek(&self, request: &Request, about: Account, data: &[u8]) -> Result<Answer, NodeError> {
        let data = data.to_vec().into();
        let answer = self.contract().peek(convert::request_out(request), about.into(), data).call().await?;
        convert::answer_in(answer).ok_or_else(|| strange("a move of", "a kind not known here"))
    }

    /// How to write amounts of `token`.
    ///
    /// # Errors
    /// [`NodeError::NotAToken`] if it does not say, or another [`NodeError`].
    pub async fn token(&self, token: Account) -> Result<Token, NodeError> {
        if token == ZERO {
            return Ok(Token { address: ZERO, symbol: "ETH".to_owned(), decimals: 18 });
        }
        let contract = IERC20::new(token.into(), self.provider());
        let no = |error: alloy::contract::Error| NodeError::NotAToken {
            token: Address::from(token).to_string(),
            why: error.to_string(),
        };
        let symbol = contract.symbol().call().await.map_err(no)?;
        let decimals = contract.decimals().call().await.map_err(no)?;
        Ok(Token { address: token, symbol, decimals })
    }

    /// The signature with which the market may collect `amount` of the key's tokens until `deadline` (unix seconds), for
    /// [`crate::call::deposit_with_permit`].
    ///
    /// # Errors
    /// [`NodeError`]; a token that knows no permits reverts.
    pub async fn permit(&self, key: &Key, token: Account, amount: Wei, deadline: Time) -> Result<[u8; 65], NodeError> {
        let owner = Address::from(key.address());
        let contract = IERC20::new(token.into(), self.provider());
        let permit = Permit {
            owner,
            spender: self.market_address(),
            value: U256::from(amount),
            nonce: contract.nonces(owner).call().await?,
            deadline: U256::from(deadline),
        };
        // The token's own word on its domain: its name and version need not be guessed.
        let domain = contract.DOMAIN_SEPARATOR().call().await?;
        let digest = keccak256([&[0x19, 0x01], domain.as_slice(), permit.eip712_hash_struct().as_slice()].concat());
        let signature = key.signer().sign_hash_sync(&digest);
        let signature = signature.map_err(|error| strange("a signature of", error))?;
        Ok(signature.as_bytes())
    }

    fn contract(&self) -> Market::MarketInstance<&alloy::providers::RootProvider> {
        Market::new(self.market_address(), self.provider())
    }
}

fn strange(what: &str, have: impl std::fmt::Display) -> NodeError {
    NodeError::Unreachable(format!("{what} {have} is not one of this market: is it the right contract?"))
}

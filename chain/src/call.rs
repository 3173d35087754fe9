//! Calldata of every function of the market, and of the few of a token that a client needs.

use alloy::primitives::{Address, B256, Bytes, U256, Uint, keccak256};
use alloy::sol_types::SolCall;
use bourse_bindings::{IERC20, Market};
use bourse_sim::event::{Declaration, Setup};
use bourse_sim::lane::{LANE, List, Mandate, Terms};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

use crate::convert;
use crate::intent::Intent;
use crate::packed;

/// A call, without whom it is made to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Selector and arguments.
    pub calldata: Vec<u8>,
    /// Native coin sent along, in wei.
    pub value: Wei,
    /// Least gas limit, for calls that need more than what an estimate sees.
    pub gas_floor: u64,
}

/// Gas for a request that enters by a lane: until it lands the lane may be led elsewhere, to a mechanism that is asked when a request opens.
const LANE_GAS: u64 = 1_500_000;

/// A prover's word on one request; the twin of `Bid` in `contracts/types/Bid.sol`, which documents the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Bid {
    pub request: Id,
    pub prover: Account,
    pub price: Wei,
    pub max_bond: Wei,
    pub valid_until: Time,
    pub data: Vec<u8>,
}

/// One item of a `bid` call; the twin of `Order` in `contracts/types/Bid.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Order {
    pub request: Request,
    pub input: Vec<u8>,
    pub requester_signature: Vec<u8>,
    pub bid: Bid,
    pub prover_signature: Vec<u8>,
}

/// One item of a `fulfill` call; the twin of `Fulfillment` in `contracts/types/Bid.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Fulfillment {
    pub request: Request,
    pub prover: Account,
    pub proof: Vec<u8>,
}

impl Call {
    /// The intent to make this call to `to`, once under `key`.
    pub fn intent(self, key: impl Into<String>, to: Account) -> Intent {
        Intent {
            key: key.into(),
            to,
            calldata: self.calldata,
            value: self.value,
            deadline: None,
            gas_floor: self.gas_floor,
        }
    }

    fn free(call: &impl SolCall) -> Self {
        Self { calldata: call.abi_encode(), ..Self::default() }
    }
}

/// Enters a request. `signature` is empty if the requester sends.
pub fn open(request: &Request, input: &[u8], signature: &[u8]) -> Call {
    let call = Call::free(&Market::openCall {
        request: convert::request_out(request),
        input: bytes(input),
        signature: bytes(signature),
    });
    Call { gas_floor: if request.instance & LANE == 0 { 0 } else { LANE_GAS }, ..call }
}

/// Takes an open request back.
pub fn cancel(request: &Request) -> Call {
    Call::free(&Market::cancelCall { request: convert::request_out(request) })
}

/// Takes `old` back and enters `next`.
pub fn replace(old: &Request, next: &Request, input: &[u8]) -> Call {
    Call::free(&Market::replaceCall {
        old: convert::request_out(old),
        next: convert::request_out(next),
        input: bytes(input),
    })
}

/// Brings bids: all or none. A bid without a signature is the sender's, whose prover it has to be.
pub fn bid(orders: &[Order]) -> Call {
    match packed::orders(orders) {
        Some(orders) => Call::free(&Market::bidBatchCall { orders: orders.into() }),
        // Of a size that no packed order has; the typed call has no such bounds.
        None => Call::free(&Market::bidCall { orders: orders.iter().map(convert::order_out).collect() }),
    }
}

/// Says that time has passed; `about` is [`ZERO`] or whose ticket is looked at.
pub fn tick(request: &Request, about: Account, data: &[u8]) -> Call {
    let request = convert::request_out(request);
    Call::free(&Market::tickCall { request, about: about.into(), data: bytes(data) })
}

/// Brings a proof of a request in an open stage; `data` is the mechanism's own.
pub fn prove(request: &Request, prover: Account, proof: &[u8], data: &[u8]) -> Call {
    let data = [keccak256(proof).as_slice(), data].concat();
    let (request, prover) = (convert::request_out(request), prover.into());
    Call::free(&Market::proveCall { request, prover, proof: bytes(proof), data: data.into() })
}

/// Bids on an instance itself; a deposit above 80 bits is taken for the most that the contract counts.
pub fn bid_instance(instance: u32, price: Wei, max_bond: Wei, data: &[u8]) -> Call {
    let (price, max_bond) = (Uint::saturating_from(price), convert::u80(max_bond));
    Call::free(&Market::bidInstanceCall { instance, price, maxBond: max_bond, data: bytes(data) })
}

/// Says that time has passed to an instance itself, and brings the requests that follow from it along.
pub fn tick_instance(instance: u32, requests: &[Request], about: Account, data: &[u8]) -> Call {
    let requests = requests.iter().map(convert::request_out).collect();
    Call::free(&Market::tickInstanceCall { instance, requests, about: about.into(), data: bytes(data) })
}

/// Wants the sender's ticket on an instance back; called again 31 days later, takes it.
pub fn leave(instance: u32) -> Call {
    Call::free(&Market::leaveCall { instance })
}

/// Settles awards with proofs.
pub fn fulfill(items: &[Fulfillment]) -> Call {
    Call::free(&Market::fulfillCall { items: items.iter().map(convert::fulfillment_out).collect() })
}

/// Slashes and moves on, or closes after the deadline.
pub fn expire(request: &Request) -> Call {
    Call::free(&Market::expireCall { request: convert::request_out(request) })
}

/// Opens a request and awards it to `prover` at its offer; `proof` is one by the sender, who is its requester.
pub fn drill(request: &Request, prover: Account, input: &[u8], proof: &[u8]) -> Call {
    Call::free(&Market::drillCall {
        request: convert::request_out(request),
        prover: prover.into(),
        input: bytes(input),
        proof: bytes(proof),
    })
}

/// Puts kept awards of the sender into its record, for a hundredth of what each paid.
pub fn record(requests: &[Request]) -> Call {
    Call::free(&Market::recordCall { requests: requests.iter().map(convert::request_out).collect() })
}

/// Gives a forgotten ticket back.
pub fn reclaim(request: &Request, prover: Account) -> Call {
    Call::free(&Market::reclaimCall { request: convert::request_out(request), prover: prover.into() })
}

/// Credits `account`; the native coin, [`ZERO`], is sent along.
pub fn deposit(token: Account, account: Account, amount: Wei) -> Call {
    let call = Market::depositCall { token: token.into(), account: account.into(), amount: U256::from(amount) };
    Call { value: if token == ZERO { amount } else { 0 }, ..Call::free(&call) }
}

/// As [`deposit`], with an ERC-2612 permit; `signature` is its 65 bytes.
pub fn deposit_with_permit(
    token: Account,
    account: Account,
    amount: Wei,
    deadline: Time,
    signature: &[u8; 65],
) -> Call {
    let [r @ .., _] = signature;
    let (r, s) = r.split_at(32);
    Call::free(&Market::depositWithPermitCall {
        token: token.into(),
        account: account.into(),
        amount: U256::from(amount),
        deadline: U256::from(deadline),
        v: signature[64],
        r: B256::from_slice(r),
        s: B256::from_slice(s),
    })
}

/// Moves free balance out.
pub fn withdraw(token: Account, to: Account, amount: Wei) -> Call {
    Call::free(&Market::withdrawCall { token: token.into(), to: to.into(), amount: U256::from(amount) })
}

/// States a prover's terms.
pub fn declare(declaration: &Declaration) -> Call {
    Call::free(&Market::declareCall { declaration: convert::declaration_out(declaration) })
}

/// Moves free balance into stake; more than the contract counts (80 bits) is taken for the most it does.
pub fn stake(amount: Wei) -> Call {
    Call::free(&Market::stakeCall { amount: convert::u80(amount) })
}

/// Takes stake out of service; more than the contract counts (80 bits) is taken for the most it does.
pub fn unstake(amount: Wei) -> Call {
    Call::free(&Market::unstakeCall { amount: convert::u80(amount) })
}

/// Moves stake that has waited long enough into the free balance.
pub fn finish_unstake() -> Call {
    Call::free(&Market::finishUnstakeCall {})
}

/// Registers an instance; `open` to everyone or only to the sender.
pub fn register(setup: &Setup, open: bool) -> Call {
    Call::free(&Market::registerCall { setup: convert::setup_out(setup), open })
}

/// Makes a new version of an instance current.
pub fn retune(instance: u32, setup: &Setup) -> Call {
    Call::free(&Market::retuneCall { instance, setup: convert::setup_out(setup) })
}

/// Ends an instance for new requests.
pub fn retire(instance: u32) -> Call {
    Call::free(&Market::retireCall { instance })
}

/// Registers a verifier with the gas that one call may take.
pub fn register_verifier(target: Account, gas: u32) -> Call {
    Call::free(&Market::registerVerifierCall { target: target.into(), gas })
}

/// Stops a verifier for ever.
pub fn freeze_verifier(verifier: u32) -> Call {
    Call::free(&Market::freezeVerifierCall { verifier })
}

/// Sets the terms of one of the caller's lanes.
pub fn set_terms(lane: u32, terms: &Terms) -> Call {
    Call::free(&Market::setTermsCall { lane, terms: convert::terms_out(terms) })
}

/// Lets keepers route one of the caller's lanes.
pub fn set_mandate(lane: u32, mandate: &Mandate) -> Call {
    Call::free(&Market::setMandateCall { lane, mandate: convert::mandate_out(mandate) })
}

/// Lists keepers, mechanisms or provers for one of the caller's lanes, or strikes them off.
pub fn list(lane: u32, list: List, entries: &[(Account, bool)]) -> Call {
    let entry = |(account, listed): &(Account, bool)| Market::Listing { account: (*account).into(), listed: *listed };
    let entries = entries.iter().map(entry).collect();
    match list {
        List::Keepers => Call::free(&Market::listKeepersCall { lane, keepers: entries }),
        List::Mechanisms => Call::free(&Market::listMechanismsCall { lane, mechanisms: entries }),
        List::Provers => Call::free(&Market::listProversCall { lane, provers: entries }),
    }
}

/// Routes a lane; version 0 is the current one.
pub fn route(requester: Account, lane: u32, instance: u32, version: u32) -> Call {
    Call::free(&Market::routeCall { requester: requester.into(), lane, instance, version })
}

/// The contract by which everyone deploys, at the same address on nearly every chain.
pub const DEPLOYER: Account = [
    0x4e, 0x59, 0xb4, 0x48, 0x47, 0xb3, 0x79, 0x57, 0x85, 0x88, 0x92, 0x0c, 0xa7, 0x8f, 0xbf, 0x26, 0xc0, 0xb4, 0x95,
    0x6c,
];

/// To [`DEPLOYER`]: deploys `code`, creation code with constructor arguments, and where it will be. The same code and
/// `salt` can be deployed once.
pub fn deploy(code: &[u8], salt: Id) -> (Call, Account) {
    let address = Address::from(DEPLOYER).create2_from_code(B256::from(salt), code);
    (Call { calldata: [&salt, code].concat(), ..Call::default() }, address.into_array())
}

/// To a token: lets `spender` collect `amount`.
pub fn approve(spender: Account, amount: Wei) -> Call {
    Call::free(&IERC20::approveCall { spender: Address::from(spender), value: U256::from(amount) })
}

/// To a token: moves `amount` to `to`.
pub fn transfer(to: Account, amount: Wei) -> Call {
    Call::free(&IERC20::transferCall { to: Address::from(to), value: U256::from(amount) })
}

fn bytes(data: &[u8]) -> Bytes {
    Bytes::copy_from_slice(data)
}

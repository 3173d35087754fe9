//! The packed forms in which orders are sent and requests are logged; `contracts/types/{RequestRef,OrderRef}.sol` describe them.

use alloy::primitives::Uint;
use bourse_sim::request::Request;
use bourse_sim::{Account, Time, Wei, ZERO};

use crate::call::Order;

/// What follows the fixed part of a request.
const VERSION: u8 = 1;
const TOKEN: u8 = 2;
const INPUT: u8 = 4;
const TIP: u8 = 8;
const CALLBACK: u8 = 16;

/// As `bidBatch` reads them; none if a part is longer than its size can say.
pub(crate) fn orders(orders: &[Order]) -> Option<Vec<u8>> {
    let mut packed = Vec::with_capacity(orders.len() * 256);
    for order in orders {
        pack(&mut packed, order)?;
    }
    Some(packed)
}

/// The version and the instance that a request entered under, the request, and its input, from the entry of an `Opened` event.
pub(crate) fn opened(requester: Account, entry: &[u8]) -> Option<(u32, u32, Request, Vec<u8>)> {
    let mut entry = Reader(entry);
    let (version, instance) = (entry.u32()?, entry.u32()?);
    let [flags] = entry.take()?;
    let mut request = Request {
        requester,
        nonce: entry.u64()?,
        instance: entry.u32()?,
        verifier: entry.u32()?,
        statement: entry.take()?,
        work: entry.u64()?,
        max_price: entry.wei::<11>()?,
        bond: entry.wei::<10>()?,
        deadline: Time::try_from(entry.wei::<5>()?).ok()?,
        window: entry.u32()?,
        ..Request::default()
    };
    if flags & VERSION != 0 {
        request.version = entry.u32()?;
    }
    if flags & TOKEN != 0 {
        request.token = entry.take()?;
    }
    if flags & INPUT != 0 {
        request.input = entry.take()?;
    }
    if flags & TIP != 0 {
        request.tip = entry.wei::<11>()?;
    }
    if flags & CALLBACK != 0 {
        request.callback = entry.take()?;
        request.callback_gas = entry.u32()?;
    }
    Some((version, instance, request, entry.0.to_vec()))
}

fn pack(packed: &mut Vec<u8>, order: &Order) -> Option<()> {
    pack_request(packed, &order.request);
    let bid = &order.bid;
    // Without a signature it is the sender's.
    let named = !order.prover_signature.is_empty();
    let prover = if named { [&bid.prover, order.prover_signature.as_slice()].concat() } else { Vec::new() };
    packed.extend(u88(bid.price));
    packed.extend(u80(bid.max_bond));
    packed.extend(u40(bid.valid_until));
    packed.extend(u16::try_from(order.requester_signature.len()).ok()?.to_be_bytes());
    packed.extend(u16::try_from(prover.len()).ok()?.to_be_bytes());
    packed.extend(u24(bid.data.len())?);
    packed.extend(u24(order.input.len())?);
    for part in [&order.requester_signature, &prover, &bid.data, &order.input] {
        packed.extend(part);
    }
    Some(())
}

fn pack_request(packed: &mut Vec<u8>, request: &Request) {
    let calls = request.callback != ZERO || request.callback_gas != 0;
    let flag = |flag, set| if set { flag } else { 0 };
    let flags = flag(VERSION, request.version != 0)
        | flag(TOKEN, request.token != ZERO)
        | flag(INPUT, request.input != [0; 32])
        | flag(TIP, request.tip != 0)
        | flag(CALLBACK, calls);
    packed.extend(request.requester);
    packed.push(flags);
    packed.extend(request.nonce.to_be_bytes());
    packed.extend(request.instance.to_be_bytes());
    packed.extend(request.verifier.to_be_bytes());
    packed.extend(request.statement);
    packed.extend(request.work.to_be_bytes());
    packed.extend(u88(request.max_price));
    packed.extend(u80(request.bond));
    packed.extend(u40(request.deadline));
    packed.extend(request.window.to_be_bytes());
    if flags & VERSION != 0 {
        packed.extend(request.version.to_be_bytes());
    }
    if flags & TOKEN != 0 {
        packed.extend(request.token);
    }
    if flags & INPUT != 0 {
        packed.extend(request.input);
    }
    if flags & TIP != 0 {
        packed.extend(u88(request.tip));
    }
    if calls {
        packed.extend(request.callback);
        packed.extend(request.callback_gas.to_be_bytes());
    }
}

/// Most that fits, as everywhere where amounts leave for the contracts.
fn u88(amount: Wei) -> [u8; 11] {
    Uint::<88, 2>::saturating_from(amount).to_be_bytes()
}

fn u80(amount: Wei) -> [u8; 10] {
    Uint::<80, 2>::saturating_from(amount).to_be_bytes()
}

fn u40(time: Time) -> [u8; 5] {
    Uint::<40, 1>::saturating_from(time).to_be_bytes()
}

fn u24(size: usize) -> Option<[u8; 3]> {
    let [0, size @ ..] = u32::try_from(size).ok()?.to_be_bytes() else { return None };
    Some(size)
}

/// Takes fields from the front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn wei<const N: usize>(&mut self) -> Option<Wei> {
        self.take::<N>().map(|field| field.iter().fold(0, |sum, byte| sum << 8 | Wei::from(*byte)))
    }
}

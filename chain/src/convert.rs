//! Between ABI types and `sim` types: where the one end, the others begin.

use alloy::primitives::{B256, Bytes, U256, Uint};
use bourse_bindings::Market as abi;
use bourse_sim::ask::{Answer, Move, MoveKind, Shape, Status, Tag};
use bourse_sim::event::{Config, Declaration, Offer, Setup};
use bourse_sim::lane::{Mandate, Terms, Wish};
use bourse_sim::request::Request;
use bourse_sim::{Id, Wei};

use crate::call::{Bid, Fulfillment, Order};

/// Most that fits; what does not is more than the contracts count, and they refuse it.
pub(crate) fn u80(amount: Wei) -> Uint<80, 2> {
    Uint::saturating_from(amount)
}

fn u88(amount: Wei) -> Uint<88, 2> {
    Uint::saturating_from(amount)
}

/// Amounts of more than 128 bits exist only in tokens without worth; they are shown as the most there is.
pub(crate) fn wei(amount: U256) -> Wei {
    amount.saturating_to()
}

pub(crate) fn ids(words: &[B256]) -> Vec<Id> {
    words.iter().map(|word| word.0).collect()
}

pub(crate) fn request_out(request: &Request) -> abi::Request {
    abi::Request {
        requester: request.requester.into(),
        token: request.token.into(),
        nonce: request.nonce,
        instance: request.instance,
        version: request.version,
        verifier: request.verifier,
        statement: request.statement.into(),
        input: request.input.into(),
        work: request.work,
        maxPrice: u88(request.max_price),
        tip: u88(request.tip),
        bond: u80(request.bond),
        deadline: Uint::saturating_from(request.deadline),
        window: request.window,
        callback: request.callback.into(),
        callbackGas: request.callback_gas,
    }
}

pub(crate) fn bid_out(bid: &Bid) -> abi::Bid {
    abi::Bid {
        prover: bid.prover.into(),
        price: u88(bid.price),
        maxBond: u80(bid.max_bond),
        validUntil: Uint::saturating_from(bid.valid_until),
        data: Bytes::copy_from_slice(&bid.data),
    }
}

pub(crate) fn order_out(order: &Order) -> abi::Order {
    abi::Order {
        request: request_out(&order.request),
        input: Bytes::copy_from_slice(&order.input),
        requesterSignature: Bytes::copy_from_slice(&order.requester_signature),
        bid: bid_out(&order.bid),
        proverSignature: Bytes::copy_from_slice(&order.prover_signature),
    }
}

pub(crate) fn fulfillment_out(item: &Fulfillment) -> abi::Fulfillment {
    abi::Fulfillment {
        request: request_out(&item.request),
        prover: item.prover.into(),
        proof: Bytes::copy_from_slice(&item.proof),
    }
}

pub(crate) fn setup_out(setup: &Setup) -> abi::Setup {
    abi::Setup {
        mechanism: setup.mechanism.into(),
        token: setup.token.into(),
        fallbackInstance: setup.fallback_instance,
        fallbackVersion: setup.fallback_version,
        verifiers: setup.verifiers.clone(),
        params: Bytes::copy_from_slice(&setup.params),
    }
}

pub(crate) fn declaration_out(declaration: &Declaration) -> abi::Declaration {
    let offer = |offer: &Offer| abi::Offer {
        accepted: offer.accepted,
        floor: u88(offer.floor),
        bondLimit: u80(offer.bond_limit),
        throughput: offer.throughput,
    };
    let offers = declaration.offers.iter();
    let mechanisms = declaration.mechanisms.iter();
    let verifiers = declaration.verifiers.iter();
    abi::Declaration {
        concurrency: declaration.concurrency,
        flags: declaration.flags,
        offers: offers.map(|(token, of)| abi::TokenOffer { token: (*token).into(), offer: offer(of) }).collect(),
        mechanisms: mechanisms
            .map(|(mechanism, accepted)| abi::MechanismChoice { mechanism: (*mechanism).into(), accepted: *accepted })
            .collect(),
        verifiers: verifiers
            .map(|(verifier, accepted)| abi::VerifierChoice { verifier: *verifier, accepted: *accepted })
            .collect(),
    }
}

pub(crate) fn declaration_in(declaration: abi::Declaration) -> Declaration {
    let offers = declaration.offers.into_iter();
    let mechanisms = declaration.mechanisms.into_iter();
    let verifiers = declaration.verifiers.into_iter();
    Declaration {
        concurrency: declaration.concurrency,
        flags: declaration.flags,
        offers: offers.map(|entry| (entry.token.into_array(), offer_in(&entry.offer))).collect(),
        mechanisms: mechanisms.map(|entry| (entry.mechanism.into_array(), entry.accepted)).collect(),
        verifiers: verifiers.map(|entry| (entry.verifier, entry.accepted)).collect(),
    }
}

pub(crate) fn offer_in(offer: &abi::Offer) -> Offer {
    Offer {
        accepted: offer.accepted,
        floor: offer.floor.to(),
        bond_limit: offer.bondLimit.to(),
        throughput: offer.throughput,
    }
}

pub(crate) fn terms_out(terms: &Terms) -> abi::Terms {
    let wish = |wish: &Wish| abi::Wish {
        attribute: wish.attribute,
        weight: wish.weight,
        best: u88(wish.best),
        worst: u88(wish.worst),
    };
    abi::Terms {
        token: terms.token.into(),
        verifier: terms.verifier,
        work: terms.work,
        bond: u80(terms.bond),
        window: terms.window,
        pricePerUnit: u88(terms.price_per_unit),
        latency: terms.latency,
        award: terms.award,
        bondBps: terms.bond_bps,
        kept: terms.kept,
        reliability: terms.reliability,
        standbys: terms.standbys,
        capabilities: terms.capabilities,
        closed: terms.closed,
        completion: terms.completion,
        share: terms.share,
        wishes: terms.wishes.iter().map(wish).collect(),
    }
}

pub(crate) fn terms_in(terms: &abi::Terms) -> Terms {
    let wish = |wish: &abi::Wish| Wish {
        attribute: wish.attribute,
        weight: wish.weight,
        best: wish.best.to(),
        worst: wish.worst.to(),
    };
    Terms {
        token: terms.token.into_array(),
        verifier: terms.verifier,
        work: terms.work,
        bond: terms.bond.to(),
        window: terms.window,
        price_per_unit: terms.pricePerUnit.to(),
        latency: terms.latency,
        award: terms.award,
        bond_bps: terms.bondBps,
        kept: terms.kept,
        reliability: terms.reliability,
        standbys: terms.standbys,
        capabilities: terms.capabilities,
        closed: terms.closed,
        completion: terms.completion,
        share: terms.share,
        wishes: terms.wishes.iter().map(wish).collect(),
    }
}

pub(crate) fn mandate_out(mandate: &Mandate) -> abi::Mandate {
    abi::Mandate {
        until: Uint::saturating_from(mandate.until),
        cooldown: mandate.cooldown,
        stake: u80(mandate.stake),
        tip: u88(mandate.tip),
        anyone: mandate.anyone,
        anyMechanism: mandate.any_mechanism,
    }
}

pub(crate) fn mandate_in(mandate: &abi::Mandate) -> Mandate {
    Mandate {
        until: mandate.until.to(),
        cooldown: mandate.cooldown,
        stake: mandate.stake.to(),
        tip: mandate.tip.to(),
        anyone: mandate.anyone,
        any_mechanism: mandate.anyMechanism,
    }
}

pub(crate) fn config_in(config: abi::Config) -> Config {
    let shape = config.shape;
    Config {
        mechanism: config.mechanism.into_array(),
        codehash: config.codehash.0,
        token: config.token.into_array(),
        fallback_instance: config.fallbackInstance,
        fallback_version: config.fallbackVersion,
        verifiers: config.verifiers,
        shape: Shape { words: shape.words, shared: shape.shared, gas: shape.gas, flags: shape.flags },
        params: config.params.to_vec(),
    }
}

pub(crate) fn tag_in(tag: Uint<176, 3>) -> Tag {
    tag.to_be_bytes()
}

pub(crate) fn status_in(status: u8) -> Option<Status> {
    let all = [Status::None, Status::Open, Status::Awarded, Status::Fulfilled, Status::Closed, Status::Cancelled];
    all.get(usize::from(status)).copied()
}

pub(crate) fn answer_in(answer: abi::Answer) -> Option<Answer> {
    let moves: Option<Vec<Move>> = answer.moves.iter().map(move_in).collect();
    Some(Answer { moves: moves?, words: ids(&answer.words), shared: ids(&answer.shared), wake: answer.wake.to() })
}

fn move_in(step: &abi::Move) -> Option<Move> {
    let all = [
        MoveKind::Hold,
        MoveKind::Release,
        MoveKind::Forfeit,
        MoveKind::Award,
        MoveKind::Close,
        MoveKind::Draw,
        MoveKind::Reward,
    ];
    Some(Move {
        kind: all.get(usize::from(step.kind)).copied()?,
        subject: step.subject,
        prover: step.prover.into_array(),
        amount: step.amount.to(),
        due: step.due.to(),
        bps: step.bps,
        tag: tag_in(step.tag),
    })
}

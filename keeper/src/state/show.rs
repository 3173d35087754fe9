//! The state, for those who look from outside.

use std::sync::Arc;

use bourse_sim::ask::Status;
use bourse_sim::market::{Case, DRAINING, Lane};
use bourse_sim::mechanisms::committee::CommitteeParams;
use bourse_sim::mechanisms::contest::{self, ContestParams};
use bourse_sim::mechanisms::dutch::{self, DutchParams};
use bourse_sim::mechanisms::english::{self, EnglishParams};
use bourse_sim::mechanisms::modifier;
use bourse_sim::mechanisms::posted::PostedParams;
use bourse_sim::mechanisms::race::RaceParams;
use bourse_sim::mechanisms::reserved::{Contract, ReservedParams};
use bourse_sim::mechanisms::rfq::{self, RfqParams};
use bourse_sim::mechanisms::scoring::ScoringParams;
use bourse_sim::mechanisms::sealed::SealedParams;
use bourse_sim::mechanisms::seat::{SeatParams, Seating};
use bourse_sim::mechanisms::sortition::{self, Drawing, SortitionParams};
use bourse_sim::mechanisms::standing::{self, Holder};
use bourse_sim::{Id, Time, Wei};

use serde_json::{Value, json};

use super::{LaneKey, State, Verdict};
use crate::view::{InstanceView, PendingView, ProverView, RequestView, View};
use crate::{text, verdict};

/// Live requests shown at most; the rest can be asked for one by one.
const SHOWN: usize = 2_000;

/// What an open request waits for.
struct Stage {
    name: String,
    price: Option<Wei>,
    until: Time,
}

impl State {
    /// The snapshot; `view` says the rest.
    pub fn view(&self, view: View) -> View {
        let live = self.market.live().chain(self.lingering()).take(SHOWN);
        let ended = self.ended.iter().rev().filter_map(|id| self.market.requests().get_key_value(id));
        let requests = live.chain(ended).map(|(id, case)| (*id, self.shown(id, case))).collect();
        let mut pending: Vec<PendingView> =
            self.pending.iter().map(|(key, pending)| PendingView { key: key.clone(), since: pending.since }).collect();
        pending.sort_by(|a, b| (a.since, &a.key).cmp(&(b.since, &b.key)));
        let mut provers: Vec<ProverView> = self.provers().collect();
        provers.sort_by_key(|prover| prover.number);
        View {
            head: self.head,
            trouble: self.trouble().map(str::to_owned).or(view.trouble),
            pending,
            waiting: self.waiting(),
            requests,
            instances: self.instances().collect(),
            provers,
            lanes: self.verdicts().map(|(key, lane, verdict)| shown(key, lane, verdict)).collect(),
            ..view
        }
    }

    /// One request.
    pub fn request_view(&self, id: &Id) -> Option<RequestView> {
        self.market.request(id).map(|case| self.shown(id, case))
    }

    fn shown(&self, id: &Id, case: &Case) -> RequestView {
        let request = &case.request;
        let award = case.award;
        let stage = self.stage(case);
        let mechanism =
            self.config(case).and_then(|config| Some(modifier::full_name(self.twin(config)?.name(), &config.params)));
        RequestView {
            id: *id,
            status: match case.status {
                Status::None => "none",
                Status::Open => "open",
                Status::Awarded => "awarded",
                Status::Fulfilled => "fulfilled",
                Status::Closed => "closed",
                Status::Cancelled => "cancelled",
            },
            requester: text::account(&request.requester),
            token: text::account(&request.token),
            mechanism,
            instance: case.instance,
            version: case.version,
            rung: case.rung,
            verifier: request.verifier,
            work: request.work,
            max_price: request.max_price.to_string(),
            price: award.map(|award| award.price).or(stage.price).map(|price| price.to_string()),
            tip: case.tip.to_string(),
            bond: request.bond.to_string(),
            prover: award.map(|award| text::account(&award.prover)),
            holds: u8::try_from(case.tickets.len()).unwrap_or(u8::MAX),
            since: case.steps.last().map(|(time, _)| *time),
            due: award.map(|award| award.due),
            stage: stage.name,
            until: stage.until,
            deadline: request.deadline,
        }
    }

    fn stage(&self, case: &Case) -> Stage {
        let plain = |name: &str, until| Stage { name: name.to_owned(), price: None, until };
        let over = case.steps.last().map_or(case.request.deadline, |(time, _)| *time);
        match case.status {
            Status::Open => self.bidding(case).unwrap_or_else(|| plain("open", case.request.deadline)),
            Status::Awarded => plain("proving", case.time),
            Status::Fulfilled => plain("proven and paid", over),
            Status::Closed => plain("nobody served it; refunded", over),
            Status::Cancelled => plain("taken back", over),
            Status::None => plain("unknown", 0),
        }
    }

    /// What bidding looks like under the rules of the mechanism, if they are known.
    fn bidding(&self, case: &Case) -> Option<Stage> {
        let config = self.config(case)?;
        let core = modifier::core(self.twin(config)?.name(), &config.params, &case.request).ok()?;
        let (raise, words) = (core.raise(self.head.base_fee), core.words(&case.words));
        let (now, opened, max) = (self.head.time, case.time, core.request.max_price);
        let stage = |name: String, price: Option<Wei>, until: Time| {
            let price = price.map(|price| price + raise);
            Stage { name, price, until: until.min(case.request.deadline) }
        };
        let bids = case.tickets.len();
        let sealed = |commit, reveal| match now {
            _ if now <= commit => stage(format!("sealed bids, {bids} so far"), None, commit),
            _ if now <= reveal => stage(format!("revealing, {bids} hold deposits"), None, reveal),
            _ => stage("to be awarded".to_owned(), None, case.request.deadline),
        };
        match core.name.as_str() {
            "posted" => {
                let params = PostedParams::decode(core.params).ok()?;
                Some(stage("waiting for a taker".to_owned(), Some(params.price(&core.request)), params.last(opened)))
            }
            "dutch" => {
                let params = DutchParams::decode(core.params).ok()?;
                let price = dutch::price_at(&params, max, opened, now.max(opened));
                Some(stage("price rising".to_owned(), Some(price), params.last(opened)))
            }
            "sealed" => {
                let params = SealedParams::decode(core.params).ok()?;
                Some(sealed(params.commit_end(opened), params.reveal_end(opened)))
            }
            "scoring" => {
                let params = ScoringParams::decode(core.params).ok()?;
                Some(sealed(params.commit_end(opened), params.reveal_end(opened)))
            }
            "english" => {
                let params = EnglishParams::decode(core.params).ok()?;
                let Some(auction) = english::standing(words) else {
                    let start = params.start(max);
                    let last = params.last_first(&core.request, opened);
                    return Some(stage("waiting for a first bid".to_owned(), Some(start), last));
                };
                let best = auction.best.map(|(_, price)| price);
                Some(match best {
                    Some(_) if now <= auction.end => stage("price falling".to_owned(), best, auction.end),
                    _ => stage("to be awarded".to_owned(), best, case.request.deadline),
                })
            }
            "rfq" => {
                let params = RfqParams::decode(core.params).ok()?;
                let best = words.iter().find_map(rfq::quote).map(|(_, price)| price);
                let last = opened + u64::from(params.patience);
                Some(match best {
                    Some(_) if now < params.end(opened) => {
                        stage("quoted, can be overridden".to_owned(), best, params.end(opened) - 1)
                    }
                    Some(_) => stage("to be awarded".to_owned(), best, case.request.deadline),
                    None if rfq::invited(words) && now <= last => {
                        stage("waiting for a quote".to_owned(), Some(params.start(max)), last)
                    }
                    None => stage("to be closed".to_owned(), None, case.request.deadline),
                })
            }
            "race" => {
                let params = RaceParams::decode(core.params).ok()?;
                let shares = params.shares(max);
                Some(match params.standing(words) {
                    None => {
                        stage("racing".to_owned(), shares.first().copied(), params.last_first(&core.request, opened))
                    }
                    Some(race) if now <= race.end => {
                        let proven = race.paid.len() + race.ranked.len();
                        stage(format!("racing, {proven} ranked"), shares.get(race.paid.len()).copied(), race.end)
                    }
                    Some(_) => stage("to be paid and closed".to_owned(), None, case.request.deadline),
                })
            }
            "committee" => {
                let params = CommitteeParams::decode(core.params).ok()?;
                let seated = params.stage(&core.request, words, opened, now).ok()?;
                let (count, pay) = (seated.crew.held().count(), Some(params.fee(max)));
                Some(match now {
                    _ if !seated.begun && now <= seated.enrolled => {
                        stage(format!("{count} of {} seats taken", params.seats), pay, seated.enrolled)
                    }
                    _ if now > seated.last => stage("to be closed".to_owned(), None, case.request.deadline),
                    _ if now <= seated.shards => stage(format!("{count} members prove shards"), pay, seated.shards),
                    _ => stage(format!("the whole is awaited of {count} members"), pay, seated.last),
                })
            }
            "contest" => {
                let params = ContestParams::decode(core.params).ok()?;
                let (list, fee) = (contest::List::read(words), Some(params.fee(max)));
                let (last, count) = (params.last_entry(&core.request, opened), list.count);
                Some(match now {
                    _ if now <= last => stage(format!("tickets on sale, {count} entered"), fee, last),
                    _ if count == 0 || list.is_drawn() => stage("to be closed".to_owned(), None, case.request.deadline),
                    _ if list.drawn_by == 0 => stage(format!("one of {count} to be drawn"), fee, case.request.deadline),
                    _ => stage(format!("block {} draws", list.drawn_by), fee, case.request.deadline),
                })
            }
            "seat" => {
                let params = SeatParams::decode(core.params).ok()?;
                let seating = Seating::at(&params, self.shared(case, config.shape.shared)?, now)?;
                let (name, price) = serving(seating.holder, params.base, case.request.work);
                Some(stage(name, price, opened + Time::from(params.patience)))
            }
            "reserved" => {
                let params = ReservedParams::decode(core.params).ok()?;
                let contract = Contract::at(&params, self.shared(case, config.shape.shared)?, now)?;
                let holder = contract.holders.into_iter().flatten().next();
                let (name, price) = serving(holder, params.base, case.request.work);
                Some(stage(name, price, opened + Time::from(params.patience)))
            }
            "sortition" => {
                let params = SortitionParams::decode(core.params).ok()?;
                let (name, until) = self.drawing(case, &params);
                Some(stage(name, Some(params.price(&core.request)), until))
            }
            _ => None,
        }
    }

    /// What an instance's mechanism keeps for all its requests.
    fn shared(&self, case: &Case, words: u8) -> Option<&[Id]> {
        self.market().instances().get(&case.instance)?.shared.get(..words.into())
    }

    /// Where a sortition stands, and until when.
    fn drawing(&self, case: &Case, params: &SortitionParams) -> (String, Time) {
        let Some(drawing) = Drawing::read(&case.words) else {
            return ("to be drawn".to_owned(), case.time + params.longest());
        };
        let (taken, places) = (sortition::places(&case.words).len(), 1 + usize::from(params.backups));
        if drawing.over || drawing.last < self.head.time {
            ("to be awarded".to_owned(), case.request.deadline)
        } else if self.head.number <= drawing.drawn {
            ("lots are being drawn".to_owned(), drawing.last)
        } else {
            (format!("{taken} of {places} places taken"), drawing.last)
        }
    }

    fn instances(&self) -> impl Iterator<Item = InstanceView> {
        self.market.instances().iter().filter_map(|(number, instance)| {
            let config: &Arc<_> = instance.config(instance.version())?;
            Some(InstanceView {
                instance: *number,
                version: instance.version(),
                owner: text::account(&instance.owner),
                open: instance.open,
                retired: instance.retired,
                mechanism: text::account(&config.mechanism),
                name: self.twin(config).map(|twin| modifier::full_name(twin.name(), &config.params)),
                token: text::account(&config.token),
                fallback_instance: config.fallback_instance,
                fallback_version: config.fallback_version,
                verifiers: config.verifiers.clone(),
                params: text::bytes(&config.params),
            })
        })
    }

    fn provers(&self) -> impl Iterator<Item = ProverView> {
        self.market.provers().iter().map(|(account, prover)| ProverView {
            prover: text::account(account),
            number: prover.number,
            stake: prover.stake.to_string(),
            locked: prover.locked.to_string(),
            busy: prover.busy,
            concurrency: prover.concurrency,
            kept: prover.kept,
            failed: prover.failed,
            draining: prover.flags & DRAINING != 0,
        })
    }
}

/// A lane: where it leads, and what is thought of that.
fn shown(key: &LaneKey, lane: &Lane, verdict: &Verdict) -> Value {
    let mut said = verdict::json(key, verdict);
    if let Value::Object(fields) = &mut said {
        let route = lane.route.map(|(instance, version)| json!({ "instance": instance, "version": version }));
        fields.insert("route".into(), route.into());
    }
    said
}

/// An open request that is served on standing terms waits for somebody to hold them, or for its turn.
fn serving(holder: Option<Holder>, base: Wei, work: u64) -> (String, Option<Wei>) {
    match holder {
        None => ("waiting for an incumbent".to_owned(), None),
        Some(holder) => ("waiting for its turn".to_owned(), standing::price(base, holder.rate, work)),
    }
}

//! Quotes: what they say, and what is kept free for them while they stand.

use alloy::primitives::B256;
use bourse_chain::{Head, call::Bid, wire::Quote};
use bourse_sim::{Account, Id, Time, Wei, event::Config};

use super::Prover;
use crate::{
    bid::{Bidder, Reason, Rule, Terms, capacity::Load, rfq},
    door::Refusal,
    jobs::Stage,
    quote::Question,
};

/// A quote that its request may still be opened with.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    quote: Quote,
    requester: Account,
    /// The proving that it may bring.
    pub(super) load: Load,
}

impl Standing {
    /// What it puts at risk.
    pub(super) fn stake(&self) -> Wei {
        self.quote.bid.max_bond
    }
}

impl Prover {
    /// Answers an inquiry.
    pub(super) async fn answer(&mut self, question: Question) -> anyhow::Result<()> {
        let answer = self.quote(&question).await?;
        let outcome = if answer.is_ok() { "signed" } else { "refused" };
        self.metrics.add("prover_quotes_total", format!("outcome=\"{outcome}\""), 1.0);
        // Who asked may have gone.
        drop(question.reply.send(answer));
        Ok(())
    }

    async fn quote(&mut self, question: &Question) -> anyhow::Result<Result<Quote, Refusal>> {
        let id = question.id;
        // Who asks again is told the same: one quote is one promise.
        if let Some(standing) = self.quotes.get(&id) {
            return Ok(Ok(standing.quote.clone()));
        }
        let now = self.state.next_time(self.waited());
        let terms = match self.consider(question, now) {
            Ok(terms) => terms,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let bid = Bid {
            request: id,
            prover: self.state.me(),
            price: terms.price,
            max_bond: terms.max_bond,
            valid_until: terms.valid_until,
            data: Vec::new(),
        };
        let quote = Quote::sign(&self.domain, &self.key, bid)?;
        let block = self.state.head().map_or(0, |head| head.number);
        self.put(self.jobs.wanted(id, terms.price), block).await?;
        tracing::info!(id = %B256::from(id), price = terms.price, until = terms.valid_until, "quoted");
        let requester = question.request.requester;
        self.quotes.insert(id, Standing { quote: quote.clone(), requester, load: terms.load });
        Ok(Ok(quote))
    }

    /// What to ask for it.
    fn consider(&self, question: &Question, now: Time) -> Result<Terms, Refusal> {
        let (settings, request) = (&self.config.quoting, &question.request);
        if settings.seconds == 0 || self.config.supply.draining {
            return Err(Refusal::new("this prover signs no quotes", settings.seconds, "quoting.seconds above 0"));
        }
        if self.state.tip().is_none() {
            return Err(Refusal::busy("this prover is not at the head of the chain", "behind", "see /readyz"));
        }
        if settings.most <= self.quotes.len() {
            return Err(Refusal::busy(
                "as many quotes stand as may",
                self.quotes.len(),
                settings.most.saturating_sub(1),
            ));
        }
        if let Some(case) = self.state.market().request(&question.id) {
            let status = format!("{:?}", case.status).to_lowercase();
            return Err(Refusal::new("quotes are for requests that have not entered", status, "none"));
        }
        self.require_in_earnest(question)?;
        let config = self.entered_under(question)?;
        let declined =
            |reason: Reason| Refusal::new(reason.to_string(), reason.label(), "a request that this prover serves");
        let params = match self.state.read(config).map_err(declined)? {
            Rule::Rfq(params) => params,
            _ => return Err(Refusal::new("quotes are for another rule", self.state.name(config), "rfq")),
        };
        let schedule = self.schedule();
        let bidder = self.able(request.token, None, &self.kept, &schedule);
        let bidder = Bidder { rivals: self.state.rivals_for(request, config), length: question.length, ..bidder };
        rfq::offer(&params, request, &bidder, now, now + settings.seconds).map_err(declined)
    }

    /// What stands keeps a place that others cannot have: nobody has more than its part of them, and nobody without the money.
    fn require_in_earnest(&self, question: &Question) -> Result<(), Refusal> {
        let request = &question.request;
        let (have, want) = (self.state.market().balance(request.token, request.requester), request.escrow());
        if have < want {
            let error = "the requester has too little in the market for what this request would lock";
            return Err(Refusal::busy(error, have.to_string(), want.to_string()));
        }
        let theirs = self.quotes.values().filter(|standing| standing.requester == request.requester).count();
        let most = self.config.quoting.most_each;
        if most <= theirs {
            return Err(Refusal::busy(
                "as many quotes stand for this requester as may",
                theirs,
                most.saturating_sub(1),
            ));
        }
        Ok(())
    }

    /// The version of its instance that the request would enter under.
    fn entered_under(&self, question: &Question) -> Result<&Config, Refusal> {
        let request = &question.request;
        let known = self.state.market().instances();
        let instance = known
            .get(&request.instance)
            .filter(|instance| !instance.retired && (instance.open || instance.owner == request.requester));
        let version = |current: u32| if request.version == 0 { current } else { request.version };
        let config = instance.and_then(|instance| instance.config(version(instance.version())));
        let config = config.filter(|config| config.token == request.token);
        config.map(|config| &**config).ok_or_else(|| {
            let have = format!("instance {} at version {}", request.instance, request.version);
            Refusal::new("it could not enter", have, "an instance and its token that take requests of this requester")
        })
    }

    /// Forgets quotes whose request has entered, or that are void.
    pub(super) async fn void_quotes(&mut self, head: Head) -> anyhow::Result<()> {
        let market = self.state.market();
        self.quotes.retain(|id, standing| market.request(id).is_none() && head.time <= standing.quote.bid.valid_until);
        self.metrics.set("prover_quotes", "", self.quotes.len() as f64);
        let untaken = |id: &Id| market.request(id).is_none() && !self.quotes.contains_key(id);
        let wanted = self.jobs.by_due(Stage::Wanted).into_iter().filter(|job| untaken(&job.id));
        let untaken: Vec<_> = wanted.map(|job| job.at(Stage::Lost, "the quote was not taken")).collect();
        for job in untaken {
            self.put(job, head.number).await?;
        }
        Ok(())
    }
}

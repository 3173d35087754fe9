//! What a person sees of a request on its way: a line for each thing that happened, once.

use bourse_chain::read::Token;
use bourse_sim::{Account, Time};

use crate::amount;
use crate::journey::{End, Journey};

/// What has been told already.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    rungs: usize,
    awards: usize,
    slashes: usize,
    forfeits: usize,
    proven: bool,
    ended: bool,
}

/// How things are called on the screen.
pub struct Names<'a> {
    /// What is paid in.
    pub token: &'a Token,
    /// What stakes are counted in.
    pub stake: &'a Token,
    /// An instance.
    pub instance: &'a dyn Fn(u32) -> String,
    /// An account.
    pub account: &'a dyn Fn(Account) -> String,
}

impl Stages {
    /// The lines for what is new.
    pub fn news(&mut self, journey: &Journey, names: &Names<'_>) -> Vec<String> {
        // What happened may have been taken back: then it is told again.
        self.rungs = self.rungs.min(journey.rungs.len());
        self.awards = self.awards.min(journey.awards.len());
        self.slashes = self.slashes.min(journey.slashes.len());
        let mut news = Vec::new();
        for (i, rung) in journey.rungs.iter().enumerate().skip(self.rungs) {
            let (stage, words) = if i == 0 { ("open", "on") } else { ("moved on", "to") };
            news.push(stage_line(stage, format!("{words} {}", (names.instance)(rung.instance)), journey, rung.at.time));
        }
        self.failures(journey, names, &mut news);
        for award in journey.awards.iter().skip(self.awards) {
            let price = amount::show(award.price, names.token);
            let to = format!("to {} for {price}", (names.account)(award.prover));
            news.push(stage_line("awarded", to, journey, award.at.time));
        }
        self.rungs = journey.rungs.len();
        self.awards = journey.awards.len();
        self.end(journey, names, &mut news);
        news
    }

    /// The line for a proof that is made and waits to be settled; nothing if that has been told.
    pub fn proven(&mut self, journey: &Journey, now: Time) -> Option<String> {
        let first = !self.proven && journey.award().is_some();
        self.proven |= first;
        first.then(|| stage_line("proven", "handed to the keeper".to_owned(), journey, now))
    }

    fn failures(&mut self, journey: &Journey, names: &Names<'_>, news: &mut Vec<String>) {
        let slashes = journey.slashes.iter().skip(self.slashes).map(|loss| ("slashed", loss));
        let forfeits = journey.forfeits.iter().skip(self.forfeits).map(|loss| ("forfeited", loss));
        for (stage, loss) in slashes.chain(forfeits) {
            let got = amount::show(loss.compensation, names.stake);
            let who = format!("{}, you get {got}", (names.account)(loss.prover));
            news.push(stage_line(stage, who, journey, loss.at.time));
            self.proven = false;
        }
        self.slashes = journey.slashes.len();
        self.forfeits = journey.forfeits.len();
    }

    fn end(&mut self, journey: &Journey, names: &Names<'_>, news: &mut Vec<String>) {
        let Some((end, at)) = journey.end.as_ref().filter(|_| !self.ended) else {
            self.ended = journey.end.is_some();
            return;
        };
        self.ended = true;
        let back = |amount| amount::show(amount, names.token);
        match end {
            End::Fulfilled { price, proof, .. } => {
                if !self.proven {
                    news.push(stage_line("proven", format!("{} bytes", proof.len()), journey, at.time));
                }
                let most = journey.entered.as_ref().map_or(*price, |(request, _)| request.max_price);
                let words = format!("paid {}, {} back", back(*price), back(most.saturating_sub(*price)));
                news.push(stage_line("settled", words, journey, at.time));
            }
            End::Closed { refund } => {
                news.push(stage_line("closed", format!("without a proof, {} back", back(*refund)), journey, at.time));
            }
            End::Cancelled { refund } => {
                news.push(stage_line("cancelled", format!("{} back", back(*refund)), journey, at.time));
            }
        }
    }
}

/// What a request waits for, in a few words.
pub fn waiting(journey: &Journey, now: Time, names: &Names<'_>) -> String {
    let Some(opened) = journey.opened() else { return "waiting to enter".to_owned() };
    let elapsed = now.saturating_sub(opened.time);
    if let Some(award) = journey.award() {
        let left = award.due.saturating_sub(now);
        return format!("{elapsed} s · {} is proving, {left} s left", (names.account)(award.prover));
    }
    let bidders = match journey.bidders.len() {
        0 => String::new(),
        1 => ", 1 bidder".to_owned(),
        n => format!(", {n} bidders"),
    };
    format!("{elapsed} s · looking for a prover{bidders}")
}

fn stage_line(stage: &str, words: String, journey: &Journey, time: Time) -> String {
    let since = journey.opened().map_or(0, |opened| time.saturating_sub(opened.time));
    format!("{stage:<10} {since:>4} s  {words}")
}

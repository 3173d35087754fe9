//! What is seen of the demo while it runs: a line per instance that is redrawn, or plain lines where nobody watches.

use std::collections::BTreeMap;

use anyhow::Result;
use bourse_chain::Block;
use bourse_chain::read::Token;
use bourse_sim::event::Event;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::board::{Board, Line, Standing};
use crate::amount;
use crate::output::Output;
use crate::words::Words;

/// The picture.
#[derive(Debug)]
pub(super) struct Picture {
    out: Output,
    coin: Token,
    live: Option<Live>,
}

#[derive(Debug)]
struct Live {
    all: MultiProgress,
    /// By the name of the instance.
    lines: BTreeMap<String, ProgressBar>,
}

impl Picture {
    /// Nothing is drawn yet.
    pub(super) fn new(out: Output, coin: Token) -> Self {
        Self { out, coin, live: None }
    }

    /// Starts to redraw, where somebody watches.
    pub(super) fn start(&mut self, board: &Board) {
        if !self.out.is_live() {
            return;
        }
        let all = MultiProgress::new();
        let style =
            ProgressStyle::with_template("{spinner} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let line = |name: &String| {
            let bar = all.add(ProgressBar::new_spinner());
            bar.set_style(style.clone());
            (name.clone(), bar)
        };
        let lines = board.instances.values().map(line).collect();
        self.live = Some(Live { all, lines });
        self.draw(board);
    }

    /// Draws what has changed.
    pub(super) fn draw(&self, board: &Board) {
        let Some(live) = &self.live else { return };
        for (name, bar) in live.lines.iter().filter(|(_, bar)| !bar.is_finished()) {
            let lines: Vec<_> = board.lines().filter(|line| line.errand.instance == name.as_str()).collect();
            let drawn: Vec<_> = lines.iter().map(|line| drawn(line, board, &self.coin)).collect();
            bar.set_message(format!("{name:<10} {}", drawn.join(" · ")));
            let standing = |wanted: &[Standing]| lines.iter().all(|line| wanted.contains(&line.standing()));
            match (standing(&[Standing::Proven, Standing::Refunded]), standing(&[Standing::Planned])) {
                (true, _) => bar.finish(),
                (_, true) => {}
                _ => bar.tick(),
            }
        }
    }

    /// Tells what a block brought: all of it in plain lines, only what is unusual above a picture.
    ///
    /// # Errors
    /// If nobody takes the output.
    pub(super) fn tell(&self, board: &Board, block: &Block) -> Result<()> {
        let name = |account| board.names.get(&account).cloned();
        let instance = |number| board.instances.get(&number).cloned();
        let words = Words { stake: &self.coin, price: &self.coin, name: &name, instance: &instance };
        for event in block.events.iter().filter(|event| is_worth_telling(event, self.live.is_some())) {
            self.say(&format!("{}  {}", amount::clock(block.time), words.of(event)))?;
        }
        Ok(())
    }

    /// One line.
    ///
    /// # Errors
    /// If nobody takes the output.
    pub(super) fn say(&self, line: &str) -> Result<()> {
        match &self.live {
            Some(live) => Ok(live.all.println(line)?),
            None => self.out.say(line),
        }
    }

    /// Leaves the picture as it is.
    pub(super) fn end(&mut self) {
        if let Some(live) = self.live.take() {
            live.lines.values().for_each(ProgressBar::abandon);
        }
    }
}

fn is_worth_telling(event: &Event, live: bool) -> bool {
    match event {
        Event::Slashed { .. } | Event::Forfeited { .. } | Event::Climbed { .. } | Event::Routed { .. } => true,
        Event::Opened { .. }
        | Event::Awarded { .. }
        | Event::Held { .. }
        | Event::Fulfilled { .. }
        | Event::FulfillmentRejected { .. }
        | Event::Closed { .. } => !live,
        _ => false,
    }
}

/// One request in a few words.
fn drawn(line: &Line<'_>, board: &Board, coin: &Token) -> String {
    let (who, seconds) = (line.requester.name, line.seconds(board.time));
    let Some(journey) = line.journey else { return format!("{who} in {} s", line.errand.at) };
    let on = match journey.rungs.as_slice() {
        [.., last] if 1 < journey.rungs.len() => format!(" on {}", board.instance(last.instance)),
        _ => String::new(),
    };
    if let Some((prover, price)) = journey.proven() {
        return format!("{who} ✓ {seconds} s{on}, {} {}", board.name(prover), amount::rough(price, coin));
    }
    match (line.standing(), journey.award()) {
        (Standing::Refunded, _) => format!("{who} ↩ {seconds} s{on}, refunded"),
        (_, Some(award)) => format!("{who} {seconds} s{on}, {} proves", board.name(award.prover)),
        _ => match journey.bidders.len() {
            0 => format!("{who} {seconds} s{on}"),
            1 => format!("{who} {seconds} s{on}, 1 bidder"),
            bidders => format!("{who} {seconds} s{on}, {bidders} bidders"),
        },
    }
}

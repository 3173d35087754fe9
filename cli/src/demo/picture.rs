//! What is seen of the demo while it runs: a line per request that is redrawn, or plain lines where nobody watches.

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
    lines: Vec<ProgressBar>,
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
            ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let line = |_| {
            let bar = all.add(ProgressBar::new_spinner());
            bar.set_style(style.clone());
            bar
        };
        let lines = board.lines().map(line).collect();
        self.live = Some(Live { all, lines });
        self.draw(board);
    }

    /// Draws what has changed.
    pub(super) fn draw(&self, board: &Board) {
        let Some(live) = &self.live else { return };
        for (bar, line) in live.lines.iter().zip(board.lines()) {
            if bar.is_finished() {
                continue;
            }
            bar.set_message(drawn(&line, board, &self.coin));
            match line.standing() {
                Standing::Proven | Standing::Refunded => bar.finish(),
                Standing::Planned => {}
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
            live.lines.iter().for_each(ProgressBar::abandon);
        }
    }
}

fn is_worth_telling(event: &Event, live: bool) -> bool {
    match event {
        Event::Slashed { .. } | Event::Forfeited { .. } | Event::Climbed { .. } => true,
        Event::Opened { .. }
        | Event::Awarded { .. }
        | Event::Held { .. }
        | Event::Fulfilled { .. }
        | Event::FulfillmentRejected { .. }
        | Event::Closed { .. } => !live,
        _ => false,
    }
}

fn drawn(line: &Line<'_>, board: &Board, coin: &Token) -> String {
    let head = format!("{:<5} 2^{}  {:<29}", line.requester.name, line.errand.size, line.way(board));
    let seconds = line.seconds(board.time);
    let Some(journey) = line.journey else { return format!("{head} in {} s", line.errand.at) };
    let award = journey.award();
    match (line.standing(), award) {
        (Standing::Proven, Some(award)) => {
            let price = amount::rough(award.price, coin);
            format!("{head} ✓ {seconds:>2} s  proven by {} for {price}", board.name(award.prover))
        }
        (Standing::Refunded, _) => format!("{head} ↩ {seconds:>2} s  nobody took it, refunded"),
        (_, Some(award)) => {
            let (price, left) = (amount::rough(award.price, coin), award.due.saturating_sub(board.time));
            format!("{head}   {seconds:>2} s  {} is proving for {price}, {left} s left", board.name(award.prover))
        }
        _ => match journey.bidders.len() {
            0 => format!("{head}   {seconds:>2} s  looking for a prover"),
            bidders => format!("{head}   {seconds:>2} s  {bidders} bidders"),
        },
    }
}

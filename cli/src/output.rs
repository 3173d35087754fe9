//! What is printed: sentences and tables for people, one JSON value per result for programs.

use std::io::{IsTerminal, Write};

use anyhow::Result;
use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};
use serde::Serialize;

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON, or for people.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether programs read it.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person watches the screen: then it may be redrawn and coloured.
    pub fn is_live(self) -> bool {
        !self.json && std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
    }

    /// The result of a command, the one way or the other.
    ///
    /// # Errors
    /// If nobody takes the output.
    pub fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let printed = if self.json { serde_json::to_string_pretty(value)? } else { text() };
        line(&printed)
    }

    /// One of many results in a row: a line each.
    ///
    /// # Errors
    /// If nobody takes the output.
    pub fn item(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let printed = if self.json { serde_json::to_string(value)? } else { text() };
        line(&printed)
    }

    /// Something on the way, for people only.
    ///
    /// # Errors
    /// If nobody takes the output.
    pub fn say(self, text: impl AsRef<str>) -> Result<()> {
        if self.json { Ok(()) } else { line(text.as_ref()) }
    }

    /// A table with a head.
    pub fn table(self, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        if !self.is_live() {
            table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        }
        table.set_header(head.iter().map(|name| {
            let cell = Cell::new(name);
            if self.is_live() { cell.add_attribute(Attribute::Bold) } else { cell }
        }));
        for row in rows {
            table.add_row(row);
        }
        table.trim_fmt()
    }
}

fn line(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

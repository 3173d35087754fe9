//! The figures of docs/thesis.md.

use std::path::Path;

use anyhow::Result;

use crate::canvas::{BLACK, Canvas, Colour, GREY, LETTER};
use crate::stats::Interval;

const BLUE: Colour = [46, 110, 180];
const ORANGE: Colour = [222, 120, 40];
const LEFT: i64 = 40;

/// One bar for each policy, from 0 to 1; what is below 0 is drawn as 0 and said in numbers.
pub(crate) fn bars(path: &Path, title: &str, bars: &[(String, Interval)]) -> Result<()> {
    let (names, width, row) = (560, 560, 44);
    let mut canvas = Canvas::new(LEFT + names + width + 150, 80 + row * bars.len() as i64);
    canvas.text((LEFT, 20), title, BLACK);
    let x = |share: f64| LEFT + names + (share.clamp(0.0, 1.0) * width as f64) as i64;
    for tenth in 0..=10 {
        canvas.fill((x(f64::from(tenth) / 10.0), 60), (1, row * bars.len() as i64), GREY);
    }
    for (place, (name, have)) in bars.iter().enumerate() {
        let y = 60 + row * place as i64;
        canvas.text((LEFT, y + 8), name, BLACK);
        canvas.fill((x(0.0), y + 4), (x(have.mean) - x(0.0), row - 16), BLUE);
        let (low, high) = (x(have.mean - have.half), x(have.mean + have.half));
        canvas.line((low, y + row / 2 - 4), (high, y + row / 2 - 4), BLACK);
        canvas.text((x(1.0) + LETTER, y + 8), &format!("{:.2}", have.mean), BLACK);
    }
    canvas.save(path)
}

/// Regret of each request, as a share of what the oracle has.
pub(crate) fn curves(path: &Path, title: &str, curves: &[(&str, &[f64])]) -> Result<()> {
    let (width, height, top, base) = (1_000, 420, 70, 100);
    let most = curves.iter().flat_map(|(_, values)| *values).fold(0.05_f64, |most, value| most.max(*value)) * 1.1;
    let mut canvas = Canvas::new(base + width + 40, top + height + 60);
    canvas.text((LEFT, 20), title, BLACK);
    let y = |value: f64| top + height - (value.max(0.0) / most * height as f64) as i64;
    let step = if most > 0.4 { 0.1 } else { 0.05 };
    let mut level = 0.0;
    while level < most {
        canvas.fill((base, y(level)), (width, 1), GREY);
        canvas.text((LEFT - 20, y(level) - 8), &format!("{:>3.0}%", 100.0 * level), BLACK);
        level += step;
    }
    for ((place, (name, values)), colour) in curves.iter().enumerate().zip([BLUE, ORANGE]) {
        let x = |request: usize| base + width * request as i64 / values.len().max(2).saturating_sub(1) as i64;
        for (request, pair) in values.windows(2).enumerate() {
            canvas.line((x(request), y(pair[0])), (x(request + 1), y(pair[1])), colour);
        }
        canvas.text((base + width / 2, top + 24 * place as i64), name, colour);
        for tenth in (0..values.len()).step_by(10) {
            canvas.text((x(tenth) - LETTER, top + height + 12), &tenth.to_string(), BLACK);
        }
    }
    canvas.text((base, top + height + 36), "requests of each requester so far", BLACK);
    canvas.save(path)
}

/// What the best of each family is worth to each archetype, from white (nothing) to blue (1).
pub(crate) fn heat(path: &Path, title: &str, rows: &[&str], columns: &[&str], cells: &[Vec<f64>]) -> Result<()> {
    let (names, cell) = (200, (150, 44));
    let mut canvas = Canvas::new(LEFT + names + cell.0 * columns.len() as i64 + 20, 110 + cell.1 * rows.len() as i64);
    canvas.text((LEFT, 20), title, BLACK);
    for (column, name) in columns.iter().enumerate() {
        canvas.text((LEFT + names + cell.0 * column as i64, 64), name, BLACK);
    }
    for (row, (name, values)) in rows.iter().zip(cells).enumerate() {
        let y = 92 + cell.1 * row as i64;
        canvas.text((LEFT, y + 14), name, BLACK);
        for (column, value) in values.iter().enumerate() {
            let x = LEFT + names + cell.0 * column as i64;
            let shade = |full: u8| (255.0 - (255.0 - f64::from(full)) * value.clamp(0.0, 1.0) * 0.75) as u8;
            canvas.fill((x, y), (cell.0 - 4, cell.1 - 4), BLUE.map(shade));
            canvas.text((x + 34, y + 12), &format!("{value:.2}"), BLACK);
        }
    }
    canvas.save(path)
}

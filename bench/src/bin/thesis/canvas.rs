//! Just enough to draw a figure: rectangles, lines and text on a white sheet, as PNG.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result};
use font8x8::{BASIC_FONTS, UnicodeFonts};

/// Pixels of a letter.
pub(crate) const LETTER: i64 = 16;
/// Red, green, blue.
pub(crate) type Colour = [u8; 3];
pub(crate) const BLACK: Colour = [30, 30, 30];
pub(crate) const GREY: Colour = [205, 205, 205];

/// A sheet; x goes right, y goes down.
pub(crate) struct Canvas {
    width: i64,
    height: i64,
    pixels: Vec<u8>,
}

impl Canvas {
    pub(crate) fn new(width: i64, height: i64) -> Self {
        Self { width, height, pixels: vec![255; (3 * width * height) as usize] }
    }

    pub(crate) fn dot(&mut self, x: i64, y: i64, colour: Colour) {
        if (0..self.width).contains(&x) && (0..self.height).contains(&y) {
            let at = (3 * (y * self.width + x)) as usize;
            self.pixels[at..at + 3].copy_from_slice(&colour);
        }
    }

    pub(crate) fn fill(&mut self, (x, y): (i64, i64), (width, height): (i64, i64), colour: Colour) {
        for row in y..y + height {
            (x..x + width).for_each(|column| self.dot(column, row, colour));
        }
    }

    /// Three pixels thick.
    pub(crate) fn line(&mut self, from: (i64, i64), to: (i64, i64), colour: Colour) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for step in 0..=steps {
            let at = |from: i64, to: i64| from + (to - from) * step / steps;
            self.fill((at(from.0, to.0) - 1, at(from.1, to.1) - 1), (3, 3), colour);
        }
    }

    /// From this corner to the right.
    pub(crate) fn text(&mut self, (x, y): (i64, i64), text: &str, colour: Colour) {
        let scale = LETTER / 8;
        for (place, letter) in text.chars().enumerate() {
            let Some(rows) = BASIC_FONTS.get(letter) else { continue };
            for (row, bits) in rows.iter().enumerate() {
                for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                    let corner = (x + place as i64 * LETTER + column * scale, y + row as i64 * scale);
                    self.fill(corner, (scale, scale), colour);
                }
            }
        }
    }

    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.pixels)?;
        Ok(())
    }
}

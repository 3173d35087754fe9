//! The market as a fold of its events.

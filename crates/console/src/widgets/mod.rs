//! What screens are drawn with. Widgets know lines, areas and looks; they know nothing of the core.

pub mod drawing;
pub mod look;
pub mod plot;
pub mod row;
mod steps;

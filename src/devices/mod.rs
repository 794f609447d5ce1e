//! Devices and where they stand: the inventory as the phone holds it.
//!
//! [`feed`] takes it in, [`directory`] keeps names and places in memory for whoever lists something by them, `mute`
//! holds what silences a device and its components. Alarms hang on devices, never the other way round; what must follow a
//! renamed, moved, gone or muted device is handed to the alarms in the same transaction.

pub mod directory;
pub mod feed;
pub mod intake;
pub(crate) mod mute;

pub(crate) use mute::{effective_mute, learn as learn_mute, overlay_actions as overlay_mute};

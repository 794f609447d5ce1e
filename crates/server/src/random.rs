//! Ids and secrets from the machine's source of randomness.

use uuid::Uuid;

/// A new random id.
pub(crate) fn id() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// A new secret of 256 bits, as 64 characters that fit into a URL and a header.
pub(crate) fn secret() -> String {
    hex(&rand::random::<[u8; 32]>())
}

/// A short public name of 48 bits.
pub(crate) fn name() -> String {
    hex(&rand::random::<[u8; 6]>())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

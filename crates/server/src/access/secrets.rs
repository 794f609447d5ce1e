//! Hashes of passwords and tokens. Passwords are guessed, so theirs is slow; tokens are 256 random bits, so theirs is not.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use sha2::{Digest, Sha256};

/// The argon2id hash of a password with a salt of its own.
pub(crate) fn hash_password(password: &str) -> Option<String> {
    Some(Argon2::default().hash_password(password.as_bytes()).ok()?.to_string())
}

/// Whether a password belongs to a hash.
pub(crate) fn is_password(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// SHA-256 of a token or key.
pub(crate) fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_and_two_hashes_of_it_differ() {
        let (one, two) = (hash_password("quay").unwrap(), hash_password("quay").unwrap());
        assert!(one.starts_with("$argon2id$") && one != two);
        assert!(is_password("quay", &one) && !is_password("Quay", &one) && !is_password("quay", "nonsense"));
    }
}

//! Signed tokens for push services (RFC 7515): ES256 and RS256.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use onsite_wire::push::to_base64url;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::Value;

/// A key that signs.
pub(super) enum Signer {
    /// ES256.
    Ec(EcdsaKeyPair),
    /// RS256.
    Rsa(RsaKeyPair),
}

/// The bytes of a PEM file with one private key (PKCS#8).
fn der(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    STANDARD.decode(body).ok()
}

/// A new key for [`Signer::ec`].
pub(super) fn new_ec_key() -> Option<Vec<u8>> {
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    Some(made.ok()?.as_ref().to_vec())
}

impl Signer {
    pub(super) fn ec(pkcs8: &[u8]) -> Option<Self> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new());
        key.ok().map(Self::Ec)
    }

    pub(super) fn ec_pem(pem: &str) -> Option<Self> {
        Self::ec(&der(pem)?)
    }

    pub(super) fn rsa_pem(pem: &str) -> Option<Self> {
        RsaKeyPair::from_pkcs8(&der(pem)?).ok().map(Self::Rsa)
    }

    /// The public half of an elliptic key, as an uncompressed point.
    pub(super) fn point(&self) -> Option<&[u8]> {
        match self {
            Self::Ec(key) => Some(key.public_key().as_ref()),
            Self::Rsa(_) => None,
        }
    }

    /// A token that says this. `key_id` goes into the header where there is one.
    pub(super) fn sign(&self, key_id: Option<&str>, claims: &Value) -> Option<String> {
        let algorithm = match self {
            Self::Ec(_) => "ES256",
            Self::Rsa(_) => "RS256",
        };
        let mut header = serde_json::json!({ "alg": algorithm, "typ": "JWT" });
        if let (Some(key_id), Some(header)) = (key_id, header.as_object_mut()) {
            header.insert("kid".to_owned(), key_id.into());
        }
        let text =
            format!("{}.{}", to_base64url(header.to_string().as_bytes()), to_base64url(claims.to_string().as_bytes()));
        let signature = match self {
            Self::Ec(key) => key.sign(&SystemRandom::new(), text.as_bytes()).ok()?.as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
                signature
            }
        };
        Some(format!("{text}.{}", to_base64url(&signature)))
    }
}

//! Sealing a message to an installation, and opening it: `aes128gcm` as RFC 8291 and RFC 8188 say, in one record.

use p256::PublicKey;
use p256::SecretKey;
use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

/// The bytes of an uncompressed point.
const POINT: usize = 65;
/// Salt, record size, length of the key's name.
const HEADER: usize = 16 + 4 + 1;
/// What the cipher adds.
const TAG: usize = 16;
/// The record size that is named: no message is longer.
const RECORD: u32 = 4_096;

/// Why something could not be sealed or opened. Nothing of it is told: not even which part was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sealed for this key")]
pub struct NotSealed;

/// To whom one seals.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    public: [u8; POINT],
    auth: [u8; 16],
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

impl Address {
    /// From an uncompressed point of the curve and 16 bytes.
    pub fn new(public: &[u8], auth: &[u8]) -> Result<Self, NotSealed> {
        PublicKey::from_sec1_bytes(public).map_err(|_| NotSealed)?;
        let public = public.try_into().map_err(|_| NotSealed)?;
        Ok(Self { public, auth: auth.try_into().map_err(|_| NotSealed)? })
    }
}

/// An installation's own key: its secret, its point and its secret for authentication.
#[derive(Clone)]
pub struct OwnKey {
    secret: SecretKey,
    address: Address,
}

impl std::fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnKey(…)")
    }
}

impl OwnKey {
    /// How many bytes it is stored in.
    pub const BYTES: usize = 32 + 16 + POINT;

    /// From 32 random bytes and 16 more; about one in 2³² of the former is no key.
    pub fn new(secret: &[u8; 32], auth: [u8; 16]) -> Result<Self, NotSealed> {
        let secret = SecretKey::from_slice(secret).map_err(|_| NotSealed)?;
        let point = secret.public_key().to_sec1_point(false);
        let address = Address { public: point.as_bytes().try_into().map_err(|_| NotSealed)?, auth };
        Ok(Self { secret, address })
    }

    /// As [`to_bytes`](Self::to_bytes) wrote it. Costs no curve arithmetic.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotSealed> {
        let (secret, rest) = bytes.split_at_checked(32).ok_or(NotSealed)?;
        let (auth, public) = rest.split_at_checked(16).ok_or(NotSealed)?;
        Ok(Self {
            secret: SecretKey::from_slice(secret).map_err(|_| NotSealed)?,
            address: Address {
                public: public.try_into().map_err(|_| NotSealed)?,
                auth: auth.try_into().map_err(|_| NotSealed)?,
            },
        })
    }

    /// All of it, to be kept as secret as it is.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.secret.to_bytes().as_slice(), &self.address.auth, &self.address.public].concat()
    }

    /// The uncompressed point.
    pub const fn public(&self) -> &[u8; POINT] {
        &self.address.public
    }

    /// The secret for authentication.
    pub const fn auth(&self) -> &[u8; 16] {
        &self.address.auth
    }

    /// What was sealed to this key.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, NotSealed> {
        let (salt, rest) = sealed.split_at_checked(16).ok_or(NotSealed)?;
        let (size, rest) = rest.split_at_checked(4).ok_or(NotSealed)?;
        let (length, rest) = rest.split_first().ok_or(NotSealed)?;
        let (sender, record) = rest.split_at_checked(usize::from(*length)).ok_or(NotSealed)?;
        let size = u32::from_be_bytes(size.try_into().map_err(|_| NotSealed)?);
        // One record only: what is longer was not made by our server.
        if sender.len() != POINT || record.len() > usize::try_from(size).unwrap_or(0) {
            return Err(NotSealed);
        }
        let theirs = PublicKey::from_sec1_bytes(sender).map_err(|_| NotSealed)?;
        let shared = diffie_hellman(self.secret.to_nonzero_scalar(), theirs.as_affine());
        let (key, nonce) = keys(shared.raw_secret_bytes(), &self.address, sender, salt)?;
        let mut bytes = record.to_vec();
        let plain = key.open_in_place(nonce, Aad::empty(), &mut bytes).map_err(|_| NotSealed)?;
        // Padding is zeros behind a delimiter; 2 says that no record follows.
        let end = plain.iter().rposition(|byte| *byte != 0).ok_or(NotSealed)?;
        match plain.split_at_checked(end) {
            Some((text, [2, ..])) => Ok(text.to_vec()),
            _ => Err(NotSealed),
        }
    }
}

/// Seals a message with a key of the sender's that is used once, and a salt that is used once.
pub fn seal(plain: &[u8], to: &Address, sender: &[u8; 32], salt: &[u8; 16]) -> Result<Vec<u8>, NotSealed> {
    let sender = SecretKey::from_slice(sender).map_err(|_| NotSealed)?;
    let point = sender.public_key().to_sec1_point(false);
    let theirs = PublicKey::from_sec1_bytes(&to.public).map_err(|_| NotSealed)?;
    let shared = diffie_hellman(sender.to_nonzero_scalar(), theirs.as_affine());
    let (key, nonce) = keys(shared.raw_secret_bytes(), to, point.as_bytes(), salt)?;
    let mut record = plain.to_vec();
    record.push(2);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).map_err(|_| NotSealed)?;
    let mut sealed = Vec::with_capacity(HEADER + POINT + record.len());
    sealed.extend_from_slice(salt);
    sealed.extend_from_slice(&RECORD.to_be_bytes());
    sealed.push(u8::try_from(POINT).unwrap_or(u8::MAX));
    sealed.extend_from_slice(point.as_bytes());
    sealed.append(&mut record);
    Ok(sealed)
}

/// How many bytes sealing adds.
pub const OVERHEAD: usize = HEADER + POINT + 1 + TAG;

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(secret: &ring::hkdf::Prk, info: &[&[u8]], into: &mut [u8]) -> Result<(), NotSealed> {
    let okm = secret.expand(info, Length(into.len())).map_err(|_| NotSealed)?;
    okm.fill(into).map_err(|_| NotSealed)
}

fn keys(shared: &[u8], receiver: &Address, sender: &[u8], salt: &[u8]) -> Result<(LessSafeKey, Nonce), NotSealed> {
    let mut ikm = [0; 32];
    let combined = Salt::new(HKDF_SHA256, &receiver.auth).extract(shared);
    expand(&combined, &[b"WebPush: info\0", &receiver.public, sender], &mut ikm)?;
    let secret = Salt::new(HKDF_SHA256, salt).extract(&ikm);
    let (mut key, mut nonce) = ([0; 16], [0; 12]);
    expand(&secret, &[b"Content-Encoding: aes128gcm\0"], &mut key)?;
    expand(&secret, &[b"Content-Encoding: nonce\0"], &mut nonce)?;
    let key = UnboundKey::new(&AES_128_GCM, &key).map_err(|_| NotSealed)?;
    Ok((LessSafeKey::new(key), Nonce::assume_unique_for_key(nonce)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::{from_base64url, to_base64url};

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        from_base64url(text).unwrap().try_into().unwrap()
    }

    /// Appendix A of RFC 8291.
    fn receiver() -> OwnKey {
        OwnKey::new(&bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), bytes("BTBZMqHH6r4Tts7J_aSIgg")).unwrap()
    }

    #[test]
    fn the_example_of_the_rfc_seals_to_the_same_bytes_and_opens() {
        let receiver = receiver();
        assert_eq!(
            to_base64url(receiver.public()),
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        );
        let address = Address::new(receiver.public(), receiver.auth()).unwrap();
        let plain = b"When I grow up, I want to be a watermelon";
        let sender = bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let sealed = seal(plain, &address, &sender, &bytes("DGv6ra1nlYgDCS1FRnbzlw")).unwrap();
        assert_eq!(
            to_base64url(&sealed),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
        assert_eq!(receiver.open(&sealed).unwrap(), plain);
        assert_eq!(OwnKey::from_bytes(&receiver.to_bytes()).unwrap().open(&sealed).unwrap(), plain);
        assert_eq!(sealed.len(), plain.len() + OVERHEAD);
    }

    #[test]
    fn nothing_that_is_cut_changed_or_for_another_key_is_opened() {
        let receiver = receiver();
        let address = Address::new(receiver.public(), receiver.auth()).unwrap();
        let sealed = seal(b"words", &address, &[7; 32], &[1; 16]).unwrap();
        for length in 0..sealed.len() {
            assert_eq!(receiver.open(&sealed[..length]), Err(NotSealed), "{length} bytes");
        }
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            // The named record size only has to be large enough.
            assert!(receiver.open(&changed).is_err() || (16..20).contains(&place), "byte {place}");
        }
        assert_eq!(OwnKey::new(&[9; 32], [1; 16]).unwrap().open(&sealed), Err(NotSealed));
        assert!(Address::new(&[4; 65], &[0; 16]).is_err() && Address::new(receiver.public(), &[0; 15]).is_err());
    }
}

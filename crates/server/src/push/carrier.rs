//! Hands over what waits, and does what the answers ask for.

use std::sync::Arc;
use std::time::Duration;

use onsite_wire::onsite::PushProvider;
use onsite_wire::push::to_base64url;

use super::apns::Apns;
use super::fcm::Fcm;
use super::jwt::{Signer, new_ec_key};
use super::loopback::Loopback;
use super::web_push::WebPush;
use super::{Handed, Provider, PushConfig, body};
use crate::clock::Clock;
use crate::storage::{DuePush, Storage, StorageError};

/// The name of the key by which push services know this server.
const VAPID: &str = "vapid";
/// The longest wait for a provider.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The first wait before a push is tried again; it doubles.
const FIRST_MS: i64 = 2_000;
/// The longest wait between two attempts.
const LONGEST_MS: i64 = 15 * 60 * 1_000;
/// How much longer than asked for is waited at the most.
const LONGEST_ASKED_MS: u64 = 60 * 60 * 1_000;

/// All carriers.
pub(crate) struct Carrier {
    storage: Storage,
    loopback: Loopback,
    web_push: Option<WebPush>,
    apns: Option<Apns>,
    fcm: Option<Fcm>,
}

/// How long to wait before the next attempt.
fn wait(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 16)).unwrap_or(16);
    (FIRST_MS << doublings).min(LONGEST_MS)
}

/// The key by which push services know this server, made when it is asked for first: PKCS#8.
async fn vapid(storage: &Storage) -> Result<Option<Vec<u8>>, StorageError> {
    if let Some(key) = storage.read(|view| view.server_key(VAPID)).await? {
        return Ok(Some(key));
    }
    let Some(made) = new_ec_key() else { return Ok(None) };
    storage
        .write(move |write| {
            write.put_server_key(VAPID, &made)?;
            write.view().server_key(VAPID)
        })
        .await
}

/// The public half, as phones give it to their push service.
pub(crate) async fn vapid_key(storage: &Storage) -> Result<String, StorageError> {
    let key = vapid(storage).await?.and_then(|key| Signer::ec(&key));
    Ok(key.as_ref().and_then(Signer::point).map(to_base64url).unwrap_or_default())
}

impl Carrier {
    pub(crate) async fn new(
        storage: Storage,
        clock: Arc<dyn Clock>,
        config: &PushConfig,
        loopback: Loopback,
    ) -> Result<Self, StorageError> {
        // Fails when a provider is installed already, which is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = || reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let plain = client().build().ok();
        let http2 = client().http2_prior_knowledge().build().ok();
        let signer = vapid(&storage).await?.and_then(|key| Signer::ec(&key));
        let web_push = plain.clone().zip(signer).map(|(http, signer)| WebPush {
            http,
            clock: Arc::clone(&clock),
            signer,
            contact: config.contact.clone(),
            plain: config.plain_web_push,
        });
        let apns = http2.zip(config.apns.as_ref());
        let apns = apns.and_then(|(http, config)| Apns::new(http, Arc::clone(&clock), config));
        let fcm = plain.zip(config.fcm.as_ref()).and_then(|(http, config)| Fcm::new(http, clock, config));
        Ok(Self { storage, loopback, web_push, apns, fcm })
    }

    fn provider(&self, provider: PushProvider) -> Option<&dyn Provider> {
        match provider {
            PushProvider::Loopback => Some(&self.loopback),
            PushProvider::WebPush => self.web_push.as_ref().map(|own| own as &dyn Provider),
            PushProvider::Apns => self.apns.as_ref().map(|own| own as &dyn Provider),
            PushProvider::Fcm => self.fcm.as_ref().map(|own| own as &dyn Provider),
            PushProvider::Unheard => None,
        }
    }

    /// Hands over everything whose time has come. What waited for a day is not among it: that rule, too, is looked at again
    /// when a push is taken.
    pub(crate) async fn carry(&self) -> Result<(), StorageError> {
        let storage = self.storage.clone();
        let now = storage.now();
        while storage.read(move |view| view.push_is_due(now)).await? {
            let Some(push) = storage.write(|write| write.take_due_push(wait)).await? else { return Ok(()) };
            let handed = match (self.provider(push.to.provider), body::message(&push)) {
                (Some(provider), Some(message)) => provider.hand_over(&push.to, &message).await,
                // Nobody carries for this provider here, or the key is none: trying again changes nothing.
                _ => Handed::Refused,
            };
            self.note(push, handed).await?;
        }
        Ok(())
    }

    async fn note(&self, push: DuePush, handed: Handed) -> Result<(), StorageError> {
        self.storage
            .write(move |write| match handed {
                Handed::Over => {
                    write.note_handed_over(push.clear.organization, push.clear.person, &push.clear.key)?;
                    write.push_is_done(&push)
                }
                Handed::Gone => write.drop_registration(&push.to),
                Handed::Refused => write.push_is_done(&push),
                Handed::Later(asked) => {
                    let asked = asked.map_or(0, |asked| asked.as_millis().min(u128::from(LONGEST_ASKED_MS)));
                    let asked = i64::try_from(asked).unwrap_or(LONGEST_MS);
                    let at = write.now().plus_millis(asked.max(wait(push.attempts)));
                    write.push_again_at(&push, at)
                }
            })
            .await
    }
}

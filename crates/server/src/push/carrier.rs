//! Hands over what waits, the urgent first and many at a time, and does what the answers ask for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onsite_wire::onsite::PushProvider;
use onsite_wire::push::to_base64url;
use onsite_wire::time::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::apns::Apns;
use super::fcm::Fcm;
use super::jwt::{Signer, new_ec_key};
use super::lanes::{Lanes, UnderWay};
use super::loopback::Loopback;
use super::outside::Outside;
use super::web_push::WebPush;
use super::{Carried, Handed, Provider, PushConfig, body};
use crate::clock::Clock;
use crate::storage::{DuePush, Storage, StorageError};
use crate::trouble;

/// The name of the key by which push services know this server.
const VAPID: &str = "vapid";
/// The longest wait for a provider.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often the server looks for pushes to hand over.
const EVERY: Duration = Duration::from_millis(100);
/// The first wait before a push is tried again; it doubles.
const FIRST_MS: i64 = 2_000;
/// The longest wait between two attempts.
const LONGEST_MS: i64 = 15 * 60 * 1_000;
/// How much longer than asked for is waited at the most.
const LONGEST_ASKED_MS: u64 = 60 * 60 * 1_000;
/// The operator is told of one push service once in so many milliseconds: an hour.
const TOLD_EVERY_MS: i64 = 60 * 60 * 1_000;
/// The most push services whose telling is remembered.
const TOLD: usize = 1_000;

/// All carriers.
pub(crate) struct Carrier {
    storage: Storage,
    loopback: Option<Loopback>,
    web_push: Option<WebPush>,
    plain_web_push: bool,
    apns: Option<Apns>,
    fcm: Option<Fcm>,
    lanes: Arc<Mutex<Lanes>>,
    told: Mutex<HashMap<String, Timestamp>>,
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

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none())
}

/// A client for push services that phones name: outside of this server's own network, unless that is allowed.
fn client_for_named(plain: bool) -> Option<reqwest::Client> {
    let client = if plain { client() } else { client().dns_resolver(Arc::new(Outside)) };
    client.build().ok()
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
        let signer = vapid(&storage).await?.and_then(|key| Signer::ec(&key));
        let web_push = client_for_named(config.plain_web_push).zip(signer).map(|(http, signer)| WebPush {
            http,
            clock: Arc::clone(&clock),
            signer,
            contact: config.contact.clone(),
            plain: config.plain_web_push,
        });
        let apns = client().http2_prior_knowledge().build().ok().zip(config.apns.as_ref());
        let apns = apns.and_then(|(http, config)| Apns::new(http, Arc::clone(&clock), config));
        let fcm = client().build().ok().zip(config.fcm.as_ref());
        let fcm = fcm.and_then(|(http, config)| Fcm::new(http, clock, config));
        for (name, wished, made) in
            [("apns", config.apns.is_some(), apns.is_some()), ("fcm", config.fcm.is_some(), fcm.is_some())]
        {
            if wished && !made {
                trouble::say("pushes", &format!("{name}: the key is none"));
            }
        }
        Ok(Self {
            storage,
            loopback: config.loopback.then_some(loopback),
            web_push,
            plain_web_push: config.plain_web_push,
            apns,
            fcm,
            lanes: Arc::default(),
            told: Mutex::default(),
        })
    }

    /// For whom it carries.
    pub(crate) const fn carried(&self) -> Carried {
        Carried {
            loopback: self.loopback.is_some(),
            web_push: self.web_push.is_some(),
            plain_web_push: self.plain_web_push,
            apns: self.apns.is_some(),
            fcm: self.fcm.is_some(),
        }
    }

    fn provider(&self, provider: PushProvider) -> Option<&dyn Provider> {
        match provider {
            PushProvider::Loopback => self.loopback.as_ref().map(|own| own as &dyn Provider),
            PushProvider::WebPush => self.web_push.as_ref().map(|own| own as &dyn Provider),
            PushProvider::Apns => self.apns.as_ref().map(|own| own as &dyn Provider),
            PushProvider::Fcm => self.fcm.as_ref().map(|own| own as &dyn Provider),
            PushProvider::Unheard => None,
        }
    }

    /// Hands pushes over as they come, until the server stops. What is under way then was counted as an attempt and is tried
    /// again by the next server.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let carrier = Arc::new(self);
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stopping| *stopping) => return,
                Some(_) = under_way.join_next() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
            while under_way.try_join_next().is_some() {}
            if let Err(error) = carrier.start_due(&mut under_way).await {
                // The next round tries again; the operator reads it here.
                trouble::say("pushes", &error);
            }
        }
    }

    /// Sets out with everything whose time has come and that has a place. What waited for a day is not among it: that rule,
    /// too, is looked at again when a push is taken.
    async fn start_due(self: &Arc<Self>, under_way: &mut JoinSet<()>) -> Result<(), StorageError> {
        loop {
            let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let now = self.storage.now();
            let next = move |lane: &str, installation| lanes.admit(lane, installation);
            let Some(waiting) = self.storage.read(move |view| view.next_push(now, next)).await? else {
                return Ok(());
            };
            // One that is withheld or gone by now is no longer there for the next round.
            let taken = self.storage.write(move |write| write.take_push(&waiting, wait)).await?;
            if let Some(push) = taken {
                let place = UnderWay::new(&self.lanes, &push.to.lane, push.to.installation);
                under_way.spawn(Arc::clone(self).hand(push, place));
            }
        }
    }

    async fn hand(self: Arc<Self>, push: DuePush, place: UnderWay) {
        let began = Instant::now();
        let handed = match (self.provider(push.to.provider), body::message(&push)) {
            (Some(provider), Some(message)) => {
                let handing = provider.hand_over(&push.to, &message);
                tokio::time::timeout(TIMEOUT, handing).await.unwrap_or(Handed::Later(None))
            }
            // It was set up when the installation registered.
            (None, _) => Handed::Denied("not set up".to_owned()),
            (_, None) => Handed::Refused("the installation's key is none".to_owned()),
        };
        place.took(began.elapsed());
        if let Err(error) = self.note(push, handed).await {
            trouble::say("pushes", &error);
        }
    }

    /// Keeps what became of a push.
    async fn note(&self, push: DuePush, handed: Handed) -> Result<(), StorageError> {
        if let Handed::Denied(said) | Handed::Refused(said) = &handed {
            self.tell_operator(&push.to.lane, said);
        }
        if matches!(handed, Handed::Later(None) | Handed::Denied(_)) {
            // When it is tried again was said when it was taken.
            return Ok(());
        }
        self.storage
            .write(move |write| match handed {
                Handed::Over => {
                    write.note_handed_over(push.clear.organization, push.clear.person, &push.clear.key)?;
                    write.push_is_done(&push)
                }
                Handed::Gone => write.drop_registration(&push.to),
                Handed::Refused(said) => {
                    write.note_refused(&push, &said)?;
                    write.push_is_done(&push)
                }
                Handed::Later(Some(asked)) => {
                    let asked =
                        i64::try_from(asked.as_millis().min(u128::from(LONGEST_ASKED_MS))).unwrap_or(LONGEST_MS);
                    let at = write.now().plus_millis(asked.max(wait(push.attempts)));
                    write.push_again_at(&push, at)
                }
                Handed::Later(None) | Handed::Denied(_) => Ok(()),
            })
            .await
    }

    /// Tells whoever runs this server that a push service does not take what it should, once an hour for each.
    fn tell_operator(&self, lane: &str, said: &str) {
        let now = self.storage.now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(lane).is_some_and(|at| now.millis_since(*at) < TOLD_EVERY_MS) || told.len() >= TOLD {
            return;
        }
        told.insert(lane.to_owned(), now);
        drop(told);
        trouble::say("pushes", &format!("{lane} answers {said}"));
    }
}

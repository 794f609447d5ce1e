//! O5: against the vendor's REST v1 with nothing but an API key.

use onsite::account::{Access, Account, AccountConfig, SessionState};
use onsite::alarms::{AlarmFilter, Chosen, Offer};
use onsite::error::Code;
use onsite_wire::rest::{Assignee, AssigneeKind};
use secrecy::SecretString;

use crate::support::{Backend, Phone, key};

#[tokio::test(flavor = "multi_thread")]
async fn with_an_api_key_everything_is_there_to_read_and_nothing_to_do() {
    let backend = Backend::demo().await;
    let organization = backend.organization(0);
    let secret = backend.server.store().create_api_key(vec![organization]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let access = Access::ApiKey(SecretString::from(secret));
    let config = AccountConfig::new(folder.path(), key(), &backend.server.base_url(), access);
    let (account, _) = Account::open(config).await.unwrap();
    let phone = Phone { folder, account };
    let state = phone.until("everything was read", |state| state.read_at.is_some()).await;
    assert_eq!((state.session, state.live), (SessionState::ApiKey, false));
    let listed = phone.list(AlarmFilter { words: "ups".into(), ..AlarmFilter::default() }).await;
    assert!(!listed.rows.is_empty());
    let id = listed.rows[0].id;
    let detail = phone.account.alarms().detail(id).await.unwrap();
    assert_eq!(
        (detail.may.acknowledge, detail.may.mute, detail.may.plot),
        (Offer::NotOffered, Offer::NotOffered, Offer::NotOffered)
    );
    let assignee = Assignee { kind: AssigneeKind::Person, id: id.0, name: String::new() };
    let receipt = phone.account.alarms().acknowledge(Chosen::These(vec![id]), assignee, "").await.unwrap();
    assert_eq!(receipt.refused[0].1.code, Code::NotOffered, "refused at once, never queued");
    assert_eq!(phone.account.state().waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_that_reaches_nothing_says_why_also_when_no_organization_was_ever_known() {
    let backend = Backend::demo().await;
    for (server, secret, trouble) in [
        ("http://127.0.0.1:1".to_owned(), "any".to_owned(), Code::NoNetwork),
        (backend.server.base_url(), "no key of this server".to_owned(), Code::NotSignedIn),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let access = Access::ApiKey(SecretString::from(secret));
        let (account, _) = Account::open(AccountConfig::new(folder.path(), key(), &server, access)).await.unwrap();
        let phone = Phone { folder, account };
        let state = phone.until("it says why", |state| state.trouble.is_some()).await;
        assert_eq!((state.trouble, state.read_at), (Some(trouble), None));
    }
}

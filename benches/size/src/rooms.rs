//! Incidents, duty, notifications: everything that can be called of them.

use std::hint::black_box;
use std::time::Instant;

use onsite::account::Account;
use onsite::duty::{Fix, Settings, Watched};
use onsite::incidents::IncidentFilter;
use onsite::notifications::{
    Landing, NotificationFilter, PhoneStanding, PushIdentity, Route, Tap, Target, arrive, keep_push, parse_link,
    parse_push,
};
use onsite::photos::{NewPhoto, PhotoSource};
use onsite::time::Timestamp;
use onsite_wire::ids::{AlarmId, DeviceId, IncidentId, LocationId, MessageId, OrganizationId};
use onsite_wire::onsite::NoticeSettings;
use uuid::Uuid;

use crate::seen;

pub async fn incidents(account: &Account, id: Uuid, failed: &mut i32) {
    let incidents = account.incidents();
    let (incident, message) = (IncidentId(id), MessageId(id));
    black_box(incidents.window(IncidentFilter::default(), 50).next().await);
    let mut chat = incidents.chat_at(incident, 50, message);
    chat.more(50);
    chat.show(message);
    chat.show_top();
    black_box((chat.try_next(), chat.next_before(Instant::now()), incidents.chat(incident, 50).next().await));
    seen(failed, incidents.page(incident).await);
    seen(failed, incidents.open_of(DeviceId(id)).await);
    seen(failed, incidents.opening(DeviceId(id)).await);
    seen(failed, incidents.open(DeviceId(id), "subject", "", vec![AlarmId(id)], true).await);
    seen(failed, incidents.write(incident, "text").await);
    seen(failed, incidents.read_up_to(incident, 1).await);
    seen(failed, incidents.solve(incident).await);
    seen(failed, incidents.reopen(incident).await);
    seen(failed, incidents.give_feedback(incident, 5, "").await);
    seen(failed, incidents.set_draft(incident, "").await);
    seen(failed, incidents.reopen_and_send(incident, message, "text").await);
    seen(failed, incidents.send_in_new(incident, message, "text", "subject", true).await);
    seen(failed, incidents.fill(incident).await);
    let photo = NewPhoto { source: PhotoSource::Bytes(black_box(vec![0xff, 0xd8])), preview: None };
    seen(failed, incidents.write_with_photo(incident, "", photo).await);
    seen(failed, incidents.photo(incident, message).await);
    seen(failed, incidents.save_photo(incident, message, "photo".into()).await);
    seen(failed, incidents.has_photo(message).await);
    black_box(account.photos());
}

pub async fn duty(account: &Account, id: Uuid, failed: &mut i32) {
    let duty = account.duty();
    seen(failed, duty.switch(black_box(true)).await);
    let fix = Fix { lat: 53.5, lon: 10.0, accuracy_m: 20.0, age_ms: 0, mocked: false };
    seen(failed, duty.fix(black_box(fix)));
    seen(failed, duty.crossed(Watched::Site(LocationId(id))));
    seen(failed, duty.region_answer(LocationId(id), true));
    seen(failed, duty.permission(true));
    seen(failed, duty.location_services(true));
    seen(failed, duty.set_settings(Settings::default()).await);
    seen(failed, duty.colleagues().await);
    seen(failed, duty.sites().await);
    seen(failed, duty.who_to_call(LocationId(id)).await);
    black_box((duty.standing(), duty.decisions(), duty.plan(), duty.settings(), duty.wishes().try_recv().is_ok()));
}

pub async fn notifications(account: &Account, id: Uuid, failed: &mut i32) {
    let notifications = account.notifications();
    let organization = OrganizationId(id);
    black_box(notifications.window(NotificationFilter::default(), 50).next().await);
    black_box(notifications.postings().try_recv().is_ok());
    seen(failed, notifications.push(b"{}").await);
    seen(failed, notifications.was_shown(organization, "key").await);
    seen(failed, notifications.mark_read(vec![id]).await);
    seen(failed, notifications.mark_all_read(None).await);
    seen(failed, notifications.settings(organization).await);
    seen(failed, notifications.kept_back(organization).await);
    seen(failed, notifications.change_settings(None, NoticeSettings::default()).await);
    seen(failed, notifications.why(organization, Target::Alarm(AlarmId(id))).await);
    seen(failed, notifications.set_push_address(None).await);
    seen(failed, notifications.send_canary().await);
    seen(failed, notifications.readiness(None, &PhoneStanding::default()).await);
    seen(failed, notifications.open(Tap { route: Route::HOME, notice: None }, None).await);
    seen(failed, notifications.open_link("onsite://home", None).await);
    seen(failed, notifications.bring(organization, Target::Alarm(AlarmId(id))).await);
    let identity = PushIdentity::new(black_box(&[7; 64]));
    seen(failed, parse_push(b"{}", identity.as_ref().ok().map(PushIdentity::key)));
    seen(failed, keep_push("account".as_ref(), b"{}", Timestamp::default()));
    let (route, refused) = parse_link("https://onsite.example/alarm", "onsite.example");
    let landing = Landing { person: None, organizations: &[], chosen: None };
    black_box((arrive(&route, landing), refused, route.link()));
}

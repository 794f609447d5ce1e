//! Notifications: their live windows, what a person does with them, and pushes as they come.

use std::sync::Arc;
use std::time::Duration;

use onsite_server::Loopback;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use super::Messages;
use crate::api::{
    Account, Arrived, Error, NotificationFilter, Opened, PhoneStanding, Posting, PushIdentity, TargetView, open_notices,
};
use crate::app::message::{Command, Message};

/// Rows that are asked for at once.
const ROWS: usize = 200;
/// How often the demonstration's pushes are looked for.
const GLANCE: Duration = Duration::from_millis(500);

/// What is watched of notifications.
#[derive(Default)]
pub struct Watched {
    list: Option<JoinHandle<()>>,
    count: Option<JoinHandle<()>>,
    postings: Option<JoinHandle<()>>,
}

impl Watched {
    /// Shows another list.
    pub fn list(&mut self, account: &Account, messages: &Messages, number: u64, filter: NotificationFilter) {
        let mut window = account.notifications().window(filter, ROWS);
        let messages = messages.clone();
        replace(&mut self.list, async move {
            while let Some(batch) = window.next().await {
                if messages.send(Message::Notices(number, Box::new(batch))).is_err() {
                    return;
                }
            }
        });
    }

    /// Counts the unread ones, and tells what is to be shown.
    pub fn count(
        &mut self,
        account: &Account,
        messages: &Messages,
        organization: Option<onsite_wire::ids::OrganizationId>,
    ) {
        let mut window = account.notifications().window(open_notices(organization), 1);
        let told = messages.clone();
        replace(&mut self.count, async move {
            while let Some(batch) = window.next().await {
                let unread = batch.counts.map(|counts| counts.unread);
                if told.send(Message::Unread(unread)).is_err() {
                    return;
                }
            }
        });
        replace(&mut self.postings, follow(account.clone(), messages.clone()));
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        for task in [self.list.take(), self.count.take(), self.postings.take()].into_iter().flatten() {
            task.abort();
        }
    }
}

fn replace(slot: &mut Option<JoinHandle<()>>, task: impl Future<Output = ()> + Send + 'static) {
    if let Some(before) = slot.replace(tokio::spawn(task)) {
        before.abort();
    }
}

/// What the feed brought is shown above the keys, as a phone's system would show it.
async fn follow(account: Account, messages: Messages) {
    let mut postings = account.notifications().postings();
    loop {
        match postings.recv().await {
            Ok(Posting::Show(announcement)) => {
                let (organization, key) = (announcement.organization, announcement.key.clone());
                if messages.send(Message::Announced(announcement)).is_err() {
                    return;
                }
                account.notifications().was_shown(organization, &key).await.ok();
            }
            // What was read stands above no keys for long.
            Ok(Posting::Withdraw(_)) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Brings the pushes of a demonstration to the phone, as a provider would, until the account is gone.
pub async fn carry(account: Account, loopback: Loopback, identity: Arc<PushIdentity>) {
    loop {
        for looped in loopback.take(identity.installation()) {
            // One that is not for this account is in the flight recorder.
            if let Ok(Arrived::Show(announcement)) = account.notifications().push(looped.body.as_bytes()).await {
                let (organization, key) = (announcement.organization, announcement.key.clone());
                account.notifications().was_shown(organization, &key).await.ok();
            }
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// Does what a person wants with notifications.
pub async fn act(account: &Account, command: Command) -> Result<Option<Message>, Error> {
    let room = account.notifications();
    Ok(match command {
        Command::MarkRead(id) => {
            room.mark_read(vec![id]).await?;
            None
        }
        Command::MarkAllRead(organization) => {
            room.mark_all_read(organization).await?;
            Some(Message::Said("All that is here is read.".to_owned()))
        }
        Command::OpenNotice(tap, chosen) => {
            let opened = room.open(*tap, chosen).await?;
            if let Opened::There { organization: Some(organization), target, view, .. } = &opened
                && **view == TargetView::NotHere
            {
                room.bring(*organization, *target).await?;
            }
            Some(Message::Arrived(Box::new(opened)))
        }
        Command::WhyNotified(title, organization, target) => {
            let why = room.why(organization, target).await?;
            Some(Message::WhyNotified(title, Box::new(why)))
        }
        Command::LoadReadiness(organization) => {
            // A terminal has no permission to take away, and does not tell the rest.
            let phone =
                PhoneStanding { may_notify: Some(true), silent_channels: Some(Vec::new()), ..PhoneStanding::default() };
            Some(Message::Readiness(Box::new(room.readiness(organization, &phone).await?)))
        }
        Command::SendCanary => {
            room.send_canary().await?;
            Some(Message::Said("A test push is on its way; look again in a moment.".to_owned()))
        }
        Command::LoadNoticeSettings(organization) => {
            let settings = Box::new(room.settings(organization).await?);
            Some(Message::NoticeSettings(organization, settings, room.kept_back(organization).await?))
        }
        Command::ChangeNoticeSettings(organization, settings) => {
            room.change_settings(organization, *settings).await?;
            None
        }
        _ => return Err(Error::input("no question")),
    })
}

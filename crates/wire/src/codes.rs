//! The one table of codes: what can be refused or go wrong, in words that both sides share.
//!
//! A code is stable for ever; its English text is not. Shells translate by code and arguments. `docs/messages.json` is
//! this table as data, and a test holds the two together.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! codes {
    ($($variant:ident $code:literal $status:literal [$($argument:literal),*] $text:literal $meaning:literal)*) => {
        /// A stable code. The documentation of each is its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
            /// A code newer than this reader.
            #[default]
            Unheard,
        }

        impl Code {
            /// All codes, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)* Self::Unheard];

            /// The code as it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* Self::Unheard => "unheard" }
            }

            /// The HTTP status a server answers with; 0 for codes that arise on the phone or inside a result.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* Self::Unheard => 0 }
            }

            /// The names of its arguments.
            pub const fn arguments(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($argument),*],)* Self::Unheard => &[] }
            }

            /// What it means, for those who translate and those who read logs.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* Self::Unheard => "A code newer than this reader." }
            }

            const fn template(self) -> &'static str {
                match self { $(Self::$variant => $text,)* Self::Unheard => "Something newer than this app went wrong." }
            }

            /// The code of this name; one not heard of is [`Code::Unheard`].
            pub fn from_wire(name: &str) -> Self {
                match name { $($code => Self::$variant,)* _ => Self::Unheard }
            }
        }
    };
}

codes! {
    // What a request can be told.
    InvalidRequest "invalid_request" 400 ["detail"] "The request is not valid: {detail}." "The request does not have the form it must have."
    NotSignedIn "not_signed_in" 401 [] "Sign in again." "No valid token or key came with the request."
    WrongCredentials "wrong_credentials" 401 [] "E-mail or password is wrong." "The e-mail and password do not belong together."
    SessionEnded "session_ended" 401 [] "The session has ended. Sign in again." "The refresh token was used before, was revoked or is too old."
    NotAllowed "not_allowed" 403 [] "Your role does not allow this here." "The caller may not do this with this object."
    OtherOrganization "other_organization" 403 [] "No access to this organization." "The caller's key or account does not reach this organization."
    NotFound "not_found" 404 ["what"] "Not found: {what}." "It does not exist, or the caller may not see it."
    GzipRequired "gzip_required" 406 [] "This stream is served with gzip only." "A measurement stream was asked for without gzip."
    GenerationChanged "generation_changed" 409 ["generation"] "The server's data was restored as {generation}. Everything is asked again." "The request names another generation of the server's data than the present one. Nothing was applied."
    OffsetGone "offset_gone" 410 [] "The offset is too old. Read everything again." "Changes after this offset are no longer known to be complete."
    TooSlow "too_slow" 408 [] "The connection is too slow." "The request's body did not arrive in time. Nothing was applied."
    TooLarge "too_large" 413 ["limit"] "Too large: at most {limit}." "The body, a batch or a nested value is over its limit. Nothing was applied."
    TooManyRequests "too_many_requests" 429 ["seconds"] "Too many requests. Try again in {seconds} s." "A rate limit was reached."
    ServerFault "server_fault" 500 [] "The server had a fault." "A fault on the server; trying again may help."
    Unavailable "unavailable" 503 [] "The server is not available." "The server is starting, stopping or busy."

    // What an action can be told.
    NotOffered "not_offered" 0 [] "Not offered here." "This server or subscription does not offer this."
    VersionMoved "version_moved" 0 ["by", "seconds"] "{by} was here in between." "Somebody else moved this aspect since the person looked."
    EarlierNotApplied "earlier_not_applied" 0 ["action"] "An earlier action on this did not go through." "The action builds on one that had no effect."
    AssigneeCannotSee "assignee_cannot_see" 0 ["assignee"] "{assignee} may not see this alarm." "Somebody who may not see the alarm cannot be made responsible for it."
    AssigneeUnknown "assignee_unknown" 0 [] "There is no such person here." "The assignee is neither a person nor the partner of this organization."
    NotAcknowledged "not_acknowledged" 0 [] "Nobody is responsible for this alarm." "An acknowledgement cannot be taken back where there is none."
    AlarmCleared "alarm_cleared" 0 [] "The alarm is cleared." "A cleared alarm cannot be muted."
    NotMuted "not_muted" 0 [] "This is not muted." "A mute cannot be lifted where there is none."
    MuteEnded "mute_ended" 0 [] "The end of this mute has passed." "A mute whose end lies in the past has no effect."
    MuteTooLong "mute_too_long" 0 ["days"] "At most {days} days." "A mute ends at most a year away."
    MuteNeedsEnd "mute_needs_end" 0 [] "Choose until when." "The mute of a device needs an end."
    ReasonNeedsText "reason_needs_text" 0 [] "Say why in words." "The reason other needs a text."
    TextTooLong "text_too_long" 0 ["limit"] "At most {limit} characters." "A text is over its limit."
    TooOld "too_old" 0 ["hours"] "Not sent: it was made {hours} h ago." "The action waited longer than its kind may."
    BodyNotUnderstood "body_not_understood" 0 [] "This version of the app cannot do that here." "The action's body is not of a version that the server takes."
    BodyInvalid "body_invalid" 0 ["detail"] "The action is not valid: {detail}." "The action's body does not have the form it must have."
    SubscriptionNeeded "subscription_needed" 403 ["subscription"] "Needs the subscription {subscription}." "What was asked is opened by a subscription that the device does not have, or none of the site."
    CostNotAccepted "cost_not_accepted" 0 [] "An incident may cost money: confirm it first." "An incident was to be opened without saying that its costs are accepted."
    IncidentExists "incident_exists" 0 ["incident"] "This device has an incident already." "A device has at most one incident that is new, open or pending."
    MoveNotAllowed "move_not_allowed" 0 ["from", "to"] "From {from} it cannot become {to}." "The table of an incident's life has no such move."
    MoveNotYours "move_not_yours" 0 ["from", "to"] "This is for an agent to do." "The table of an incident's life has this move, but not for the one who tried it."
    ReopenTooLate "reopen_too_late" 0 ["days"] "Too late to reopen: {days} days have passed." "A solved incident can be reopened within 4 days."
    ChatReadOnly "chat_read_only" 0 ["state"] "The chat is read-only: the incident is {state}." "Messages are written while an incident is new, open or pending."
    TextEmpty "text_empty" 0 [] "Write something first." "A text has no visible character."
    TextInvalid "text_invalid" 0 [] "The text has a character that cannot be sent." "A text has a character that no text may have."
    TextTooManyBytes "text_too_many_bytes" 0 ["kib"] "The text is too long: at most {kib} KiB." "A text within its limit of characters takes more bytes than may be sent."
    NotCompleted "not_completed" 0 [] "The incident is not completed yet." "Feedback is given on a solved or closed incident."
    RatingInvalid "rating_invalid" 0 [] "Choose 1 to 5." "A rating is a whole number from 1 to 5."
    FeedbackGiven "feedback_given" 0 ["by"] "{by} has given feedback already." "Feedback is given once for an incident."
    FeedbackFinal "feedback_final" 0 ["days"] "Feedback can be changed for {days} days only." "The time in which feedback may be edited is over."
    IdUsed "id_used" 0 [] "Internal error: an action's id was used twice." "The id belongs to another person's action, or to one with another content."

    ZoneUnknown "zone_unknown" 0 ["zone"] "There is no time zone {zone}." "The time zone of the daily push is not one of the IANA's."
    RegistrationUnknown "registration_unknown" 404 [] "This installation gets no pushes. Register again." "No registration of this session is there: never made, moved to somebody else, ended or dropped by the provider."

    // Photos of chats (I4).
    PhotoEmpty "photo_empty" 0 [] "The photo is empty." "A photo has no bytes."
    PhotoTooLarge "photo_too_large" 0 ["mb"] "The photo is too large: at most {mb} MB." "A photo is over its limit of bytes."
    PhotoNotImage "photo_not_image" 0 [] "This is neither JPEG nor PNG." "A photo is of none of the formats that are taken."
    PhotoBroken "photo_broken" 0 ["detail"] "The photo is incomplete or damaged: {detail}." "A photo begins as an image and does not go on or end as one."
    PhotoTooManyPixels "photo_too_many_pixels" 0 ["megapixels"] "The photo has too many pixels: at most {megapixels} million." "A photo would take more memory to be shown than a viewer should give."
    PhotoDiffers "photo_differs" 0 ["detail"] "The photo is not what its message says: {detail}." "Type or dimensions of a photo are others than its message named."
    PhotoHashDiffers "photo_hash_differs" 409 [] "The photo arrived damaged. It is sent anew." "All bytes of a photo are there, and are not those that its message named. None of them is kept."
    PhotoNotStripped "photo_not_stripped" 0 [] "The photo carries data that must not leave a phone." "A photo has metadata, as where it was taken, or bytes behind its end."
    PhotoPreviewInvalid "photo_preview_invalid" 0 ["detail"] "The preview cannot be used: {detail}." "The small image that goes with the message of a photo is too large or none."
    PhotoPartBeyond "photo_part_beyond" 400 [] "A part of the photo lies beyond its size." "A part begins or ends behind the size that the photo's message named. It was not taken."
    PhotoOffset "photo_offset" 409 ["offset"] "The photo has come to byte {offset}." "A part does not begin where the bytes that are there end. It was not taken; the next one begins at the offset."
    PhotoWaiting "photo_waiting" 409 [] "The photo has not arrived yet." "The bytes of a photo were asked for before all of them are there."
    PhotoExpired "photo_expired" 0 [] "The photo did not arrive within 7 days." "The bytes of a photo were not complete in time and were dropped."
    PhotoGivenUp "photo_given_up" 0 [] "The photo was given up by its writer." "The writer of a photo stopped sending it: it was lost on the phone, or is not wanted any more."
    PhotoGone "photo_gone" 404 [] "The photo is not there any more." "A photo failed, or its bytes were dropped."

    // What can go wrong on the phone.
    PushInvalid "push_invalid" 0 ["detail"] "A notification could not be read: {detail}." "A push is too large, no JSON, or a property is missing, repeated or not of its kind."
    PushNotOurs "push_not_ours" 0 [] "A notification was sealed for another key." "The sealed part of a push cannot be opened with this installation's key."
    LinkNotOurs "link_not_ours" 0 ["reason"] "This link opens nothing here: {reason}." "A link has another scheme or host, or names nothing that this app has. The home screen is shown."
    OtherAccount "other_account" 0 [] "This is for another account." "A notification is for another person than the one whose data this is."
    NoticesNotPermitted "notices_not_permitted" 0 [] "Allow the app to show notifications." "The phone's system lets the app show no notification."
    ChannelSilent "channel_silent" 0 ["channel"] "The channel {channel} is silent. Switch it on in the system's settings." "The person silenced or blocked a channel in the settings of the phone's system."
    PushSwitchedOff "push_switched_off" 0 ["organization"] "Pushes of {organization} are switched off. Switch them on in the settings." "The person's own switch is off: the server pushes nothing."
    DailyPushOff "daily_push_off" 0 [] "The daily push is off. Choose a time to get it." "No organization sends a daily push to this person."
    NoPushToken "no_push_token" 0 [] "This phone has no address for pushes. Open the app with signal." "The phone's system gave no token, or the app did not hand it over."
    CanaryMissing "canary_missing" 0 [] "No test push has come yet. Send one." "The way from the server to this phone was never tested."
    CanaryLost "canary_lost" 0 ["minutes"] "The test push of {minutes} min ago did not come. Check network and battery settings, then send another." "A test push was asked for and did not arrive."
    CanaryOld "canary_old" 0 ["days"] "The last test push came {days} days ago. Send one." "The last test of the way is older than a day."
    ClockOff "clock_off" 0 ["seconds"] "The phone's clock is {seconds} s off. Set it to automatic." "The phone's clock differs from the server's by more than a minute."
    BatteryRestricted "battery_restricted" 0 [] "Pushes may come late: take the app out of the battery restrictions." "The phone's system restricts what the app does in the background."
    DoNotDisturbOn "do_not_disturb_on" 0 [] "Do Not Disturb is on. Switch it off, or let critical ones break it." "The phone is in Do Not Disturb."
    QuietOffDuty "quiet_off_duty" 0 [] "Nothing rings: you are off duty, and chose quiet while off duty. Go on duty." "The person is off duty and wants quiet while off duty."
    DevicesPushNothing "devices_push_nothing" 0 ["count"] "{count} devices push nothing: they have no subscription. Ask an administrator." "Devices without IT Expert or Asset Advisor notify nobody."
    SitesWithoutFence "sites_without_fence" 0 ["count"] "{count} sites have no fence: nobody is seen there. Ask an administrator." "A site without an outline shows nobody as being there."
    NoNetwork "no_network" 0 [] "No signal to the server." "The server cannot be reached now."
    TlsNameWrong "tls_name_wrong" 0 [] "The server's certificate does not belong to it." "The TLS certificate is not valid for this server."
    NotOurServer "not_our_server" 0 [] "The address does not answer as a server of this app does." "The answer is not what this address should answer: a wrong URL or a captive portal."
    AnswerBroken "answer_broken" 0 ["detail"] "The server's answer was broken: {detail}." "An answer ended early or is no valid JSON."
    WrongKey "wrong_key" 0 [] "The key does not open this phone's data." "The key check failed; the files were not touched."
    StoreDamaged "store_damaged" 0 [] "The phone's data was damaged and set aside." "A file could not be read; it was moved aside and kept."
    StoreNewer "store_newer" 0 [] "The phone's data was written by a newer version. Update the app." "The file's format is newer than this code."
    StoreBusy "store_busy" 0 [] "The phone's data is already open." "The same files are open elsewhere."
    DiskFull "disk_full" 0 [] "The phone's storage is full." "There is no room to write."
    StoreClosed "store_closed" 0 [] "The phone's data is closed. Open it again." "The writer is gone, or the account was shut down."
    Internal "internal" 0 ["detail"] "Internal error ({detail})." "A defect of this program."
    InputInvalid "input_invalid" 0 ["detail"] "Not possible: {detail}." "What was asked of the core cannot be done; nothing was changed."
    AccountDiffers "account_differs" 0 [] "This phone's data belongs to another account." "The files were made for another person or server."
    ActionNotWaiting "action_not_waiting" 0 [] "This action is no longer waiting." "The action is unknown, or in a state in which this cannot be done."

    UnsentActions "unsent_actions" 0 ["count"] "{count} actions are on this phone only." "Signing out now would lose actions that were not sent."

    // On duty (U2, U3, U7).
    FenceInvalid "fence_invalid" 400 ["detail"] "This is no fence: {detail}." "A site's outline cannot be used."
    SiteUnknown "site_unknown" 0 [] "There is no such site with a fence." "A presence names a site that the person cannot be at."
    NotOnDuty "not_on_duty" 0 [] "You are not on duty." "A site is shown only while its person is on duty."
    OnDutyElsewhere "on_duty_elsewhere" 0 [] "You are on duty on the server: another phone switched you on." "This phone is off duty, and the server's list of those on duty has its person."
    SwitchedLater "switched_later" 0 [] "Another phone was switched later." "A switch of duty was pressed before the one that holds, on another phone."
    FixStale "fix_stale" 0 ["seconds"] "Not used: the position is {seconds} s old." "A position fix is older than 180 s."
    FixFromFuture "fix_from_future" 0 [] "Not used: the position comes from the future." "A position fix was taken after it came."
    FixOutOfOrder "fix_out_of_order" 0 [] "Not used: a newer position is known." "A position fix was taken before one that was used."
    FixMocked "fix_mocked" 0 [] "Not used: the position is mocked." "The system says that a program made the position up."
    FixCoarse "fix_coarse" 0 ["metres"] "Not used: the position is exact to {metres} m only." "A position fix is coarser than 200 m."
    FixTooFast "fix_too_fast" 0 ["kmh"] "Not used: that would be {kmh} km/h." "A position fix lies farther from the last good one than anybody travels."
    FixInvalid "fix_invalid" 0 [] "Not used: this is no position." "A position fix has no valid coordinates or accuracy."
    LocationNotPermitted "location_not_permitted" 0 [] "Allow the app to use the location always." "The permission for the location was taken or never given; the site is not shown."
    LocationOff "location_off" 0 [] "Switch the phone's location services on." "Location services are off; the site is not shown."
    NoFixes "no_fixes" 0 [] "The phone gets no position." "Positions were asked for and none that can be used came."
    NoEvidence "no_evidence" 0 [] "No position for an hour: the site is not renewed." "The last evidence of being at the site is older than 60 minutes."
    PhoneRestarted "phone_restarted" 0 [] "The phone was restarted: the site is found anew." "After a restart nothing of before proves where the person is."
    TrackBroken "track_broken" 0 ["detail"] "The track cannot be read: {detail}." "A recorded track is not in a format that is read, or is broken."

    // Why an alarm list is short (A12).
    NothingWrong "nothing_wrong" 0 [] "Nothing is wrong." "All was read, and there is no alarm."
    HiddenByFilter "hidden_by_filter" 0 ["count"] "{count} hidden by the filter." "The filter leaves out alarms."
    HiddenByLocation "hidden_by_location" 0 ["count", "location"] "{count} hidden outside {location}." "The location filter leaves out alarms."
    LimitedByRights "limited_by_rights" 0 [] "Only the locations of your groups are shown." "The person's rights cover some locations only."
    NoSubscription "no_subscription" 0 [] "Some devices have no subscription." "What a subscription opens is missing."
    NotReadYet "not_read_yet" 0 [] "Not read from the server yet." "No full read of this feed has ended yet."
}

impl Code {
    /// The English text with its arguments put in; a missing argument stays as `{name}`.
    pub fn text(self, arguments: &BTreeMap<String, String>) -> String {
        arguments
            .iter()
            .fold(self.template().to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The whole table as the JSON of `docs/messages.json`.
    pub fn table() -> String {
        let rows: BTreeMap<&str, serde_json::Value> = Self::ALL
            .iter()
            .map(|code| {
                let row = serde_json::json!({
                    "meaning": code.meaning(),
                    "arguments": code.arguments(),
                    "status": code.status(),
                    "en": code.template(),
                });
                (code.as_str(), row)
            })
            .collect();
        serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n"
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer).map(|name| Self::from_wire(&name))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Code {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("A stable code; see docs/messages.json. An open set."))
            .build()
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Code {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_codes_in_the_docs_is_the_one_in_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/messages.json");
        if std::env::var_os("ONSITE_WRITE").is_some() {
            std::fs::write(path, Code::table()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap();
        assert_eq!(written, Code::table(), "run `cargo xtask generate`");
    }

    #[test]
    fn every_text_names_exactly_its_arguments_and_no_code_stands_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} twice");
            assert_eq!(Code::from_wire(code.as_str()), *code);
            let all = code.arguments().iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
            assert!(!code.text(&all).contains('{'), "{code}: its text names an argument that it does not have");
        }
    }
}

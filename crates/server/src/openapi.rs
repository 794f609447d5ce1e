//! Our half of the contract as an OpenAPI document, made from the types.

use utoipa::OpenApi;

use onsite_wire::onsite;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Onsite",
        description = "What a technician's phone and its server say to each other beside the vendor's REST v1.",
        version = "1"
    ),
    paths(
        crate::server_info::capabilities,
        crate::access::session::sign_in,
        crate::access::session::refresh,
        crate::access::session::sign_out,
        crate::access::session::me,
        crate::actions::act,
        crate::events::events,
        crate::feeds::read_feed,
        crate::digest::digest,
        crate::sites::put_fence,
        crate::sites::delete_fence,
        crate::sites::put_call_list_of_location,
        crate::sites::put_call_list,
        crate::history::get_alarm,
        crate::history::alarm_history,
        crate::history::sensor_history,
        crate::notices::register,
        crate::notices::unregister,
        crate::notices::canary,
        crate::notices::report,
        crate::notices::why,
        crate::notices::figures,
        crate::incidents::read_chat,
        crate::photos::read,
        crate::photos::ask,
        crate::photos::put_part,
        crate::photos::give_up,
    ),
    components(schemas(
        onsite::PersonEntry,
        onsite::SiteEntry,
        onsite::DutyEntry,
        onsite::DutyBody,
        onsite::PresenceBody,
        onsite::Incident,
        onsite::Message,
        onsite::ReadPosition,
        onsite::NotificationObject,
        onsite::Problem
    ))
)]
struct Document;

/// The document as JSON, the same for the same types.
pub fn our_document() -> String {
    let text = Document::openapi().to_pretty_json().unwrap_or_default();
    text + "\n"
}

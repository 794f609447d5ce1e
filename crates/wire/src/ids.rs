//! Typed identifiers: an alarm's id is not a device's id.
//!
//! The vendor's ids are UUID strings (fact 2, "Ids"); they are held as 16 bytes, which the phone's store indexes too.

use serde::{Deserialize, Serialize};
pub use uuid::Uuid;

/// The error of reading an id from text that is no UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct NotAnId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id with these 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes of the id, as they are stored and compared.
            pub const fn bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some("A UUID."))
                    .build()
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

id!(
    /// An organization: one customer.
    OrganizationId
);
id!(
    /// A location of an organization: site, building, room, rack.
    LocationId
);
id!(
    /// A device: UPS, rack PDU, bank, outlet, cooling unit.
    DeviceId
);
id!(
    /// A sensor of a device.
    SensorId
);
id!(
    /// An alarm; the same id over all reactivations (A3).
    AlarmId
);
id!(
    /// An incident.
    IncidentId
);
id!(
    /// A message of an incident's chat.
    MessageId
);
id!(
    /// A person who signs in.
    PersonId
);
id!(
    /// A partner: another company that looks after several organizations.
    PartnerId
);
id!(
    /// An action of a person: a UUID v7 made on the phone. Its time is never trusted.
    ActionId
);
id!(
    /// A generation of a server's data: changes when a backup is restored.
    Generation
);

//! Organizations and their places, as records.

use onsite::account as core;
use onsite_wire::onsite as wire;

use crate::error::count;

/// A person's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Role {
    /// Looks, acknowledges, chats.
    Viewer,
    /// And mutes.
    Editor,
    /// And sets thresholds.
    Operator,
    /// Everything, everywhere.
    Administrator,
}

impl From<wire::Role> for Role {
    fn from(role: wire::Role) -> Self {
        match role {
            wire::Role::Viewer => Self::Viewer,
            wire::Role::Editor => Self::Editor,
            wire::Role::Operator => Self::Operator,
            wire::Role::Administrator => Self::Administrator,
        }
    }
}

/// One organization that the account reaches.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OrganizationOverview {
    /// Its id.
    pub id: String,
    /// Its name.
    pub label: String,
    /// Active critical alarms without a mute.
    pub active_critical: i64,
    /// Active warnings without a mute.
    pub active_warning: i64,
    /// The person's role for the organization as a whole; none: at some locations only, or not told.
    pub role: Option<Role>,
}

impl From<core::OrganizationOverview> for OrganizationOverview {
    fn from(overview: core::OrganizationOverview) -> Self {
        Self {
            id: overview.id.to_string(),
            label: overview.label,
            active_critical: count(overview.active_critical),
            active_warning: count(overview.active_warning),
            role: overview.role.map(Role::from),
        }
    }
}

/// A location with its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LocationNode {
    /// Its id.
    pub id: String,
    /// Whose.
    pub organization: String,
    /// The location above.
    pub parent: Option<String>,
    /// Its name.
    pub label: String,
    /// `SITE`, `ROOM` …
    pub kind: String,
    /// 0 at the top.
    pub depth: i32,
}

impl From<core::LocationNode> for LocationNode {
    fn from(node: core::LocationNode) -> Self {
        Self {
            id: node.id.to_string(),
            organization: node.organization.to_string(),
            parent: node.parent.map(|id| id.to_string()),
            label: node.label,
            kind: node.kind,
            depth: crate::error::place(node.depth),
        }
    }
}

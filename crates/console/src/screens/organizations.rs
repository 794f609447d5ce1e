//! The organizations of the person (P6): a partner's technician has many, and switches between them.

use onsite_wire::onsite::Capability;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::api::OrganizationOverview;
use crate::app::Model;
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::widgets::drawing::{Drawing, List};
use crate::widgets::look::Look;
use crate::widgets::row::spread;
use crate::words;

pub fn keys() -> Vec<Key> {
    vec![Key::of(KeyCode::Enter, "work for it", Intent::Enter)]
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let look = drawing.look;
    let list = List { at: model.at.organizations, len: model.organizations.len() + 1, height: 2 };
    drawing.list(area, list, |n, width| match n.checked_sub(1).map(|n| model.organizations.get(n)) {
        None => all(model, look, width),
        Some(Some(one)) => row(one, model.organization == Some(one.id), look, width),
        Some(None) => Vec::new(),
    });
}

fn all(model: &Model, look: Look, width: usize) -> Vec<Line<'static>> {
    let critical = model.organizations.iter().map(|one| one.active_critical).sum();
    let warning = model.organizations.iter().map(|one| one.active_warning).sum();
    let mark = if model.organization.is_none() { "(•) " } else { "( ) " };
    let left = vec![(mark.to_owned(), look.key()), ("All organizations".to_owned(), look.strong())];
    let says = format!("    {}", words::counted(model.organizations.len() as u64, "organization"));
    vec![spread(left, counts(critical, warning, look), width), Line::styled(says, look.dim())]
}

fn row(one: &OrganizationOverview, is_chosen: bool, look: Look, width: usize) -> Vec<Line<'static>> {
    let mark = if is_chosen { "(•) " } else { "( ) " };
    let left = vec![(mark.to_owned(), look.key()), (one.label.clone(), look.strong())];
    let says = if one.capabilities.is_empty() {
        "    reading only".to_owned()
    } else {
        let role = one.role.map_or("at some places only", words::role);
        words::cut(&format!("    {role} · {}", offered(&one.capabilities)), width)
    };
    vec![spread(left, counts(one.active_critical, one.active_warning, look), width), Line::styled(says, look.dim())]
}

fn counts(critical: u64, warning: u64, look: Look) -> Vec<(String, ratatui::style::Style)> {
    let critical_style = if critical > 0 { look.critical() } else { look.dim() };
    let warning_style = if warning > 0 { look.warning() } else { look.dim() };
    vec![(format!("!! {critical} critical  "), critical_style), (format!("! {warning} warnings "), warning_style)]
}

/// What of the alarms' features the subscription opens there.
fn offered(capabilities: &[Capability]) -> String {
    let all = [
        (Capability::Acknowledge, "acknowledge"),
        (Capability::Mute, "mute"),
        (Capability::SensorHistory, "plots"),
        (Capability::AlarmHistory, "history"),
    ];
    let names: Vec<_> = all.iter().filter(|(one, _)| capabilities.contains(one)).map(|(_, name)| *name).collect();
    if names.is_empty() { "reading".to_owned() } else { names.join(", ") }
}

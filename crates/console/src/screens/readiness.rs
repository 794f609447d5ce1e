//! Is this phone ready for a shift (N7)? Each thing with what to do about it, and how fast pushes come.

use onsite_wire::onsite::DeliveryFigures;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::api::{Check, Item, Light, Readiness};
use crate::app::Model;
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::widgets::drawing::{Drawing, List};
use crate::widgets::row::spread;
use crate::words;

/// Lines for the figures below the checks.
const FIGURES: u16 = 3;

pub fn keys() -> Vec<Key> {
    vec![Key::letter('t', "send a test push", Intent::SendCanary), Key::letter('r', "look again", Intent::LookAgain)]
}

pub fn len(model: &Model) -> usize {
    model.notices.readiness.as_ref().map_or(0, |readiness| readiness.checks.len())
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let Some(readiness) = &model.notices.readiness else {
        drawing.lines(area, &[Line::raw(" Looking …")]);
        return;
    };
    let look = drawing.look;
    let bad = readiness.checks.iter().filter(|check| check.light == Light::Bad).count();
    let (head, style) = match bad {
        0 => ("Ready for a shift".to_owned(), look.good()),
        _ => (format!("{} to mend before a shift", words::counted(bad as u64, "thing")), look.critical()),
    };
    drawing.lines(Rect { height: 1, ..area }, &[Line::styled(format!(" {head}"), style)]);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + FIGURES), ..area };
    let position = List { at: model.notices.readiness_at, len: readiness.checks.len(), height: 1 };
    drawing.list(list, position, |n, width| {
        let Some(check) = readiness.checks.get(n) else { return Vec::new() };
        let (sign, style) = match check.light {
            Light::Ready => ("✓", look.good()),
            Light::Look => ("·", look.warning()),
            Light::Bad => ("✗", look.critical()),
            Light::Unknown | Light::NotOffered => ("?", look.dim()),
        };
        let left = vec![
            (format!("{sign} "), style),
            (format!("{:<24}", label(check.item)), look.strong()),
            (says(check), Style::new()),
        ];
        vec![spread(left, Vec::new(), width)]
    });
    let below = Rect { y: area.bottom().saturating_sub(FIGURES), height: FIGURES.min(area.height), ..area };
    drawing.lines(below, &figures(readiness).map(|line| Line::styled(format!(" {line}"), look.dim())));
}

const fn label(item: Item) -> &'static str {
    match item {
        Item::Permission => "May notify",
        Item::Channel => "Channels",
        Item::PushSwitch => "Own push switch",
        Item::DailyPush => "Daily push",
        Item::PushToken => "Address for pushes",
        Item::Canary => "Test push",
        Item::Clock => "Clock",
        Item::Battery => "Battery restriction",
        Item::DoNotDisturb => "Do Not Disturb",
        Item::LocationPermission => "Location permission",
        Item::Duty => "On duty",
        Item::Subscription => "Subscriptions",
        Item::Fences => "Sites without a fence",
    }
}

fn says(check: &Check) -> String {
    match (&check.says, check.light) {
        (Some(says), _) => says.to_string(),
        (None, Light::Unknown) => "not known here".to_owned(),
        (None, Light::NotOffered) => "not offered here".to_owned(),
        (None, _) => "as it must be".to_owned(),
    }
}

fn figures(readiness: &Readiness) -> [String; 2] {
    let phone = &readiness.phone;
    let times = |median: Option<i64>, p99: Option<i64>| match (median, p99) {
        (Some(median), Some(p99)) => {
            format!("half within {}, 99 of 100 within {}", words::span(median), words::span(p99))
        }
        _ => "no times yet".to_owned(),
    };
    let here = format!("This phone: {} shown, {}", phone.shown, times(phone.median_ms, phone.p99_ms));
    let server = match &readiness.server {
        Ok(DeliveryFigures { made, handed_over, shown, opened, median_ms, p99_ms }) => format!(
            "Everybody: {made} made, {handed_over} handed over, {shown} shown, {opened} opened; {}",
            times(*median_ms, *p99_ms)
        ),
        Err(error) => format!("Everybody: {error}"),
    };
    [here, server]
}

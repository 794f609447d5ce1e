//! On duty (U1, U2, U6): the switch, a small map of the sites, who is where, whom to call, and the last decisions.

use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::api::{AtServer, Colleague, DutyName, DutyStanding, Reach, SiteView};
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::app::{DutyPicture, Model, Screen};
use crate::widgets::drawing::{Drawing, List};
use crate::widgets::row::spread;
use crate::words::{self, Zone};

/// Lines of the map.
const MAP: u16 = 9;

pub fn keys() -> Vec<Key> {
    vec![
        Key::letter('d', "on or off duty", Intent::SwitchDuty),
        Key::letter('r', "read again", Intent::Go(Screen::Duty)),
        Key::of(KeyCode::Enter, "whom to call", Intent::Go(Screen::Duty)),
    ]
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let Some(picture) = &model.duty else {
        drawing.lines(area, &[Line::raw(" Reading …")]);
        return;
    };
    let zone = &model.setting.zone;
    let head = Rect { height: 1, ..area };
    let strong = drawing.look.strong();
    drawing.lines(head, &[Line::styled(format!(" {}", standing(&picture.standing, &picture.sites)), strong)]);
    let upper = Rect { y: area.y + 2, height: MAP.min(area.height.saturating_sub(2)), ..area };
    let half = area.width / 2;
    sites(model, picture, drawing, Rect { width: half, ..upper });
    map(model, picture, drawing, Rect { x: area.x + half, width: area.width - half, ..upper });
    let below = Rect { y: upper.bottom() + 1, height: area.bottom().saturating_sub(upper.bottom() + 1), ..area };
    calls(model, picture, drawing, Rect { width: half, ..below }, zone);
    decisions(picture, drawing, Rect { x: area.x + half, width: area.width - half, ..below }, zone);
}

/// Where the person's own duty stands, and why not better.
fn standing(standing: &DutyStanding, sites: &[SiteView]) -> String {
    let site =
        standing.site.and_then(|id| sites.iter().find(|site| site.id == id)).map_or("a site", |site| &site.label);
    let mut text = match standing.name {
        DutyName::OffDuty => "Off duty".to_owned(),
        DutyName::Unknown => "On duty · where, is being found out".to_owned(),
        DutyName::Outside => "On duty · at no site".to_owned(),
        DutyName::Entering => format!("On duty · arriving at {site}"),
        DutyName::Inside => format!("On duty · at {site}"),
        DutyName::Leaving => format!("On duty · leaving {site}"),
        DutyName::Degraded => "On duty · the site is not shown".to_owned(),
    };
    if let Some(reason) = standing.reason {
        text += &format!(": {}", reason.text(&std::collections::BTreeMap::new()));
    }
    if let Some(lease) = standing.lease_ms {
        text += &format!(" (shown for {} more)", words::span(lease));
    }
    match standing.at_server {
        AtServer::Same => {}
        AtServer::Unknown if standing.on.is_none() => {}
        AtServer::Unknown | AtServer::OnPhone => text += " · on this phone, not on the server yet",
        AtServer::Differs(why) => {
            let why = why.text(&std::collections::BTreeMap::new());
            text += &format!(" · on this phone, not on the server: {why}");
        }
    }
    text
}

fn at<'a>(picture: &'a DutyPicture, site: &SiteView) -> impl Iterator<Item = &'a Colleague> {
    let id = site.id;
    picture.colleagues.iter().filter(move |one| one.at.is_some_and(|at| at.site == id))
}

fn sites(model: &Model, picture: &DutyPicture, drawing: &mut Drawing<'_>, area: Rect) {
    let look = drawing.look;
    let list = List { at: model.at.duty, len: picture.sites.len(), height: 1 };
    drawing.list(area, list, |n, width| {
        let Some(site) = picture.sites.get(n) else { return Vec::new() };
        let here = at(picture, site).count();
        let right = match (&site.fence, here) {
            (None, _) => ("no fence".to_owned(), look.warning()),
            (Some(_), 0) => (String::new(), look.dim()),
            (Some(_), here) => (words::counted(here as u64, "person").replace("persons", "people"), look.good()),
        };
        let left = vec![(format!("{} ", letter(n)), look.key()), (site.label.clone(), Style::new())];
        vec![spread(left, vec![right], width)]
    });
}

/// A site's sign in list and map.
fn letter(n: usize) -> char {
    char::from_u32('A' as u32 + u32::try_from(n % 26).unwrap_or_default()).unwrap_or('?')
}

/// The sites with a fence, north above, each by its letter; a dot where somebody is.
fn map(model: &Model, picture: &DutyPicture, drawing: &mut Drawing<'_>, area: Rect) {
    let inside = drawing.framed(area, "sites", false);
    let look = drawing.look;
    let fenced: Vec<(usize, &SiteView, f64, f64)> = picture
        .sites
        .iter()
        .enumerate()
        .filter_map(|(n, site)| {
            let middle = site.fence.as_ref()?.middle();
            Some((n, site, middle.lon(), middle.lat()))
        })
        .collect();
    let range = |values: Vec<f64>| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        (low, (values.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low).max(0.01))
    };
    let (west, wide) = range(fenced.iter().map(|(_, _, lon, _)| *lon).collect());
    let (south, high) = range(fenced.iter().map(|(_, _, _, lat)| *lat).collect());
    for (n, site, lon, lat) in fenced {
        let x = cell((lon - west) / wide, inside.width.saturating_sub(3));
        let y = cell(1.0 - (lat - south) / high, inside.height);
        let mark = if at(picture, site).next().is_some() { "●" } else { " " };
        let style = if model.at.duty.selected == n { look.here() } else { look.strong() };
        let place = Rect { x: inside.x + x, y: inside.y + y, width: 3.min(inside.width), height: 1 };
        drawing.lines(place, &[Line::styled(format!("{}{mark}", letter(n)), style)]);
        drawing.click(place, Intent::Tap(n));
    }
}

/// A part of a length as one of its cells.
fn cell(part: f64, cells: u16) -> u16 {
    let last = cells.saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last cell")]
    let cell = (part.clamp(0.0, 1.0) * f64::from(last)).round() as u16;
    cell.min(last)
}

/// Whom to call at the selected site (U6), and until when who is seen there.
fn calls(model: &Model, picture: &DutyPicture, drawing: &mut Drawing<'_>, area: Rect, zone: &Zone) {
    let look = drawing.look;
    let selected = model.at.duty.selected;
    let label = picture.sites.get(selected).map_or("", |site| &site.label);
    let mut lines = vec![Line::styled(format!(" Call for {label}"), look.strong())];
    let found = picture.calls.get(selected);
    if let Some(Err(error)) = found {
        lines.push(Line::styled(format!(" {error}"), look.dim()));
    }
    for (call, name) in found.into_iter().flatten().flatten() {
        let reach = match call.reach {
            Reach::Here => "here",
            Reach::Near => "within 50 km",
            Reach::Elsewhere => "on duty elsewhere",
            Reach::OffDuty => "nobody is on duty; first on the list",
        };
        let left = vec![(format!(" {name}  "), Style::new()), (reach.to_owned(), look.dim())];
        lines.push(spread(left, vec![(call.entry.phone.clone(), look.key())], usize::from(area.width)));
    }
    for one in &picture.colleagues {
        if let Some(lease) = one.at {
            let until = zone.time(lease.until, model.now());
            lines.push(Line::styled(format!(" {} is at {} until {until}", one.name, one.site_label), look.dim()));
        }
    }
    drawing.lines(area, &lines);
}

fn decisions(picture: &DutyPicture, drawing: &mut Drawing<'_>, area: Rect, zone: &Zone) {
    let look = drawing.look;
    let mut lines = vec![Line::styled(" Last decisions", look.strong())];
    for decision in picture.decisions.iter().take(usize::from(area.height)) {
        let left = vec![
            (format!(" {}  ", zone.second(decision.at.wall)), look.dim()),
            (format!("{} ", decision.to.as_str()), Style::new()),
            (decision.why.text(), look.dim()),
        ];
        lines.push(spread(left, Vec::new(), usize::from(area.width)));
    }
    drawing.lines(area, &lines);
}

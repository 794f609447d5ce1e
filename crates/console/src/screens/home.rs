//! Tiles (A6), and the ways to everything else.

use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::api::Tile;
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::app::{Model, Screen, TileCount};
use crate::sheets::in_words;
use crate::widgets::drawing::Drawing;
use crate::widgets::row::spread;
use crate::words;

const TILE_HEIGHT: u16 = 5;

/// A row below the tiles.
struct Way {
    key: char,
    label: &'static str,
    says: String,
    intent: Intent,
}

fn ways(model: &Model) -> Vec<Way> {
    let last = match &model.alarms.last {
        Some((filter, sort)) => format!("{}, {}", in_words(model, filter), words::sort(*sort)),
        None => "active and cleared, newest first".to_owned(),
    };
    let actions = match (model.state.waiting, model.state.parked) {
        (0, 0) => "nothing waits".to_owned(),
        (waiting, 0) => format!("{waiting} on this phone"),
        (0, parked) => format!("{parked} for you to decide"),
        (waiting, parked) => format!("{parked} for you to decide, {waiting} on this phone"),
    };
    let incidents = match model.incidents.under_way {
        None => "…".to_owned(),
        Some((0, _)) => "none is under way".to_owned(),
        Some((count, 0)) => format!("{count} under way"),
        Some((count, unread)) => format!("{count} under way, {unread} unread"),
    };
    let signal = if model.state.offline { "switched off: everything works, and is sent later" } else { "on" };
    vec![
        Way { key: 'a', label: "Alarms", says: last, intent: Intent::LastFilter },
        Way { key: 'i', label: "Incidents", says: incidents, intent: Intent::Incidents },
        Way { key: 'm', label: "Notifications", says: unread(model), intent: Intent::Go(Screen::Notices) },
        Way {
            key: 'o',
            label: "Organizations",
            says: model.organization_label().to_owned(),
            intent: Intent::Go(Screen::Organizations),
        },
        Way { key: 'w', label: "My actions", says: actions, intent: Intent::Go(Screen::Actions) },
        Way { key: 'd', label: "On duty", says: duty(model).to_owned(), intent: Intent::Go(Screen::Duty) },
        Way { key: 'n', label: "Signal", says: signal.to_owned(), intent: Intent::Signal },
        Way {
            key: 's',
            label: "Settings",
            says: "account, clock, diagnostics".to_owned(),
            intent: Intent::Go(Screen::Settings),
        },
    ]
}

fn unread(model: &Model) -> String {
    match model.notices.unread {
        None => "…".to_owned(),
        Some(0) => "all read".to_owned(),
        Some(unread) => format!("{unread} unread"),
    }
}

fn duty(model: &Model) -> &'static str {
    match model.duty.as_ref().map(|picture| picture.standing.on.is_some()) {
        Some(true) => "on duty: colleagues see it",
        _ => "the switch, sites, whom to call",
    }
}

pub fn keys(model: &Model) -> Vec<Key> {
    let mut keys = vec![Key::of(KeyCode::Enter, "open", Intent::Enter)];
    keys.extend(ways(model).into_iter().map(|way| Key::letter(way.key, &way.label.to_lowercase(), way.intent)));
    let numbers = ('1'..='9').zip(&model.tiles).enumerate();
    keys.extend(numbers.map(|(n, (number, tile))| Key::letter(number, words::tile(tile.tile), Intent::Tile(n))));
    keys
}

/// Tiles and ways.
pub fn len(model: &Model) -> usize {
    model.tiles.len() + ways(model).len()
}

/// What Enter on a row means.
pub fn meaning(model: &Model, row: usize) -> Option<Intent> {
    if row < model.tiles.len() {
        return Some(Intent::Tile(row));
    }
    ways(model).get(row - model.tiles.len()).map(|way| way.intent)
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let count = model.tiles.len().max(1);
    let columns = if area.width >= 100 { count } else { count.div_ceil(2) };
    let width = area.width / u16::try_from(columns).unwrap_or(1);
    let has_room = area.height >= 16;
    let height = if has_room { TILE_HEIGHT } else { 4 };
    for (n, tile) in model.tiles.iter().enumerate() {
        let (column, row) = (u16::try_from(n % columns).unwrap_or(0), u16::try_from(n / columns).unwrap_or(0));
        let at = Rect { x: area.x + column * width, y: area.y + row * height, width, height };
        view_tile(model, drawing, at.intersection(area), n, tile);
    }
    let tiles = u16::try_from(count.div_ceil(columns)).unwrap_or(1) * height;
    let below = Rect { y: area.y + tiles, height: area.height.saturating_sub(tiles), ..area };
    view_ways(model, drawing, below);
}

fn view_tile(model: &Model, drawing: &mut Drawing<'_>, area: Rect, n: usize, tile: &TileCount) {
    let look = drawing.look;
    let is_here = model.at.home.selected == n;
    let inside = drawing.framed(area, &(n + 1).to_string(), is_here);
    // Before anything was read, nothing is known to be well.
    let count = tile.count.filter(|_| model.state.read_at.is_some());
    let (sign, style) = match (tile.tile, count) {
        (_, None) => ("", look.dim()),
        (_, Some(0)) => ("✓ ", look.good()),
        (Tile::ActiveCritical | Tile::DevicesWithCritical, _) => ("!! ", look.critical()),
        (Tile::ActiveWarning, _) => ("! ", look.warning()),
        (Tile::AssignedToMe, _) => ("", look.strong()),
    };
    let count = count.map_or_else(|| "…".to_owned(), |count| count.to_string());
    let number = Line::styled(format!("{sign}{count}"), style).centered();
    let label = Line::styled(words::tile(tile.tile), Style::new()).centered();
    let mut lines = vec![number, label];
    if inside.height >= 3 {
        lines.insert(0, Line::raw(""));
    }
    for (line, y) in lines.iter().zip(inside.y..inside.bottom()) {
        let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(inside.width);
        drawing
            .lines(Rect { x: inside.x + (inside.width - width) / 2, y, width, height: 1 }, std::slice::from_ref(line));
    }
    drawing.click(area, Intent::Tile(n));
}

fn view_ways(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let ways = ways(model);
    let look = drawing.look;
    let spread_out = usize::from(area.height) >= ways.len() * 2;
    let step = if spread_out { 2 } else { 1 };
    for ((n, way), y) in ways.iter().enumerate().zip((area.y..area.bottom()).step_by(step)) {
        let row = Rect { x: area.x, y, width: area.width, height: 1 };
        let is_here = model.at.home.selected == model.tiles.len() + n;
        let mark = if is_here { "▸" } else { " " };
        let left = vec![
            (format!("{mark}{} ", way.key), look.key()),
            (format!("{:<15}", way.label), look.strong()),
            (way.says.clone(), look.dim()),
        ];
        drawing.lines(row, &[spread(left, Vec::new(), usize::from(row.width))]);
        if is_here {
            drawing.style(row, look.here());
        }
        drawing.click(row, way.intent);
    }
}

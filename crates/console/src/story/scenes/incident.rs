//! Still in the basement corridor: the chat of an incident goes on without signal, and comes together when it is back.

use onsite::incidents::{ChatRow, Delivery, IncidentFilter, IncidentRow};
use onsite_server::AgentDeed;
use onsite_wire::onsite::{AuthorKind, IncidentState};

use crate::story::StoryError;
use crate::story::phone::Phone;
use crate::story::shift::Shift;
use crate::story::teller::Teller;

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("A chat without signal")?;
    let Some(row) = choose(shift).await? else {
        return shift.teller.says(&shift.technician, "no incident is under way here");
    };
    let text = format!(
        "incident \"{}\" at {}: {}, it names {}",
        row.subject,
        row.device_label,
        row.state.as_str(),
        row.alarms
    );
    shift.teller.says(&shift.technician, &text)?;
    shift.technician.account()?.set_offline(true)?;
    let incidents = shift.technician.account()?.incidents();
    incidents.write(row.id, "I am in the corridor below it.").await?;
    incidents.write(row.id, "The door is locked; I am getting the key.").await?;
    let rows = shift.technician.chat_until(row.id, "both stand here", |rows| rows.len() == 2).await?;
    tell(&mut shift.teller, &shift.technician, &rows)?;
    shift.colleague.account()?.incidents().write(row.id, "Søren is on his way down.").await?;
    shift.colleague.sends_all().await?;
    let deed = AgentDeed {
        agent: "Mika Salo".to_owned(),
        text: Some("I see the alarm. What does the display say?".to_owned()),
        to: Some(IncidentState::Open),
    };
    shift.stage.server.store().agent_acts(shift.home, row.id, deed).await?;
    shift.technician.account()?.set_offline(false)?;
    shift.technician.wakes_with_signal().await?;
    shift.technician.sends_all().await?;
    let settled = |rows: &[ChatRow]| rows.len() == 5 && rows.iter().all(|row| row.number.is_some());
    let mine = shift.technician.chat_until(row.id, "all have their place", settled).await?;
    let theirs = shift.colleague.chat_until(row.id, "all have their place", settled).await?;
    tell(&mut shift.teller, &shift.technician, &mine)?;
    let same = mine.iter().map(|row| row.id).eq(theirs.iter().map(|row| row.id));
    shift.teller.says(&shift.colleague, &format!("{} lines, the same in the same order: {same}", theirs.len()))?;
    Ok(())
}

/// One of the home organization's incidents that nobody has written in.
async fn choose(shift: &mut Shift<'_>) -> Result<Option<IncidentRow>, StoryError> {
    let filter = IncidentFilter { organization: Some(shift.home), ..IncidentFilter::active() };
    let mut rows = shift.technician.incidents(filter).await?;
    rows.sort_by(|one, other| {
        (&one.subject, &one.device_label, one.id).cmp(&(&other.subject, &other.device_label, other.id))
    });
    Ok(shift.stage.chance.pick(&rows).cloned())
}

fn tell(teller: &mut Teller<'_>, phone: &Phone, rows: &[ChatRow]) -> Result<(), StoryError> {
    for row in rows.iter().rev() {
        let who = match row.author.kind {
            AuthorKind::Agent => format!("{} (agent)", row.author.name),
            AuthorKind::Person => row.author.name.clone(),
            AuthorKind::Server => "the server".to_owned(),
        };
        let what = row.change.map_or_else(|| format!("“{}”", row.text), |state| format!("now {}", state.as_str()));
        let stands = match row.delivery {
            None => "",
            Some(Delivery::OnPhone) => ", on this phone",
            Some(Delivery::OnServer | Delivery::Read) => ", on the server",
            Some(Delivery::Parked(_)) => ", not sent",
        };
        let number = row.number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        teller.says(phone, &format!("{number} {who}: {what}{stands}"))?;
    }
    Ok(())
}

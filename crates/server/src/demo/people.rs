//! Who works in the three organizations, in which role, and the partner's technician who works in two of them.

use onsite_wire::ids::{LocationId, PartnerId, PersonId};
use onsite_wire::onsite::{Grant, OrganizationRights, Role};

use super::dice::Dice;
use crate::document::{DocumentGrant, DocumentGroup, DocumentPartner, DocumentPerson, OrganizationDocument};

/// What somebody does in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Post {
    /// Everything, everywhere.
    Administrator,
    /// Runs the site of this number.
    OperatorOf(usize),
    /// Edits everywhere.
    Editor,
    /// Looks everywhere.
    Viewer,
}

type Staff = &'static [(&'static str, &'static str, Post)];

/// The staff of the organizations, in the order of `places::PLANS`.
const STAFF: [Staff; 3] = [
    &[
        ("Ada Krüger", "ada.krueger@bjoernson.example", Post::Administrator),
        ("Jürgen Weiß", "juergen.weiss@bjoernson.example", Post::OperatorOf(0)),
        ("Zoë Lindqvist", "zoe.lindqvist@bjoernson.example", Post::Editor),
        ("Åse Nilsson", "ase.nilsson@bjoernson.example", Post::Viewer),
    ],
    &[
        ("Inês Gonçalves", "ines.goncalves@saorafael.example", Post::Administrator),
        ("João Conceição", "joao.conceicao@saorafael.example", Post::OperatorOf(0)),
        ("Márcia Araújo", "marcia.araujo@saorafael.example", Post::Editor),
        ("Tomás Brandão", "tomas.brandao@saorafael.example", Post::Viewer),
    ],
    &[
        ("佐藤 健一", "sato.kenichi@hokuto.example", Post::Administrator),
        ("鈴木 美咲", "suzuki.misaki@hokuto.example", Post::OperatorOf(0)),
        ("Nurul Aisyah", "nurul.aisyah@hokuto.example", Post::OperatorOf(2)),
        ("陳 偉", "chen.wei@hokuto.example", Post::Viewer),
    ],
];

const TECHNICIAN: (&str, &str) = ("Søren Åkesson", "soren.akesson@nordlys.example");
const PARTNER: &str = "Nordlys Kraftservice A/S";

const FIRST_WORDS: &[&str] = &["quiet", "green", "early", "warm", "silver", "round", "brave", "plain"];
const SECOND_WORDS: &[&str] = &["river", "ladder", "harbor", "copper", "window", "meadow", "anchor", "pencil"];

/// The partner company and its technician: the same person wherever the company works.
#[derive(Debug, Clone)]
pub(super) struct Partner {
    company: DocumentPartner,
    technician: DocumentPerson,
}

/// Founds the partner company.
pub(super) fn partner(dice: &mut Dice) -> Partner {
    let company = DocumentPartner { id: PartnerId(dice.id()), name: PARTNER.to_owned() };
    let technician = person(TECHNICIAN.0, TECHNICIAN.1, Some(company.id), dice);
    Partner { company, technician }
}

fn person(name: &str, email: &str, partner: Option<PartnerId>, dice: &mut Dice) -> DocumentPerson {
    let password = format!("{}-{}-{}", dice.word(FIRST_WORDS), dice.word(SECOND_WORDS), dice.between(10, 99));
    DocumentPerson {
        id: PersonId(dice.id()),
        name: name.to_owned(),
        email: email.to_owned(),
        password: Some(password),
        partner,
    }
}

/// Hires the staff of the organization of this number, and gives each a role by groups. `sites` are the pairs of a site and its
/// label; the partner, if there is one, comes with the technician.
pub(super) fn hire(
    number: usize,
    sites: &[(LocationId, String)],
    partner: Option<&Partner>,
    document: &mut OrganizationDocument,
    dice: &mut Dice,
) {
    let everywhere = |role| DocumentGrant { location_id: None, role };
    let mut administrators = group("Administrators", everywhere(Role::Administrator));
    let mut editors = group("Editors", everywhere(Role::Editor));
    let mut users = group("Users", everywhere(Role::Viewer));
    for (name, email, post) in STAFF.get(number).copied().unwrap_or_default() {
        let person = person(name, email, None, dice);
        match post {
            Post::Administrator => administrators.members.push(person.id),
            Post::Editor => editors.members.push(person.id),
            Post::Viewer => users.members.push(person.id),
            Post::OperatorOf(site) => {
                if let Some((location, label)) = sites.get(*site) {
                    let grant = DocumentGrant { location_id: Some(*location), role: Role::Operator };
                    let mut operators = group(&format!("Operators {label}"), grant);
                    operators.members.push(person.id);
                    document.groups.push(operators);
                }
            }
        }
        document.people.push(person);
    }
    users.members.extend(&editors.members);
    document.groups.extend([administrators, editors, users].into_iter().filter(|group| !group.members.is_empty()));
    if let Some(partner) = partner {
        let mut technicians = group(&partner.company.name, everywhere(Role::Operator));
        technicians.members.push(partner.technician.id);
        document.groups.push(technicians);
        document.people.push(partner.technician.clone());
        document.partner = Some(partner.company.clone());
    }
}

fn group(name: &str, grant: DocumentGrant) -> DocumentGroup {
    DocumentGroup { name: name.to_owned(), members: Vec::new(), grants: vec![grant] }
}

/// A person's rights in an organization, from all groups.
pub(super) fn rights(document: &OrganizationDocument, person: PersonId) -> OrganizationRights {
    let groups = document.groups.iter().filter(|group| group.members.contains(&person));
    let grants = groups.flat_map(|group| &group.grants);
    OrganizationRights {
        grants: grants.map(|grant| Grant { location_id: grant.location_id, role: grant.role }).collect(),
    }
}

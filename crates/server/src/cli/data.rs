//! Commands that work on files and data without serving anything.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::{ApiKey, ApiKeyRevoke, CommandError, Data, DemoData, OneFile};
use crate::clock::{Clock, SystemClock};
use crate::demo;
use crate::document::OrganizationDocument;
use crate::storage::Storage;

/// Writes an organization as it comes, so that a million alarms need no memory.
pub(super) fn demo_data(wanted: &DemoData) -> Result<(), CommandError> {
    let now = wanted.now.unwrap_or_else(|| SystemClock.now());
    let document = demo::organization(wanted.seed, 0, wanted.devices, now);
    let alarms = demo::alarms(wanted.seed, wanted.alarms, &document.inventory_objects, now);
    let written = File::create(&wanted.out).and_then(|file| {
        let mut file = BufWriter::new(file);
        write_document(&mut file, &document, alarms)?;
        file.flush()
    });
    written.map_err(|error| CommandError::File { file: wanted.out.clone(), error })
}

fn write_document(
    file: &mut impl std::io::Write,
    document: &OrganizationDocument,
    alarms: impl Iterator<Item = onsite_wire::rest::Alarm>,
) -> std::io::Result<()> {
    let mut alarms = Some(alarms);
    let serde_json::Value::Object(parts) = serde_json::to_value(document)? else { return Ok(()) };
    let mut separator = "{";
    for (name, value) in parts {
        write!(file, "{separator}\n{}: ", serde_json::to_string(&name)?)?;
        separator = ",";
        match alarms.take_if(|_| name == "alarms") {
            Some(alarms) => write_array(file, alarms)?,
            None => serde_json::to_writer(&mut *file, &value)?,
        }
    }
    writeln!(file, "\n}}")
}

fn write_array(
    file: &mut impl std::io::Write,
    alarms: impl Iterator<Item = onsite_wire::rest::Alarm>,
) -> std::io::Result<()> {
    let mut separator = "[";
    for alarm in alarms {
        writeln!(file, "{separator}")?;
        serde_json::to_writer(&mut *file, &alarm)?;
        separator = ",";
    }
    // Without any alarm not even the bracket is open.
    write!(file, "{}]", if separator == "[" { "[" } else { "" })
}

/// Takes in an organization, and says which.
pub(super) async fn import(named: &OneFile) -> Result<(), CommandError> {
    let document = read_document(&named.file)?;
    let storage = Storage::open(&named.data, Arc::new(SystemClock))?;
    let organization = storage.import(document).await?;
    writeln!(std::io::stdout(), "organization {organization}")?;
    Ok(())
}

fn read_document(file: &Path) -> Result<OrganizationDocument, CommandError> {
    let opened = File::open(file).map_err(|error| CommandError::File { file: file.to_owned(), error })?;
    serde_json::from_reader(BufReader::new(opened))
        .map_err(|error| CommandError::NotADocument { file: file.to_owned(), error })
}

/// Makes a key, and says it.
pub(super) async fn api_key(wanted: ApiKey) -> Result<(), CommandError> {
    let storage = Storage::open(&wanted.data, Arc::new(SystemClock))?;
    let key = storage.create_api_key(wanted.organization).await?;
    writeln!(std::io::stdout(), "api key {key}")?;
    Ok(())
}

/// Says which keys there are.
pub(super) async fn api_keys(named: &Data) -> Result<(), CommandError> {
    let storage = Storage::open(&named.data, Arc::new(SystemClock))?;
    for key in storage.api_keys().await? {
        let organizations: Vec<String> = key.organizations.iter().map(ToString::to_string).collect();
        writeln!(std::io::stdout(), "api key {} {} {}", key.name, key.created_at, organizations.join(" "))?;
    }
    Ok(())
}

/// Takes a key back.
pub(super) async fn revoke_api_key(named: &ApiKeyRevoke) -> Result<(), CommandError> {
    let storage = Storage::open(&named.data, Arc::new(SystemClock))?;
    if !storage.revoke_api_key(&named.name).await? {
        return Err(CommandError::NoSuchKey(named.name.clone()));
    }
    writeln!(std::io::stdout(), "revoked {}", named.name)?;
    Ok(())
}

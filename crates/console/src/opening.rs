//! The account that the console shows: of the server that was named, or of a demonstration of our own.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onsite_server::SystemClock;
use onsite_wire::onsite::PushProvider;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::ConsoleError;
use crate::api::{Access, Account, AccountConfig, PushIdentity, SessionState, SignInStep, StoreKey};
use crate::args::Args;
use crate::embedded::{Demonstration, demonstrate};
use crate::link::notices::carry;

/// An open account and what must live as long.
pub struct Opened {
    /// The account.
    pub account: Account,
    /// The server's address, in words.
    pub server: String,
    /// Where this phone's data lies, in words.
    pub folder: String,
    demonstration: Option<Demonstration>,
    /// Carries the demonstration's pushes to this phone.
    carrier: Option<JoinHandle<()>>,
    temporary: Option<TempDir>,
}

impl Opened {
    /// This phone's data is gone afterwards.
    pub const fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Ends what is under way; a temporary folder is removed.
    pub async fn close(self) {
        if let Some(carrier) = self.carrier {
            carrier.abort();
        }
        self.account.shutdown().await;
        if let Some(demonstration) = self.demonstration {
            demonstration.server.stop().await;
        }
        drop(self.temporary);
    }
}

/// Opens what the command line names, and signs in where that is needed.
pub async fn open(args: &Args) -> Result<Opened, ConsoleError> {
    let temporary = match &args.data {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(ConsoleError::io("temporary folder"))?),
    };
    let folder = match (&args.data, &temporary) {
        (Some(folder), _) => folder.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => PathBuf::new(),
    };
    let shown = if temporary.is_some() {
        "a temporary folder, gone afterwards".to_owned()
    } else {
        folder.display().to_string()
    };
    match &args.server {
        Some(server) => {
            let account = open_named(args, server, &folder).await?;
            Ok(Opened { account, server: server.clone(), folder: shown, demonstration: None, carrier: None, temporary })
        }
        None => {
            let demonstration = demonstrate(&folder.join("server"), args.seed, Arc::new(SystemClock)).await?;
            let folder = folder.join("phone");
            let identity = Arc::new(identity(&folder.join("push"))?);
            let mut config = config(&folder, &demonstration.server.base_url(), Access::Person)?;
            config.push = Some(PushIdentity::clone(&identity));
            let account = open_as(config, &demonstration.email, |_| Ok(demonstration.password.clone())).await?;
            let address = (PushProvider::Loopback, identity.installation().to_string());
            account.notifications().set_push_address(Some(address)).await?;
            let loopback = demonstration.server.loopback().clone();
            let carrier = Some(tokio::spawn(carry(account.clone(), loopback, identity)));
            let server = format!("{}, a demonstration in this program", demonstration.server.base_url());
            Ok(Opened { account, server, folder: shown, demonstration: Some(demonstration), carrier, temporary })
        }
    }
}

async fn open_named(args: &Args, server: &str, folder: &Path) -> Result<Account, ConsoleError> {
    let folder = folder.join("phone");
    if let Some(file) = &args.api_key_file {
        let key = std::fs::read_to_string(file).map_err(ConsoleError::io(file.display().to_string()))?;
        let access = Access::ApiKey(SecretString::from(key.trim().to_owned()));
        return Ok(Account::open(config(&folder, server, access)?).await?.0);
    }
    let email = args.email.clone().unwrap_or_default();
    open_as(config(&folder, server, Access::Person)?, &email, ask_password).await
}

/// Opens a person's account; the password is asked for only when no session is kept in its files.
pub async fn open_as(
    config: AccountConfig,
    email: &str,
    password: impl FnOnce(&str) -> Result<SecretString, ConsoleError>,
) -> Result<Account, ConsoleError> {
    let (account, _) = Account::open(config).await?;
    if account.state().session == SessionState::SignedIn {
        return Ok(account);
    }
    let password = password(email)?;
    match account.sign_in(email, &password).await? {
        SignInStep::SignedIn(_) => Ok(account),
        SignInStep::SecondFactor { .. } => Err(ConsoleError::SecondFactor),
    }
}

fn ask_password(email: &str) -> Result<SecretString, ConsoleError> {
    let asked = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("Password of {email}: "))
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line.trim_end_matches(['\r', '\n']).to_owned())
    };
    asked.map(SecretString::from).map_err(ConsoleError::io("password"))
}

/// The usual configuration, with the key that lies beside the files: a terminal has no keystore.
pub fn config(folder: &Path, server: &str, access: Access) -> Result<AccountConfig, ConsoleError> {
    std::fs::create_dir_all(folder).map_err(ConsoleError::io(folder.display().to_string()))?;
    Ok(AccountConfig::new(folder, key(&folder.join("key"))?, server, access))
}

/// This phone's identity for pushes, which lies beside the files as their key does.
fn identity(file: &Path) -> Result<PushIdentity, ConsoleError> {
    std::fs::create_dir_all(file.parent().unwrap_or(file)).map_err(ConsoleError::io(file.display().to_string()))?;
    let of = |bytes: [u8; 64]| PushIdentity::new(&bytes).map_err(std::io::Error::other);
    of(secret(file)?).map_err(ConsoleError::io(file.display().to_string()))
}

fn key(file: &Path) -> Result<StoreKey, ConsoleError> {
    Ok(StoreKey::new(secret(file)?))
}

/// Random bytes that are drawn once and kept where only their owner reads them.
fn secret<const LENGTH: usize>(file: &Path) -> Result<[u8; LENGTH], ConsoleError> {
    let fault = || ConsoleError::io(file.display().to_string());
    if let Ok(known) = std::fs::read(file)
        && let Ok(bytes) = <[u8; LENGTH]>::try_from(known)
    {
        return Ok(bytes);
    }
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| fault()(std::io::Error::other(error)))?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).and_then(|mut file| file.write_all(&bytes)).map_err(fault())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        key(&file).unwrap();
        let first = std::fs::read(&file).unwrap();
        key(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), first);
        assert_eq!(first.len(), 32);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&file.metadata().unwrap()) & 0o777, 0o600);
    }

    #[test]
    fn a_key_file_that_was_cut_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, b"short").unwrap();
        assert!(key(&file).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"short");
    }
}

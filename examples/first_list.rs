//! The first list: signs in, shows what is active, and follows it for a minute.
//!
//! `cargo run --example first_list -- URL E-MAIL` (the password is the first line of standard input)

use std::error::Error;
use std::time::{Duration, Instant};

use onsite::account::{Access, Account, AccountConfig};
use onsite::alarms::{AlarmFilter, AlarmSort, Status};
use onsite::store::Key;
use secrecy::SecretString;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(server), Some(email)) = (arguments.next(), arguments.next()) else {
        return Err("usage: first_list URL E-MAIL".into());
    };
    let mut password = String::new();
    std::io::stdin().read_line(&mut password)?;

    // A shell takes the key from the phone's Keystore or Keychain; this folder and its key live for one run.
    let folder = tempfile::tempdir()?;
    let config = AccountConfig::new(folder.path(), Key::new([1; 32]), &server, Access::Person);
    let (account, _) = Account::open(config).await?;
    account.sign_in(&email, &SecretString::from(password.trim().to_owned())).await?;

    let active = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    let mut window = account.alarms().window(active, AlarmSort::Newest, 10);
    let mut rows = Vec::new();
    let end = Instant::now() + Duration::from_secs(60);
    while let Ok(Some(batch)) = tokio::time::timeout_at(end.into(), window.next()).await {
        batch.rows.apply(&mut rows);
        println!("{} active", batch.total.map_or_else(|| "?".to_owned(), |total| total.to_string()));
        for row in &rows {
            println!("  {:8} {} at {} ({})", row.severity.as_str(), row.label, row.device_label, row.place);
        }
    }
    account.shutdown().await;
    Ok(())
}

//! The real program: its lines, its commands, its end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::support::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_onsite-server");

/// A server in a process of its own, killed when the test is over.
struct Process {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Process {
    fn serve(data: &Path, more: &[&str]) -> Self {
        install_tls();
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn address(&mut self) -> String {
        self.line().strip_prefix("listening on ").unwrap().to_owned()
    }

    /// Asks it to end and waits for that; only a hang takes longer than the 5 s that it has, and a busy machine.
    async fn terminate(&mut self) -> ExitStatus {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ended).await.expect("a hang")
    }
}

fn command(arguments: &[&str], data: &Path) -> (bool, String, String) {
    let done = Command::new(PROGRAM).args(arguments).arg("--data").arg(data).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim_end().to_owned();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

#[tokio::test]
async fn a_demonstration_says_where_it_is_and_how_to_get_in() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Process::serve(directory.path(), &["--demo"]);
    let address = server.address();
    let organizations: Vec<_> = (0..3).map(|_| server.line()).collect();
    let ids: Vec<_> = organizations.iter().map(|line| line.strip_prefix("organization ").unwrap()).collect();
    let key = server.line().strip_prefix("api key ").unwrap().to_owned();
    let phone = Phone::with_token(&address, &key);
    let readable = phone.get("/rest/v1/organizations").await.all("organizations", "id");
    assert_eq!(readable, phone::texts(ids));
    let person = server.line();
    let [word, email, password, role] = person.split(' ').collect::<Vec<_>>()[..] else { panic!("{person}") };
    assert_eq!(word, "person");
    assert!(["viewer", "editor", "operator", "administrator"].contains(&role));
    assert!(Phone::with_token(&address, "").try_sign_in(email, password).await.is_ok());
}

#[tokio::test]
async fn told_to_stop_it_ends_open_streams_and_exits_without_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("document.json");
    std::fs::write(&file, serde_json::to_string(&harbour_mill()).unwrap()).unwrap();
    let data = directory.path().join("data");
    let (done, said, _) = command(&["import", file.to_str().unwrap()], &data);
    assert_eq!((done, said), (true, format!("organization {}", organization())));
    let mut server = Process::serve(&data, &[]);
    let phone = Phone::sign_in(&server.address(), "nora@example.com").await;
    let stream = phone.request(reqwest::Method::GET, "/onsite/v1/events").send().await.unwrap();
    let reading = tokio::spawn(stream.bytes());
    assert_eq!(server.terminate().await.code(), Some(0));
    tokio::time::timeout(Duration::from_secs(30), reading).await.expect("the stream has ended").unwrap().ok();
    assert!(phone.try_get("/healthz").await.is_err());
}

#[tokio::test]
async fn a_key_is_made_beside_the_running_server_and_shown_once() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("document.json");
    std::fs::write(&file, serde_json::to_string(&harbour_mill()).unwrap()).unwrap();
    let data = directory.path().join("data");
    command(&["import", file.to_str().unwrap()], &data);
    let mut server = Process::serve(&data, &[]);
    let address = server.address();
    let (done, said, _) = command(&["api-key", "--organization", &organization().to_string()], &data);
    let key = said.strip_prefix("api key ").unwrap();
    assert!(done && key.starts_with("AK1/"));
    assert_eq!(Phone::with_token(&address, key).rest("alarms").await.status, 200);
    let unknown = onsite_wire::ids::OrganizationId::from_bytes([9; 16]);
    let (done, said, error) = command(&["api-key", "--organization", &unknown.to_string()], &data);
    assert_eq!((done, said.as_str()), (false, ""));
    assert!(error.contains("no such organization"), "{error}");
    for (name, bytes) in std::fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(path).unwrap_or_default()))
    {
        let found = bytes.windows(key.len()).any(|window| window == key.as_bytes());
        assert!(!found, "the key stands in {}", name.display());
    }
}

#[tokio::test]
async fn a_key_is_listed_and_taken_back_beside_the_running_server() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("document.json");
    std::fs::write(&file, serde_json::to_string(&harbour_mill()).unwrap()).unwrap();
    let data = directory.path().join("data");
    command(&["import", file.to_str().unwrap()], &data);
    let mut server = Process::serve(&data, &[]);
    let address = server.address();
    let (_, said, _) = command(&["api-key", "--organization", &organization().to_string()], &data);
    let key = said.strip_prefix("api key ").unwrap();
    let (done, listed, _) = command(&["api-keys"], &data);
    let [word, kind, name, made, opens] = listed.split(' ').collect::<Vec<_>>()[..] else { panic!("{listed}") };
    assert!(done && (word, kind) == ("api", "key") && at(made).millis() > 0);
    assert_eq!((key.split('/').nth(1), opens), (Some(name), organization().to_string().as_str()));
    assert!(!listed.contains(key.rsplit('/').next().unwrap()), "a key is shown once, when it is made");
    let phone = Phone::with_token(&address, key);
    assert_eq!(phone.rest("alarms").await.status, 200);
    assert_eq!(command(&["api-key-revoke", name], &data), (true, format!("revoked {name}"), String::new()));
    assert_eq!(phone.rest("alarms").await.status, 401);
    assert_eq!(command(&["api-keys"], &data).1, "");
    let (done, _, error) = command(&["api-key-revoke", name], &data);
    assert!(!done && error.contains("no API key is named"), "{error}");
}

#[tokio::test]
async fn a_backup_is_made_beside_the_running_server_and_restored_when_it_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let (data, file) = (directory.path().join("data"), directory.path().join("backup"));
    let mut server = Process::serve(&data, &[]);
    let generation = async |server: &mut Process| {
        let address = server.address();
        let answer = Phone::with_token(&address, "").get("/healthz").await;
        answer.headers[onsite_wire::GENERATION_HEADER].to_str().unwrap().to_owned()
    };
    let before = generation(&mut server).await;
    let path = file.to_str().unwrap();
    assert!(command(&["backup", path], &data).0);
    let (done, _, error) = command(&["restore", path], &data);
    assert!(!done && error.contains("in use"), "{error}");
    assert_eq!(server.terminate().await.code(), Some(0));
    assert!(command(&["restore", path], &data).0);
    assert_ne!(generation(&mut Process::serve(&data, &[])).await, before);
}

#[test]
fn invented_data_of_any_size_is_written_the_same_for_the_same_seed_and_taken_in() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let file = directory.path().join(name);
        let done = Command::new(PROGRAM)
            .args(["demo-data", "--seed", "3", "--alarms", "50", "--devices", "20", "--now", START, "--out"])
            .arg(&file)
            .status()
            .unwrap();
        assert!(done.success());
        std::fs::read_to_string(file).unwrap()
    };
    let (one, two) = (write("one"), write("two"));
    assert_eq!(one, two);
    let document: onsite_server::document::OrganizationDocument = serde_json::from_str(&one).unwrap();
    assert_eq!(document.alarms.len(), 50);
    let (done, said, error) =
        command(&["import", directory.path().join("one").to_str().unwrap()], &directory.path().join("data"));
    assert!(done && said.starts_with("organization "), "{error}");
}

#[test]
fn outside_of_this_machine_it_wants_a_certificate_or_a_proxy_and_leave_for_a_demonstration() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, reason) in [
        (&["serve", "--listen", "0.0.0.0:0"][..], "certificate"),
        (&["serve", "--listen", "0.0.0.0:0", "--demo", "--behind-proxy"], "--allow-public-demo"),
        (&["serve", "--listen", "0.0.0.0:0", "--demo", "--allow-public-demo"], "certificate"),
        (&["serve", "--listen", "127.0.0.1:0", "--tls-cert", "missing"], "--tls-key"),
        (&["serve", "--listen", "127.0.0.1:0", "--tls-cert", "missing", "--tls-key", "missing"], "certificate"),
    ] {
        let (done, said, error) = command(arguments, directory.path());
        assert!(!done && said.is_empty() && error.contains(reason), "{arguments:?}: {error}");
    }
}

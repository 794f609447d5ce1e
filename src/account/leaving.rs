//! Signing out: what would be lost is said first, and nobody stays on duty on a phone that is somebody else's next.

use onsite_wire::codes::Code;

use super::Account;
use super::driver::Message;
use crate::error::Error;

/// So long a switch off is waited for at signing out.
const FAREWELL: std::time::Duration = std::time::Duration::from_secs(5);

impl Account {
    /// Ends the session (S5). With actions or photos that are on this phone only it says how many, and does nothing, until
    /// `lose_unsent` is given. Who is on duty goes off duty first, and where that cannot be sent now it is one of those
    /// actions; the server ends what this session switched on when it hears of the end. The account's folder is the shell's to
    /// delete afterwards.
    pub async fn sign_out(&self, lose_unsent: bool) -> Result<(), Error> {
        let Some(session) = &self.shared.session else { return Err(Error::input("an API key needs no sign-in")) };
        let state = self.state();
        let unsent = state.waiting + state.photos;
        if unsent > 0 && !lose_unsent {
            return Err(Error::new(Code::UnsentActions).with("count", unsent));
        }
        if self.shared.duty.standing().on.is_some() {
            self.go_off_duty().await?;
            let unsent = self.state().waiting;
            if unsent > 0 && !lose_unsent {
                return Err(Error::new(Code::UnsentActions).with("count", unsent));
            }
        }
        session.sign_out().await.map_err(|fault| Error::new(fault.0))?;
        self.tell(Message::Session)
    }

    /// Off duty, and a moment for the server to hear of it.
    async fn go_off_duty(&self) -> Result<(), Error> {
        match self.shared.duty.switch(false).await {
            Ok(()) => {}
            // Where no organization has duty any more nobody is shown.
            Err(error) if error.code == Code::NotOffered => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut changed = self.shared.changed.clone();
        let sent =
            async { while !self.state().offline && self.state().waiting > 0 && changed.changed().await.is_ok() {} };
        // What is not sent by then is the caller's to decide about.
        let _ = tokio::time::timeout(FAREWELL, sent).await;
        Ok(())
    }
}

//! A person's session: signing in, and keeping the tokens fresh (S5).
//!
//! # The rule of the two tokens
//!
//! A short access token goes with each request. A refresh token, good once, gets the next pair. A refresh token that is
//! used again was stolen from somebody, so the server ends the session. But an answer can be lost on its way: then the
//! server has turned the token over and the phone still holds the old one, and nobody stole anything. So that such a
//! phone is not signed out, both sides keep a rule. It needs a number that only the phone knows: the *exchange*
//! (`RefreshRequest::attempt`), drawn when a refresh token is stored, stored with it, and sent whenever it is presented.
//!
//! **The server**
//! 1. Presented with the newest refresh token of a session, it makes the successor, notes the exchange, and answers with
//!    the new pair.
//! 2. Presented with the *immediate predecessor* of the newest one, with the exchange noted for it, while the newest was
//!    never presented itself, it takes the answer for lost and answers with a pair again. There is no time limit but the
//!    session's own: a phone may come out of a cellar after days. The refresh token is best the same as before (derived
//!    from the presented one and the exchange): of two requests that overtake each other both answers are then right.
//! 3. Presented with any other token or exchange, it ends the session: `session_ended`, for this and every token of it.
//!    So too for a token it does not know. A thief does not know the exchange; whoever comes second is found out.
//! 4. Every other failure of this call (a limit, a fault, maintenance) has another code and leaves the tokens as they are.
//!
//! **The phone**
//! 1. What it presents is always what lies in its files, and nothing of an answer is used before all of it is stored. If it
//!    cannot be stored (no room), the old refresh token is presented again later, which the server's second rule allows.
//! 2. There is one renewal at a time; callers who need a token wait for it together.
//! 3. It renews before the access token expires, and when a request was refused with it. While a renewal fails, an access
//!    token that has not expired goes on being used.
//! 4. Only `session_ended` ends the session. Everything else, a plain 401 included, is tried again with growing waits, and
//!    callers are told something transient: nobody is asked to sign in for it.
//! 5. An answer that comes after the person signed out, or signed in anew, is dropped.
//!
//! [`step`] decides, [`Session`] does: it sends, stores, and lets waiting callers go.

mod driver;
mod step;
mod stored;

pub use driver::{Session, SignInFault, SignInStep, Status};
pub use step::{Access, Effect, Event, Standing, State, step};
pub use stored::{Person, StoredSession, TokenVault, VaultFault};

//! A person's session: signing in, and keeping the tokens fresh (S5).
//!
//! # The rule of the two tokens
//!
//! A short access token goes with each request. A refresh token, good once, gets the next pair. A refresh token that is
//! used again was stolen from somebody, so the server ends the session. But an answer can be lost on its way: then the
//! server has turned the token over and the phone still holds the old one, and nobody stole anything. So that such a
//! phone is not signed out, both sides keep a rule.
//!
//! **The server**
//! 1. Presented with the newest refresh token of a session, it makes the successor and answers with that and a new access
//!    token.
//! 2. Presented with the *immediate predecessor* of the newest one while the newest is unused, it takes the answer for
//!    lost: it answers with **the same successor** again and a new access token. Unused means that no access token given
//!    out with it has come with a request; with the first that does, the answer has arrived. There is no time limit but the
//!    session's own: a phone may come out of a cellar after days. (The same successor, not another: of two requests that
//!    overtake each other both answers are then right. It can be derived, HMAC(server's key, session, number), so that
//!    nothing but hashes lies in the server's files.)
//! 3. Presented with the predecessor of a newest one that is used, less than two minutes after that was made, it answers
//!    `not_signed_in` and changes nothing: that is a request which was given up and arrives late.
//! 4. Presented with any other token of the session, or later, it ends the session: `session_ended`, for this and every
//!    token of it. So too for a token it does not know.
//! 5. Every other failure of this call (a limit, a fault, maintenance) has another code and leaves the tokens as they are.
//!
//! Why use through an access token must count in rule 2: otherwise thief and owner, each one step behind the other, would
//! both be served for ever.
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

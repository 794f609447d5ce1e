package onsite

import java.time.Duration
import java.time.Instant

/**
 * Who is signed in.
 *
 * @property id the person.
 * @property name the name.
 */
public data class Person(
    public val id: String,
    public val name: String,
)

/** Whether somebody is signed in. */
public enum class SessionState {
    /** Nobody. */
    SIGNED_OUT,

    /** The account's person. */
    SIGNED_IN,

    /** The server ended the session: the same person must sign in again. */
    ENDED,

    /** An API key reads. */
    API_KEY,
}

/** What e-mail and password led to. */
public sealed interface SignIn {
    /**
     * The session is there.
     *
     * @property person whose.
     */
    public data class SignedIn(
        public val person: Person,
    ) : SignIn

    /**
     * One more step is asked for.
     *
     * @property methods what may be given: `totp`, `phone`, `recovery_code`; an open set.
     */
    public data class SecondFactor(
        public val methods: List<String>,
    ) : SignIn
}

/**
 * Where an account stands.
 *
 * @property person whose account it is; null before the first sign-in, and with an API key.
 * @property session whether somebody is signed in.
 * @property offline the person switched the network off.
 * @property live the server rings: changes arrive at once.
 * @property readAt when the oldest of all feeds was last read to its end; null while one was never read.
 * @property age how old the data is.
 * @property trouble why reading fails, if it does.
 * @property clockOffset how far the server's clock is ahead of the phone's.
 * @property clockUncertain the server's time is a guess.
 * @property waiting actions on this phone only.
 * @property parked actions that wait for a decision.
 * @property nextAttempt when the next attempt to send is made.
 * @property now the server's time, as the phone estimates it.
 */
public data class AccountState(
    public val person: Person?,
    public val session: SessionState,
    public val offline: Boolean,
    public val live: Boolean,
    public val readAt: Instant?,
    public val age: Duration?,
    public val trouble: Problem?,
    public val clockOffset: Duration?,
    public val clockUncertain: Boolean,
    public val waiting: Long,
    public val parked: Long,
    public val nextAttempt: Instant?,
    public val now: Instant,
)

/** What an action is about. */
public enum class SubjectKind {
    /** An alarm. */
    ALARM,

    /** A device. */
    DEVICE,

    /** The person who acts. */
    PERSON,

    /** An incident. */
    INCIDENT,
}

/**
 * What an action is about.
 *
 * @property kind what it is.
 * @property id which of these.
 */
public data class Subject(
    public val kind: SubjectKind,
    public val id: String,
)

/** Where one's own action on something stands, if one still shapes what is seen. */
public enum class OwnStanding {
    /** On this phone. */
    ON_PHONE,

    /** On the server; its feed has not brought it back yet. */
    ON_SERVER,
}

/** What can be done about an action that had no effect. */
public enum class Decision {
    /** The same again, over what is there now. */
    RETRY,

    /** Something else instead. */
    CHANGE,

    /** Let it go. */
    DISCARD,
}

/**
 * What is there now, where somebody else was in between.
 *
 * @property by who made it.
 * @property byName that person's name.
 * @property madeAt when it was made, by the server's clock.
 * @property yoursMadeAt when one's own action was made, by the same clock.
 * @property acknowledged who is responsible now, if that is what was contested and somebody is.
 * @property muted the mute that is there now, if that is what was contested and there is one.
 */
public data class CurrentState(
    public val by: String?,
    public val byName: String,
    public val madeAt: Instant?,
    public val yoursMadeAt: Instant,
    public val acknowledged: AcknowledgedBy?,
    public val muted: MutedBy?,
)

/** The three visible states of an action. */
public sealed interface ActionStage {
    /**
     * On this phone.
     *
     * @property nextAttempt when it is tried next.
     * @property beingSent it is under way now.
     * @property paused it waits for its person to sign in.
     * @property trouble why the last attempt failed.
     */
    public data class OnPhone(
        public val nextAttempt: Instant?,
        public val beingSent: Boolean,
        public val paused: Boolean,
        public val trouble: Problem?,
    ) : ActionStage

    /** On the server. */
    public data object OnServer : ActionStage

    /**
     * Refused, in conflict, blocked or too old.
     *
     * @property problem why.
     * @property current what is there now, where somebody else was in between.
     * @property decisions what can be done.
     */
    public data class Parked(
        public val problem: Problem,
        public val current: CurrentState?,
        public val decisions: List<Decision>,
    ) : ActionStage
}

/**
 * One of the person's own actions.
 *
 * @property id its id.
 * @property organization whose subject.
 * @property kind `acknowledge`, `mute` …: an open set.
 * @property subject what it is about.
 * @property label what that was called at the press; empty while it is not known.
 * @property within the name of what it belongs to; empty for none.
 * @property madeAt when it was made.
 * @property stage where it stands.
 * @property body what was done, as it is sent: JSON.
 * @property retryOf the parked action that it was made instead of.
 */
public data class OwnAction(
    public val id: String,
    public val organization: String,
    public val kind: String,
    public val subject: Subject,
    public val label: String,
    public val within: String,
    public val madeAt: Instant,
    public val stage: ActionStage,
    public val body: String,
    public val retryOf: String?,
)

/** A person's role. */
public enum class Role {
    /** Looks, acknowledges, chats. */
    VIEWER,

    /** And mutes. */
    EDITOR,

    /** And sets thresholds. */
    OPERATOR,

    /** Everything, everywhere. */
    ADMINISTRATOR,
}

/**
 * One organization that the account reaches.
 *
 * @property id its id.
 * @property label its name.
 * @property activeCritical active critical alarms without a mute.
 * @property activeWarning active warnings without a mute.
 * @property role the person's role for the organization as a whole; null: at some locations only, or not told.
 */
public data class Organization(
    public val id: String,
    public val label: String,
    public val activeCritical: Long,
    public val activeWarning: Long,
    public val role: Role?,
)

/**
 * A location with its place in the tree.
 *
 * @property id its id.
 * @property organization whose.
 * @property parent the location above.
 * @property label its name.
 * @property kind `SITE`, `ROOM` …
 * @property depth 0 at the top.
 */
public data class Location(
    public val id: String,
    public val organization: String,
    public val parent: String?,
    public val label: String,
    public val kind: String,
    public val depth: Int,
)

/** What the home screen counts. */
public enum class TileKind {
    /** Active critical alarms. */
    ACTIVE_CRITICAL,

    /** Active warnings. */
    ACTIVE_WARNING,

    /** Active alarms for which one is responsible oneself. */
    ASSIGNED_TO_ME,

    /** Devices with an active critical alarm: counts devices, not alarms. */
    DEVICES_WITH_CRITICAL,
}

/**
 * A tile of the home screen. Its number is the list's total; of [TileKind.DEVICES_WITH_CRITICAL] the count of devices.
 *
 * @property kind which.
 * @property filter the list that it opens.
 */
public data class Tile(
    public val kind: TileKind,
    public val filter: AlarmFilter,
)

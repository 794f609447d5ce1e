package onsite

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emptyFlow
import java.time.Instant

/** The life of an incident. */
public enum class IncidentState {
    /** Nobody owns it yet. */
    NEW,

    /** An agent owns it; shown as "in progress". */
    OPEN,

    /** It waits for something or somebody. */
    PENDING,

    /** Done; closes after 4 days unless somebody reopens it. */
    SOLVED,

    /** Over for good. */
    CLOSED,
}

/**
 * Which incidents a person chose to see.
 *
 * @property organization of this organization.
 * @property states in one of these states; empty: in any.
 * @property device of this device.
 * @property location at this location or below.
 * @property mine those in which one takes part oneself.
 */
public data class IncidentFilter(
    public val organization: String? = null,
    public val states: Set<IncidentState> = emptySet(),
    public val device: String? = null,
    public val location: String? = null,
    public val mine: Boolean = false,
)

/**
 * One line of the list of incidents.
 *
 * @property id the incident.
 * @property organization its organization.
 * @property state where it is in its life, the person's own moves included.
 * @property subject what it is about.
 * @property device its device.
 * @property deviceLabel the device's name; empty while it was not seen yet.
 * @property place the names of the places above, from the site down.
 * @property opened when it was opened.
 * @property last when something happened in it last.
 * @property alarms how many alarms it names.
 * @property agent the agent who owns it; empty while nobody does.
 * @property unread how many messages of others the person has not read.
 * @property closes until when it can be reopened, while it is solved.
 * @property onPhone it is on this phone only.
 * @property ownAction where one's own action on it stands, if one still shapes what is seen.
 */
public data class IncidentRow(
    public val id: String,
    public val organization: String,
    public val state: IncidentState,
    public val subject: String,
    public val device: String,
    public val deviceLabel: String,
    public val place: String,
    public val opened: Instant,
    public val last: Instant,
    public val alarms: Long,
    public val agent: String,
    public val unread: Long,
    public val closes: Instant?,
    public val onPhone: Boolean,
    public val ownAction: OwnStanding?,
)

/**
 * How many incidents each state would show under all other filters.
 *
 * @property byState by state.
 * @property unread unread messages of those that pass.
 */
public data class IncidentCounts(
    public val byState: Map<IncidentState, Long>,
    public val unread: Long,
)

/** Who wrote or did something in an incident. */
public enum class AuthorKind {
    /** Somebody of the organization or its partner. */
    PERSON,

    /** A service-bureau agent. */
    AGENT,

    /** Nobody: a critical alarm, or the clock. */
    SERVER,
}

/** Where one's own message stands. */
public sealed interface Delivery {
    /** On this phone. */
    public data object OnPhone : Delivery

    /** On the server. */
    public data object OnServer : Delivery

    /** Somebody else has read it. */
    public data object Read : Delivery

    /**
     * It was not taken; its text stays until the person decides.
     *
     * @property problem why.
     */
    public data class Parked(
        public val problem: Problem,
    ) : Delivery
}

/**
 * One line of a chat.
 *
 * @property id the message.
 * @property number its place in the server's order; null: one's own, which stands behind.
 * @property author who wrote it.
 * @property authorName the name at that time; empty for the server.
 * @property mine one wrote it oneself.
 * @property text the words; empty for a change of state.
 * @property change the state from here on.
 * @property made when it was written.
 * @property delivery where one's own message stands; null for others'.
 * @property missingBefore so many messages right before this one are not on this phone.
 */
public data class ChatRow(
    public val id: String,
    public val number: Long?,
    public val author: AuthorKind,
    public val authorName: String,
    public val mine: Boolean,
    public val text: String,
    public val change: IncidentState?,
    public val made: Instant,
    public val delivery: Delivery?,
    public val missingBefore: Long,
)

/**
 * What a person is told before opening an incident.
 *
 * @property underWay an incident of the device that is under way: write there instead.
 * @property mayCost it may cost money: say so, and open only when the person goes on.
 */
public data class IncidentOpening(
    public val underWay: String?,
    public val mayCost: Boolean,
)

/**
 * One incident's own page.
 *
 * @property row as the list shows it.
 * @property description what was said at its opening.
 * @property alarms its alarms.
 * @property participants the names of those who take part.
 * @property rating 1 to 5, as it is seen.
 * @property comment the words of the feedback; empty for none.
 * @property missing so many messages at the end of its chat are not on this phone.
 * @property draft what was begun to be written and not sent.
 * @property cannotWrite why nothing can be written in its chat; null: it can.
 * @property cannotSolve why it cannot be said to be solved; null: it can.
 * @property cannotReopen why it cannot be reopened; null: it can.
 * @property cannotGiveFeedback why no feedback can be given or edited; null: it can.
 */
public data class IncidentPage(
    public val row: IncidentRow,
    public val description: String,
    public val alarms: List<String>,
    public val participants: List<String>,
    public val rating: Int?,
    public val comment: String,
    public val missing: Long,
    public val draft: String,
    public val cannotWrite: Problem?,
    public val cannotSolve: Problem?,
    public val cannotReopen: Problem?,
    public val cannotGiveFeedback: Problem?,
)

/** Everything about incidents and their chats. */
public interface Incidents {
    /** A live window of at most [size] incidents, the newest event first. */
    public fun window(
        filter: IncidentFilter = IncidentFilter(),
        size: Int = 50,
        moves: Flow<Move> = emptyFlow(),
    ): Flow<Listed<IncidentRow, IncidentCounts>>

    /** A live window on the newest [size] messages of an incident, or on those from the message [at] backwards. */
    public fun chat(
        incident: String,
        size: Int = 50,
        at: String? = null,
        moves: Flow<Move> = emptyFlow(),
    ): Flow<Listed<ChatRow, Nothing>>

    /** One incident's own page. */
    public suspend fun page(incident: String): Reply<IncidentPage>

    /** A device's incidents that are under way. */
    public suspend fun openOf(device: String): Reply<List<IncidentRow>>

    /** What is to be said before an incident is opened on a device, or why none can be. */
    public suspend fun opening(device: String): Reply<IncidentOpening>

    /** Opens an incident; gives its id. It is in the lists at once; the server opens it when the signal is there. */
    public suspend fun open(
        device: String,
        subject: String,
        description: String,
        alarms: List<String>,
        costAccepted: Boolean,
    ): Reply<String>

    /** Writes in an incident's chat; the draft is used up. Gives the message's id. */
    public suspend fun write(
        incident: String,
        text: String,
    ): Reply<String>

    /** Says that everything up to this number was read. */
    public suspend fun readUpTo(
        incident: String,
        number: Long,
    ): Reply<Unit>

    /** Says that an incident is solved. */
    public suspend fun solve(incident: String): Reply<Unit>

    /** Reopens a solved incident, within 4 days. */
    public suspend fun reopen(incident: String): Reply<Unit>

    /** Gives feedback on a completed incident, 1 to 5, or edits it. */
    public suspend fun giveFeedback(
        incident: String,
        rating: Int,
        comment: String,
    ): Reply<Unit>

    /** Keeps what was begun to be written. */
    public suspend fun setDraft(
        incident: String,
        text: String,
    ): Reply<Unit>

    /** Reopens the incident of a parked message and sends it after all; gives the message's id. */
    public suspend fun reopenAndSend(
        incident: String,
        parked: String,
        text: String,
    ): Reply<String>

    /** Opens a new incident on the same device and sends a parked message there; gives the incident's id. */
    public suspend fun sendInNew(
        incident: String,
        parked: String,
        text: String,
        subject: String,
        costAccepted: Boolean,
    ): Reply<String>

    /** Fills the newest gap of a chat, or what lies before the oldest message; gives how many messages were new. */
    public suspend fun fill(incident: String): Reply<Long>
}

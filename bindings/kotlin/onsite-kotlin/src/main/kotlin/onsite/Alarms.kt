package onsite

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emptyFlow
import java.time.Duration
import java.time.Instant

/** Active or cleared. */
public enum class AlarmStatus {
    /** Its condition holds. */
    ACTIVE,

    /** Its condition went for good. */
    CLEARED,
}

/** The two severities of the phone. */
public enum class Severity {
    /** Act now. */
    CRITICAL,

    /** Have a look. */
    WARNING,
}

/** Muted alarms in, out, or alone. */
public enum class MutedChoice {
    /** With and without a mute. */
    BOTH,

    /** Muted ones alone. */
    ONLY,

    /** Without the muted ones. */
    WITHOUT,
}

/** By who is responsible. */
public sealed interface AssignmentChoice {
    /** Does not matter. */
    public data object Any : AssignmentChoice

    /** Somebody is. */
    public data object Someone : AssignmentChoice

    /** Nobody is. */
    public data object Unassigned : AssignmentChoice

    /**
     * This person or partner is; "mine" is one's own id.
     *
     * @property id who.
     */
    public data class By(
        public val id: String,
    ) : AssignmentChoice
}

/** The ways to order a list. */
public enum class AlarmSort {
    /** Active first, newest first. */
    NEWEST,

    /** Active first, critical first, newest first. */
    SEVERITY,

    /** By the device's name; of one device active first, newest first. */
    DEVICE,

    /** By the places' names from the top, then as by device. */
    LOCATION,
}

/**
 * What a person chose to see. Choices of one kind are alternatives; kinds narrow each other. Nothing chosen: everything.
 *
 * @property organization one organization; null is all of a partner's.
 * @property status active or cleared; null is both.
 * @property severity only critical or only warnings; null is both.
 * @property categories any of these categories.
 * @property deviceTypes any of these device types.
 * @property models any of these models.
 * @property manufacturers any of these manufacturers.
 * @property location at this location or below it.
 * @property muted by mute.
 * @property assignment by who is responsible.
 * @property words as they were typed: each must be the beginning of a word of label, message, device or location.
 * @property from activated at this time or later.
 * @property to activated before this time.
 * @property device of this device alone.
 */
public data class AlarmFilter(
    public val organization: String? = null,
    public val status: AlarmStatus? = null,
    public val severity: Severity? = null,
    public val categories: Set<String> = emptySet(),
    public val deviceTypes: Set<String> = emptySet(),
    public val models: Set<String> = emptySet(),
    public val manufacturers: Set<String> = emptySet(),
    public val location: String? = null,
    public val muted: MutedChoice = MutedChoice.BOTH,
    public val assignment: AssignmentChoice = AssignmentChoice.Any,
    public val words: String = "",
    public val from: Instant? = null,
    public val to: Instant? = null,
    public val device: String? = null,
)

/**
 * A filter with its name.
 *
 * @property name unique; saving under a known name replaces.
 * @property filter what it leaves.
 * @property sort in which order.
 */
public data class SavedFilter(
    public val name: String,
    public val filter: AlarmFilter,
    public val sort: AlarmSort,
)

/** When an alarm's condition went for good. */
public sealed interface Cleared {
    /**
     * At this time.
     *
     * @property at when.
     */
    public data class At(
        public val at: Instant,
    ) : Cleared

    /** While nobody looked: the server has forgotten the alarm since. */
    public data object TimeUnknown : Cleared
}

/** What an assignee is. */
public enum class AssigneeKind {
    /** A person. */
    PERSON,

    /** A partner, whoever of it has time. */
    PARTNER,
}

/**
 * Somebody who can be made responsible.
 *
 * @property kind a person, or the organization's partner as a company.
 * @property id who.
 * @property name the name.
 */
public data class Assignee(
    public val kind: AssigneeKind,
    public val id: String,
    public val name: String,
) {
    /** A person as an assignee. */
    public constructor(person: Person) : this(AssigneeKind.PERSON, person.id, person.name)
}

/**
 * Somebody who can, or cannot, be made responsible.
 *
 * @property assignee who.
 * @property me it is oneself.
 * @property canSee may see the alarm; who may not cannot be chosen.
 */
public data class AssigneeChoice(
    public val assignee: Assignee,
    public val me: Boolean,
    public val canSee: Boolean,
)

/**
 * Who is responsible, and how that came.
 *
 * @property assignee who.
 * @property note the note; empty for none.
 * @property byName who made it so.
 * @property at when.
 * @property cannotSee the assignee's rights ended since.
 */
public data class AcknowledgedBy(
    public val assignee: Assignee,
    public val note: String,
    public val byName: String,
    public val at: Instant?,
    public val cannotSee: Boolean,
)

/** Why something is muted. */
public enum class MuteReason {
    /** Work was announced. */
    PLANNED_MAINTENANCE,

    /** Known, and looked after elsewhere. */
    KNOWN_ISSUE,

    /** Somebody is at it. */
    UNDER_REPAIR,

    /** It rings without need. */
    NUISANCE,

    /** Something else, in words. */
    OTHER,
}

/**
 * A mute that holds.
 *
 * @property until the end; null: until cleared.
 * @property reason why.
 * @property text words beside the reason.
 * @property byName who.
 * @property device the device whose mute it is; null: the alarm's own.
 */
public data class MutedBy(
    public val until: Instant?,
    public val reason: MuteReason,
    public val text: String,
    public val byName: String,
    public val device: String?,
)

/**
 * One line of a list.
 *
 * @property id the alarm.
 * @property organization its organization.
 * @property status active or cleared.
 * @property severity critical or warning.
 * @property label short title.
 * @property message longer text.
 * @property device its device.
 * @property deviceLabel the device's name; empty while it was not seen yet.
 * @property place the names of the places above, from the site down.
 * @property category its category; empty for none.
 * @property activated when it was activated.
 * @property cleared when its condition went for good; null while active.
 * @property count how often the condition occurred.
 * @property acknowledged who is responsible.
 * @property muted the mute that holds.
 * @property ownAction where one's own action on it stands, if one still shapes what is seen.
 */
public data class AlarmRow(
    public val id: String,
    public val organization: String,
    public val status: AlarmStatus,
    public val severity: Severity,
    public val label: String,
    public val message: String,
    public val device: String,
    public val deviceLabel: String,
    public val place: String,
    public val category: String,
    public val activated: Instant,
    public val cleared: Cleared?,
    public val count: Int,
    public val acknowledged: AcknowledgedBy?,
    public val muted: MutedBy?,
    public val ownAction: OwnStanding?,
)

/**
 * Counts beside each choice of a filter: how many alarms it would leave.
 *
 * @property active active ones.
 * @property cleared cleared ones; null while they are still being counted.
 * @property critical critical ones.
 * @property warning warnings.
 * @property muted muted ones.
 * @property notMuted those without a mute.
 * @property categories by category; empty name: none.
 * @property deviceTypes by device type.
 * @property models by model.
 * @property manufacturers by manufacturer.
 * @property locations by location, each with what lies below it.
 * @property assignees by who is responsible.
 * @property unassigned nobody is responsible.
 * @property devices devices with at least one alarm in the list.
 */
public data class AlarmCounts(
    public val active: Long,
    public val cleared: Long?,
    public val critical: Long,
    public val warning: Long,
    public val muted: Long,
    public val notMuted: Long,
    public val categories: Map<String, Long>,
    public val deviceTypes: Map<String, Long>,
    public val models: Map<String, Long>,
    public val manufacturers: Map<String, Long>,
    public val locations: Map<String, Long>,
    public val assignees: Map<String, Long>,
    public val unassigned: Long,
    public val devices: Long,
)

/** Which alarms an action is about. */
public sealed interface Chosen {
    /**
     * These.
     *
     * @property ids which.
     */
    public data class These(
        public val ids: List<String>,
    ) : Chosen {
        /** One or some. */
        public constructor(vararg ids: String) : this(ids.toList())
    }

    /**
     * All that a filter leaves now.
     *
     * @property filter the filter.
     */
    public data class AllOf(
        public val filter: AlarmFilter,
    ) : Chosen
}

/** Until when something is muted. */
public sealed interface MuteUntil {
    /**
     * For this long from the press.
     *
     * @property duration how long.
     */
    public data class Span(
        public val duration: Duration,
    ) : MuteUntil

    /**
     * Until this time.
     *
     * @property at when it ends.
     */
    public data class At(
        public val at: Instant,
    ) : MuteUntil

    /** Until the alarm is cleared; not for devices. */
    public data object Cleared : MuteUntil
}

/** What a person does to an alarm or a device. */
public sealed interface Deed {
    /**
     * Make somebody responsible, or change who or the note.
     *
     * @property assignee who becomes responsible.
     * @property note the note; empty for none.
     */
    public data class Acknowledge(
        public val assignee: Assignee,
        public val note: String = "",
    ) : Deed

    /** Take an acknowledgement back. */
    public data object Release : Deed

    /**
     * Mute, or change the mute.
     *
     * @property until until when.
     * @property reason why.
     * @property text words beside the reason.
     */
    public data class Mute(
        public val until: MuteUntil,
        public val reason: MuteReason,
        public val text: String = "",
    ) : Deed

    /** Lift a mute. */
    public data object Unmute : Deed
}

/**
 * What came of one press: an action for each alarm, and those that could not be.
 *
 * @property actions the actions that are on this phone now, by subject.
 * @property refused what was refused at once, and why.
 */
public data class Receipt(
    public val actions: Map<Subject, String>,
    public val refused: Map<Subject, Problem>,
)

/**
 * Why a list is empty or short.
 *
 * @property reason `nothing_wrong`, `hidden_by_filter`, `hidden_by_location`, `limited_by_rights`, `no_subscription`,
 *   `not_read_yet`.
 * @property lift the filter that shows what is hidden.
 */
public data class Why(
    public val reason: Problem,
    public val lift: AlarmFilter?,
)

/** Everything about alarms. */
public interface Alarms {
    /**
     * A live window on a list, of at most [size] rows: what it shows now, then whenever that changes. It begins at the top,
     * or with the alarm [at], which the location filter never hides. [moves] asks for more rows or another beginning.
     *
     * A collector that is slow gets all that happened meanwhile as one element; no difference is lost. Fails with
     * [OnsiteException] when the account is closed.
     */
    public fun window(
        filter: AlarmFilter = AlarmFilter(),
        sort: AlarmSort = AlarmSort.NEWEST,
        size: Int = 50,
        at: String? = null,
        moves: Flow<Move> = emptyFlow(),
    ): Flow<Listed<AlarmRow, AlarmCounts>>

    /** One alarm's own page. */
    public suspend fun detail(alarm: String): Reply<AlarmDetail>

    /** Whom one could make responsible for an alarm. */
    public suspend fun assignees(alarm: String): Reply<List<AssigneeChoice>>

    /** The sensor around an alarm: fresh from the server or, without signal, as it was seen last. */
    public suspend fun plot(alarm: String): Reply<Plot>

    /** What people did to an alarm, oldest first: fresh from the server or, without signal, as it was seen last. */
    public suspend fun history(alarm: String): Reply<List<AlarmEvent>>

    /** Why a list shows what it shows. */
    public suspend fun whyShort(filter: AlarmFilter): Reply<List<Why>>

    /** Does something to alarms: one press, one action for each of them. When this returns they are on this phone. */
    public suspend fun act(
        chosen: Chosen,
        deed: Deed,
    ): Reply<Receipt>

    /** Mutes all alarms of a device and its components, or changes the mute. */
    public suspend fun muteDevice(
        device: String,
        until: MuteUntil,
        reason: MuteReason,
        text: String = "",
    ): Reply<Receipt>

    /** Lifts a device's mute. */
    public suspend fun unmuteDevice(device: String): Reply<Receipt>

    /** Hands all active alarms for which one is responsible over to a colleague, in one organization. */
    public suspend fun handOver(
        organization: String,
        to: Assignee,
    ): Reply<Receipt>

    /** The saved filters by name. */
    public suspend fun savedFilters(): Reply<List<SavedFilter>>

    /** Saves a filter under its name. */
    public suspend fun saveFilter(saved: SavedFilter): Reply<Unit>

    /** Forgets a saved filter; one that is not there is no error. */
    public suspend fun deleteFilter(name: String): Reply<Unit>

    /** Keeps the filter that is used now, for the next start. */
    public suspend fun rememberFilter(
        filter: AlarmFilter,
        sort: AlarmSort,
    ): Reply<Unit>

    /** The filter that was used last, under no name; everything, before the first. */
    public suspend fun lastFilter(): Reply<SavedFilter>
}

/** Makes somebody responsible for alarms, or changes who or the note. */
public suspend fun Alarms.acknowledge(
    chosen: Chosen,
    assignee: Assignee,
    note: String = "",
): Reply<Receipt> = act(chosen, Deed.Acknowledge(assignee, note))

/** Mutes alarms, or changes their mute. */
public suspend fun Alarms.mute(
    chosen: Chosen,
    until: MuteUntil,
    reason: MuteReason,
    text: String = "",
): Reply<Receipt> = act(chosen, Deed.Mute(until, reason, text))

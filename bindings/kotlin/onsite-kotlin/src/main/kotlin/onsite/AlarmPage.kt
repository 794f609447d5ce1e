package onsite

import java.time.Duration
import java.time.Instant
import java.time.LocalDate

/** Whether something is there for this person. */
public enum class Offer {
    /** It is. */
    OFFERED,

    /** This server or subscription does not have it. */
    NOT_OFFERED,

    /** The person's role does not allow it here. */
    NOT_ALLOWED,

    /** Not for this alarm as it stands. */
    NOT_NOW,
}

/**
 * What may be done and seen.
 *
 * @property acknowledge make somebody responsible.
 * @property mute mute the alarm.
 * @property muteDevice mute its device.
 * @property plot the sensor's plot around the alarm.
 * @property history what people did to it.
 * @property category categories.
 * @property floorPosition its position on the floor plan.
 */
public data class Offers(
    public val acknowledge: Offer,
    public val mute: Offer,
    public val muteDevice: Offer,
    public val plot: Offer,
    public val history: Offer,
    public val category: Offer,
    public val floorPosition: Offer,
)

/**
 * The device of an alarm, as the alarm's page names it.
 *
 * @property id its id.
 * @property label its name.
 * @property kind `UPS` …
 * @property model its model.
 * @property manufacturer who made it.
 * @property serialNumber the serial number.
 * @property firmwareVersion its firmware.
 * @property ipAddresses its addresses.
 * @property note free text.
 * @property warrantyUntil end of warranty.
 * @property serviceDue next service.
 * @property lastService last service.
 */
public data class DeviceSummary(
    public val id: String,
    public val label: String,
    public val kind: String,
    public val model: String,
    public val manufacturer: String,
    public val serialNumber: String?,
    public val firmwareVersion: String?,
    public val ipAddresses: List<String>,
    public val note: String?,
    public val warrantyUntil: LocalDate?,
    public val serviceDue: LocalDate?,
    public val lastService: LocalDate?,
)

/**
 * Where a device stands on a floor plan.
 *
 * @property image the picture's id.
 * @property x 0 at the left edge, 1 at the right one.
 * @property y 0 at the upper edge, 1 at the lower one.
 */
public data class FloorPosition(
    public val image: String,
    public val x: Double,
    public val y: Double,
)

/**
 * One alarm's own page.
 *
 * @property row as the list shows it.
 * @property device its device; null while it was not seen yet.
 * @property recommendedActions what to do, in order.
 * @property floorPosition where the device stands on the floor plan.
 * @property may what may be done and seen.
 */
public data class AlarmDetail(
    public val row: AlarmRow,
    public val device: DeviceSummary?,
    public val recommendedActions: List<String>,
    public val floorPosition: FloorPosition?,
    public val may: Offers,
)

/**
 * One thing that a person did to an alarm.
 *
 * @property action the action.
 * @property kind its kind: `acknowledge`, `mute` …
 * @property byName who.
 * @property madeAt when it was made.
 * @property arrivedAt when it arrived.
 * @property details what it said: `assignee`, `note`, `until`, `reason`, `text`.
 */
public data class AlarmEvent(
    public val action: String,
    public val kind: String,
    public val byName: String,
    public val madeAt: Instant,
    public val arrivedAt: Instant,
    public val details: Map<String, String>,
)

/**
 * The numbers of one piece of a plot.
 *
 * @property at its start.
 * @property min smallest value.
 * @property average arithmetic mean.
 * @property max largest value.
 */
public data class PlotBucket(
    public val at: Instant,
    public val min: Double,
    public val average: Double,
    public val max: Double,
)

/**
 * A word from a time on.
 *
 * @property at from when on.
 * @property state the word.
 */
public data class PlotState(
    public val at: Instant,
    public val state: String,
)

/** What a value in a band means. */
public enum class ZoneMeaning {
    /** As it should be. */
    NORMAL,

    /** A warning. */
    WARNING,

    /** Critical. */
    CRITICAL,
}

/**
 * A band of values and what it means.
 *
 * @property from lower end; null: no lower end.
 * @property to upper end; null: no upper end.
 * @property meaning what a value inside means.
 */
public data class PlotZone(
    public val from: Double?,
    public val to: Double?,
    public val meaning: ZoneMeaning,
)

/**
 * A sensor around an alarm.
 *
 * @property from start of the first piece.
 * @property to end of the last piece.
 * @property bucket length of a piece.
 * @property buckets pieces with at least one number, in order.
 * @property states sensors of states: each change of the word.
 * @property zones bands of the value that mean something.
 * @property unit `°C`, `V`, `%` …
 * @property alarmFrom when the alarm was activated.
 * @property alarmTo when it was cleared; null while active, and where that is not known.
 * @property seenAt when this was asked of the server.
 */
public data class Plot(
    public val from: Instant,
    public val to: Instant,
    public val bucket: Duration,
    public val buckets: List<PlotBucket>,
    public val states: List<PlotState>,
    public val zones: List<PlotZone>,
    public val unit: String?,
    public val alarmFrom: Instant,
    public val alarmTo: Instant?,
    public val seenAt: Instant,
)

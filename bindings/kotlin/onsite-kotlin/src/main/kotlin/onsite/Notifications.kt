package onsite

import onsite.bridge.arriveAt
import onsite.bridge.readPush
import onsite.bridge.readRoute
import onsite.bridge.writeLink
import java.time.Instant

/** What is to be shown. */
public sealed interface Target {
    /** The home screen. */
    public data object Home : Target

    /**
     * Exactly this alarm.
     *
     * @property id which.
     */
    public data class Alarm(
        public val id: String,
    ) : Target

    /**
     * This device's alarms.
     *
     * @property id which.
     */
    public data class Device(
        public val id: String,
    ) : Target

    /** The organization's list of alarms. */
    public data object Alarms : Target

    /**
     * This incident.
     *
     * @property id which.
     */
    public data class Incident(
        public val id: String,
    ) : Target
}

/**
 * Where something leads.
 *
 * @property organization in which organization; null: whichever is chosen.
 * @property person for whom; null: whoever is there.
 * @property target what is shown.
 */
public data class Route(
    public val organization: String?,
    public val person: String?,
    public val target: Target,
)

/**
 * A push as a phone shows it.
 *
 * @property code `notice_alarm`, `notice_bundle` …; a kind not heard of is `notice_unheard`.
 * @property arguments `alarm`, `device`, `location`, `organization`, `by`, `count`: those that are known.
 * @property opened its sealed words were opened; without them only its kind is known.
 * @property route where a tap leads.
 * @property link the link that leads there.
 * @property organization whose event.
 * @property person whom it is for.
 * @property key the event: one notification per key, whether it comes by push or by sync.
 * @property notification its id in the feed.
 * @property urgency only with the words.
 * @property sound the sound's name; empty is none, null the usual one.
 * @property channel the channel, by its stable name.
 * @property at when the event was.
 */
public data class ParsedPush(
    public val code: String,
    public val arguments: Map<String, String>,
    public val opened: Boolean,
    public val route: Route,
    public val link: String,
    public val organization: String,
    public val person: String,
    public val key: String,
    public val notification: String?,
    public val urgency: String?,
    public val sound: String?,
    public val channel: String,
    public val at: Instant,
)

/**
 * Where a link leads.
 *
 * @property route always one.
 * @property refusal why it is the home screen when it is that for want of a better one: `too_long`, `other_scheme`,
 *   `other_host`, `odd_path`, `unknown`. No word of the link is in it.
 */
public data class ParsedRoute(
    public val route: Route,
    public val refusal: String?,
)

/** What a tap does. */
public sealed interface Arrival {
    /**
     * The target is shown as it is.
     *
     * @property target what.
     */
    public data class Here(
        public val target: Target,
    ) : Arrival

    /**
     * The chosen organization becomes this one, then the target is shown.
     *
     * @property organization which.
     * @property target what.
     */
    public data class Switch(
        public val organization: String,
        public val target: Target,
    ) : Arrival

    /** It is for another account: it is said so, and the switch is offered. */
    public data object OtherAccount : Arrival

    /** It is of an organization that this account does not reach. */
    public data object NotReached : Arrival
}

/**
 * Reads a push as it came, without an account, files or network. [key] is the installation's own, as it was stored; a wrong or
 * missing one costs the words and nothing else. Fails with `push_invalid` or `push_not_ours`.
 */
public fun parsePush(
    payload: ByteArray,
    key: ByteArray? = null,
): Reply<ParsedPush> = readPush(payload, key)

/** Where a link leads, without an account. [host] is the app's own, whose `https` links open it. */
public fun parseRoute(
    link: String,
    host: String,
): Reply<ParsedRoute> = readRoute(link, host)

/** The link that leads to a route. */
public fun Route.link(): Reply<String> = writeLink(this)

/**
 * What a tap does: [person] is whose data this is, [organizations] those that the account reaches, [chosen] the one that is
 * shown, null for all.
 */
public fun Route.arrive(
    person: String?,
    organizations: List<String>,
    chosen: String?,
): Reply<Arrival> = arriveAt(this, person, organizations, chosen)

package onsite.bridge

import onsite.Arrival
import onsite.ParsedPush
import onsite.ParsedRoute
import onsite.Reply
import onsite.Route
import onsite.Target
import onsite.generated.arrive
import onsite.generated.parsePush
import onsite.generated.parseRoute
import onsite.generated.routeLink
import onsite.generated.Arrival as CoreArrival
import onsite.generated.Route as CoreRoute
import onsite.generated.Target as CoreTarget

private fun CoreTarget.read(): Target =
    when (this) {
        is CoreTarget.Home -> Target.Home
        is CoreTarget.Alarm -> Target.Alarm(id)
        is CoreTarget.Device -> Target.Device(id)
        is CoreTarget.Alarms -> Target.Alarms
        is CoreTarget.Incident -> Target.Incident(id)
    }

private fun Target.write(): CoreTarget =
    when (this) {
        is Target.Home -> CoreTarget.Home
        is Target.Alarm -> CoreTarget.Alarm(id)
        is Target.Device -> CoreTarget.Device(id)
        is Target.Alarms -> CoreTarget.Alarms
        is Target.Incident -> CoreTarget.Incident(id)
    }

private fun CoreRoute.read(): Route = Route(organization, person, target.read())

private fun Route.write(): CoreRoute = CoreRoute(organization, person, target.write())

internal fun readPush(
    payload: ByteArray,
    key: ByteArray?,
): Reply<ParsedPush> =
    reply {
        val push = parsePush(payload, key)
        ParsedPush(
            code = push.code,
            arguments = push.arguments,
            opened = push.opened,
            route = push.route.read(),
            link = push.link,
            organization = push.organization,
            person = push.person,
            key = push.key,
            notification = push.notification,
            urgency = push.urgency,
            sound = push.sound,
            channel = push.channel,
            at = instant(push.at),
        )
    }

internal fun readRoute(
    link: String,
    host: String,
): Reply<ParsedRoute> = reply { parseRoute(link, host).let { ParsedRoute(it.route.read(), it.refusal) } }

internal fun writeLink(route: Route): Reply<String> = reply { routeLink(route.write()) }

internal fun arriveAt(
    route: Route,
    person: String?,
    organizations: List<String>,
    chosen: String?,
): Reply<Arrival> =
    reply {
        when (val arrival = arrive(route.write(), person, organizations, chosen)) {
            is CoreArrival.Here -> Arrival.Here(arrival.target.read())
            is CoreArrival.Switch -> Arrival.Switch(arrival.organization, arrival.target.read())
            is CoreArrival.OtherAccount -> Arrival.OtherAccount
            is CoreArrival.NotReached -> Arrival.NotReached
        }
    }

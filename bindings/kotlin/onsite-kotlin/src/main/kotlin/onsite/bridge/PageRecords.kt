package onsite.bridge

import onsite.AlarmDetail
import onsite.AlarmEvent
import onsite.DeviceSummary
import onsite.FloorPosition
import onsite.Offer
import onsite.Offers
import onsite.Plot
import onsite.PlotBucket
import onsite.PlotState
import onsite.PlotZone
import onsite.ZoneMeaning
import java.time.Duration
import java.time.LocalDate
import onsite.generated.AlarmDetail as CoreAlarmDetail
import onsite.generated.AlarmEvent as CoreAlarmEvent
import onsite.generated.DeviceSummary as CoreDeviceSummary
import onsite.generated.Offer as CoreOffer
import onsite.generated.Offers as CoreOffers
import onsite.generated.Plot as CorePlot

internal fun CoreAlarmDetail.read(): AlarmDetail =
    AlarmDetail(
        row = row.read(),
        device = device?.read(),
        recommendedActions = recommendedActions,
        floorPosition = floorPosition?.let { FloorPosition(it.image, it.x, it.y) },
        may = may.read(),
    )

private fun CoreDeviceSummary.read(): DeviceSummary =
    DeviceSummary(
        id = id,
        label = label,
        kind = kind,
        model = model,
        manufacturer = manufacturer,
        serialNumber = serialNumber,
        firmwareVersion = firmwareVersion,
        ipAddresses = ipAddresses,
        note = note,
        warrantyUntil = warrantyUntil?.let(LocalDate::parse),
        serviceDue = serviceDue?.let(LocalDate::parse),
        lastService = lastService?.let(LocalDate::parse),
    )

private fun CoreOffer.read(): Offer = Offer.valueOf(name)

private fun CoreOffers.read(): Offers =
    Offers(
        acknowledge = acknowledge.read(),
        mute = mute.read(),
        muteDevice = muteDevice.read(),
        plot = plot.read(),
        history = history.read(),
        category = category.read(),
        floorPosition = floorPosition.read(),
    )

internal fun CoreAlarmEvent.read(): AlarmEvent =
    AlarmEvent(action, kind, byName, instant(madeAt), instant(arrivedAt), details)

internal fun CorePlot.read(): Plot =
    Plot(
        from = instant(from),
        to = instant(to),
        bucket = Duration.ofMillis(bucketMs),
        buckets = buckets.map { PlotBucket(instant(it.at), it.min, it.average, it.max) },
        states = states.map { PlotState(instant(it.at), it.state) },
        zones = zones.map { PlotZone(it.from, it.to, ZoneMeaning.valueOf(it.meaning.name)) },
        unit = unit,
        alarmFrom = instant(alarmFrom),
        alarmTo = instantIf(alarmTo),
        seenAt = instant(seenAt),
    )

package onsite.bridge

import onsite.AcknowledgedBy
import onsite.AlarmCounts
import onsite.AlarmFilter
import onsite.AlarmRow
import onsite.AlarmSort
import onsite.AlarmStatus
import onsite.Assignee
import onsite.AssigneeChoice
import onsite.AssigneeKind
import onsite.AssignmentChoice
import onsite.Chosen
import onsite.Cleared
import onsite.Deed
import onsite.MuteReason
import onsite.MuteUntil
import onsite.MutedBy
import onsite.MutedChoice
import onsite.OwnStanding
import onsite.Receipt
import onsite.SavedFilter
import onsite.Severity
import onsite.Step
import onsite.Subject
import onsite.SubjectKind
import onsite.Why
import onsite.generated.AlarmBatch
import onsite.generated.AlarmRows
import onsite.generated.AlarmStep
import onsite.generated.AcknowledgedBy as CoreAcknowledgedBy
import onsite.generated.AlarmCounts as CoreAlarmCounts
import onsite.generated.AlarmFilter as CoreAlarmFilter
import onsite.generated.AlarmRow as CoreAlarmRow
import onsite.generated.AlarmSort as CoreAlarmSort
import onsite.generated.AlarmStatus as CoreAlarmStatus
import onsite.generated.Assignee as CoreAssignee
import onsite.generated.AssigneeChoice as CoreAssigneeChoice
import onsite.generated.AssigneeKind as CoreAssigneeKind
import onsite.generated.AssignmentChoice as CoreAssignmentChoice
import onsite.generated.Chosen as CoreChosen
import onsite.generated.Cleared as CoreCleared
import onsite.generated.Deed as CoreDeed
import onsite.generated.MuteReason as CoreMuteReason
import onsite.generated.MuteUntil as CoreMuteUntil
import onsite.generated.MutedBy as CoreMutedBy
import onsite.generated.MutedChoice as CoreMutedChoice
import onsite.generated.Receipt as CoreReceipt
import onsite.generated.SavedFilter as CoreSavedFilter
import onsite.generated.Severity as CoreSeverity
import onsite.generated.Why as CoreWhy

internal fun AlarmFilter.write(): CoreAlarmFilter =
    CoreAlarmFilter(
        organization = organization,
        status = status?.let { CoreAlarmStatus.valueOf(it.name) },
        severity = severity?.let { CoreSeverity.valueOf(it.name) },
        categories = categories.toList(),
        deviceTypes = deviceTypes.toList(),
        models = models.toList(),
        manufacturers = manufacturers.toList(),
        location = location,
        muted = CoreMutedChoice.valueOf(muted.name),
        assignment = assignment.write(),
        words = words,
        from = from?.toEpochMilli(),
        to = to?.toEpochMilli(),
        device = device,
    )

private fun AssignmentChoice.write(): CoreAssignmentChoice =
    when (this) {
        is AssignmentChoice.Any -> CoreAssignmentChoice.Any
        is AssignmentChoice.Someone -> CoreAssignmentChoice.Someone
        is AssignmentChoice.Unassigned -> CoreAssignmentChoice.Unassigned
        is AssignmentChoice.By -> CoreAssignmentChoice.Person(id)
    }

internal fun CoreAlarmFilter.read(): AlarmFilter =
    AlarmFilter(
        organization = organization,
        status = status?.let { AlarmStatus.valueOf(it.name) },
        severity = severity?.let { Severity.valueOf(it.name) },
        categories = categories.toSet(),
        deviceTypes = deviceTypes.toSet(),
        models = models.toSet(),
        manufacturers = manufacturers.toSet(),
        location = location,
        muted = MutedChoice.valueOf(muted.name),
        assignment = assignment.read(),
        words = words,
        from = instantIf(from),
        to = instantIf(to),
        device = device,
    )

private fun CoreAssignmentChoice.read(): AssignmentChoice =
    when (this) {
        is CoreAssignmentChoice.Any -> AssignmentChoice.Any
        is CoreAssignmentChoice.Someone -> AssignmentChoice.Someone
        is CoreAssignmentChoice.Unassigned -> AssignmentChoice.Unassigned
        is CoreAssignmentChoice.Person -> AssignmentChoice.By(id)
    }

internal fun AlarmSort.write(): CoreAlarmSort = CoreAlarmSort.valueOf(name)

internal fun CoreSavedFilter.read(): SavedFilter = SavedFilter(name, filter.read(), AlarmSort.valueOf(sort.name))

internal fun SavedFilter.write(): CoreSavedFilter = CoreSavedFilter(name, filter.write(), sort.write())

internal fun CoreAlarmRow.read(): AlarmRow =
    AlarmRow(
        id = id,
        organization = organization,
        status = AlarmStatus.valueOf(status.name),
        severity = Severity.valueOf(severity.name),
        label = label,
        message = message,
        device = device,
        deviceLabel = deviceLabel,
        place = place,
        category = category,
        activated = instant(activated),
        cleared = cleared?.read(),
        count = count,
        acknowledged = acknowledged?.read(),
        muted = muted?.read(),
        ownAction = ownAction?.let { OwnStanding.valueOf(it.name) },
    )

private fun CoreCleared.read(): Cleared =
    when (this) {
        is CoreCleared.At -> Cleared.At(instant(at))
        is CoreCleared.TimeUnknown -> Cleared.TimeUnknown
    }

internal fun CoreAcknowledgedBy.read(): AcknowledgedBy =
    AcknowledgedBy(Assignee(AssigneeKind.valueOf(kind.name), id, name), note, byName, instantIf(at), cannotSee)

internal fun CoreMutedBy.read(): MutedBy =
    MutedBy(instantIf(until), MuteReason.valueOf(reason.name), text, byName, device)

private fun AlarmStep.read(): Step<AlarmRow> =
    when (this) {
        is AlarmStep.Insert -> Step.Insert(at, row.read())
        is AlarmStep.Update -> Step.Update(at, row.read())
        is AlarmStep.Remove -> Step.Remove(at)
    }

internal fun AlarmBatch.read(): Batch<AlarmRow, AlarmCounts> {
    val change = rows
    return Batch(
        reset = (change as? AlarmRows.Reset)?.rows?.map { it.read() },
        steps = (change as? AlarmRows.Steps)?.steps.orEmpty().map { it.read() },
        total = total,
        counts = counts?.read(),
        newer = newer,
        searching = searching,
        hasMore = hasMore,
    )
}

private fun CoreAlarmCounts.read(): AlarmCounts =
    AlarmCounts(
        active = active,
        cleared = cleared,
        critical = critical,
        warning = warning,
        muted = muted,
        notMuted = notMuted,
        categories = categories,
        deviceTypes = deviceTypes,
        models = models,
        manufacturers = manufacturers,
        locations = locations,
        assignees = assignees,
        unassigned = unassigned,
        devices = devices,
    )

internal fun Chosen.write(): CoreChosen =
    when (this) {
        is Chosen.These -> CoreChosen.These(ids)
        is Chosen.AllOf -> CoreChosen.AllOf(filter.write())
    }

internal fun Assignee.write(): CoreAssignee = CoreAssignee(CoreAssigneeKind.valueOf(kind.name), id, name)

internal fun CoreAssignee.read(): Assignee = Assignee(AssigneeKind.valueOf(kind.name), id, name)

internal fun CoreAssigneeChoice.read(): AssigneeChoice = AssigneeChoice(assignee.read(), me, canSee)

internal fun MuteUntil.write(): CoreMuteUntil =
    when (this) {
        is MuteUntil.Span -> CoreMuteUntil.Span(duration.toMillis())
        is MuteUntil.At -> CoreMuteUntil.At(at.toEpochMilli())
        is MuteUntil.Cleared -> CoreMuteUntil.Cleared
    }

internal fun MuteReason.write(): CoreMuteReason = CoreMuteReason.valueOf(name)

internal fun Deed.write(): CoreDeed =
    when (this) {
        is Deed.Acknowledge -> CoreDeed.Acknowledge(assignee.write(), note)
        is Deed.Release -> CoreDeed.Release
        is Deed.Mute -> CoreDeed.Mute(until.write(), reason.write(), text)
        is Deed.Unmute -> CoreDeed.Unmute
    }

internal fun CoreReceipt.read(): Receipt =
    Receipt(
        actions = actions.associate { Subject(SubjectKind.valueOf(it.subjectKind.name), it.subject) to it.action },
        refused = refused.associate { Subject(SubjectKind.valueOf(it.subjectKind.name), it.subject) to it.problem.read() },
    )

internal fun CoreWhy.read(): Why = Why(reason.read(), lift?.read())

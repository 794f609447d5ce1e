package onsite.bridge

import onsite.AuthorKind
import onsite.ChatRow
import onsite.Delivery
import onsite.IncidentCounts
import onsite.IncidentFilter
import onsite.IncidentPage
import onsite.IncidentRow
import onsite.IncidentState
import onsite.OwnStanding
import onsite.Step
import onsite.generated.ChatBatch
import onsite.generated.ChatRows
import onsite.generated.ChatStep
import onsite.generated.IncidentBatch
import onsite.generated.IncidentRows
import onsite.generated.IncidentStep
import onsite.generated.ChatRow as CoreChatRow
import onsite.generated.Delivery as CoreDelivery
import onsite.generated.IncidentCounts as CoreIncidentCounts
import onsite.generated.IncidentFilter as CoreIncidentFilter
import onsite.generated.IncidentPage as CoreIncidentPage
import onsite.generated.IncidentRow as CoreIncidentRow
import onsite.generated.IncidentState as CoreIncidentState

internal fun IncidentFilter.write(): CoreIncidentFilter =
    CoreIncidentFilter(organization, states.map { CoreIncidentState.valueOf(it.name) }, device, location, mine)

private fun CoreIncidentState.read(): IncidentState = IncidentState.valueOf(name)

internal fun CoreIncidentRow.read(): IncidentRow =
    IncidentRow(
        id = id,
        organization = organization,
        state = state.read(),
        subject = subject,
        device = device,
        deviceLabel = deviceLabel,
        place = place,
        opened = instant(opened),
        last = instant(last),
        alarms = alarms,
        agent = agent,
        unread = unread,
        closes = instantIf(closes),
        onPhone = onPhone,
        ownAction = ownAction?.let { OwnStanding.valueOf(it.name) },
    )

private fun IncidentStep.read(): Step<IncidentRow> =
    when (this) {
        is IncidentStep.Insert -> Step.Insert(at, row.read())
        is IncidentStep.Update -> Step.Update(at, row.read())
        is IncidentStep.Remove -> Step.Remove(at)
    }

internal fun IncidentBatch.read(): Batch<IncidentRow, IncidentCounts> {
    val change = rows
    return Batch(
        reset = (change as? IncidentRows.Reset)?.rows?.map { it.read() },
        steps = (change as? IncidentRows.Steps)?.steps.orEmpty().map { it.read() },
        total = total,
        counts = counts?.read(),
        newer = newer,
        searching = searching,
        hasMore = hasMore,
    )
}

private fun CoreIncidentCounts.read(): IncidentCounts =
    IncidentCounts(
        mapOf(
            IncidentState.NEW to new,
            IncidentState.OPEN to open,
            IncidentState.PENDING to pending,
            IncidentState.SOLVED to solved,
            IncidentState.CLOSED to closed,
        ),
        unread,
    )

private fun CoreChatRow.read(): ChatRow =
    ChatRow(
        id = id,
        number = number,
        author = AuthorKind.valueOf(author.name),
        authorName = authorName,
        mine = mine,
        text = text,
        change = change?.read(),
        made = instant(made),
        delivery = delivery?.read(),
        missingBefore = missingBefore,
    )

private fun CoreDelivery.read(): Delivery =
    when (this) {
        is CoreDelivery.OnPhone -> Delivery.OnPhone
        is CoreDelivery.OnServer -> Delivery.OnServer
        is CoreDelivery.Read -> Delivery.Read
        is CoreDelivery.Parked -> Delivery.Parked(problem.read())
    }

private fun ChatStep.read(): Step<ChatRow> =
    when (this) {
        is ChatStep.Insert -> Step.Insert(at, row.read())
        is ChatStep.Update -> Step.Update(at, row.read())
        is ChatStep.Remove -> Step.Remove(at)
    }

internal fun ChatBatch.read(): Batch<ChatRow, Nothing> {
    val change = rows
    return Batch(
        reset = (change as? ChatRows.Reset)?.rows?.map { it.read() },
        steps = (change as? ChatRows.Steps)?.steps.orEmpty().map { it.read() },
        total = total,
        counts = null,
        newer = newer,
        searching = searching,
        hasMore = hasMore,
    )
}

internal fun CoreIncidentPage.read(): IncidentPage =
    IncidentPage(
        row = row.read(),
        description = description,
        alarms = alarms,
        participants = participants,
        rating = rating,
        comment = comment,
        missing = missing,
        draft = draft,
        cannotWrite = may.cannotWrite?.read(),
        cannotSolve = may.cannotSolve?.read(),
        cannotReopen = may.cannotReopen?.read(),
        cannotGiveFeedback = may.cannotGiveFeedback?.read(),
    )

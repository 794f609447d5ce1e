package onsite.bridge

import kotlinx.coroutines.flow.Flow
import onsite.ChatRow
import onsite.IncidentCounts
import onsite.IncidentFilter
import onsite.IncidentOpening
import onsite.IncidentPage
import onsite.IncidentRow
import onsite.Incidents
import onsite.Listed
import onsite.Move
import onsite.Reply
import onsite.generated.ChatBatch
import onsite.generated.ChatListener
import onsite.generated.IncidentBatch
import onsite.generated.IncidentListener
import onsite.generated.SubscriptionEnd
import onsite.generated.Incidents as Core

/** The incidents of the core. */
internal class CoreIncidents(
    private val core: Core,
) : Incidents {
    override fun window(
        filter: IncidentFilter,
        size: Int,
        moves: Flow<Move>,
    ): Flow<Listed<IncidentRow, IncidentCounts>> =
        listed(moves) { mailbox ->
            val listener =
                object : IncidentListener {
                    override fun onBatch(batch: IncidentBatch) = mailbox.put(batch.read())

                    override fun onEnd(end: SubscriptionEnd) = mailbox.end(end)
                }
            core.window(filter.write(), size, listener)
        }

    override fun chat(
        incident: String,
        size: Int,
        at: String?,
        moves: Flow<Move>,
    ): Flow<Listed<ChatRow, Nothing>> =
        listed(moves) { mailbox ->
            val listener =
                object : ChatListener {
                    override fun onBatch(batch: ChatBatch) = mailbox.put(batch.read())

                    override fun onEnd(end: SubscriptionEnd) = mailbox.end(end)
                }
            core.chat(incident, size, at, listener)
        }

    override suspend fun page(incident: String): Reply<IncidentPage> = reply { core.page(incident).read() }

    override suspend fun openOf(device: String): Reply<List<IncidentRow>> = reply { core.openOf(device).map { it.read() } }

    override suspend fun opening(device: String): Reply<IncidentOpening> =
        reply { core.opening(device).let { IncidentOpening(it.underWay, it.mayCost) } }

    override suspend fun open(
        device: String,
        subject: String,
        description: String,
        alarms: List<String>,
        costAccepted: Boolean,
    ): Reply<String> = reply { core.open(device, subject, description, alarms, costAccepted) }

    override suspend fun write(
        incident: String,
        text: String,
    ): Reply<String> = reply { core.write(incident, text) }

    override suspend fun readUpTo(
        incident: String,
        number: Long,
    ): Reply<Unit> = reply { core.readUpTo(incident, number) }

    override suspend fun solve(incident: String): Reply<Unit> = reply { core.solve(incident) }

    override suspend fun reopen(incident: String): Reply<Unit> = reply { core.reopen(incident) }

    override suspend fun giveFeedback(
        incident: String,
        rating: Int,
        comment: String,
    ): Reply<Unit> = reply { core.giveFeedback(incident, rating, comment) }

    override suspend fun setDraft(
        incident: String,
        text: String,
    ): Reply<Unit> = reply { core.setDraft(incident, text) }

    override suspend fun reopenAndSend(
        incident: String,
        parked: String,
        text: String,
    ): Reply<String> = reply { core.reopenAndSend(incident, parked, text) }

    override suspend fun sendInNew(
        incident: String,
        parked: String,
        text: String,
        subject: String,
        costAccepted: Boolean,
    ): Reply<String> = reply { core.sendInNew(incident, parked, text, subject, costAccepted) }

    override suspend fun fill(incident: String): Reply<Long> = reply { core.fill(incident) }
}

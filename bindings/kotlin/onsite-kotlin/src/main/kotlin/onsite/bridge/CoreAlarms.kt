package onsite.bridge

import kotlinx.coroutines.flow.Flow
import onsite.AlarmCounts
import onsite.AlarmDetail
import onsite.AlarmEvent
import onsite.AlarmFilter
import onsite.AlarmRow
import onsite.AlarmSort
import onsite.Alarms
import onsite.Assignee
import onsite.AssigneeChoice
import onsite.Chosen
import onsite.Deed
import onsite.Listed
import onsite.Move
import onsite.MuteReason
import onsite.MuteUntil
import onsite.Plot
import onsite.Receipt
import onsite.Reply
import onsite.SavedFilter
import onsite.Why
import onsite.generated.AlarmBatch
import onsite.generated.AlarmListener
import onsite.generated.SubscriptionEnd
import onsite.generated.Alarms as Core

/** The alarms of the core. */
internal class CoreAlarms(
    private val core: Core,
) : Alarms {
    override fun window(
        filter: AlarmFilter,
        sort: AlarmSort,
        size: Int,
        at: String?,
        moves: Flow<Move>,
    ): Flow<Listed<AlarmRow, AlarmCounts>> =
        listed(moves) { mailbox ->
            val listener = Listener(mailbox)
            if (at == null) {
                core.window(filter.write(), sort.write(), size, listener)
            } else {
                core.windowAt(filter.write(), sort.write(), size, at, listener)
            }
        }

    private class Listener(
        private val mailbox: Mailbox<AlarmRow, AlarmCounts>,
    ) : AlarmListener {
        override fun onBatch(batch: AlarmBatch) = mailbox.put(batch.read())

        override fun onEnd(end: SubscriptionEnd) = mailbox.end(end)
    }

    override suspend fun detail(alarm: String): Reply<AlarmDetail> = reply { core.detail(alarm).read() }

    override suspend fun assignees(alarm: String): Reply<List<AssigneeChoice>> =
        reply { core.assignees(alarm).map { it.read() } }

    override suspend fun plot(alarm: String): Reply<Plot> = reply { core.plot(alarm).read() }

    override suspend fun history(alarm: String): Reply<List<AlarmEvent>> = reply { core.history(alarm).map { it.read() } }

    override suspend fun whyShort(filter: AlarmFilter): Reply<List<Why>> =
        reply { core.whyShort(filter.write()).map { it.read() } }

    override suspend fun act(
        chosen: Chosen,
        deed: Deed,
    ): Reply<Receipt> =
        reply {
            val which = chosen.write()
            when (deed) {
                is Deed.Acknowledge -> core.acknowledge(which, deed.assignee.write(), deed.note)
                is Deed.Release -> core.release(which)
                is Deed.Mute -> core.mute(which, deed.until.write(), deed.reason.write(), deed.text)
                is Deed.Unmute -> core.unmute(which)
            }.read()
        }

    override suspend fun muteDevice(
        device: String,
        until: MuteUntil,
        reason: MuteReason,
        text: String,
    ): Reply<Receipt> = reply { core.muteDevice(device, until.write(), reason.write(), text).read() }

    override suspend fun unmuteDevice(device: String): Reply<Receipt> = reply { core.unmuteDevice(device).read() }

    override suspend fun handOver(
        organization: String,
        to: Assignee,
    ): Reply<Receipt> = reply { core.handOver(organization, to.write()).read() }

    override suspend fun savedFilters(): Reply<List<SavedFilter>> = reply { core.savedFilters().map { it.read() } }

    override suspend fun saveFilter(saved: SavedFilter): Reply<Unit> = reply { core.saveFilter(saved.write()) }

    override suspend fun deleteFilter(name: String): Reply<Unit> = reply { core.deleteFilter(name) }

    override suspend fun rememberFilter(
        filter: AlarmFilter,
        sort: AlarmSort,
    ): Reply<Unit> = reply { core.rememberFilter(filter.write(), sort.write()) }

    override suspend fun lastFilter(): Reply<SavedFilter> = reply { core.lastFilter().read() }
}

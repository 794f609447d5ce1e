package onsite.bridge

import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.map
import onsite.AccountState
import onsite.Alarms
import onsite.Deed
import onsite.Incidents
import onsite.Location
import onsite.Onsite
import onsite.OnsiteConfig
import onsite.Organization
import onsite.OwnAction
import onsite.Reply
import onsite.SignIn
import onsite.Tile
import onsite.generated.Account
import onsite.generated.AccountListener
import onsite.generated.SubscriptionEnd
import onsite.generated.openAccount
import onsite.orThrow
import onsite.generated.AccountState as CoreAccountState

internal suspend fun open(config: OnsiteConfig): Reply<Onsite> = reply { CoreOnsite(openAccount(config.write())) }

/** The account of the core. */
internal class CoreOnsite(
    private val core: Account,
) : Onsite {
    override val alarms: Alarms = CoreAlarms(core.alarms())

    override val incidents: Incidents = CoreIncidents(core.incidents())

    override val state: Flow<AccountState> = changes().distinctUntilChanged()

    override val actions: Flow<List<OwnAction>> = changes().map { actionsNow().orThrow() }.distinctUntilChanged()

    private fun changes(): Flow<AccountState> =
        flow {
            val states = Channel<CoreAccountState>(Channel.CONFLATED)
            val listener =
                object : AccountListener {
                    override fun onState(state: CoreAccountState) {
                        states.trySend(state)
                    }

                    override fun onEnd(end: SubscriptionEnd) {
                        states.close(if (end == SubscriptionEnd.CLOSED) closed() else failed())
                    }
                }
            subscribed({ core.watch(listener) }) {
                for (state in states) {
                    emit(state.read())
                }
            }
        }

    override fun stateNow(): Reply<AccountState> = reply { core.state().read() }

    override fun actionsNow(): Reply<List<OwnAction>> = reply { core.actions().map { it.read() } }

    override suspend fun signIn(
        email: String,
        password: String,
    ): Reply<SignIn> = reply { core.signIn(email, password).read() }

    override suspend fun signOut(loseUnsent: Boolean): Reply<Unit> = reply { core.signOut(loseUnsent) }

    override fun setOffline(offline: Boolean): Reply<Unit> = reply { core.setOffline(offline) }

    override fun setFront(front: Boolean): Reply<Unit> = reply { core.setFront(front) }

    override fun networkChanged(): Reply<Unit> = reply { core.networkChanged() }

    override fun clockChanged(): Reply<Unit> = reply { core.clockChanged() }

    override fun refresh(organization: String?): Reply<Unit> = reply { core.refresh(organization) }

    override suspend fun organizations(): Reply<List<Organization>> = reply { core.organizations().map { it.read() } }

    override suspend fun locations(organization: String?): Reply<List<Location>> =
        reply { core.locations(organization).map { it.read() } }

    override fun locationFilter(): Reply<String?> = reply { core.locationFilter() }

    override suspend fun setLocationFilter(location: String?): Reply<Unit> = reply { core.setLocationFilter(location) }

    override fun tiles(organization: String?): Reply<List<Tile>> = reply { core.tiles(organization).map { it.read() } }

    override suspend fun retry(action: String): Reply<String> = reply { core.retry(action) }

    override suspend fun change(
        action: String,
        deed: Deed,
    ): Reply<String> = reply { core.change(action, deed.write()) }

    override suspend fun discard(action: String): Reply<Unit> = reply { core.discard(action) }

    override suspend fun diagnostics(): Reply<String> = reply { core.exportDiagnostics() }

    override suspend fun suspend(): Reply<Unit> = reply { core.suspend() }

    override suspend fun resume(): Reply<Unit> = reply { core.resume() }

    override suspend fun shutdown(): Reply<Unit> = reply { core.shutdown() }
}

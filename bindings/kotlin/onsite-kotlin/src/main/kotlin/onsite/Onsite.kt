package onsite

import kotlinx.coroutines.flow.Flow
import onsite.bridge.open as openCore

/** Who calls the server. */
public sealed interface Access {
    /** A person who signs in. */
    public data object Person : Access

    /**
     * Nobody in particular, for reading only.
     *
     * @property key the API key.
     */
    public class ApiKey(
        public val key: String,
    ) : Access
}

/**
 * Everything that opening an account needs.
 *
 * @property folder the account's own folder; one folder for each account and server.
 * @property key the raw key of its files: 32 bytes out of the phone's key store.
 * @property server where the server is.
 * @property access who calls it.
 * @property extraRoots certificates of issuers to trust beside the system's, each as DER.
 */
public class OnsiteConfig(
    public val folder: String,
    public val key: ByteArray,
    public val server: String,
    public val access: Access = Access.Person,
    public val extraRoots: List<ByteArray> = emptyList(),
)

/**
 * An open account: one person, or one API key, on one server, with everything this phone keeps of it.
 *
 * Every call may come from a main thread and blocks it for no file and no network. What a person did goes on when the
 * coroutine that asked for it is cancelled. Flows are cold: each collection has its own subscription, which ends with it.
 */
public interface Onsite {
    /** Where the account stands, now and whenever it changes. */
    public val state: Flow<AccountState>

    /** The person's own actions, newest first: waiting, parked, and those confirmed in the last 7 days. */
    public val actions: Flow<List<OwnAction>>

    /** Everything about alarms. */
    public val alarms: Alarms

    /** Everything about incidents and their chats. */
    public val incidents: Incidents

    /** Where the account stands now. */
    public fun stateNow(): Reply<AccountState>

    /** The person's own actions now, newest first. */
    public fun actionsNow(): Reply<List<OwnAction>>

    /**
     * Signs in with e-mail and password. The account's files belong to the person who signed in first: another one is
     * `account_differs`.
     */
    public suspend fun signIn(
        email: String,
        password: String,
    ): Reply<SignIn>

    /**
     * Ends the session. With actions that are on this phone only it is `unsent_actions`, and nothing happened, until
     * [loseUnsent] is given. The account's folder is the shell's to delete afterwards.
     */
    public suspend fun signOut(loseUnsent: Boolean = false): Reply<Unit>

    /** Switches the network off and on. */
    public fun setOffline(offline: Boolean): Reply<Unit>

    /** Whether the app is in front. */
    public fun setFront(front: Boolean): Reply<Unit>

    /** The phone has another network, or one again. */
    public fun networkChanged(): Reply<Unit>

    /** A clock was set, or time passed that the core could not see pass. */
    public fun clockChanged(): Reply<Unit>

    /** Asks for the newest: of one organization, or of all. */
    public fun refresh(organization: String? = null): Reply<Unit>

    /** The organizations that the account reaches, by name. */
    public suspend fun organizations(): Reply<List<Organization>>

    /** The places of an organization, or of all, in the order of a tree. */
    public suspend fun locations(organization: String? = null): Reply<List<Location>>

    /** The location that narrows every screen. */
    public fun locationFilter(): Reply<String?>

    /** Narrows every screen to a location, or lifts that. Lists that are open stay as they are: collect them anew. */
    public suspend fun setLocationFilter(location: String?): Reply<Unit>

    /** The tiles of the home screen, each with the list that it opens. */
    public fun tiles(organization: String? = null): Reply<List<Tile>>

    /** Does a parked action again, over what is there now; gives the new action. */
    public suspend fun retry(action: String): Reply<String>

    /** Does something else instead of a parked action, to the same alarm or device; gives the new action. */
    public suspend fun change(
        action: String,
        deed: Deed,
    ): Reply<String>

    /** Lets go of a parked action, or of one that the server cannot have heard of. */
    public suspend fun discard(action: String): Reply<Unit>

    /** Versions, states, times and codes as JSON, to be sent to those who help. No names, no texts, no positions. */
    public suspend fun diagnostics(): Reply<String>

    /** Closes all files, as an app must that goes to sleep. Flows stay and wait. */
    public suspend fun suspend(): Reply<Unit>

    /** Opens the files again. Flows give what differs. */
    public suspend fun resume(): Reply<Unit>

    /** Ends flows, waits for what is under way, and closes the files. Afterwards every call fails with `store_closed`. */
    public suspend fun shutdown(): Reply<Unit>

    /** Opening. */
    public companion object {
        /**
         * Opens an account from the phone's files; needs no network. What was seen is there at once.
         *
         * Fails with `wrong_key`, and nothing is touched; with `store_busy` while the same files are open.
         */
        public suspend fun open(config: OnsiteConfig): Reply<Onsite> = openCore(config)
    }
}

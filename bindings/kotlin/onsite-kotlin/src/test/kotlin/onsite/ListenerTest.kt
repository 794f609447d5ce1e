package onsite

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import onsite.generated.Account
import onsite.generated.AccountConfig
import onsite.generated.AccountListener
import onsite.generated.AccountState
import onsite.generated.AlarmBatch
import onsite.generated.AlarmFilter
import onsite.generated.AlarmListener
import onsite.generated.AssignmentChoice
import onsite.generated.MutedChoice
import onsite.generated.OnsiteException
import onsite.generated.SubscriptionEnd
import onsite.generated.openAccount
import java.nio.file.Files
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import onsite.generated.Access as CoreAccess
import onsite.generated.Advice as CoreAdvice
import onsite.generated.AlarmSort as CoreSort

/** What the border itself promises, below the written API. */
class ListenerTest {
    private suspend fun account(): Account {
        val folder = Files.createTempDirectory("onsite-border").toString()
        val config = AccountConfig(folder, ByteArray(32) { 7 }, Backend.shared.url, CoreAccess.Person, emptyList())
        return openAccount(config).also { it.signIn(Backend.shared.who.first, Backend.shared.who.second) }
    }

    private val everything =
        AlarmFilter(muted = MutedChoice.BOTH, assignment = AssignmentChoice.Any)

    private fun listener(
        ended: (SubscriptionEnd) -> Unit = {},
        told: (AlarmBatch) -> Unit,
    ): AlarmListener =
        object : AlarmListener {
            override fun onBatch(batch: AlarmBatch) = told(batch)

            override fun onEnd(end: SubscriptionEnd) = ended(end)
        }

    private fun CountDownLatch.reached(what: String) = assertTrue(await(PATIENCE.inWholeSeconds, TimeUnit.SECONDS), "never came: $what")

    @Test
    fun `a core that panics gives a typed error and goes on`() =
        runBlocking {
            val account = account()
            val later = assertFailsWith<OnsiteException.Failed> { account.panicLater() }
            val now = assertFailsWith<OnsiteException.Failed> { account.panicNow() }
            for (error in listOf(later, now)) {
                assertEquals("internal" to CoreAdvice.REPORT, error.problem.code to error.problem.advice)
            }
            assertTrue(account.actions().isEmpty())
        }

    @Test
    fun `a listener that throws, blocks or calls back does not stop others`() =
        runBlocking(Dispatchers.Default) {
            val account = account()
            val alarms = account.alarms()
            val (failed, blocked, called, plain) = List(4) { CountDownLatch(1) }
            val brake = CountDownLatch(1)
            val throwing = listener({ if (it == SubscriptionEnd.LISTENER_FAILED) failed.countDown() }) { error("a listener") }
            val blocking =
                listener {
                    blocked.countDown()
                    brake.await(PATIENCE.inWholeSeconds, TimeUnit.SECONDS)
                }
            val calling =
                listener {
                    account.state()
                    alarms.window(everything, CoreSort.DEVICE, 5, listener {}).cancel()
                    called.countDown()
                }
            val open = listOf(throwing, blocking, blocking, blocking, calling).map { alarms.window(everything, CoreSort.NEWEST, 20, it) }
            blocked.reached("a call that blocks")
            failed.reached("the end of the one that threw")
            called.reached("the call that calls back")
            val last = alarms.window(everything, CoreSort.NEWEST, 20, listener { plain.countDown() })
            plain.reached("a call of another subscription")
            brake.countDown()
            (open + last).forEach { it.cancel() }
        }

    @Test
    fun `after cancel no call begins in ten thousand races`() =
        runBlocking(Dispatchers.Default) {
            val account = account()
            // Two at a time, each from at once to long after its first call.
            val rounds = List(2) { half -> async { (0 until 5_000).map { race(account, (it % 50) * 40 + half) } } }
            Thread.sleep(200)
            var told = 0
            for ((calls, begun, running) in rounds.flatMap { it.await() }) {
                val most = begun + if (running) 1 else 0
                assertTrue(calls.get() in begun..most, "${calls.get()} calls where $begun to $most could be")
                told += begun
            }
            assertTrue(told > 0, "some were called before")
        }

    private fun race(
        account: Account,
        spins: Int,
    ): Triple<AtomicInteger, Int, Boolean> {
        val calls = AtomicInteger()
        val listener =
            object : AccountListener {
                override fun onState(state: AccountState) {
                    calls.incrementAndGet()
                }

                override fun onEnd(end: SubscriptionEnd) {
                    calls.addAndGet(1_000)
                }
            }
        return account.watch(listener).use { subscription ->
            repeat(spins) { Thread.onSpinWait() }
            val running = subscription.cancel()
            Triple(calls, calls.get(), running)
        }
    }
}

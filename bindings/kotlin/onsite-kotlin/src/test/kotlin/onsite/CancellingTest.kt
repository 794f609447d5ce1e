package onsite

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import onsite.generated.liveObjects
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.microseconds

/** Coroutines that are cancelled lose nothing and leave nothing behind. */
class CancellingTest {
    @Test
    fun `a coroutine cancelled at a thousand random points loses no action`() =
        runBlocking(Dispatchers.Default) {
            val phone = Phone.signedIn()
            phone.onsite.setOffline(true).orThrow()
            val alarms = phone.untouched(1_000).map { it.id }
            val me = phone.me()
            val random = Random(7)
            val cut = AtomicInteger()
            for (alarm in alarms) {
                val asking =
                    launch(start = CoroutineStart.UNDISPATCHED) {
                        try {
                            phone.onsite.alarms
                                .acknowledge(Chosen.These(alarm), me, "on my way")
                                .orThrow()
                        } catch (cancelled: CancellationException) {
                            cut.incrementAndGet()
                            throw cancelled
                        }
                    }
                delay(random.nextInt(3_000).microseconds)
                asking.cancelAndJoin()
            }
            assertTrue(cut.get() > 100, "only ${cut.get()} were cut off")
            val made = phone.onsite.actions.awaited("every press is an action") { it.size >= alarms.size }
            assertEquals(alarms.sorted(), made.map { it.subject.id }.sorted(), "each of them once")
            phone.onsite.setOffline(false).orThrow()
            phone.until("all are sent") { it.waiting == 0L }
            val stages = phone.onsite.actionsNow().orThrow().map { it.stage }
            assertTrue(stages.all { it is ActionStage.OnServer }, "${stages.toSet()}")
        }

    @Test
    fun `two hundred windows opened and closed leave nothing behind`() =
        runBlocking(Dispatchers.Default) {
            val phone = Phone.signedIn()
            eventually("nothing is open") { liveObjects().subscriptions == 0L }
            val (listeners, heap) = listenersKept() to heap()
            repeat(10) {
                val windows = List(20) { launch { phone.onsite.alarms.window(size = 20).first { it.rows.isNotEmpty() } } }
                windows.joinAll()
            }
            eventually("every subscription has ended") { liveObjects().subscriptions == 0L }
            eventually("every listener is let go of") { listenersKept() == listeners }
            val grown = heap() - heap
            assertTrue(grown < 20_000_000, "the heap grew by $grown bytes")
        }

    /** How many listeners the glue holds for the core. */
    private fun listenersKept(): Int {
        val converter = Class.forName("onsite.generated.FfiConverterTypeAlarmListener")
        val map = converter.methods.first { it.name.startsWith("getHandleMap") }.invoke(converter.getField("INSTANCE").get(null))
        return map.javaClass.getMethod("getSize").invoke(map) as Int
    }

    private fun heap(): Long {
        val runtime = Runtime.getRuntime()
        repeat(3) { System.gc() }
        return runtime.totalMemory() - runtime.freeMemory()
    }
}

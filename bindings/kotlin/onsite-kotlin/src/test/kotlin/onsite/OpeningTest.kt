package onsite

import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertTrue

/** Opening, sleep, closing, and a server that goes away. */
class OpeningTest {
    private fun problem(reply: Reply<*>): Problem = assertIs<Reply.Failed>(reply).problem

    @Test
    fun `another key is told and touches nothing`() =
        runBlocking {
            val phone = Phone.signedIn()
            phone.onsite.shutdown().orThrow()
            val wrong = Onsite.open(Phone.config(phone.folder, key = ByteArray(32) { 8 }))
            assertEquals("wrong_key" to Advice.REPORT, problem(wrong).let { it.code to it.advice })
            val short = Onsite.open(Phone.config(phone.folder, key = ByteArray(16)))
            assertEquals("input_invalid" to Advice.FIX_INPUT, problem(short).let { it.code to it.advice })
            val again = Onsite.open(Phone.config(phone.folder)).orThrow()
            assertEquals(SessionState.SIGNED_IN, again.stateNow().orThrow().session)
            assertTrue(
                again.alarms
                    .window()
                    .first { it.rows.isNotEmpty() }
                    .rows
                    .isNotEmpty(),
            )
        }

    @Test
    fun `a wrong password is told`() =
        runBlocking {
            val phone = Phone.signedIn()
            val refused = phone.onsite.signIn(Backend.shared.who.first, "guessed")
            assertEquals("wrong_credentials" to Advice.FIX_INPUT, problem(refused).let { it.code to it.advice })
        }

    @Test
    fun `the same files opened twice are a typed error`() =
        runBlocking {
            val phone = Phone.signedIn()
            val twice = problem(Onsite.open(Phone.config(phone.folder)))
            assertEquals("store_busy" to Advice.REOPEN, twice.code to twice.advice)
            assertIs<Reply.Done<*>>(phone.onsite.stateNow())
            Unit
        }

    @Test
    fun `after shutdown flows fail and every call says closed`() =
        runBlocking {
            val phone = Phone.signedIn()
            val collecting =
                async {
                    assertFailsWith<OnsiteException> {
                        phone.onsite.alarms
                            .window()
                            .toList()
                    }
                }
            phone.onsite.alarms
                .window()
                .first()
            phone.onsite.shutdown().orThrow()
            assertEquals("store_closed", collecting.await().problem.code)
            assertEquals("store_closed" to Advice.REOPEN, problem(phone.onsite.organizations()).let { it.code to it.advice })
        }

    @Test
    fun `a window outlives sleep`() =
        runBlocking {
            val phone = Phone.signedIn()
            val alarm = phone.untouched(1).single()
            val acknowledged =
                async {
                    phone.row(alarm.id).awaited("an acknowledgement") { it.rows.firstOrNull()?.acknowledged != null }
                }
            phone.onsite.suspend().orThrow()
            phone.onsite.resume().orThrow()
            phone.onsite.alarms
                .acknowledge(Chosen.These(alarm.id), phone.me())
                .orThrow()
            assertEquals(
                alarm.id,
                acknowledged
                    .await()
                    .rows
                    .first()
                    .id,
            )
        }

    @Test
    fun `without a server the phone shows what it has, keeps what is done, and sends it when the server is back`() =
        runBlocking {
            val backend = Backend()
            val phone = Phone.signedIn(backend)
            val alarm = phone.untouched(1).single()
            backend.close()
            phone.until("the loss is told") { !it.live }
            val listed = phone.onsite.alarms.window().awaited("the list") { it.rows.isNotEmpty() }
            assertTrue(listed.rows.isNotEmpty())
            val plot = problem(phone.onsite.alarms.plot(alarm.id))
            assertTrue(plot.code in setOf("no_network", "not_found", "not_offered"), plot.code)
            val receipt =
                phone.onsite.alarms
                    .acknowledge(Chosen.These(alarm.id), phone.me(), "gone")
                    .orThrow()
            val action = receipt.actions.values.single()
            phone.action(action, "it waits") { it is ActionStage.OnPhone }
            backend.again().use {
                phone.onsite.networkChanged().orThrow()
                phone.action(action, "it is sent") { stage -> stage is ActionStage.OnServer }
            }
            Unit
        }

    @Test
    fun `the tiles open lists that count what they say`() =
        runBlocking {
            val phone = Phone.signedIn()
            val tiles = phone.onsite.tiles().orThrow()
            assertEquals(TileKind.entries.toSet(), tiles.map { it.kind }.toSet())
            val critical = tiles.first { it.kind == TileKind.ACTIVE_CRITICAL }
            val listed =
                phone.onsite.alarms
                    .window(critical.filter, size = 5_000)
                    .awaited("its list") { !it.searching && it.total != null }
            assertEquals(listed.rows.size.toLong(), listed.total)
            assertTrue(listed.rows.all { it.severity == Severity.CRITICAL && it.muted == null })
            assertTrue(
                phone.onsite
                    .organizations()
                    .orThrow()
                    .isNotEmpty(),
            )
        }
}

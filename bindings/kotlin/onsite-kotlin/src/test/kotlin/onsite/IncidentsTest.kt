package onsite

import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertTrue

/** The sentences of incidents, over the real core and the real server. */
class IncidentsTest {
    @Test
    fun `an incident opened and written in without signal is on this phone, and goes out in its order`() =
        runBlocking {
            val phone = Phone.signedIn(Backend.living())
            val incidents = phone.onsite.incidents
            val device = openable(phone)
            phone.onsite.setOffline(true).orThrow()
            phone.until("the signal is gone") { it.offline }
            assertEquals("cost_not_accepted", assertIs<Reply.Failed>(incidents.open(device, "Fan", "", emptyList(), false)).problem.code)
            val incident = incidents.open(device, "The fan is loud", "Since noon", emptyList(), true).orThrow()
            incidents.write(incident, "First").orThrow()
            incidents.setDraft(incident, "and then").orThrow()
            val row =
                incidents.window().awaited("it is in the list") { list -> list.rows.any { it.id == incident } }.rows.first { it.id == incident }
            assertTrue(row.onPhone)
            assertEquals("The fan is loud" to IncidentState.NEW, row.subject to row.state)
            assertEquals(Delivery.OnPhone, incidents.chat(incident).first { it.rows.isNotEmpty() }.rows.first().delivery)
            assertEquals("and then" to "Since noon", incidents.page(incident).orThrow().let { it.draft to it.description })
            phone.onsite.setOffline(false).orThrow()
            val sent =
                incidents.chat(incident).awaited("it is on the server") { chat ->
                    chat.rows.any { it.mine && it.delivery == Delivery.OnServer }
                }
            assertEquals(listOf("First"), sent.rows.filter { it.mine }.map { it.text })
            incidents.window().awaited("so is the incident") { list -> list.rows.any { it.id == incident && !it.onPhone } }
            Unit
        }

    /** A device on which an incident may be opened. */
    private suspend fun openable(phone: Phone): String {
        val rows = phone.onsite.alarms.window(size = 500).awaited("alarms") { !it.searching && it.rows.isNotEmpty() }.rows
        return rows.map { it.device }.distinct().first { device ->
            phone.onsite.incidents.opening(device).orNull()?.underWay == null &&
                phone.onsite.incidents.opening(device) is Reply.Done
        }
    }
}

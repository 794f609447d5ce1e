package onsite

import kotlinx.coroutines.runBlocking
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs

/** What a push says and where a tap leads. */
class PushTest {
    private fun push(
        organization: String,
        alarm: String,
    ) = """
        {"version":1,"organization":"$organization","person":"04040404-0404-0404-0404-040404040404","kind":"alarm",
         "subjectKind":"alarm","subject":"$alarm","key":"k/1","at":"2026-11-22T10:00:00Z","channel":"critical"}
        """.trimIndent().toByteArray()

    @Test
    fun `a tap on a push opens exactly its alarm`() =
        runBlocking {
            val phone = Phone.signedIn()
            val alarm = phone.untouched(1).single()
            val read = parsePush(push(alarm.organization, alarm.id)).orThrow()
            assertEquals("notice_alarm" to false, read.code to read.opened)
            assertEquals(Route(alarm.organization, read.person, Target.Alarm(alarm.id)), read.route)
            val organizations =
                phone.onsite
                    .organizations()
                    .orThrow()
                    .map { it.id }
            val arrival = read.route.arrive(read.person, organizations, alarm.organization).orThrow()
            val target = assertIs<Target.Alarm>(assertIs<Arrival.Here>(arrival).target)
            val shown = phone.row(target.id).awaited("its row") { it.rows.isNotEmpty() }
            assertEquals(alarm.id, shown.rows.first().id)
            assertEquals(Arrival.OtherAccount, read.route.arrive(phone.me().id, organizations, null).orThrow())
            val elsewhere = parseRoute(read.link, "app.example").orThrow()
            assertEquals(read.route.target to null, elsewhere.route.target to elsewhere.refusal)
            assertEquals(read.link, elsewhere.route.link().orThrow())
        }

    @Test
    fun `what is no push and hostile links are told and lead home`() {
        val broken = assertIs<Reply.Failed>(parsePush("{}".toByteArray()))
        assertEquals("push_invalid", broken.problem.code)
        val hostile = parseRoute("https://evil.example/home", "app.example").orThrow()
        assertEquals(Target.Home to "other_host", hostile.route.target to hostile.refusal)
    }
}

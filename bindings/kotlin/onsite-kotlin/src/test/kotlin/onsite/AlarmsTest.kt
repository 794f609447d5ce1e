package onsite

import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import java.time.Duration
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds

/** The sentences of alarms, over the real core and the real server. */
class AlarmsTest {
    private val active = AlarmFilter(status = AlarmStatus.ACTIVE)

    private fun whole(listed: Listed<AlarmRow, AlarmCounts>) = !listed.searching && listed.counts?.cleared != null

    @Test
    fun `the first window shows the newest and counts all`() =
        runBlocking {
            val phone = Phone.signedIn()
            val listed = phone.onsite.alarms.window(active, size = 20).awaited("a window", ::whole)
            assertEquals(20, listed.rows.size)
            assertTrue(listed.hasMore)
            assertEquals(listed.rows.map { it.activated }.sortedDescending(), listed.rows.map { it.activated })
            assertTrue(listed.rows.all { it.status == AlarmStatus.ACTIVE && it.label.isNotEmpty() })
            assertEquals(listed.counts?.active, listed.total)
        }

    @Test
    fun `a filter leaves what it says and its counts say what others would leave`() =
        runBlocking {
            val phone = Phone.signedIn()
            val critical = active.copy(severity = Severity.CRITICAL)
            val listed = phone.onsite.alarms.window(critical, size = 5_000).awaited("a window", ::whole)
            assertTrue(listed.rows.isNotEmpty() && listed.rows.all { it.severity == Severity.CRITICAL })
            assertEquals(listed.rows.size.toLong(), listed.total)
            val counts = checkNotNull(listed.counts)
            assertEquals(listed.total, counts.critical)
            assertTrue(counts.warning > 0, "the choice beside it would leave some")
            val words = listed.rows.first().deviceLabel
            val found = phone.onsite.alarms.window(active.copy(words = words)).awaited("a search", ::whole)
            assertTrue(found.rows.isNotEmpty())
        }

    @Test
    fun `a window grows and moves as it is asked`() =
        runBlocking {
            val phone = Phone.signedIn()
            val moves = MutableSharedFlow<Move>(replay = 1)
            val window = phone.onsite.alarms.window(active, size = 5, moves = moves)
            window.awaited("rows") { it.rows.size == 5 }
            moves.emit(Move.More(7))
            val more = window.awaited("more rows") { it.rows.size == 12 }
            moves.emit(Move.Show(more.rows[8].id))
            window.awaited("the ninth row at the top") { it.rows.firstOrNull()?.id == more.rows[8].id }
            Unit
        }

    @Test
    fun `an acknowledgement without signal is in the list at once and is sent once`() =
        runBlocking {
            val phone = Phone.signedIn()
            val alarm = phone.untouched(1).single()
            phone.onsite.setOffline(true).orThrow()
            phone.until("the signal is gone") { it.offline }
            val receipt =
                phone.onsite.alarms
                    .acknowledge(Chosen.These(alarm.id), phone.me(), "on my way")
                    .orThrow()
            val action = receipt.actions.getValue(Subject(SubjectKind.ALARM, alarm.id))
            val shown = phone.row(alarm.id).first { it.rows.isNotEmpty() }.rows.first()
            assertEquals("on my way" to OwnStanding.ON_PHONE, shown.acknowledged?.note to shown.ownAction)
            assertEquals(1, phone.onsite.stateNow().orThrow().waiting)
            phone.onsite.setOffline(false).orThrow()
            phone.action(action, "it is sent") { it is ActionStage.OnServer }
            val history = phone.onsite.alarms.history(alarm.id).orThrow()
            assertEquals(1, history.count { it.action == action }, "once: $history")
        }

    @Test
    fun `what came second is told with what is there now and the person decides`() =
        runBlocking {
            val (ada, bo) = Phone.signedIn() to Phone.signedIn()
            val alarm = ada.untouched(1).single()
            bo.onsite.setOffline(true).orThrow()
            val chosen = Chosen.These(alarm.id)
            val his = bo.onsite.alarms.acknowledge(chosen, bo.me(), "his").orThrow().actions.values.single()
            val hers = ada.onsite.alarms.acknowledge(chosen, ada.me(), "hers").orThrow().actions.values.single()
            ada.action(hers, "hers is there") { it is ActionStage.OnServer }
            bo.onsite.setOffline(false).orThrow()
            val parked = bo.action(his, "his is parked") { it is ActionStage.Parked }
            val stage = assertIs<ActionStage.Parked>(parked.stage)
            assertEquals("version_moved" to Advice.DECIDE, stage.problem.code to stage.problem.advice)
            assertEquals("hers", stage.current?.acknowledged?.note)
            assertEquals(setOf(Decision.RETRY, Decision.CHANGE, Decision.DISCARD), stage.decisions.toSet())
            val again = bo.onsite.retry(his).orThrow()
            bo.action(again, "it went through") { it is ActionStage.OnServer }
            val row = bo.row(alarm.id).awaited("his") { it.rows.firstOrNull()?.acknowledged?.note == "his" }
            assertEquals(alarm.id, row.rows.first().id)
        }

    @Test
    fun `a mute holds and ends by itself`() =
        runBlocking {
            val phone = Phone.signedIn()
            val alarm = phone.untouched(1, AlarmStatus.ACTIVE).single()
            val until = MuteUntil.Span(Duration.ofSeconds(8))
            val muted =
                phone.onsite.alarms
                    .mute(Chosen.These(alarm.id), until, MuteReason.UNDER_REPAIR, "belt")
                    .orThrow()
            assertTrue(muted.refused.isEmpty(), "$muted")
            val mute = phone.row(alarm.id).first { it.rows.isNotEmpty() }.rows.first().muted
            assertEquals(MuteReason.UNDER_REPAIR to "belt", mute?.reason to mute?.text)
            phone.row(alarm.id).awaited("the mute's end") { it.rows.first().let { row -> row.id == alarm.id && row.muted == null } }
            Unit
        }

    @Test
    fun `a storm reaches a slow collector in few elements that hold every difference`() =
        runBlocking {
            val (ada, bo) = Phone.signedIn() to Phone.signedIn()
            val alarms = ada.untouched(60).map { it.id }.toSet()
            var shown = emptyList<AlarmRow>()
            var elements = 0
            var pressed = false
            bo.onsite.alarms.window(size = 5_000).awaited("all of the storm") { listed ->
                elements++
                assertEquals(elements.toLong() - 1, listed.number)
                // Only differences, but for the first: they must lead to the same rows.
                shown = listed.steps?.let { steps -> shown.stepped(steps) } ?: listed.rows
                assertEquals(listed.rows, shown)
                if (!pressed && !listed.searching) {
                    pressed = true
                    alarms.forEach { id -> ada.onsite.alarms.acknowledge(Chosen.These(id), ada.me()).orThrow() }
                }
                delay(300.milliseconds)
                shown.count { it.id in alarms && it.acknowledged != null } == alarms.size
            }
            assertTrue(elements < alarms.size, "$elements elements for ${alarms.size} changes")
        }

    @Test
    fun `a list that is short says why, and what shows the rest`() =
        runBlocking {
            val phone = Phone.signedIn()
            val none = AlarmFilter(words = "xyzzyxyzzy")
            val reasons = phone.onsite.alarms.whyShort(none).orThrow()
            val hidden = reasons.single { it.reason.code == "hidden_by_filter" }
            assertEquals(AlarmFilter(), hidden.lift)
            assertTrue(hidden.reason.arguments.getValue("count").toLong() > 0)
        }

    @Test
    fun `saved filters come back as they were`() =
        runBlocking {
            val phone = Phone.signedIn()
            val filter =
                AlarmFilter(
                    severity = Severity.WARNING,
                    categories = setOf("Power", "Cooling"),
                    muted = MutedChoice.ONLY,
                    assignment = AssignmentChoice.By(phone.me().id),
                    words = "fan",
                )
            val saved = SavedFilter("mine", filter, AlarmSort.DEVICE)
            phone.onsite.alarms.saveFilter(saved).orThrow()
            assertEquals(listOf(saved), phone.onsite.alarms.savedFilters().orThrow())
            phone.onsite.alarms.deleteFilter("mine").orThrow()
            assertEquals(emptyList(), phone.onsite.alarms.savedFilters().orThrow())
        }

    @Test
    fun `the page of an alarm names its device and what may be done`() =
        runBlocking {
            val phone = Phone.signedIn()
            val alarm = phone.untouched(1).single()
            val page = phone.onsite.alarms.detail(alarm.id).orThrow()
            assertEquals(alarm.id to alarm.deviceLabel, page.row.id to page.device?.label)
            assertEquals(Offer.OFFERED, page.may.acknowledge)
            val people = phone.onsite.alarms.assignees(alarm.id).orThrow()
            assertTrue(people.first().me && people.first().canSee)
            val unknown = phone.onsite.alarms.detail("00000000-0000-0000-0000-000000000000")
            assertEquals("not_found", assertIs<Reply.Failed>(unknown).problem.code)
            assertNull(unknown.orNull())
        }
}

private fun <R> List<R>.stepped(steps: List<Step<R>>): List<R> =
    toMutableList().also { rows ->
        steps.forEach { step ->
            when (step) {
                is Step.Insert -> rows.add(step.at, step.row)
                is Step.Update -> rows[step.at] = step.row
                is Step.Remove -> rows.removeAt(step.at)
            }
        }
    }

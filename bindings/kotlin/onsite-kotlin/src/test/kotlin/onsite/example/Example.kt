package onsite.example

import kotlinx.coroutines.flow.takeWhile
import onsite.*

/** Shows the active alarms, and takes the first one that nobody has. */
suspend fun showAlarms(config: OnsiteConfig, email: String, password: String, show: (List<AlarmRow>) -> Boolean) {
    val onsite = Onsite.open(config).orThrow() // from the phone's files: needs no network
    val me = (onsite.signIn(email, password).orThrow() as SignIn.SignedIn).person

    val active = AlarmFilter(status = AlarmStatus.ACTIVE)
    onsite.alarms.window(active, size = 50).takeWhile { show(it.rows) }.collect { list ->
        val free = list.rows.firstOrNull { it.acknowledged == null } ?: return@collect
        when (val press = onsite.alarms.acknowledge(Chosen.These(free.id), Assignee(me), "on my way")) {
            is Reply.Done -> println("on this phone, sent when possible, once: ${press.value.actions}")
            is Reply.Failed -> println("${press.problem.text} (${press.problem.advice})")
        }
    }
    onsite.shutdown().orThrow()
}

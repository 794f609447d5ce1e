package onsite.bridge

import onsite.Advice
import onsite.Problem
import onsite.Reply
import onsite.generated.OnsiteException
import java.time.Duration
import java.time.Instant
import onsite.generated.Advice as CoreAdvice
import onsite.generated.Problem as CoreProblem

/** A call, with its error as a value. Cancellation goes through. */
internal inline fun <T> reply(call: () -> T): Reply<T> =
    try {
        Reply.Done(call())
    } catch (failed: OnsiteException.Failed) {
        Reply.Failed(failed.problem.read())
    }

internal fun CoreProblem.read(): Problem = Problem(code, arguments, advice.read(), text)

private fun CoreAdvice.read(): Advice = Advice.valueOf(name)

internal fun instant(millis: Long): Instant = Instant.ofEpochMilli(millis)

internal fun instantIf(millis: Long?): Instant? = millis?.let(Instant::ofEpochMilli)

internal fun durationIf(millis: Long?): Duration? = millis?.let(Duration::ofMillis)

/** The account was closed while somebody collected. */
internal fun closed(): onsite.OnsiteException =
    onsite.OnsiteException(Problem("store_closed", emptyMap(), Advice.REOPEN, "The account was closed."))

/** The core failed while somebody collected. */
internal fun failed(): onsite.OnsiteException =
    onsite.OnsiteException(Problem("internal", mapOf("detail" to "subscription"), Advice.REPORT, "Something went wrong."))

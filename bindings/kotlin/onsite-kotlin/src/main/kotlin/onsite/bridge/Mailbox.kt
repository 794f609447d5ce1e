package onsite.bridge

import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch
import onsite.Listed
import onsite.Move
import onsite.Step
import onsite.generated.Subscription
import onsite.generated.SubscriptionEnd
import onsite.orThrow

/** So many steps are not worth taking one by one any more. */
private const val MOST_STEPS = 1_000

/** What one call of a listener brings, of whatever kind the rows are. */
internal class Batch<R, C>(
    val reset: List<R>?,
    val steps: List<Step<R>>,
    val total: Long?,
    val counts: C?,
    val newer: Long,
    val searching: Boolean,
    val hasMore: Boolean,
)

/**
 * Where a listener leaves what it is told, and the collector takes it: all that happened meanwhile at once, with no difference
 * lost. The listener never waits.
 */
internal class Mailbox<R, C> {
    private val rows = ArrayList<R>()
    private val steps = ArrayList<Step<R>>()
    private var isNew = true
    private var last: Batch<R, C>? = null
    private var taken = 0L
    private val bell = Channel<Unit>(Channel.CONFLATED)

    fun put(batch: Batch<R, C>) {
        synchronized(this) {
            batch.reset?.let(::begin)
            batch.steps.forEach(rows::take)
            steps += batch.steps
            if (steps.size > MOST_STEPS) {
                begin(null)
            }
            last = batch
        }
        bell.trySend(Unit)
    }

    private fun begin(all: List<R>?) {
        if (all != null) {
            rows.clear()
            rows += all
        }
        isNew = true
        steps.clear()
    }

    fun end(end: SubscriptionEnd) {
        bell.close(if (end == SubscriptionEnd.CLOSED) closed() else failed())
    }

    /** Waits for something that was not taken yet. */
    suspend fun next(): Listed<R, C> {
        bell.receive()
        return synchronized(this) {
            val batch = checkNotNull(last) { "the bell rings for a batch" }
            val listed =
                Listed(
                    rows = rows.toList(),
                    steps = if (isNew) null else steps.toList(),
                    number = taken++,
                    total = batch.total,
                    counts = batch.counts,
                    newer = batch.newer,
                    searching = batch.searching,
                    hasMore = batch.hasMore,
                )
            isNew = false
            steps.clear()
            listed
        }
    }
}

private fun <R> MutableList<R>.take(step: Step<R>) {
    when (step) {
        is Step.Insert -> add(step.at, step.row)
        is Step.Update -> set(step.at, step.row)
        is Step.Remove -> removeAt(step.at)
    }
}

/** A cold flow over a subscription, which ends when the collector does. */
internal fun <R, C> listed(
    moves: Flow<Move>,
    subscribe: (Mailbox<R, C>) -> Subscription,
): Flow<Listed<R, C>> =
    flow {
        val mailbox = Mailbox<R, C>()
        subscribed({ subscribe(mailbox) }) { subscription ->
            coroutineScope {
                launch { moves.collect(subscription::ask) }
                while (true) {
                    emit(mailbox.next())
                }
            }
        }
    }

/** Does something as long as a subscription lasts, and ends it afterwards however that came. */
internal suspend fun subscribed(
    subscribe: () -> Subscription,
    work: suspend (Subscription) -> Unit,
) {
    reply(subscribe).orThrow().use { subscription ->
        try {
            work(subscription)
        } finally {
            subscription.cancel()
        }
    }
}

private fun Subscription.ask(move: Move) {
    when (move) {
        is Move.More -> more(move.rows)
        is Move.Show -> show(move.id)
        is Move.Top -> showTop()
    }
}

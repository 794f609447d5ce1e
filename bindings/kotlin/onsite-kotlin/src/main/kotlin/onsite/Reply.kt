package onsite

/** What the caller can do about a [Problem]. */
public enum class Advice {
    /** Wait: it is tried again, or trying again later helps. */
    RETRY_LATER,

    /** Let the person sign in. */
    SIGN_IN,

    /** Change what was asked. */
    FIX_INPUT,

    /** Somebody with more rights must act. */
    ASK_ADMINISTRATOR,

    /** A newer version of the app is needed. */
    UPDATE_APP,

    /** Open the account again. */
    REOPEN,

    /** Make room on the phone. */
    FREE_SPACE,

    /** The person decides: again, something else, or let it go. */
    DECIDE,

    /** Nothing: there is nothing to be done. */
    NOTHING,

    /** A defect: report it with the diagnostics. */
    REPORT,
}

/**
 * Something that was refused, went wrong, or explains.
 *
 * @property code stable; `docs/messages.json` has its meaning, its arguments and its English text.
 * @property arguments the code's arguments by name.
 * @property advice what the caller can do.
 * @property text in English, for logs and for shells that have no words of their own for the code.
 */
public data class Problem(
    public val code: String,
    public val arguments: Map<String, String>,
    public val advice: Advice,
    public val text: String,
)

/** What a call gives: a value, or why there is none. Only cancellation is thrown. */
public sealed interface Reply<out T> {
    /**
     * It has had its effect.
     *
     * @property value what was asked for.
     */
    public data class Done<out T>(
        public val value: T,
    ) : Reply<T>

    /**
     * It had no effect.
     *
     * @property problem why.
     */
    public data class Failed(
        public val problem: Problem,
    ) : Reply<Nothing>
}

/** The value, or null where there is none. */
public fun <T> Reply<T>.orNull(): T? = (this as? Reply.Done)?.value

/** The value; throws [OnsiteException] where there is none. */
public fun <T> Reply<T>.orThrow(): T =
    when (this) {
        is Reply.Done -> value
        is Reply.Failed -> throw OnsiteException(problem)
    }

/**
 * Thrown by flows that cannot go on, and by [orThrow].
 *
 * @property problem why.
 */
public class OnsiteException(
    public val problem: Problem,
) : Exception(problem.text)

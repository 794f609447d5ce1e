package onsite

/** One step from the rows before to the rows now. Positions count from 0 and hold at the time of the step. */
public sealed interface Step<out R> {
    /**
     * A row comes in.
     *
     * @property at where it stands then.
     * @property row the row.
     */
    public data class Insert<out R>(
        public val at: Int,
        public val row: R,
    ) : Step<R>

    /**
     * A row shows something else.
     *
     * @property at where it stands.
     * @property row the row.
     */
    public data class Update<out R>(
        public val at: Int,
        public val row: R,
    ) : Step<R>

    /**
     * A row goes.
     *
     * @property at where it stood.
     */
    public data class Remove(
        public val at: Int,
    ) : Step<Nothing>
}

/**
 * What a list shows now, and how that came from what its flow gave before.
 *
 * @property rows all rows of the window, in order.
 * @property steps how they came from the rows of the element number [number] - 1; null for all new: take [rows]. A shell that
 *   left elements of the flow out takes [rows] as well.
 * @property number counts the elements of one collection, from 0.
 * @property total how many rows pass, over all that the phone has; null until they were counted once.
 * @property counts counts by value; null until they were counted once.
 * @property newer rows that arrived above the window's beginning since it was set.
 * @property searching more rows may still be found.
 * @property hasMore there are rows below the last one.
 */
public data class Listed<out R, out C>(
    public val rows: List<R>,
    public val steps: List<Step<R>>?,
    public val number: Long,
    public val total: Long?,
    public val counts: C?,
    public val newer: Long,
    public val searching: Boolean,
    public val hasMore: Boolean,
)

/** What a window is asked by whoever looks at it. */
public sealed interface Move {
    /**
     * Hold more rows.
     *
     * @property rows how many more.
     */
    public data class More(
        public val rows: Int,
    ) : Move

    /**
     * Begin with the row of this id. An unknown one leaves the window where it is.
     *
     * @property id whose row.
     */
    public data class Show(
        public val id: String,
    ) : Move

    /** Go back to the top. */
    public data object Top : Move
}

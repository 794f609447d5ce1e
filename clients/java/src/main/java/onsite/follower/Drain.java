package onsite.follower;

import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** Follows a feed to its present end: asks on until the offset that comes back is the one that was sent. */
final class Drain<R, C> {
    private final Api api;
    private final Checks checks;
    private final String path;
    private final Class<R> type;
    private final Function<R, List<C>> changes;
    private final Function<R, Long> offset;

    /** {@code path} ends before the offset. */
    Drain(Api api, Checks checks, String path, Class<R> type, Function<R, List<C>> changes, Function<R, Long> offset) {
        this.api = api;
        this.checks = checks;
        this.path = path;
        this.type = type;
        this.changes = changes;
        this.offset = offset;
    }

    /** Gives each change to {@code apply}; returns the offset at the end. */
    long from(long start, Consumer<C> apply) throws IOException, InterruptedException {
        long at = start;
        for (int answers = 1; ; answers++) {
            R answer = api.read(path + at, type);
            changes.apply(answer).forEach(apply);
            long next = offset.apply(answer);
            checks.quietly(next >= at, path + at + " goes back to " + next);
            checks.quietly(next != at || changes.apply(answer).isEmpty(), path + at + " has changes but stays where it is");
            if (next <= at) {
                if (at > start) {
                    checks.note("from offset " + start + " to " + at + " in " + answers + " answers");
                }
                return at;
            }
            at = next;
        }
    }

    /** Asks again and again until the feed has moved on, as a client that polls does. */
    long untilMoved(long start, Consumer<C> apply) throws IOException, InterruptedException {
        while (true) {
            long at = from(start, apply);
            if (at > start) {
                return at;
            }
            Thread.sleep(1_000);
        }
    }
}

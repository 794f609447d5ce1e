package onsite.follower;

import java.util.Objects;

/** What was checked: one readable line for each, and whether all of it held. Nothing here decides what is right. */
final class Checks {
    private int passed;
    private int failed;

    void heading(String text) {
        System.out.println(text);
    }

    void note(String text) {
        System.out.println("       " + text);
    }

    /** Tells whether it held, so that a caller can stop where going on makes no sense. */
    boolean that(boolean held, String sentence) {
        if (held) {
            passed++;
        } else {
            failed++;
        }
        System.out.println((held ? "  ok   " : "  FAIL ") + sentence);
        return held;
    }

    boolean equal(Object expected, Object actual, String sentence) {
        boolean same = Objects.equals(expected, actual);
        return that(same, same ? sentence : sentence + ": expected " + expected + ", got " + actual);
    }

    /** For the many small checks of one sentence: silent while they hold. */
    void quietly(boolean held, String sentence) {
        if (!held) {
            that(false, sentence);
        }
    }

    int failed() {
        return failed;
    }

    String summary() {
        return passed + " checks held, " + failed + " failed";
    }
}

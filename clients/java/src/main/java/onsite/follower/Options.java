package onsite.follower;

import java.util.ArrayList;
import java.util.List;

/**
 * What the program is told on its command line.
 *
 * @param url where the server is, without a path
 * @param key an API key
 * @param organizations ids that exist on the server; those that the key does not list must be refused to it
 * @param changing those of them whose alarms will change by themselves: such a change is waited for
 * @param deadlineSeconds when to give up on everything together
 */
record Options(String url, String key, List<String> organizations, List<String> changing, long deadlineSeconds) {
    static final String USAGE =
            "FollowerMain --url URL --key KEY [--organization UUID]… [--expect-change UUID]… [--deadline SECONDS]";

    static Options parse(String[] arguments) {
        String url = null;
        String key = null;
        long deadline = 300;
        List<String> organizations = new ArrayList<>();
        List<String> changing = new ArrayList<>();
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            String value = arguments[i + 1];
            switch (arguments[i]) {
                case "--url" -> url = value;
                case "--key" -> key = value;
                case "--organization" -> organizations.add(value);
                case "--expect-change" -> changing.add(value);
                case "--deadline" -> deadline = Long.parseLong(value);
                default -> throw new IllegalArgumentException("unknown: " + arguments[i]);
            }
        }
        if (url == null || key == null || arguments.length % 2 != 0) {
            throw new IllegalArgumentException("--url and --key are needed, and each option has a value");
        }
        return new Options(url, key, List.copyOf(organizations), List.copyOf(changing), deadline);
    }
}

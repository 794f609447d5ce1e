package onsite.follower;

import generated.dto.OrganizationEntry;
import generated.dto.OrganizationsResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Does with a running server what the vendor's sample programs do with the vendor's: reads, follows both feeds, looks a
 * device up, listens to measurements and replays some. Checks every value on the way; ends with 0 when all of it held.
 */
public final class FollowerMain {
    private FollowerMain() {}

    /** See {@link Options#USAGE}. */
    public static void main(String[] arguments) {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException wrong) {
            System.err.println(wrong.getMessage() + "\nusage: " + Options.USAGE);
            System.exit(2);
            return;
        }
        Checks checks = new Checks();
        stopAfter(Duration.ofSeconds(options.deadlineSeconds()));
        try {
            run(options, checks);
        } catch (IOException | InterruptedException | RuntimeException broken) {
            checks.that(false, "stopped by " + broken);
        }
        System.out.println(checks.summary());
        System.exit(checks.failed() == 0 ? 0 : 1);
    }

    private static void run(Options options, Checks checks) throws IOException, InterruptedException {
        new EveryMember(checks).run();
        Api api = new Api(options.url(), Optional.of(options.key()));
        List<String> organizations = organizations(api, options, checks);
        for (String organization : organizations) {
            InventoryReader inventory = new InventoryReader(api, organization, checks);
            inventory.run();
            boolean changeExpected = options.changing().contains(organization);
            new AlarmReader(api, organization, inventory, changeExpected, checks).run();
            new SensorReader(api, organization, inventory, checks).run();
        }
        if (!organizations.isEmpty()) {
            new Streams(api, organizations.get(0), checks).run();
            new Refusals(api, organizations.get(0), options, organizations, checks).run();
        }
    }

    private static List<String> organizations(Api api, Options options, Checks checks)
            throws IOException, InterruptedException {
        checks.heading("organizations of the key");
        List<OrganizationEntry> entries =
                api.read("/organizations", OrganizationsResponse.class).getOrganizations();
        entries.forEach(entry -> checks.note(entry.getId() + " " + entry.getLabel()));
        List<String> ids = entries.stream().map(OrganizationEntry::getId).toList();
        checks.that(!ids.isEmpty(), "the key reads at least one organization");
        checks.equal(ids.size(), (int) ids.stream().distinct().count(), "no organization is listed twice");
        if (!options.organizations().isEmpty()) {
            checks.that(options.organizations().containsAll(ids), "every listed organization is one of those we know");
            checks.that(ids.containsAll(options.changing()), "those that we wait for are among them");
        }
        return ids;
    }

    /** A stream without lines, or a change that never comes, must not hold the program for ever. */
    private static void stopAfter(Duration limit) {
        Thread watch = new Thread(() -> {
            try {
                Thread.sleep(limit.toMillis());
                System.out.println("  FAIL no end after " + limit.toSeconds() + " s; the last line above is where it waited");
                Runtime.getRuntime().halt(1);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        watch.setDaemon(true);
        watch.start();
    }
}

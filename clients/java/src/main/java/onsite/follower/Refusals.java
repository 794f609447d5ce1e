package onsite.follower;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What must not work: each refusal has the vendor's status, and our problem document with a stable code. */
final class Refusals {
    private static final String NOBODY = "ffffffff-ffff-4fff-bfff-ffffffffffff";

    private final Api api;
    private final String organization;
    private final Options options;
    private final List<String> reachable;
    private final Checks checks;

    Refusals(Api api, String organization, Options options, List<String> reachable, Checks checks) {
        this.api = api;
        this.organization = organization;
        this.options = options;
        this.reachable = reachable;
        this.checks = checks;
    }

    void run() throws IOException, InterruptedException {
        checks.heading("refusals");
        refused(api.with(Optional.of("AK1/no/such")), "/organizations", 401, "not_signed_in", "a key that is none");
        refused(api.with(Optional.empty()), Api.inOrganization(organization, "alarms"), 401, "not_signed_in", "no key");
        refused(api, Api.inOrganization(NOBODY, "alarms"), 403, "other_organization", "an organization that is none");
        for (String other : options.organizations()) {
            if (!reachable.contains(other)) {
                refused(api, Api.inOrganization(other, "inventory"), 403, "other_organization", "somebody else's organization");
            }
        }
        refused(api, Api.inOrganization(organization, "inventory/" + NOBODY), 404, "not_found", "a device that is none");
        refused(api, Api.inOrganization(organization, "alarm-changes/x"), 400, "invalid_request", "an offset that is none");
        refused(api, Api.inOrganization(organization, "measurements/live"), 406, "gzip_required", "a stream without gzip");
        try (Lines lines = api.stream(Api.inOrganization(
                organization, "measurements/live-simulator?measurementsPerSecond=1&sensorCount=1"))) {
            checks.that(lines.next().isPresent(), "and with gzip the stream is there");
        }
    }

    private void refused(Api asked, String path, int status, String code, String what)
            throws IOException, InterruptedException {
        Api.Refusal refusal = asked.refusal(path);
        checks.equal(
                status + " " + code,
                refusal.problem() == null
                        ? refusal.status() + " " + refusal.contentType()
                        : refusal.status() + " " + refusal.problem().getCode(),
                what + ": " + status + " " + code);
        checks.quietly(
                refusal.problem() == null || refusal.problem().getStatus() == refusal.status(),
                what + ": the document says another status than the answer");
    }
}

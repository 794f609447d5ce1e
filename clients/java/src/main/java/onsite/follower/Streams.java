package onsite.follower;

import com.fasterxml.jackson.databind.JsonNode;
import generated.dto.CompletedReplaySystemMessage;
import generated.dto.Measurement;
import generated.dto.ReplaySystemMessage;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** The three measurement streams: the simulator, the live one, and the replay of what was missed between two live ones. */
final class Streams {
    private static final int SIMULATED_SENSORS = 3;
    private static final int SIMULATED_LINES = 40;

    private final Api api;
    private final String organization;
    private final Checks checks;

    Streams(Api api, String organization, Checks checks) {
        this.api = api;
        this.organization = organization;
        this.checks = checks;
    }

    void run() throws IOException, InterruptedException {
        checks.heading("measurements of " + organization);
        simulator();
        checks.note("waiting for an offset on the live stream");
        String from = nextLiveOffset();
        checks.note("waiting for a later offset on a new connection");
        String to = from;
        while (to.equals(from)) {
            to = nextLiveOffset();
        }
        checks.that(to.matches("[A-Za-z0-9_-]+") && from.matches("[A-Za-z0-9_-]+"), "offsets stand in a URL as they are");
        replay(from, to);
    }

    private void simulator() throws IOException, InterruptedException {
        Set<String> sensors = new HashSet<>();
        try (Lines lines = api.stream(Api.inOrganization(
                organization, "measurements/live-simulator?measurementsPerSecond=20&sensorCount=" + SIMULATED_SENSORS))) {
            for (int seen = 0; seen < SIMULATED_LINES; seen++) {
                sensors.add(nextMeasurement(lines).getSensorId());
            }
        }
        checks.that(
                !sensors.isEmpty() && sensors.size() <= SIMULATED_SENSORS,
                SIMULATED_LINES + " made-up measurements of " + sensors.size() + " sensors");
    }

    private String nextLiveOffset() throws IOException, InterruptedException {
        try (Lines lines = api.stream(Api.inOrganization(organization, "measurements/live"))) {
            String offset = null;
            while (offset == null) {
                offset = nextMeasurement(lines).getOffset();
            }
            return offset;
        }
    }

    private Measurement nextMeasurement(Lines lines) throws IOException {
        String line = "";
        // An empty line is a heartbeat.
        while (line.isEmpty()) {
            line = lines.next().orElseThrow(() -> new IOException("a live stream ended by itself"));
        }
        return measurement(line);
    }

    private void replay(String from, String to) throws IOException, InterruptedException {
        int measured = 0;
        ReplaySystemMessage ending = null;
        try (Lines lines = api.stream(Api.inOrganization(
                organization,
                "measurements/replay?fromOffset=" + Api.quoted(from) + "&toOffset=" + Api.quoted(to)))) {
            for (Optional<String> line = lines.next(); line.isPresent(); line = lines.next()) {
                checks.quietly(ending == null, "the replay goes on after its last message");
                JsonNode json = line.get().isEmpty() ? null : Api.JSON.readTree(line.get());
                if (json != null && json.has("sensorId")) {
                    measurement(line.get());
                    measured++;
                } else if (json != null) {
                    ending = Api.JSON.treeToValue(json, ReplaySystemMessage.class);
                }
            }
        }
        checks.that(
                ending instanceof CompletedReplaySystemMessage, "the replay of " + measured + " measurements says that it is complete");
        checks.that(measured > 0, "the replay has measurements");
    }

    private Measurement measurement(String line) throws IOException {
        Measurement measurement = Api.JSON.readValue(line, Measurement.class);
        checks.quietly(
                measurement.getSensorId() != null && measurement.getTimestamp() != null,
                "a line has no sensor or no time: " + line);
        checks.quietly(
                (measurement.getNumericValue() == null) != (measurement.getStringValue() == null),
                "a line has not exactly one value: " + line);
        return measurement;
    }
}

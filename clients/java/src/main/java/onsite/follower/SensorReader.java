package onsite.follower;

import generated.dto.Sensor;
import generated.dto.SensorChange;
import generated.dto.SensorChangesResponse;
import generated.dto.SensorCreateOrUpdate;
import generated.dto.SensorDelete;
import generated.dto.SensorsResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The sensors of one organization: read at once and followed from 0. */
final class SensorReader {
    private final Api api;
    private final String organization;
    private final InventoryReader inventory;
    private final Checks checks;

    SensorReader(Api api, String organization, InventoryReader inventory, Checks checks) {
        this.api = api;
        this.organization = organization;
        this.inventory = inventory;
        this.checks = checks;
    }

    void run() throws IOException, InterruptedException {
        checks.heading("sensors of " + organization);
        SensorsResponse list = api.read(Api.inOrganization(organization, "sensors"), SensorsResponse.class);
        checks.note(list.getSensors().size() + " sensors, offset " + list.getOffset());
        checks.that(!list.getSensors().isEmpty(), "there are sensors");
        for (Sensor sensor : list.getSensors()) {
            checks.quietly(
                    inventory.knowsDevice(sensor.getDeviceId()), sensor.getId() + " is of a device that is not there");
        }

        Map<String, Sensor> followed = new LinkedHashMap<>();
        Drain<SensorChangesResponse, SensorChange> feed = new Drain<>(
                api, checks, Api.inOrganization(organization, "sensor-changes/"), SensorChangesResponse.class,
                SensorChangesResponse::getSensorChanges, SensorChangesResponse::getOffset);
        feed.from(0, change -> {
            if (change instanceof SensorCreateOrUpdate update) {
                followed.put(update.getSensor().getId(), update.getSensor());
            } else if (change instanceof SensorDelete delete) {
                followed.remove(delete.getSensorId());
            }
        });
        Set<String> missed = list.getSensors().stream()
                .map(Sensor::getId)
                .filter(id -> !followed.containsKey(id))
                .collect(Collectors.toSet());
        checks.equal(Set.of(), missed, "following from 0 gives every sensor of the list");
    }
}

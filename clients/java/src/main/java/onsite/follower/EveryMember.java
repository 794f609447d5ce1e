package onsite.follower;

import com.fasterxml.jackson.core.JsonProcessingException;
import generated.dto.Alarm;
import generated.dto.AlarmChangesResponse;
import generated.dto.AlarmsResponse;
import generated.dto.CompletedReplaySystemMessage;
import generated.dto.Device;
import generated.dto.GetDeviceResponse;
import generated.dto.InventoryChangesResponse;
import generated.dto.InventoryObject;
import generated.dto.InventoryObjectChange;
import generated.dto.InventoryObjectCreateOrUpdate;
import generated.dto.InventoryObjectDelete;
import generated.dto.InventoryResponse;
import generated.dto.Location;
import generated.dto.Measurement;
import generated.dto.Organization;
import generated.dto.RateLimitReachedReplaySystemMessage;
import generated.dto.ReplaySystemMessage;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.List;

/**
 * Every member of the 17 classes that programs written for the vendor's API call. That this file compiles is the larger half
 * of the check; the other half is that each value survives being written as JSON and read again.
 */
final class EveryMember {
    private static final String DEVICE = "0b7e0f0a-1111-4c1d-8a10-0000000000c1";
    private static final OffsetDateTime TIME = OffsetDateTime.parse("2026-11-20T06:14:09.120Z");
    private static final LocalDate DAY = LocalDate.parse("2027-02-01");

    private final Checks checks;

    EveryMember(Checks checks) {
        this.checks = checks;
    }

    void run() throws JsonProcessingException {
        checks.heading("every member of the generated classes");
        alarms();
        devices();
        places();
        inventories();
        changes();
        measurements();
        replayMessages();
    }

    private static <T> T again(Object value, Class<T> type) throws JsonProcessingException {
        return Api.JSON.readValue(Api.JSON.writeValueAsString(value), type);
    }

    private void alarms() throws JsonProcessingException {
        Alarm alarm = new Alarm().deviceId("overwritten below").alarmReactivationCount(1);
        alarm.setId("9a3b6c10-2222-4f00-9b00-00000000e001");
        alarm.setDeviceId(DEVICE);
        alarm.setLabel("On battery");
        alarm.setMessage("Input lost");
        alarm.setSeverity(Alarm.SeverityEnum.fromValue("CRITICAL"));
        alarm.setActivatedTime(TIME);
        alarm.setClearedTime(TIME.plusMinutes(12));
        alarm.setAlarmReactivationCount(alarm.getAlarmReactivationCount() + 1);

        AlarmsResponse list = new AlarmsResponse().addAlarmsItem(alarm);
        list.setOffset(1L + Integer.MAX_VALUE);
        list = again(list, AlarmsResponse.class);
        Long offset = list.getOffset();
        checks.equal(1L + Integer.MAX_VALUE, offset, "an offset has 64 bits");
        Alarm read = list.getAlarms().get(0);
        checks.equal(alarm, read, "an alarm is read as it was written");
        checks.equal(
                List.of(alarm.getId(), DEVICE, "On battery", "Input lost", TIME, TIME.plusMinutes(12), 2),
                List.of(read.getId(), read.getDeviceId(), read.getLabel(), read.getMessage(), read.getActivatedTime(),
                        read.getClearedTime(), read.getAlarmReactivationCount()),
                "an alarm's getters give what its setters took");
        checks.equal("CRITICAL", read.getSeverity().toString(), "a severity's name is its value");
        checks.equal(
                List.of("ERROR", "INFO", "WARNING"),
                List.of(Alarm.SeverityEnum.ERROR.toString(), Alarm.SeverityEnum.INFO.toString(),
                        Alarm.SeverityEnum.WARNING.toString()),
                "severities have their constants");
        checks.equal(8, Alarm.SeverityEnum.values().length, "there are eight severities");

        AlarmChangesResponse changed = new AlarmChangesResponse().addAlarmsItem(new Alarm().deviceId(DEVICE));
        changed.setOffset(7L);
        checks.equal(7L, changed.getOffset(), "changed alarms come with an offset");
        checks.equal(DEVICE, changed.getAlarms().get(0).getDeviceId(), "changed alarms are a list");
    }

    private void devices() throws JsonProcessingException {
        Device device = new Device().deviceNote("overwritten below");
        device.setId(DEVICE);
        device.setLabel("ups-west");
        device.setType("UPS");
        device.setParentId("parent");
        device.setLocationId("location");
        device.setGatewayIds(List.of("gateway"));
        device.setWarrantyExpirationDate(DAY);
        device.setServiceDueDate(DAY.plusDays(1));
        device.setLastServiceDate(DAY.minusDays(1));
        device.setDeviceNote(device.getDeviceNote().isEmpty() ? "" : "key at desk");
        Device read = again(device, Device.class);
        checks.equal(
                List.of(DEVICE, "ups-west", "UPS", "parent", "location", List.of("gateway"), DAY, DAY.plusDays(1),
                        DAY.minusDays(1), "key at desk"),
                List.of(read.getId(), read.getLabel(), read.getType(), read.getParentId(), read.getLocationId(),
                        read.getGatewayIds(), read.getWarrantyExpirationDate(), read.getServiceDueDate(),
                        read.getLastServiceDate(), read.getDeviceNote()),
                "a device's getters give what its setters took");

        GetDeviceResponse answer = Api.JSON.readValue(
                "{\"device\":{\"discriminator\":\"Device\",\"id\":\"d\",\"label\":\"D\",\"type\":\"UPS\"},"
                        + "\"ancestors\":[{\"discriminator\":\"Organization\",\"id\":\"o\",\"label\":\"O\"}]}",
                GetDeviceResponse.class);
        Device inAnswer = answer.getDevice();
        List<InventoryObject> ancestors = answer.getAncestors();
        checks.equal("UPS", inAnswer.getType(), "a device's answer holds the device");
        checks.that(ancestors.get(0) instanceof Organization, "a device's answer ends with the organization");
    }

    private void places() throws JsonProcessingException {
        InventoryObject any = new InventoryObject();
        any.setId("id");
        any.setLabel("label");
        checks.equal(List.of("id", "label"), List.of(any.getId(), any.getLabel()), "any object has an id and a label");

        Location location = new Location();
        location.setId("location");
        location.setLabel("R-07");
        location.setType("RACK");
        location.setParentId("room");
        location.setAddress("4 Quay Rd");
        Location read = again(location, Location.class);
        checks.equal(
                List.of("location", "R-07", "RACK", "room", "4 Quay Rd"),
                List.of(read.getId(), read.getLabel(), read.getType(), read.getParentId(), read.getAddress()),
                "a location's getters give what its setters took");

        Organization organization = new Organization();
        organization.setId("organization");
        organization.setLabel("Harbour Mill Ltd");
        organization.setAddress("1 Quay Rd");
        Organization readBack = again(organization, Organization.class);
        checks.equal(
                List.of("organization", "Harbour Mill Ltd", "1 Quay Rd"),
                List.of(readBack.getId(), readBack.getLabel(), readBack.getAddress()),
                "an organization's getters give what its setters took");
    }

    private void inventories() throws JsonProcessingException {
        InventoryResponse inventory = new InventoryResponse()
                .addInventoryObjectsItem(new Organization())
                .addInventoryObjectsItem(new Location())
                .addInventoryObjectsItem(new Device());
        inventory.setOffset(90_431L);
        inventory = again(inventory, InventoryResponse.class);
        List<InventoryObject> objects = inventory.getInventoryObjects();
        checks.that(
                objects.get(0) instanceof Organization && objects.get(1) instanceof Location
                        && objects.get(2) instanceof Device,
                "objects of an inventory are told apart by their discriminator");
        checks.equal(90_431L, inventory.getOffset(), "an inventory comes with an offset");
    }

    private void changes() throws JsonProcessingException {
        InventoryObjectCreateOrUpdate changed = new InventoryObjectCreateOrUpdate();
        changed.setInventoryObject(new Location());
        InventoryObjectDelete gone = Api.JSON.readValue(
                "{\"discriminator\":\"InventoryObjectDelete\",\"inventoryObjectId\":\"" + DEVICE + "\"}",
                InventoryObjectDelete.class);
        checks.equal(DEVICE, gone.getInventoryObjectId(), "a removal names the id that is gone");
        gone.setInventoryObjectId("other");

        InventoryChangesResponse answer = new InventoryChangesResponse()
                .addInventoryObjectChangesItem(changed)
                .addInventoryObjectChangesItem(gone);
        answer.setOffset(8L);
        answer = again(answer, InventoryChangesResponse.class);
        InventoryObjectChange first = answer.getInventoryObjectChanges().get(0);
        InventoryObjectChange second = answer.getInventoryObjectChanges().get(1);
        checks.that(
                first instanceof InventoryObjectCreateOrUpdate update
                        && update.getInventoryObject() instanceof Location
                        && second instanceof InventoryObjectDelete delete
                        && delete.getInventoryObjectId().equals("other"),
                "changes are told apart by their discriminator");
        checks.equal(8L, answer.getOffset(), "changes come with an offset");
    }

    private void measurements() throws JsonProcessingException {
        Measurement measurement = new Measurement();
        measurement.setSensorId("sensor");
        measurement.setTimestamp(TIME);
        measurement.setNumericValue(4.1E2);
        measurement.setOffset("qk2_Zx-1");
        Measurement read = again(measurement, Measurement.class);
        Double number = read.getNumericValue();
        checks.equal(
                List.of("sensor", TIME, 410.0, "qk2_Zx-1"),
                List.of(read.getSensorId(), read.getTimestamp(), number, read.getOffset()),
                "a measurement's getters give what its setters took");
        measurement.setNumericValue(null);
        measurement.setStringValue("Closed");
        checks.equal("Closed", again(measurement, Measurement.class).getStringValue(), "a state is a word");
    }

    private void replayMessages() throws JsonProcessingException {
        ReplaySystemMessage completed =
                again(new CompletedReplaySystemMessage(), ReplaySystemMessage.class);
        ReplaySystemMessage limited =
                again(new RateLimitReachedReplaySystemMessage(), ReplaySystemMessage.class);
        checks.that(
                completed instanceof CompletedReplaySystemMessage
                        && limited instanceof RateLimitReachedReplaySystemMessage,
                "a replay's messages are told apart by their type");
        checks.that(
                !completed.getReplaySystemMessageType().equals(limited.getReplaySystemMessageType()),
                "a replay's message names its type");
    }
}

package onsite.follower;

import generated.dto.Device;
import generated.dto.GetDeviceResponse;
import generated.dto.InventoryChangesResponse;
import generated.dto.InventoryObject;
import generated.dto.InventoryObjectChange;
import generated.dto.InventoryObjectCreateOrUpdate;
import generated.dto.InventoryObjectDelete;
import generated.dto.InventoryResponse;
import generated.dto.Location;
import generated.dto.Organization;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The inventory of one organization: read at once, followed from 0, and looked up device by device. */
final class InventoryReader {
    private final Api api;
    private final String organization;
    private final Checks checks;
    private final Map<String, InventoryObject> objects = new LinkedHashMap<>();

    InventoryReader(Api api, String organization, Checks checks) {
        this.api = api;
        this.organization = organization;
        this.checks = checks;
    }

    void run() throws IOException, InterruptedException {
        checks.heading("inventory of " + organization);
        readAtOnce();
        followFromZero();
        List<Device> devices = all(Device.class);
        Comparator<Device> depth = Comparator.comparingInt(device -> expectedAncestors(device).size());
        lookUp(devices.stream().max(depth).orElseThrow());
        lookUp(devices.stream().min(depth).orElseThrow());
    }

    boolean knowsDevice(String id) {
        return objects.get(id) instanceof Device;
    }

    private <T> List<T> all(Class<T> kind) {
        return objects.values().stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private void readAtOnce() throws IOException, InterruptedException {
        InventoryResponse answer = api.read(Api.inOrganization(organization, "inventory"), InventoryResponse.class);
        for (InventoryObject object : answer.getInventoryObjects()) {
            checks.quietly(objects.put(object.getId(), object) == null, object.getId() + " stands twice in the inventory");
        }
        checks.note(all(Location.class).size() + " locations, " + all(Device.class).size() + " devices, offset "
                + answer.getOffset());
        checks.equal(
                List.of(organization),
                all(Organization.class).stream().map(Organization::getId).toList(),
                "there is exactly one organization, with the id of the path");
        checks.that(!all(Device.class).isEmpty(), "there are devices");
        for (Location location : all(Location.class)) {
            checks.quietly(
                    location.getParentId() == null || objects.get(location.getParentId()) instanceof Location,
                    "the parent of location " + location.getId() + " is no location");
        }
        for (Device device : all(Device.class)) {
            checks.quietly(
                    device.getParentId() == null || objects.get(device.getParentId()) instanceof Device,
                    "the parent of device " + device.getId() + " is no device");
            checks.quietly(
                    device.getLocationId() == null || objects.get(device.getLocationId()) instanceof Location,
                    "the location of device " + device.getId() + " is no location");
        }
    }

    private void followFromZero() throws IOException, InterruptedException {
        Map<String, InventoryObject> followed = new LinkedHashMap<>();
        Drain<InventoryChangesResponse, InventoryObjectChange> feed = new Drain<>(
                api, checks, Api.inOrganization(organization, "inventory-changes/"), InventoryChangesResponse.class,
                InventoryChangesResponse::getInventoryObjectChanges, InventoryChangesResponse::getOffset);
        long offset = feed.from(0, change -> {
            if (change instanceof InventoryObjectCreateOrUpdate update) {
                followed.put(update.getInventoryObject().getId(), update.getInventoryObject());
            } else if (change instanceof InventoryObjectDelete delete) {
                followed.remove(delete.getInventoryObjectId());
            }
        });
        InventoryResponse now = api.read(Api.inOrganization(organization, "inventory"), InventoryResponse.class);
        if (now.getOffset() == offset) {
            checks.equal(
                    now.getInventoryObjects().stream().map(InventoryObject::getId).sorted().toList(),
                    followed.keySet().stream().sorted().toList(),
                    "following from 0 ends with the same objects as reading at once");
        } else {
            checks.note("the inventory moved meanwhile; the two reads cannot be compared");
        }
    }

    private void lookUp(Device device) throws IOException, InterruptedException {
        GetDeviceResponse answer =
                api.read(Api.inOrganization(organization, "inventory/" + device.getId()), GetDeviceResponse.class);
        checks.equal(
                List.of(device.getId(), device.getLabel(), device.getType()),
                List.of(answer.getDevice().getId(), answer.getDevice().getLabel(), answer.getDevice().getType()),
                device.getLabel() + " is found by its id");
        checks.equal(
                expectedAncestors(device),
                answer.getAncestors().stream().map(InventoryObject::getId).toList(),
                "its " + answer.getAncestors().size() + " ancestors come nearest first, the organization last");
    }

    /** Parent devices first, then the locations around the outermost of them, then the organization. */
    private List<String> expectedAncestors(Device device) {
        List<String> path = new ArrayList<>();
        String location = device.getLocationId();
        Device inner = device;
        while (inner.getParentId() != null && path.size() < objects.size()) {
            path.add(inner.getParentId());
            inner = (Device) objects.get(inner.getParentId());
            location = inner.getLocationId() == null ? location : inner.getLocationId();
        }
        while (location != null && path.size() < objects.size()) {
            path.add(location);
            location = ((Location) objects.get(location)).getParentId();
        }
        path.add(organization);
        return path;
    }
}

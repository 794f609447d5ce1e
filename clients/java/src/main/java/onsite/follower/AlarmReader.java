package onsite.follower;

import generated.dto.Alarm;
import generated.dto.AlarmChangesResponse;
import generated.dto.AlarmsResponse;
import java.io.IOException;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The alarms of one organization: read at once, followed from 0, and waited for. */
final class AlarmReader {
    private final Api api;
    private final String organization;
    private final InventoryReader inventory;
    private final boolean changeExpected;
    private final Checks checks;
    private final Map<String, Alarm> alarms = new LinkedHashMap<>();

    AlarmReader(Api api, String organization, InventoryReader inventory, boolean changeExpected, Checks checks) {
        this.api = api;
        this.organization = organization;
        this.inventory = inventory;
        this.changeExpected = changeExpected;
        this.checks = checks;
    }

    void run() throws IOException, InterruptedException {
        checks.heading("alarms of " + organization);
        AlarmsResponse list = api.read(Api.inOrganization(organization, "alarms"), AlarmsResponse.class);
        for (Alarm alarm : list.getAlarms()) {
            checks.quietly(alarms.put(alarm.getId(), alarm) == null, alarm.getId() + " is listed twice");
            plausible(alarm);
        }
        long active = alarms.values().stream().filter(alarm -> alarm.getClearedTime() == null).count();
        checks.note(active + " active, " + (alarms.size() - active) + " cleared, offset " + list.getOffset());
        checks.that(!alarms.isEmpty(), "there are alarms");

        Drain<AlarmChangesResponse, Alarm> feed = new Drain<>(
                api, checks, Api.inOrganization(organization, "alarm-changes/"), AlarmChangesResponse.class,
                AlarmChangesResponse::getAlarms, AlarmChangesResponse::getOffset);
        long offset = followFromZero(feed, list);
        if (changeExpected) {
            waitForTheNextChange(feed, offset);
        }
    }

    private void plausible(Alarm alarm) {
        checks.quietly(alarm.getSeverity() != null, alarm.getId() + " has no severity");
        checks.quietly(alarm.getActivatedTime() != null, alarm.getId() + " has no time of activation");
        checks.quietly(alarm.getAlarmReactivationCount() >= 0, alarm.getId() + " was reactivated less than never");
        checks.quietly(!alarm.getLabel().isBlank(), alarm.getId() + " has no label");
        checks.quietly(inventory.knowsDevice(alarm.getDeviceId()), alarm.getId() + " is of a device that is not there");
        OffsetDateTime cleared = alarm.getClearedTime();
        checks.quietly(
                cleared == null || !cleared.isBefore(alarm.getActivatedTime()), alarm.getId() + " went before it came");
    }

    private long followFromZero(Drain<AlarmChangesResponse, Alarm> feed, AlarmsResponse list)
            throws IOException, InterruptedException {
        Map<String, Alarm> followed = new LinkedHashMap<>();
        long offset = feed.from(0, alarm -> followed.put(alarm.getId(), alarm));
        checks.that(offset >= list.getOffset(), "the feed goes at least as far as the list");
        Set<String> missed = alarms.keySet().stream().filter(id -> !followed.containsKey(id)).collect(Collectors.toSet());
        checks.equal(Set.of(), missed, "following from 0 gives every alarm of the list");
        long later = api.read(Api.inOrganization(organization, "alarms"), AlarmsResponse.class).getOffset();
        checks.that(later >= offset, "a list read later does not stand before the feed");
        return offset;
    }

    private void waitForTheNextChange(Drain<AlarmChangesResponse, Alarm> feed, long offset)
            throws IOException, InterruptedException {
        checks.note("waiting for the next change of an alarm");
        Map<String, Alarm> changed = new LinkedHashMap<>();
        long next = feed.untilMoved(offset, alarm -> changed.put(alarm.getId(), alarm));
        changed.values().forEach(this::plausible);
        checks.that(next > offset && !changed.isEmpty(), changed.size() + " alarms changed and came by the feed");
    }
}

//! Measured values: kept by sensor and time for plots, and in the order of their arrival for replays.

use onsite_wire::ids::{OrganizationId, SensorId};
use onsite_wire::onsite::{Bucket, StatePoint};
use onsite_wire::rest::Measurement;
use onsite_wire::time::Timestamp;
use rusqlite::{Row, params};

use super::changes::Write;
use super::{Measured, Place, StorageError, View};
use onsite_wire::ids::LocationId;

/// A stored measurement in the order of arrival, and where its sensor is.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Its position.
    pub position: i64,
    /// The value.
    pub measurement: Measurement,
    /// Where its sensor is.
    pub place: Place,
}

/// Which values of a sensor are asked for.
#[derive(Debug, Clone, Copy)]
pub struct MeasuredAt {
    /// From this time on.
    pub from: Timestamp,
    /// Before this time.
    pub to: Timestamp,
}

fn measurement(row: &Row<'_>) -> rusqlite::Result<Measurement> {
    Ok(Measurement {
        sensor_id: SensorId::from_bytes(row.get(0)?),
        timestamp: Timestamp::from_micros(row.get(1)?),
        numeric_value: row.get(2)?,
        string_value: row.get(3)?,
        offset: None,
    })
}

impl View<'_> {
    /// Measurements after a position, at most up to another, in the order of their arrival.
    pub fn replay(
        &self,
        organization: OrganizationId,
        after: i64,
        up_to: i64,
        limit: usize,
    ) -> Result<Vec<Replayed>, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT measurements.sensor, measurements.measured_at, measurements.number, measurements.word,
                    measurements.position, objects.place
             FROM measurements LEFT JOIN objects
               ON objects.organization = measurements.organization AND objects.feed = 'sensors'
              AND objects.id = measurements.sensor
             WHERE measurements.organization = ?1 AND measurements.position > ?2 AND measurements.position <= ?3
             ORDER BY measurements.position LIMIT ?4",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![organization.bytes(), after, up_to, limit], |row| {
            let place = row.get::<_, Option<[u8; 16]>>(5)?.map(LocationId::from_bytes);
            Ok(Replayed { position: row.get(4)?, measurement: measurement(row)?, place })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The numbers of a sensor in buckets of equal length; buckets without a number are left out.
    pub fn buckets(
        &self,
        organization: OrganizationId,
        sensor: SensorId,
        range: MeasuredAt,
        bucket_ms: i64,
    ) -> Result<Vec<Bucket>, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT (measured_at - ?3) / ?5, min(number), avg(number), max(number), count(number)
             FROM measurements
             WHERE organization = ?1 AND sensor = ?2 AND measured_at >= ?3 AND measured_at < ?4 AND number IS NOT NULL
             GROUP BY 1 ORDER BY 1",
        )?;
        let (from, to, length) = (range.from.micros(), range.to.micros(), bucket_ms.saturating_mul(1_000));
        let rows = statement.query_map(params![organization.bytes(), sensor.bytes(), from, to, length], |row| {
            let number: i64 = row.get(0)?;
            Ok(Bucket {
                at: range.from.plus_millis(number.saturating_mul(bucket_ms)),
                min: row.get(1)?,
                average: row.get(2)?,
                max: row.get(3)?,
                count: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The words of a sensor: the one that stood at the beginning, and each change.
    pub fn words(
        &self,
        organization: OrganizationId,
        sensor: SensorId,
        range: MeasuredAt,
        limit: usize,
    ) -> Result<Vec<StatePoint>, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT measured_at, word FROM measurements
             WHERE organization = ?1 AND sensor = ?2 AND measured_at < ?4 AND word IS NOT NULL
               AND measured_at >= coalesce((SELECT max(measured_at) FROM measurements
                                            WHERE organization = ?1 AND sensor = ?2 AND measured_at < ?3), ?3)
             ORDER BY measured_at",
        )?;
        let (from, to) = (range.from.micros(), range.to.micros());
        let mut rows = statement.query(params![organization.bytes(), sensor.bytes(), from, to])?;
        let mut points: Vec<StatePoint> = Vec::new();
        while let Some(row) = rows.next()? {
            let state: String = row.get(1)?;
            if points.last().is_none_or(|last| last.state != state) && points.len() < limit {
                points.push(StatePoint { at: Timestamp::from_micros(row.get(0)?), state });
            }
        }
        Ok(points)
    }

    /// Where sensors are: what a live stream may tell this reader is decided by it.
    pub fn place_of_sensor(
        &self,
        organization: OrganizationId,
        sensor: SensorId,
    ) -> Result<Option<Place>, StorageError> {
        Ok(self.object(organization, super::Kind::Sensor, sensor.0)?.map(|(stored, _)| stored.place))
    }
}

impl Write<'_> {
    /// Stores measurements; a second value of a sensor for the same time takes the place of the first.
    pub(super) fn measure(
        &mut self,
        organization: OrganizationId,
        measurements: Vec<Measurement>,
    ) -> Result<(), StorageError> {
        let mut position: i64 = self
            .connection()
            .prepare_cached("SELECT last_measurement FROM organizations WHERE id = ?1")?
            .query_row([organization.bytes()], |row| row.get(0))?;
        for measurement in measurements {
            position += 1;
            self.connection()
                .prepare_cached(
                    "INSERT INTO measurements (organization, sensor, measured_at, number, word, position)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT (organization, sensor, measured_at) DO UPDATE SET
                        number = excluded.number, word = excluded.word, position = excluded.position",
                )?
                .execute(params![
                    organization.bytes(),
                    measurement.sensor_id.bytes(),
                    measurement.timestamp.micros(),
                    measurement.numeric_value,
                    measurement.string_value,
                    position
                ])?;
            self.tell_measured(Measured { organization, position, measurement });
        }
        self.connection()
            .prepare_cached("UPDATE organizations SET last_measurement = ?2 WHERE id = ?1")?
            .execute(params![organization.bytes(), position])?;
        Ok(())
    }
}

//! Where a customer is and which device is in hand, day by day: trips and new devices.

use crate::{
    random::{Draws, Stream},
    roster::Resident,
    spec::Spec,
};

/// At most so many trips in a period, one in each of its equal parts.
const TRIPS_MAX: usize = 4;
/// A part of this length sees a trip with the probability that the segment states.
const TRIP_EVERY_DAYS: f64 = 60.0;
/// Shortest and longest trip.
const TRIP_DAYS: (u32, u32) = (2, 10);
/// Chance of a new device in a period, and of a second one at any time.
const NEW_DEVICE: f64 = 0.25;
const SECOND_DEVICE: f64 = 0.15;
/// Number of a second device; replaced ones count up from 0.
pub const SECOND: u16 = 8;

#[derive(Debug, Clone, Copy)]
struct Trip {
    first_day: u32,
    last_day: u32,
    city: u16,
}

#[derive(Debug, Clone, Copy)]
pub struct Journey {
    trips: [Trip; TRIPS_MAX],
    new_device_day: u32,
    pub has_second_device: bool,
}

impl Journey {
    pub fn of(spec: &Spec, resident: &Resident) -> Self {
        let locale = spec.locale();
        let days = spec.calendar().days.len() as u32;
        let parts = days
            .div_ceil(TRIP_EVERY_DAYS as u32)
            .clamp(1, TRIPS_MAX as u32);
        let part_days = days / parts;
        let mut draws = Draws::at(resident.key, Stream::Habit, 0);
        let chance = locale.segments[usize::from(resident.segment)].travel
            * (f64::from(part_days) / TRIP_EVERY_DAYS).min(1.0);
        let none = Trip {
            first_day: u32::MAX,
            last_day: 0,
            city: 0,
        };
        let trips = std::array::from_fn(|part| {
            if part as u32 >= parts || !draws.chance(chance) {
                return none;
            }
            let first_day = part as u32 * part_days + draws.below(part_days);
            Trip {
                first_day,
                last_day: first_day + TRIP_DAYS.0 + draws.below(TRIP_DAYS.1 - TRIP_DAYS.0) - 1,
                // Wherever people are: trips leave the shares of the states as they are.
                city: locale.city_pick.at((draws.bits() >> 32) as u32) as u16,
            }
        });
        let gets_device = draws.chance(NEW_DEVICE);
        // Not the first day: the period begins with the device that the customer is listed with.
        let new_device_day = 1 + draws.below(days);
        Self {
            trips,
            new_device_day: if gets_device {
                new_device_day
            } else {
                u32::MAX
            },
            has_second_device: draws.chance(SECOND_DEVICE),
        }
    }

    /// The city of a trip that takes place on a day.
    #[inline]
    pub fn away(&self, day: u32) -> Option<u16> {
        let mut trips = self.trips.iter();
        trips
            .find(|trip| trip.first_day <= day && day <= trip.last_day)
            .map(|trip| trip.city)
    }

    /// The customer's own device of a day.
    #[inline]
    pub const fn device(&self, day: u32) -> u16 {
        (self.new_device_day <= day) as u16
    }
}

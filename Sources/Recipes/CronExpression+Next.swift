public import Foundation

extension CronExpression {
    /// The first tick after a moment.
    ///
    /// Where the clock is changed, cronie's rules hold. Fixed times (neither minute nor hour begins with `*`) fire once a
    /// day, come what may: those that are skipped fire right after the gap, those that come twice fire the first time.
    /// Intervals follow the clock on the wall: nothing fires in a gap, and an hour that comes twice counts twice.
    ///
    /// - Returns: nil only for moments beyond the year 300 000; every expression fires within 400 years.
    public func next(after moment: Date, in zone: TimeZone) -> Date? {
        let seconds = moment.timeIntervalSince1970.rounded(.down)
        guard abs(seconds) < 1e13 else { return nil }
        let start = Int(seconds)
        let clock = WallClock(zone: zone)
        var day = CivilDay(number: (start + clock.offset(at: start)).flooredQuotient(86_400) - 1)
        let last = day.number + 146_097 + 2  // the calendar repeats itself after 400 years
        while day.number <= last {
            if !months.contains(day.month) {
                day = day.startOfNextMonth
                continue
            }
            if matches(day), let tick = firstTick(on: day, after: start, clock) {
                return Date(timeIntervalSince1970: TimeInterval(tick))
            }
            day = CivilDay(number: day.number + 1)
        }
        return nil
    }

    private func matches(_ day: CivilDay) -> Bool {
        let (byDay, byWeekday) = (days.contains(day.day), weekdays.contains(day.weekday))
        return needsBothDays ? byDay && byWeekday : byDay || byWeekday
    }

    private func firstTick(on day: CivilDay, after start: Int, _ clock: WallClock) -> Int? {
        let midnight = day.number * 86_400
        // No zone is a whole day away from UTC, so these two moments enclose the day wherever it is.
        let (before, after) = (midnight - 86_400, midnight + 2 * 86_400)
        let offset = clock.offset(at: before)
        let isSteady = clock.offset(at: after) == offset
        let change = isSteady ? nil : clock.change(from: before, to: after)
        var first: Int?
        for hour in 0..<24 where hours.contains(hour) {
            for minute in 0..<60 where minutes.contains(minute) {
                let local = midnight + hour * 3600 + minute * 60
                guard let change else {
                    if local - offset > start { return local - offset }
                    continue
                }
                for tick in ticks(local, change) where tick > start && tick < first ?? .max { first = tick }
            }
        }
        return first
    }

    /// When a time of day fires on a day on which the clock is changed.
    private func ticks(_ local: Int, _ change: WallClock.Change) -> [Int] {
        let times = change.moments(of: local)
        if isInterval { return times }
        return [times.first ?? change.moment]
    }
}

/// The clock on the wall in one time zone; all numbers are seconds since 1970-01-01, in UTC or on that wall.
struct WallClock {
    let zone: TimeZone

    func offset(at moment: Int) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(moment)))
    }

    /// A moment from which on the offset is another one.
    struct Change {
        var moment: Int
        var offsetBefore: Int
        var offsetAfter: Int

        /// The moments at which the wall shows a time: none in a gap, two where the clock was put back.
        func moments(of local: Int) -> [Int] {
            var moments: [Int] = []
            if local - offsetBefore < moment { moments.append(local - offsetBefore) }
            if local - offsetAfter >= moment { moments.append(local - offsetAfter) }
            return moments
        }
    }

    /// The change between two moments with different offsets; there is one at most within a few days.
    func change(from start: Int, to end: Int) -> Change {
        let offsetBefore = offset(at: start)
        var (low, high) = (start, end)
        while high - low > 1 {
            let middle = (low + high) / 2
            if offset(at: middle) == offsetBefore { low = middle } else { high = middle }
        }
        return Change(moment: high, offsetBefore: offsetBefore, offsetAfter: offset(at: high))
    }
}

/// A day of the Gregorian calendar.
struct CivilDay {
    /// Days since 1970-01-01.
    let number: Int
    let year: Int
    let month: Int
    let day: Int

    /// 0 is Sunday.
    var weekday: Int { number + 4 - (number + 4).flooredQuotient(7) * 7 }

    /// Source: Howard Hinnant, “chrono-Compatible Low-Level Date Algorithms”, `civil_from_days`.
    init(number: Int) {
        self.number = number
        let shifted = number + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var startOfNextMonth: CivilDay {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length = month == 2 && !isLeap ? 28 : Self.longest(month: month)
        return CivilDay(number: number + length - day + 1)
    }

    /// Days of a month, in leap years for February.
    static func longest(month: Int) -> Int {
        switch month {
        case 2: 29
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int {
    fileprivate func flooredQuotient(_ divisor: Int) -> Int {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}

/// The time fields of ZIP: UTC here, as they have no zone and the same archive must come out everywhere.
///
/// Source: APPNOTE 6.3.10, 4.4.6; two seconds a step, 1980-01-01 … 2107-12-31.
struct DOSTime: Hashable {
    var time: UInt16
    var date: UInt16

    /// - Parameter seconds: since 1970-01-01 00:00 UTC; clamped to what the format can say.
    init(secondsSince1970 seconds: Int64) {
        let clamped = min(max(seconds, 315_532_800), 4_354_819_198)
        let (days, second) = clamped.quotientAndRemainder(dividingBy: 86_400)
        let (year, month, day) = Self.civil(days: Int(days))
        time = UInt16((second / 3600) << 11 | (second / 60 % 60) << 5 | (second % 60 / 2))
        date = UInt16((year - 1980) << 9 | month << 5 | day)
    }

    /// Gregorian date of a day counted from 1970-01-01; Howard Hinnant's `civil_from_days`, for days after 0.
    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

import Foundation

/// Five cron fields: minute, hour, day of month, month, day of week.
///
/// Each field takes `*`, numbers, ranges `1-5`, lists `1,3,5` and steps `*/15`, `8-18/2` or `5/10` (from 5 on); months
/// and days of the week also take their English names' first three letters; Sunday is 0 or 7. `@hourly`, `@daily`,
/// `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually` stand for what they say. Where neither day field begins
/// with `*`, a day matches when either does. Source: crontab(5) of cronie, as for the rules on clock changes, at
/// ``next(after:in:)``.
public struct CronExpression: Sendable, Hashable {
    public let text: String
    let minutes: CronSet
    let hours: CronSet
    let days: CronSet
    let months: CronSet
    /// 0 (Sunday) … 6.
    let weekdays: CronSet
    /// Whether the minute or the hour begins with `*`.
    let isInterval: Bool
    /// Whether a day has to match both day fields, since one of them begins with `*`.
    let needsBothDays: Bool

    /// - Throws: ``CronError`` naming the field, its value and what is allowed; also for days that never come.
    public init(_ text: String) throws(CronError) {
        self.text = text
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        guard let expanded = trimmed.hasPrefix("@") ? Self.nicknames[trimmed.lowercased()] : trimmed else {
            throw CronError(
                description:
                    "“\(text.prefix(60))” is not known; allowed: \(Self.nicknames.keys.sorted().joined(separator: ", "))"
            )
        }
        let fields = expanded.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        guard fields.count == 5 else {
            throw CronError(description: "“\(text.prefix(60))” has \(fields.count) fields; a cron expression has five")
        }
        minutes = try CronField.minute.parse(fields[0])
        hours = try CronField.hour.parse(fields[1])
        days = try CronField.day.parse(fields[2])
        months = try CronField.month.parse(fields[3])
        weekdays = try CronField.weekday.parse(fields[4]).withSundayAsZero
        isInterval = fields[0].hasPrefix("*") || fields[1].hasPrefix("*")
        needsBothDays = fields[2].hasPrefix("*") || fields[4].hasPrefix("*")
        let (days, months) = (days, months)
        let comes = (1...12).contains { month in
            months.contains(month) && (1...CivilDay.longest(month: month)).contains(where: days.contains)
        }
        guard comes || !needsBothDays else {
            throw CronError(description: "“\(text.prefix(60))” never fires: none of its months has such a day")
        }
    }

    /// Whether `name` is a time zone that this machine knows.
    public static func isTimeZone(_ name: String) -> Bool { TimeZone(identifier: name) != nil }

    private static let nicknames = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]
}

public struct CronError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}

import Foundation
import Recipes
import TestServers
import Testing

@Suite("Cron expressions: the next tick")
struct CronNextTests {
    private static func date(_ text: String) throws -> Date {
        try Date(text, strategy: .iso8601)
    }

    private static func zone(_ name: String) throws -> TimeZone {
        try #require(TimeZone(identifier: name))
    }

    /// All ticks in `[from, to)`.
    private static func ticks(_ cron: String, _ zone: String, from: String, to: String) throws -> [String] {
        let expression = try CronExpression(cron)
        var moment = try date(from).addingTimeInterval(-1)
        var found: [String] = []
        while let next = expression.next(after: moment, in: try self.zone(zone)), try next < date(to) {
            #expect(next > moment)
            found.append(next.formatted(.iso8601))
            moment = next
        }
        return found
    }

    @Test(
        "In UTC",
        arguments: [
            ("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
            ("* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z"),
            ("0 0 * * *", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ("59 23 31 12 *", "2026-01-01T00:00:00Z", "2026-12-31T23:59:00Z"),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
            // Either day field is enough when both are restricted: the 13th, or a Friday.
            ("0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ("0 0 13 * 5", "2026-01-10T00:00:00Z", "2026-01-13T00:00:00Z"),
            // With a * in front both have to match: the 29th of February on an even weekday, decades away.
            ("0 0 29 2 */6", "2026-01-01T00:00:00Z", "2032-02-29T00:00:00Z"),
            ("0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"),
            ("30 9 * * mon-fri", "2026-01-02T10:00:00Z", "2026-01-05T09:30:00Z"),
            ("0 0 1 1 *", "1969-06-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("0 0 1 3 *", "1900-02-28T12:00:00Z", "1900-03-01T00:00:00Z"),
        ])
    func utc(cron: String, after: String, next: String) throws {
        let found = try #require(try CronExpression(cron).next(after: Self.date(after), in: .gmt))
        #expect(found.formatted(.iso8601) == next)
    }

    @Test("Times beyond the end of time are nil, not a trap", arguments: [1e14, -1e14, .infinity, -.infinity, .nan])
    func endOfTime(seconds: Double) throws {
        #expect(try CronExpression("* * * * *").next(after: Date(timeIntervalSince1970: seconds), in: .gmt) == nil)
    }

    @Test("Random expressions over random stretches fire exactly at the minutes that match", arguments: 0..<60)
    func agreesWithMinutes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        func field(_ range: ClosedRange<Int>) -> (text: String, values: Set<Int>) {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return ("*", Set(range))
            case 1:
                let values = Set((0..<3).map { _ in Int.random(in: range, using: &random) })
                return (values.map(String.init).joined(separator: ","), values)
            case 2:
                let low = Int.random(in: range, using: &random)
                let high = Int.random(in: low...range.upperBound, using: &random)
                let step = Int.random(in: 1...5, using: &random)
                return ("\(low)-\(high)/\(step)", Set(stride(from: low, through: high, by: step)))
            default:
                let step = Int.random(in: 1...5, using: &random)
                return ("*/\(step)", Set(stride(from: range.lowerBound, through: range.upperBound, by: step)))
            }
        }
        let (minute, hour, day) = (field(0...59), field(0...23), field(1...28))
        let (month, weekday) = (field(1...12), field(0...6))
        let text = [minute.text, hour.text, day.text, month.text, weekday.text].joined(separator: " ")
        let cron = try CronExpression(text)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        func matches(_ moment: Date) -> Bool {
            let parts = calendar.dateComponents([.minute, .hour, .day, .month, .weekday], from: moment)
            let byDay = day.values.contains(parts.day ?? -1)
            let byWeekday = weekday.values.contains((parts.weekday ?? 0) - 1)
            let both = day.text.hasPrefix("*") || weekday.text.hasPrefix("*")
            return minute.values.contains(parts.minute ?? -1) && hour.values.contains(parts.hour ?? -1)
                && month.values.contains(parts.month ?? -1) && (both ? byDay && byWeekday : byDay || byWeekday)
        }
        let start = Date(timeIntervalSince1970: Double(Int.random(in: 0...4_000_000_000, using: &random)))
        let next = try #require(cron.next(after: start, in: .gmt))
        #expect(next > start)
        #expect(matches(next), "\(text) at \(next)")
        // No minute before it matches; far ticks are searched by random probes, as minutes would be too many.
        let first = (start.timeIntervalSince1970 / 60).rounded(.down) * 60 + 60
        let minutes = Int((next.timeIntervalSince1970 - first) / 60)
        for index in 0..<min(minutes, 3000) {
            let probe = minutes <= 3000 ? index : Int.random(in: 0..<minutes, using: &random)
            let moment = Date(timeIntervalSince1970: first + Double(probe) * 60)
            #expect(!matches(moment), "\(text) missed \(moment)")
        }
    }

    @Test("Spring in Berlin: a fixed time that is skipped fires right after the gap, once; intervals skip the gap")
    func springForward() throws {
        // 02:00 → 03:00 at 01:00 UTC on 2026-03-29.
        func ticks(_ cron: String) throws -> [String] {
            try Self.ticks(cron, "Europe/Berlin", from: "2026-03-28T22:00:00Z", to: "2026-03-29T22:00:00Z")
        }
        #expect(try ticks("30 2 * * *") == ["2026-03-29T01:00:00Z"])
        #expect(try ticks("15,30,45 2 * * *") == ["2026-03-29T01:00:00Z"])
        #expect(try ticks("0 3 * * *") == ["2026-03-29T01:00:00Z"])
        #expect(try ticks("0 2,3 * * *") == ["2026-03-29T01:00:00Z"])
        #expect(
            try ticks("30 1,2,3 * * *") == ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"])
        #expect(try ticks("*/20 2 * * *") == [])
        #expect(try ticks("0 * * * *").count == 24)
        #expect(try ticks("30 2 * * mon") == [])
    }

    @Test("Autumn in Berlin: a fixed time that comes twice fires once, the first time; intervals count both hours")
    func fallBack() throws {
        // 03:00 → 02:00 at 01:00 UTC on 2026-10-25.
        func ticks(_ cron: String) throws -> [String] {
            try Self.ticks(cron, "Europe/Berlin", from: "2026-10-24T22:00:00Z", to: "2026-10-25T23:00:00Z")
        }
        #expect(try ticks("30 2 * * *") == ["2026-10-25T00:30:00Z"])
        #expect(try ticks("0 3 * * *") == ["2026-10-25T02:00:00Z"])
        #expect(try ticks("0 2 * * *") == ["2026-10-25T00:00:00Z"])
        #expect(
            try ticks("*/30 2 * * *") == [
                "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z",
            ])
        #expect(try ticks("0 * * * *").count == 25)
    }

    @Test("Odd clocks: half an hour on Lord Howe, a gap at midnight in Santiago, a day that Samoa never had")
    func oddClocks() throws {
        // 02:00 → 02:30 at 15:30 UTC on 2026-10-03.
        #expect(
            try Self.ticks(
                "15 2 * * *", "Australia/Lord_Howe", from: "2026-10-03T13:30:00Z", to: "2026-10-04T13:00:00Z")
                == ["2026-10-03T15:30:00Z"])
        // 24:00 → 01:00 at 04:00 UTC on 2026-09-06.
        #expect(
            try Self.ticks("0 0 * * *", "America/Santiago", from: "2026-09-05T12:00:00Z", to: "2026-09-07T12:00:00Z")
                == ["2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"])
        // 2011-12-30 was left out; the clock went from the 29th to the 31st at 10:00 UTC on the 30th.
        #expect(
            try Self.ticks("0 2 * * *", "Pacific/Apia", from: "2011-12-29T00:00:00Z", to: "2012-01-01T00:00:00Z")
                == ["2011-12-29T12:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T12:00:00Z", "2011-12-31T12:00:00Z"])
        #expect(
            try Self.ticks("0 2 31 12 *", "Pacific/Apia", from: "2011-12-29T00:00:00Z", to: "2012-02-01T00:00:00Z")
                == ["2011-12-30T12:00:00Z"])
    }

    @Test(
        "Over a year of any zone a daily time fires once on each day; over a change of clocks an hourly one each hour",
        arguments: [
            "UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo",
            "America/Santiago",
        ])
    func everyDay(name: String) throws {
        let zone = try Self.zone(name)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let end = try Self.date("2026-12-31T00:00:00Z")
        for text in ["0 0 * * *", "30 1 * * *", "15 2 * * *", "59 23 * * *"] {
            let cron = try CronExpression(text)
            var moment = try Self.date("2026-01-01T12:00:00Z")
            var day = calendar.startOfDay(for: try #require(cron.next(after: moment, in: zone)))
            var count = 0
            while moment < end {
                let next = try #require(cron.next(after: moment, in: zone))
                #expect(calendar.startOfDay(for: next) == day, "\(text) in \(name) at \(next)")
                // A day may begin at 01:00: from the noon before, the next midnight is the same in every zone.
                let noon = try #require(calendar.date(bySettingHour: 12, minute: 0, second: 0, of: day))
                let tomorrow = try #require(calendar.date(byAdding: .day, value: 1, to: noon))
                day = calendar.startOfDay(for: tomorrow)
                moment = next
                count += 1
            }
            #expect((364...365).contains(count))
        }
        let hourly = try CronExpression("@hourly")
        var moment = try Self.date("2026-03-01T00:00:00Z")
        let first = moment
        var count = 0
        while moment < first.addingTimeInterval(60 * 86_400) {
            moment = try #require(hourly.next(after: moment, in: zone))
            count += 1
        }
        // Only where the clock moves by half an hour, an hour of the wall is half or one and a half of a real one.
        #expect((60 * 24 - 1...60 * 24 + 2).contains(count))
    }
}

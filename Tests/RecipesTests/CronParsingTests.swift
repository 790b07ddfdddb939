import Foundation
import Recipes
import TestServers
import Testing

@Suite("Cron expressions: reading")
struct CronParsingTests {
    @Test(
        "Wrong expressions say which field, what stood there and what may",
        arguments: [
            ("60 * * * *", ["minute", "“60”", "0 to 59"]), ("* 24 * * *", ["hour", "“24”", "0 to 23"]),
            ("* * 0 * *", ["day of month", "“0”", "1 to 31"]), ("* * * 13 *", ["month", "“13”", "jan to dec"]),
            ("* * * * 8", ["day of week", "“8”", "sun to sat"]), ("*/0 * * * *", ["minute", "“*/0”"]),
            ("*/90 * * * *", ["minute"]), ("5-1 * * * *", ["minute", "“5-1”"]), ("1,,2 * * * *", ["minute"]),
            ("1/2/3 * * * *", ["minute"]), ("+5 * * * *", ["minute"]), ("-5 * * * *", ["minute"]),
            ("٣ * * * *", ["minute"]), ("1-2-3 * * * *", ["minute"]), ("* * L * *", ["day of month", "“L”"]),
            ("* * * jann *", ["month"]), ("* * * *", ["4 fields"]), ("* * * * * *", ["6 fields"]), ("", ["0 fields"]),
            ("@reboot", ["@reboot", "@daily"]), ("@every 5m", ["@hourly"]), ("0 0 30 2 *", ["never fires"]),
            ("0 0 31 4,6,9,11 *", ["never fires"]),
        ])
    func refused(text: String, parts: [String]) {
        #expect {
            _ = try CronExpression(text)
        } throws: { error in
            parts.allSatisfy { "\(error)".contains($0) }
        }
    }

    @Test(
        "Spellings of the same schedule fire together",
        arguments: [
            ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@HOURLY", "0 * * * *"), ("@weekly", "0 0 * * 7"),
            ("@monthly", "0 0 1 * *"), ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 jan *"),
            ("0 0 * * mon-FRI", "0 0 * * 1-5"), ("0 0 * * fri-sun", "0 0 * * 5,6,0"), ("0 0 * * 5-7", "0 0 * * 0,5,6"),
            ("*/15 * * * *", "0,15,30,45 * * * *"), ("5/20 * * * *", "5,25,45 * * * *"),
            ("10-30/10 * * * *", "10,20,30 * * * *"), (" 0  0\t1 jan-mar * ", "0 0 1 1,2,3 *"),
            ("0 0 * * */2", "0 0 * * 0,2,4,6"),
        ])
    func spellings(one: String, other: String) throws {
        let (one, other) = (try CronExpression(one), try CronExpression(other))
        var moment = Date(timeIntervalSince1970: 1_767_225_599)
        for _ in 0..<50 {
            let next = try #require(one.next(after: moment, in: .gmt))
            #expect(next == other.next(after: moment, in: .gmt))
            moment = next
        }
    }

    @Test("Random text is refused or fires, and never traps")
    func randomText() {
        var random = SeededGenerator(seed: 7)
        let pieces =
            Array(repeating: "*", count: 12) + [
                "*/", "-", ",", "1", "5", "1-", "2,", "31", "59", "mon", "jan", "@", "é", "7", "99999999999999999999",
            ]
        var accepted = 0
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<5 {
                for _ in 0...(Int.random(in: 0..<4, using: &random) / 3) {
                    text += pieces.randomElement(using: &random) ?? ""
                }
                text += " "
            }
            guard let cron = try? CronExpression(text) else { continue }
            accepted += 1
            if accepted <= 300 { #expect(cron.next(after: Date(timeIntervalSince1970: 0), in: .gmt) != nil, "\(text)") }
        }
        #expect(accepted > 50)
    }
}

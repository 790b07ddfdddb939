import Model
import Testing

@Suite struct LogLineTests {
    @Test(
        "Lines are cleaned",
        arguments: [
            ("plain", ["plain"]), ("  a\tb\u{1B}[31m red \u{0}", ["a b [31m red"]),
            ("one\r\ntwo\n\n \nthree\n", ["one", "two", "three"]),
            ("", []), ("\u{7}\u{9B}", []), ("x\u{202E}gpj.exe\u{2069}", ["x gpj.exe"]), ("ä 日本 👩‍👧", ["ä 日本 👩‍👧"]),
            ("a\u{2028}b", ["a", "b"]),
        ])
    func cleaned(text: String, lines: [String]) { #expect(LogLine.lines(of: text) == lines) }

    @Test("A long line is cut between characters", arguments: ["x", "ä", "€", "😀"])
    func cut(character: String) {
        for count in [999, 1_000, 1_001, 5_000] {
            let text = String(repeating: character, count: count)
            let line = LogLine.lines(of: text).first ?? ""
            #expect(line.utf8.count <= LogLine.maxBytes)
            #expect(line.hasSuffix("…") == (text.utf8.count > LogLine.maxBytes))
            #expect(line.hasSuffix("…") ? text.hasPrefix(line.dropLast()) && line.utf8.count > 990 : line == text)
        }
    }

    @Test func aFloodEndsSoon() {
        let lines = LogLine.lines(of: String(repeating: "x\n", count: 1_000_000))
        #expect(lines.count == LogLine.maxPerAttempt + 1)
    }
}

import HTTPTypes
import Testing

@testable import API

@Suite struct ByteRangeTests {
    @Test(
        "Ranges of 100 bytes",
        arguments: [
            ("bytes=0-0", ByteRange.part(0..<1)), ("bytes=10-19", .part(10..<20)), ("bytes=90-", .part(90..<100)),
            ("bytes=-5", .part(95..<100)), ("bytes=-500", .part(0..<100)), ("bytes=0-999", .part(0..<100)),
            ("bytes=99-99999999999999999999999", .part(99..<100)), ("BYTES=1-2", .part(1..<3)),
            ("bytes= 1 - 2 ", .part(1..<3)), ("bytes=100-", .unsatisfiable), ("bytes=100-200", .unsatisfiable),
            ("bytes=-0", .unsatisfiable), ("bytes=99999999999999999999-", .unsatisfiable), ("bytes=20-10", .whole),
            ("bytes=-", .whole), ("bytes=a-b", .whole), ("bytes=1-2,5-6", .whole), ("lines=1-2", .whole),
            ("bytes", .whole), ("bytes=--1", .whole), ("bytes=1-2-3", .whole), ("", .whole),
        ])
    func parse(header: String, expected: ByteRange) {
        #expect(ByteRange.parse(header, length: 100) == expected)
    }

    @Test func nothingIsSatisfiableInAnEmptyRepresentation() {
        #expect(ByteRange.parse("bytes=0-", length: 0) == .unsatisfiable)
        #expect(ByteRange.parse("bytes=-1", length: 0) == .unsatisfiable)
    }

    @Test(arguments: [("\"a\"", ByteRange.part(0..<5)), ("\"b\"", .whole), ("W/\"a\"", .whole)])
    func ifRange(condition: String, expected: ByteRange) {
        #expect(ByteRange([.range: "bytes=0-4", .ifRange: condition], length: 9, etag: "\"a\"") == expected)
    }

    @Test(
        arguments: [
            ("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\"", false), ("a", false),
        ])
    func ifNoneMatch(header: String, fails: Bool) {
        #expect(EntityTags.noneMatchFails([.ifNoneMatch: header], etag: "\"a\"") == fails)
    }

    @Test(arguments: [("\"a\"", false), ("W/\"a\"", true), ("\"b\"", true), ("*", false)])
    func ifMatch(header: String, fails: Bool) {
        #expect(EntityTags.matchFails([.ifMatch: header], etag: "\"a\"") == fails)
    }
}

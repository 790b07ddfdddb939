import Testing
import ZIP

@Suite("ZIP names")
struct ZipNameTests {
    @Test(
        "Names that could write elsewhere, or nowhere, are refused",
        arguments: [
            ("", .empty), ("/etc/passwd", .absolute), ("../x", .traversal), ("a/../x", .traversal),
            ("a/..", .traversal),
            (".", .traversal), ("a/./b", .traversal), ("C:x", .drive), ("c:/x", .drive), ("a\\b", .backslash),
            ("..\\x", .backslash), ("a\0b", .control), ("a\nb", .control), ("a\u{7f}", .control), ("a//b", .emptyPart),
            ("folder/", .emptyPart), (String(repeating: "x", count: 65_536), .tooLong(bytes: 65_536)),
        ] as [(String, ZipNameFault)])
    func refused(name: String, fault: ZipNameFault) {
        #expect(ZipName.fault(in: name) == fault)
        #expect(throws: ZipPlanError.name(name, fault)) {
            _ = try ZipPlan([ZipEntry(name: name, size: 0, crc32: 0, source: 0)])
        }
    }

    @Test(
        "Odd but safe names pass",
        arguments: [
            "a", "...", "a/...b/c", "..a", "a..", "größe/赤.jpg", " ", "-rf", "1:2",
            String(repeating: "y", count: 65_535),
        ])
    func allowed(name: String) throws {
        #expect(ZipName.fault(in: name) == nil)
        _ = try ZipPlan([ZipEntry(name: name, size: 0, crc32: 0, source: 0)])
    }

    @Test("The same name twice is refused, and so is a file that is also a folder; look-alikes are two names")
    func clashes() throws {
        func plan(_ names: [String]) throws -> ZipPlan<Int> {
            try ZipPlan(names.map { ZipEntry(name: $0, size: 0, crc32: 0, source: 0) })
        }
        #expect(throws: ZipPlanError.duplicate("a/b")) { _ = try plan(["a/b", "c", "a/b"]) }
        #expect(throws: ZipPlanError.clash(file: "a/b", folderOf: "a/b/c")) { _ = try plan(["a/b/c", "a/b"]) }
        #expect(throws: ZipPlanError.clash(file: "a", folderOf: "a/b/c")) { _ = try plan(["a", "a/b/c"]) }
        _ = try plan(["a/b", "a/bc", "ab", "A/b", "e\u{301}", "\u{e9}"])
    }

    @Test("Errors name the entry, without its control characters, and cut")
    func messages() {
        let error = ZipPlanError.name("a\u{1b}[31m" + String(repeating: "b", count: 500), .control)
        #expect(!error.description.contains("\u{1b}"))
        #expect(error.description.utf8.count < 300)
        #expect(ZipContentError.checksum(entry: "x.jpg", expected: 1, found: 0xab).description.contains("000000ab"))
    }
}

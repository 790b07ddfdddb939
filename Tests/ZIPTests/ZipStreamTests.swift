import TestServers
import Testing
import ZIP

@Suite("ZIP streaming")
struct ZipStreamTests {
    private struct Stopped: Error, Equatable {}

    /// Streams with a reader that gives at most `pieceBytes` at a time.
    private func stream(
        _ plan: ZipPlan<[UInt8]>, range: Range<UInt64>? = nil, checks: Bool = true, pieceBytes: Int = .max
    ) throws -> [UInt8] {
        var written: [UInt8] = []
        try plan.stream(range: range, checks: checks, bufferBytes: 100) { source, offset, buffer in
            let count = min(buffer.count, source.count - Int(offset), pieceBytes)
            guard count > 0 else { return 0 }
            buffer.copyBytes(from: source[Int(offset)..<Int(offset) + count])
            return count
        } write: {
            written += $0
        }
        return written
    }

    @Test(
        "Streamed bytes are the plan's, also with a reader that gives a few bytes at a time", arguments: [1, 7, 4096])
    func streams(pieceBytes: Int) throws {
        let plan = try ZipPlan(MemoryArchive.entries(seed: 5))
        #expect(try stream(plan, pieceBytes: pieceBytes) == MemoryArchive.bytes(plan))
        let middle = plan.length / 3..<plan.length / 2
        #expect(try stream(plan, range: middle, pieceBytes: pieceBytes) == MemoryArchive.bytes(plan, middle))
    }

    @Test("A source that has changed, or became shorter, is an error that names its entry")
    func changedSources() throws {
        let entries = [MemoryArchive.entry("good", [1, 2, 3]), MemoryArchive.entry("dir/bad", [4, 5, 6])]
        var changed = entries
        changed[1].source = [4, 5, 7]
        let plan = try ZipPlan(changed)
        #expect {
            _ = try stream(plan)
        } throws: {
            guard case .checksum("dir/bad", entries[1].crc32, _)? = $0 as? ZipContentError else { return false }
            return true
        }
        #expect(try stream(plan, checks: false).count == Int(plan.length))
        // Part of an entry cannot be checked; it must not be mistaken for a changed one.
        let part = plan.contentRange(of: 1).lowerBound + 1..<plan.length
        #expect(try stream(plan, range: part).count == Int(plan.length - part.lowerBound))
        changed[1].source = [4]
        let shorter = try ZipPlan(changed)
        #expect(throws: ZipContentError.short(entry: "dir/bad", expected: 3, found: 1)) { _ = try stream(shorter) }
    }

    @Test("Errors of the caller's closures come through")
    func callersErrors() throws {
        let plan = try ZipPlan([MemoryArchive.entry("a", [1])])
        #expect(throws: Stopped.self) {
            try plan.stream { _, _, _ in
                throw Stopped()
            } write: { _ in
            }
        }
        #expect(throws: Stopped.self) {
            try plan.stream { _, _, _ in
                1
            } write: { _ in
                throw Stopped()
            }
        }
    }
}

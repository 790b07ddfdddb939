import TestServers
import ZIP

/// Archives whose sources are bytes in memory.
enum MemoryArchive {
    static func entry(_ name: String, _ content: [UInt8], modified: Int64 = 315_532_800) -> ZipEntry<[UInt8]> {
        var checksum = ZipChecksum()
        content.withUnsafeBytes { checksum.update($0) }
        return ZipEntry(
            name: name, size: UInt64(content.count), crc32: checksum.value, modified: modified, source: content)
    }

    static func bytes(_ plan: ZipPlan<[UInt8]>, _ range: Range<UInt64>? = nil) -> [UInt8] {
        var bytes: [UInt8] = []
        for segment in plan.bytes(in: range ?? 0..<plan.length) {
            switch segment {
            case .literal(let literal): bytes += literal
            case .entry(_, let source, let range): bytes += source[range.asInts]
            }
        }
        return bytes
    }

    static func literals<Source>(_ segments: ZipSegments<Source>) -> [UInt8] {
        segments.reduce(into: []) { bytes, segment in
            if case .literal(let literal) = segment { bytes += literal }
        }
    }

    /// One to thirty files with names in several scripts, folders, empty contents and odd times.
    static func entries(seed: UInt64) -> [ZipEntry<[UInt8]>] {
        var random = SeededGenerator(seed: seed)
        let words = ["shoe", "größe", "赤い靴", "обувь", "a b", "e\u{301}", "👟", "-x", "q'uote", "x.tar.gz", "~$", "%20"]
        return (0..<Int.random(in: 1...30, using: &random)).map { index in
            let depth = Int.random(in: 0...3, using: &random)
            let folders = (0..<depth).map { _ in "d" + (words.randomElement(using: &random) ?? "") + "/" }.joined()
            let size = [0, 1, 100, 70_000].randomElement(using: &random) ?? 0
            let content = (0..<Int.random(in: 0...size, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let modified = Int64.random(in: 315_532_800...4_354_819_198, using: &random)
            let word = words.randomElement(using: &random) ?? ""
            return entry("\(folders)\(index)-\(word)", content, modified: modified)
        }
    }
}

extension Range<UInt64> {
    var asInts: Range<Int> { Int(lowerBound)..<Int(upperBound) }
}

extension SeededGenerator {
    mutating func next32() -> UInt32 { UInt32(truncatingIfNeeded: next()) }
}

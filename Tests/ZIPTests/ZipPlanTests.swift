import TestServers
import Testing
import ZIP

@Suite("ZIP layout")
struct ZipPlanTests {
    @Test("The announced length is the length of the pieces", arguments: 0..<40)
    func lengthIsExact(seed: UInt64) throws {
        let plan = try ZipPlan(MemoryArchive.entries(seed: seed))
        #expect(MemoryArchive.bytes(plan).count == Int(plan.length))
    }

    @Test("Every byte range of a small archive is the slice of the whole")
    func everyRange() throws {
        let plan = try ZipPlan([
            MemoryArchive.entry("a.txt", Array("hello".utf8)), MemoryArchive.entry("leer", []),
            MemoryArchive.entry("ordner/größe.bin", [0, 1, 2, 255, 254]), MemoryArchive.entry("ordner/z", [7]),
        ])
        let whole = MemoryArchive.bytes(plan)
        for start in 0...whole.count {
            for end in start...whole.count {
                let range = UInt64(start)..<UInt64(end)
                guard MemoryArchive.bytes(plan, range) == Array(whole[start..<end]) else {
                    Issue.record("range \(range)")
                    return
                }
            }
        }
    }

    @Test("Random ranges of random archives are slices of the whole, and no piece is empty", arguments: 0..<40)
    func randomRanges(seed: UInt64) throws {
        let plan = try ZipPlan(MemoryArchive.entries(seed: seed))
        let whole = MemoryArchive.bytes(plan)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            let start = Int.random(in: 0...whole.count, using: &random)
            let end = Int.random(in: start...whole.count, using: &random)
            #expect(MemoryArchive.bytes(plan, UInt64(start)..<UInt64(end)) == Array(whole[start..<end]))
            for segment in plan.bytes(in: UInt64(start)..<UInt64(end)) {
                switch segment {
                case .literal(let bytes): #expect(!bytes.isEmpty)
                case .entry(_, _, let range): #expect(!range.isEmpty)
                }
            }
        }
        #expect(MemoryArchive.bytes(plan, plan.length..<plan.length + 10).isEmpty)
    }

    @Test("The same entries give the same bytes; another order, name, time or checksum gives others")
    func deterministic() throws {
        let entries = MemoryArchive.entries(seed: 3)
        let whole = MemoryArchive.bytes(try ZipPlan(entries))
        #expect(MemoryArchive.bytes(try ZipPlan(MemoryArchive.entries(seed: 3))) == whole)
        #expect(MemoryArchive.bytes(try ZipPlan(entries.reversed())) != whole)
        var later = entries
        later[0].modified += 2
        #expect(MemoryArchive.bytes(try ZipPlan(later)) != whole)
        var changed = entries
        changed[0].crc32 ^= 1
        let plan = try ZipPlan(changed)
        #expect(MemoryArchive.bytes(plan, plan.directoryRange) != Array(whole[plan.directoryRange.asInts]))
    }

    @Test("Content stands where the plan says")
    func contentRanges() throws {
        let entries = MemoryArchive.entries(seed: 8)
        let plan = try ZipPlan(entries)
        let whole = MemoryArchive.bytes(plan)
        for index in entries.indices {
            #expect(Array(whole[plan.contentRange(of: index).asInts]) == entries[index].source)
        }
    }

    @Test("Offsets of archives far larger than any disk: ranges meet without gap or overlap", arguments: 0..<60)
    func hugeSizes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let edges: [UInt64] = [0, 1, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 1 << 40, 1 << 52]
        let entries = (0..<Int.random(in: 1...12, using: &random)).map { index in
            ZipEntry(
                name: "f\(index)", size: edges.randomElement(using: &random) ?? 0, crc32: random.next32(), source: index
            )
        }
        let plan = try ZipPlan(entries)
        var position: UInt64 = 0
        var content: UInt64 = 0
        for segment in plan.segments {
            switch segment {
            case .literal(let bytes): position += UInt64(bytes.count)
            case .entry(let index, let source, let range):
                #expect(source == index)
                #expect(plan.contentRange(of: index) == position..<position + entries[index].size)
                #expect(range == 0..<entries[index].size)
                position += entries[index].size
                content += entries[index].size
            }
        }
        #expect(position == plan.length)
        #expect(content == entries.reduce(0) { $0 + $1.size })
        // Any range: the pieces are exactly as long as asked for, and content offsets go on where they stopped.
        for _ in 0..<20 {
            let start = UInt64.random(in: 0...plan.length, using: &random)
            let end = UInt64.random(in: start...plan.length, using: &random)
            var at = start
            for segment in plan.bytes(in: start..<end) {
                switch segment {
                case .literal(let bytes): at += UInt64(bytes.count)
                case .entry(let index, _, let range):
                    #expect(plan.contentRange(of: index).lowerBound + range.lowerBound == at)
                    at += range.upperBound - range.lowerBound
                }
            }
            #expect(at == end)
        }
    }

    @Test("Zip64 only when needed: version 10 and no extra below 4 GiB, 45 with the field first from there on")
    func zip64OnlyWhenNeeded() throws {
        for (size, large) in [(0xffff_fffe, false), (0xffff_ffff, true)] as [(UInt64, Bool)] {
            let plan = try ZipPlan([ZipEntry(name: "f", size: size, crc32: 0, source: 0)])
            let header = MemoryArchive.literals(plan.bytes(in: 0..<(large ? 51 : 31)))
            #expect(header[4] == (large ? 45 : 10))
            #expect(header[28] == (large ? 20 : 0))
            #expect(Array(header[18..<26]) == Array(repeating: 0xff, count: 8) || !large)
            if large { #expect(Array(header[31..<51]) == [1, 0, 16, 0] + Self.little(size) + Self.little(size)) }
            let tail = MemoryArchive.literals(plan.bytes(in: plan.directoryRange.lowerBound..<plan.length))
            #expect(tail.count == (large ? 46 + 1 + 20 + 98 : 46 + 1 + 98), "directory begins past 4 GiB - 1 in both")
        }
        let small = try ZipPlan([ZipEntry(name: "f", size: 0xffff_0000, crc32: 0, source: 0)])
        #expect(small.length - small.directoryRange.upperBound == 22)
    }

    @Test("Sixty-five thousand entries need no Zip64, one more than the field holds does")
    func manyEntries() throws {
        func plan(_ count: Int) throws -> ZipPlan<Int> {
            try ZipPlan((0..<count).map { ZipEntry(name: "\($0)", size: 0, crc32: 0, source: $0) })
        }
        let (below, above) = (try plan(65_534), try plan(65_535))
        #expect(below.length - below.directoryRange.upperBound == 22)
        #expect(above.length - above.directoryRange.upperBound == 98)
    }

    @Test("More than 2^63 - 1 bytes are refused, and sums that would wrap round too")
    func tooLarge() {
        for size in [UInt64(Int64.max), UInt64.max] {
            #expect(throws: ZipPlanError.tooLarge) {
                _ = try ZipPlan([ZipEntry(name: "f", size: size, crc32: 0, source: 0)])
            }
        }
    }

    private static func little(_ value: UInt64) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

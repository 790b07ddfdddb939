import Foundation
import TestServers
import Testing
import ZIP

/// What programs that nobody here wrote make of our archives.
@Suite("ZIP read by others")
struct ZipReadersTests {
    private static let listing = """
        import json, sys, zipfile
        archive = zipfile.ZipFile(sys.argv[1])
        bad = archive.testzip()
        print(json.dumps({"bad": bad, "files": [
            [i.filename, i.file_size, i.CRC, i.compress_type, list(i.date_time), i.flag_bits & 0x800 != 0]
            for i in archive.infolist()]}))
        """

    /// Opens a sparse file without asking the kernel for pages of a hole that everybody knows is zero.
    private static let sparse = """
        import io, sys
        class Sparse(io.RawIOBase):
            def __init__(self, path, start, end):
                self.file, self.start, self.end, self.at = open(path, "rb"), start, end, 0
                self.zeros = bytes(1 << 20)
            def seekable(self): return True
            def tell(self): return self.at
            def seek(self, offset, whence=0):
                self.at = self.file.seek(offset if whence != 1 else self.at + offset, whence and 2 if whence != 1 else 0)
                return self.at
            def read(self, count=-1):
                inside = self.start <= self.at < self.end
                if inside and 0 <= count <= len(self.zeros):
                    data = self.zeros[:min(count, self.end - self.at)]
                else:
                    self.file.seek(self.at)
                    data = self.file.read(min(count, self.start - self.at) if 0 < self.start - self.at < count else count)
                self.at += len(data)
                return data
        sys.argv[1] = Sparse(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

        """

    private struct Listing: Decodable {
        struct File: Decodable {
            let name: String
            let size: UInt64
            let crc32: UInt32
            let method: Int
            let date: [Int]
            let isUTF8: Bool

            init(from decoder: any Decoder) throws {
                var fields = try decoder.unkeyedContainer()
                name = try fields.decode(String.self)
                size = try fields.decode(UInt64.self)
                crc32 = try fields.decode(UInt32.self)
                method = try fields.decode(Int.self)
                date = try fields.decode([Int].self)
                isUTF8 = try fields.decode(Bool.self)
            }
        }
        let bad: String?
        let files: [File]
    }

    @Test("Python's zipfile finds every name, size, checksum and time, and tests every content", arguments: 0..<8)
    func python(seed: UInt64) throws {
        let entries = MemoryArchive.entries(seed: seed)
        let archive = try ScratchFile(MemoryArchive.bytes(try ZipPlan(entries)))
        let run = try Tool.run("python3", ["-I", "-c", Self.listing, archive.path])
        try #require(run.status == 0, "\(run.output)")
        let listing = try JSONDecoder().decode(Listing.self, from: Data(run.output.utf8))
        #expect(listing.bad == nil)
        #expect(listing.files.map(\.name.utf8.count) == entries.map(\.name.utf8.count))
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        for (file, entry) in zip(listing.files, entries) {
            #expect(Array(file.name.utf8) == Array(entry.name.utf8))
            #expect((file.size, file.crc32, file.method) == (entry.size, entry.crc32, 0))
            #expect(file.isUTF8 == !entry.name.utf8.allSatisfy { $0 < 0x80 })
            let time = Date(timeIntervalSince1970: TimeInterval(entry.modified / 2 * 2))
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: time)
            let expected = [parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second]
            #expect(file.date.map(Optional.some) == expected)
        }
    }

    @Test("unzip, 7z and bsdtar test random archives without a complaint", arguments: 0..<4)
    func testers(seed: UInt64) throws {
        let archive = try ScratchFile(MemoryArchive.bytes(try ZipPlan(MemoryArchive.entries(seed: seed))))
        try archive.passesTesters()
    }

    @Test("unzip writes what was put in")
    func extracts() throws {
        let entries = MemoryArchive.entries(seed: 21)
        let archive = try ScratchFile(MemoryArchive.bytes(try ZipPlan(entries)))
        for entry in entries where entry.name.utf8.allSatisfy({ $0 < 0x80 }) {
            let run = try Tool.run("unzip", ["-p", archive.path, entry.name])
            #expect(run.status == 0)
            #expect(run.bytes == entry.source, "\(entry.name)")
        }
    }

    @Test("Seventy thousand entries", .timeLimit(.minutes(2)))
    func manyEntries() throws {
        let entries = (0..<70_000).map { MemoryArchive.entry("d\($0 % 100)/\($0).txt", Array("\($0)".utf8)) }
        let archive = try ScratchFile(MemoryArchive.bytes(try ZipPlan(entries)))
        try archive.passesTesters()
        let run = try Tool.run(
            "python3",
            [
                "-I", "-c", "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(len(z.namelist()), z.testzip())",
                archive.path,
            ])
        #expect(run.output == "70000 None\n")
    }

    @Test("An archive without entries is one to Python and 7z")
    func empty() throws {
        let archive = try ScratchFile(MemoryArchive.bytes(try ZipPlan([])))
        let run = try Tool.run("python3", ["-I", "-c", Self.listing, archive.path])
        #expect(run.output == "{\"bad\": null, \"files\": []}\n")
        #expect(try Tool.run("7z", ["t", archive.path]).status == 0)
    }

    @Test("Past 4 GiB: a large file in a sparse archive, and small ones behind it", .timeLimit(.minutes(2)))
    func zip64() throws {
        let size: UInt64 = 4_294_967_295 + 1000
        let words: [[UInt8]?] = [Array("before".utf8), nil, Array("behind".utf8), []]
        let entries = words.enumerated().map { index, word in
            var entry = MemoryArchive.entry("\(index).bin", word ?? [])
            if word == nil { (entry.size, entry.crc32) = (size, Self.checksumOfZeros(size)) }
            return entry
        }
        let plan = try ZipPlan(entries)
        let archive = try ScratchFile([])
        let file = try FileHandle(forWritingTo: URL(filePath: archive.path))
        try file.truncate(atOffset: plan.length)
        var position: UInt64 = 0
        for segment in plan.segments {
            switch segment {
            case .literal(let bytes):
                try file.seek(toOffset: position)
                try file.write(contentsOf: bytes)
                position += UInt64(bytes.count)
            case .entry(let index, let source, let range):
                try file.seek(toOffset: position)
                if words[index] != nil { try file.write(contentsOf: source) }
                position += range.upperBound - range.lowerBound
            }
        }
        try file.close()
        let hole = plan.contentRange(of: 1)
        let run = try Tool.run(
            "python3",
            ["-I", "-c", Self.sparse + Self.listing, archive.path, "\(hole.lowerBound)", "\(hole.upperBound)"])
        let listing = try JSONDecoder().decode(Listing.self, from: Data(run.output.utf8))
        #expect(listing.bad == nil)
        #expect(listing.files.map(\.size) == [6, size, 6, 0])
        // unzip and 7z hold the small files against their checksums; Python did the large one.
        #expect(try Tool.run("unzip", ["-p", archive.path, "2.bin"]).output == "behind")
        #expect(try Tool.run("unzip", ["-tq", archive.path, "0.bin", "2.bin", "3.bin"]).status == 0)
        #expect(try Tool.run("7z", ["t", archive.path, "2.bin"]).status == 0)
        let names = try Tool.run("7z", ["l", "-slt", archive.path]).output
        #expect(names.contains("Size = \(size)\n"))
    }

    private static func checksumOfZeros(_ count: UInt64) -> UInt32 {
        var one = ZipChecksum()
        withUnsafeBytes(of: UInt8(0)) { one.update($0) }
        var (result, power, length, left): (UInt32, UInt32, UInt64, UInt64) = (0, one.value, 1, count)
        while left > 0 {
            if left & 1 == 1 { result = ZipChecksum.combine(result, power, secondLength: length) }
            power = ZipChecksum.combine(power, power, secondLength: length)
            length *= 2
            left >>= 1
        }
        return result
    }
}

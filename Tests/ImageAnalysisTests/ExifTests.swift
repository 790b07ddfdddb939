import TestServers
import Testing
import Vips

@testable import ImageAnalysis

@Suite("EXIF")
struct ExifTests {
    private static func block(_ path: String) throws -> [UInt8] {
        try Pictures.withMedia(path) { descriptor in
            let source = try VipsSource.open(descriptor: descriptor)
            let block = source.block(.exif)
            return try #require(block)
        }
    }

    @Test("Both byte orders are read", arguments: ["photo/cyclamen.jpg", "photo/iphone4s-orient6-400.jpg"])
    func real(path: String) throws {
        let exif = Exif(try Self.block(path))
        #expect(exif.make == (path.contains("iphone") ? "Apple" : "FUJIFILM"))
        #expect(exif.takenAt == (path.contains("iphone") ? "2012-08-26T15:53:03" : "2007-12-06T14:33:18"))
    }

    @Test(
        "Dates that make no sense are none",
        arguments: [
            ("2016:05:21 14:03:59", "2016-05-21T14:03:59"), ("2016-05-21T14:03:59+02:00", "2016-05-21T14:03:59"),
            ("0000:00:00 00:00:00", nil), ("2016:13:21 14:03:59", nil), ("2016:05:21", nil),
            ("    :  :     :  :  ", nil),
            ("99999999999999999999:01:01 00:00:00", nil), ("2016:05:21 25:03:59", nil), ("", nil), ("1:2:3 4:5:6", nil),
        ] as [(String, String?)])
    func dates(text: String, expected: String?) {
        #expect(Exif.date(text) == expected)
    }

    /// A little-endian block with one directory of the given entries and a heap.
    private static func tiff(_ entries: [(tag: UInt16, type: UInt16, count: UInt32, value: UInt32)], heap: [UInt8] = [])
        -> [UInt8]
    {
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
        var block = Array("Exif\0\0II*\0".utf8) + bytes(UInt32(8)) + bytes(UInt16(entries.count))
        for entry in entries { block += bytes(entry.tag) + bytes(entry.type) + bytes(entry.count) + bytes(entry.value) }
        return block + bytes(UInt32(0)) + heap
    }

    @Test("Text is taken without controls, bidirectional marks and blanks")
    func text() {
        let heap = Array("  Ca\u{202E}n\u{7}on \u{200B} X\0hidden".utf8)
        let block = Self.tiff([(0x010F, 2, UInt32(heap.count), 26)], heap: heap)
        #expect(Exif(block).make == "Canon X")
        #expect(Exif(Array(block.dropFirst(6))).make == "Canon X")
        let short = Self.tiff([(0x0110, 2, 3, 0x0042_4241)])
        #expect(Exif(short).model == "ABB")
    }

    @Test(
        "Offsets and counts that lead outside give nothing",
        arguments: [
            (0x010F, 2, 10, 0xFFFF_FFFF), (0x010F, 2, 0xFFFF_FFFF, 26), (0x010F, 2, 0, 0), (0x8769, 4, 1, 0xFFFF_FFF0),
            (0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0x8825, 4, 0xFFFF_FFFF, 8), (0x010F, 99, 4, 4),
            (0x010F, 5, 0x2000_0000, 8),
        ] as [(UInt16, UInt16, UInt32, UInt32)])
    func outside(tag: UInt16, type: UInt16, count: UInt32, value: UInt32) {
        let exif = Exif(Self.tiff([(tag, type, count, value)]))
        #expect(exif.make == nil && exif.place == nil && exif.takenAt == nil)
    }

    @Test("Every prefix of a real block is read without a crash")
    func prefixes() throws {
        let whole = try Self.block("photo/cyclamen.jpg")
        for length in 0...min(whole.count, 2000) {
            let exif = Exif(Array(whole.prefix(length)))
            #expect(exif.make == nil || exif.make?.isEmpty == false)
        }
    }

    @Test(
        "Ten thousand damaged blocks are read without a crash, and give only what can be shown",
        arguments: [
            "photo/gps-thompson-springs.jpg", "photo/cyclamen.jpg",
        ])
    func mutations(path: String) throws {
        let whole = try Self.block(path)
        var random = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            var block = whole
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                // Most of what matters stands near the start.
                let reach = Bool.random(using: &random) ? min(300, block.count) : block.count
                let at = Int.random(in: 0..<reach, using: &random)
                block[at] =
                    [0, 0xFF, 0x7F, 0x80, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
            }
            let exif = Exif(block)
            for text in [exif.make, exif.model].compactMap(\.self) {
                #expect(!text.isEmpty && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
            }
            if let place = exif.place {
                #expect((-90...90).contains(place.latitude) && (-180...180).contains(place.longitude))
            }
            if let date = exif.takenAt { #expect(date.count == 19) }
        }
    }
}

/// The records between the contents, byte for byte.
///
/// Source: APPNOTE 6.3.10, 4.3 and 4.5.3. Readers differ, so: the Zip64 field is the first extra (Windows 7), stands
/// in the local header too wherever a size there is 0xFFFFFFFF (macOS), and only where a number needs it; no data
/// descriptors; bit 11 in both headers for names outside ASCII.
enum ZipRecords {
    static let max32: UInt64 = 0xffff_ffff
    static let max16 = 0xffff

    static func localHeaderLength(nameBytes: Int, size: UInt64) -> UInt64 {
        UInt64(30 + nameBytes + (size >= max32 ? 20 : 0))
    }

    static func directoryHeaderLength(nameBytes: Int, size: UInt64, offset: UInt64) -> UInt64 {
        UInt64(46 + nameBytes + zip64Length(size: size, offset: offset))
    }

    static func needsZip64End(entries: Int, directory: Range<UInt64>) -> Bool {
        entries >= max16 || directory.lowerBound >= max32 || UInt64(directory.count) >= max32
    }

    static func endLength(entries: Int, directory: Range<UInt64>) -> UInt64 {
        needsZip64End(entries: entries, directory: directory) ? 56 + 20 + 22 : 22
    }

    static func appendLocalHeader(_ facts: ZipFacts, to bytes: inout [UInt8]) {
        let large = facts.size >= max32
        bytes.append(little: 0x0403_4b50 as UInt32)
        bytes.append(little: large ? 45 : 10 as UInt16)
        appendCommon(facts, size32: facts.size32, to: &bytes)
        bytes.append(little: large ? 20 : 0 as UInt16)
        bytes.append(contentsOf: facts.name)
        guard large else { return }
        bytes.append(little: 1 as UInt16)
        bytes.append(little: 16 as UInt16)
        bytes.append(little: facts.size)
        bytes.append(little: facts.size)
    }

    static func appendDirectoryHeader(_ facts: ZipFacts, offset: UInt64, to bytes: inout [UInt8]) {
        let extra = zip64Length(size: facts.size, offset: offset)
        let version: UInt16 = extra > 0 ? 45 : 10
        bytes.append(little: 0x0201_4b50 as UInt32)
        bytes.append(little: 3 << 8 | 45 as UInt16)
        bytes.append(little: version)
        appendCommon(facts, size32: facts.size32, to: &bytes)
        bytes.append(little: UInt16(extra))
        bytes.append(little: 0 as UInt16)
        bytes.append(little: 0 as UInt16)
        bytes.append(little: 0 as UInt16)
        bytes.append(little: 0o100644 << 16 as UInt32)
        bytes.append(little: UInt32(min(offset, max32)))
        bytes.append(contentsOf: facts.name)
        guard extra > 0 else { return }
        bytes.append(little: 1 as UInt16)
        bytes.append(little: UInt16(extra - 4))
        if facts.size >= max32 {
            bytes.append(little: facts.size)
            bytes.append(little: facts.size)
        }
        if offset >= max32 { bytes.append(little: offset) }
    }

    static func appendEnd(entries: Int, directory: Range<UInt64>, to bytes: inout [UInt8]) {
        let length = directory.upperBound - directory.lowerBound
        if needsZip64End(entries: entries, directory: directory) {
            bytes.append(little: 0x0606_4b50 as UInt32)
            bytes.append(little: 44 as UInt64)
            bytes.append(little: 3 << 8 | 45 as UInt16)
            bytes.append(little: 45 as UInt16)
            bytes.append(little: 0 as UInt32)
            bytes.append(little: 0 as UInt32)
            bytes.append(little: UInt64(entries))
            bytes.append(little: UInt64(entries))
            bytes.append(little: length)
            bytes.append(little: directory.lowerBound)
            bytes.append(little: 0x0706_4b50 as UInt32)
            bytes.append(little: 0 as UInt32)
            bytes.append(little: directory.upperBound)
            bytes.append(little: 1 as UInt32)
        }
        bytes.append(little: 0x0605_4b50 as UInt32)
        bytes.append(little: 0 as UInt16)
        bytes.append(little: 0 as UInt16)
        bytes.append(little: UInt16(min(entries, max16)))
        bytes.append(little: UInt16(min(entries, max16)))
        bytes.append(little: UInt32(min(length, max32)))
        bytes.append(little: UInt32(min(directory.lowerBound, max32)))
        bytes.append(little: 0 as UInt16)
    }

    private static func zip64Length(size: UInt64, offset: UInt64) -> Int {
        let fields = (size >= max32 ? 16 : 0) + (offset >= max32 ? 8 : 0)
        return fields == 0 ? 0 : 4 + fields
    }

    /// From the flags to the length of the name: the same in both headers.
    private static func appendCommon(_ facts: ZipFacts, size32: UInt32, to bytes: inout [UInt8]) {
        bytes.append(little: facts.name.allSatisfy { $0 < 0x80 } ? 0 : 0x0800 as UInt16)
        bytes.append(little: 0 as UInt16)
        bytes.append(little: facts.time.time)
        bytes.append(little: facts.time.date)
        bytes.append(little: facts.crc32)
        bytes.append(little: size32)
        bytes.append(little: size32)
        bytes.append(little: UInt16(facts.name.count))
    }
}

/// What the records say about one entry.
struct ZipFacts {
    var name: [UInt8]
    var size: UInt64
    var crc32: UInt32
    var time: DOSTime

    var size32: UInt32 { UInt32(min(size, ZipRecords.max32)) }

    init<Source>(_ entry: ZipEntry<Source>) {
        name = Array(entry.name.utf8)
        size = entry.size
        crc32 = entry.crc32
        time = DOSTime(secondsSince1970: entry.modified)
    }
}

extension [UInt8] {
    fileprivate mutating func append<T: FixedWidthInteger>(little value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

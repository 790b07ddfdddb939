/// Bounded reading of a TIFF structure in memory. Offsets are those of the file; any that leads outside gives nil.
struct TIFFBlock {
    struct Entry {
        var type: UInt16
        var count: Int
        /// Where the value's bytes are.
        var offset: Int
    }

    typealias Directory = [UInt16: Entry]

    /// More entries than any camera writes.
    private static let maxEntries = 1000
    private static let maxTextBytes = 256
    private static let maxRationals = 16

    private let bytes: ArraySlice<UInt8>
    private let isLittleEndian: Bool
    /// Offset of the first directory.
    private(set) var firstDirectory = 0

    /// Finds the header at the start, or behind `Exif\0\0` and the lengths that HEIF puts before it.
    init?(_ block: [UInt8]) {
        let marks: [[UInt8]] = [[0x49, 0x49, 0x2A, 0], [0x4D, 0x4D, 0, 0x2A]]
        guard let start = (0..<16).first(where: { at in marks.contains { block.dropFirst(at).starts(with: $0) } })
        else {
            return nil
        }
        bytes = block[start...]
        isLittleEndian = block[start] == 0x49
        guard let offset = unsigned(at: 4, bytes: 4) else { return nil }
        firstDirectory = Int(offset)
    }

    /// The entries at an offset; the first one of several with the same tag. Links to further directories are not
    /// followed, so that a ring of them ends nowhere.
    func directory(at offset: Int) -> Directory? {
        guard let count = unsigned(at: offset, bytes: 2) else { return nil }
        var entries: Directory = [:]
        for index in 0..<min(Int(count), Self.maxEntries) {
            let at = offset + 2 + index * 12
            guard let tag = unsigned(at: at, bytes: 2), let type = unsigned(at: at + 2, bytes: 2),
                let values = unsigned(at: at + 4, bytes: 4), let pointer = unsigned(at: at + 8, bytes: 4),
                let size = Self.size(ofType: UInt16(tag: type))
            else { continue }
            let place = Int(values) * size <= 4 ? at + 8 : Int(pointer)
            if entries[UInt16(tag: tag)] == nil {
                entries[UInt16(tag: tag)] = Entry(type: UInt16(tag: type), count: Int(values), offset: place)
            }
        }
        return entries
    }

    /// ASCII (or UTF-8, as many write) up to the first NUL, without controls and outer blanks; nil when nothing is left.
    func text(_ entry: Entry?) -> String? {
        guard let entry, entry.type == 2, let raw = slice(entry.offset, min(entry.count, Self.maxTextBytes)) else {
            return nil
        }
        let decoded = String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        let visible = decoded.unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
            default: scalar.value != 0xFFFD
            }
        }
        let text = String(String.UnicodeScalarView(visible)).split(separator: " ").joined(separator: " ")
        return text.isEmpty ? nil : text
    }

    /// A SHORT or LONG.
    func number(_ entry: Entry?) -> Int? {
        guard let entry, entry.count == 1, entry.type == 3 || entry.type == 4 else { return nil }
        return unsigned(at: entry.offset, bytes: entry.type == 3 ? 2 : 4).map(Int.init)
    }

    /// RATIONALs as quotients; one with a denominator of 0 is not finite.
    func rationals(_ entry: Entry?) -> [Double]? {
        guard let entry, entry.type == 5, (1...Self.maxRationals).contains(entry.count) else { return nil }
        var values: [Double] = []
        for index in 0..<entry.count {
            guard let above = unsigned(at: entry.offset + index * 8, bytes: 4),
                let below = unsigned(at: entry.offset + index * 8 + 4, bytes: 4)
            else { return nil }
            values.append(Double(above) / Double(below))
        }
        return values
    }

    private func unsigned(at offset: Int, bytes count: Int) -> UInt32? {
        guard let raw = slice(offset, count) else { return nil }
        let ordered = isLittleEndian ? Array(raw.reversed()) : Array(raw)
        return ordered.reduce(0) { $0 << 8 | UInt32($1) }
    }

    private func slice(_ offset: Int, _ count: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
        let start = bytes.startIndex + offset
        return bytes[start..<start + count]
    }

    private static func size(ofType type: UInt16) -> Int? {
        switch type {
        case 1, 2, 6, 7: 1
        case 3, 8: 2
        case 4, 9, 11: 4
        case 5, 10, 12: 8
        default: nil
        }
    }
}

extension UInt16 {
    /// From a number that was read as two bytes.
    fileprivate init(tag: UInt32) { self.init(truncatingIfNeeded: tag) }
}

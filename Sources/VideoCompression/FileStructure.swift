import Glibc

/// What the outermost layer of a container says of its own length: whether bytes are missing at the end.
///
/// Reads a few headers only. Formats without such a length (MPEG-TS, MP3, Ogg …) are never called truncated.
enum FileStructure: Equatable {
    case unknown
    /// A container whose announced parts are all there, or which announces no length.
    case whole
    case truncated

    /// - Parameter size: the file's length in bytes.
    static func examine(descriptor: Int32, size: Int64) -> FileStructure {
        let reader = Reader(descriptor: descriptor, size: size)
        guard let head = reader.bytes(at: 0, count: 12) else { return .unknown }
        if Array(head[4..<8]) == Array("ftyp".utf8) || Array(head[4..<8]) == Array("moov".utf8)
            || Array(head[4..<8]) == Array("wide".utf8) || Array(head[4..<8]) == Array("mdat".utf8)
        {
            return boxes(reader)
        }
        if Array(head[0..<4]) == [0x1a, 0x45, 0xdf, 0xa3] { return segment(reader) }
        if Array(head[0..<4]) == Array("RIFF".utf8) { return riff(head, size: size) }
        return .unknown
    }

    /// ISO 14496-12, 4.2: boxes end to end; a size of 0 reaches to the end, of 1 is followed by 64 bits.
    private static func boxes(_ reader: Reader) -> FileStructure {
        var offset: Int64 = 0
        var hasIndex = false
        while offset < reader.size {
            guard let head = reader.bytes(at: offset, count: 8) else { return .truncated }
            var length = Int64(number(head[0..<4]))
            // Phones append notes of their own behind the last box: no name, no box.
            if hasIndex && !head[4..<8].allSatisfy({ 0x20...0x7e ~= $0 || $0 == 0xa9 }) { break }
            let kind = String(decoding: head[4..<8], as: UTF8.self)
            if kind == "moov" || kind == "moof" { hasIndex = true }
            if length == 0 { break }
            if length == 1 {
                guard let large = reader.bytes(at: offset + 8, count: 8) else { return .truncated }
                length = Int64(clamping: number(large[...]))
            }
            // Padding or rubbish behind the last box is no missing data.
            guard length >= 8 else { break }
            let (end, overflow) = offset.addingReportingOverflow(length)
            if overflow || end > reader.size { return .truncated }
            offset = end
        }
        return hasIndex ? .whole : .truncated
    }

    /// RFC 8794, 4 and 6: the EBML header, then the segment with its size; all ones means unknown.
    private static func segment(_ reader: Reader) -> FileStructure {
        guard let header = reader.ebmlSize(at: 4) else { return .truncated }
        let start = 4 + Int64(header.width) + Int64(clamping: header.value)
        guard let id = reader.bytes(at: start, count: 4), let body = reader.ebmlSize(at: start + 4) else {
            return .truncated
        }
        guard id == [0x18, 0x53, 0x80, 0x67] else { return .unknown }
        if body.isUnknown { return .whole }
        let (end, overflow) = (start + 4 + Int64(body.width)).addingReportingOverflow(Int64(clamping: body.value))
        return overflow || end > reader.size ? .truncated : .whole
    }

    /// A length of 0 or of all ones comes from a recorder that could not go back.
    private static func riff(_ head: [UInt8], size: Int64) -> FileStructure {
        let length = number(head[4..<8].reversed()[...])
        if length == 0 || length == 0xffff_ffff { return .whole }
        return Int64(length) + 8 > size + 1 ? .truncated : .whole
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private struct Reader {
        let descriptor: Int32
        let size: Int64

        func bytes(at offset: Int64, count: Int) -> [UInt8]? {
            guard offset >= 0, offset <= size - Int64(count) else { return nil }
            var bytes = [UInt8](repeating: 0, count: count)
            return pread(descriptor, &bytes, count, Int(offset)) == count ? bytes : nil
        }

        /// A variable-length size: as many leading zero bits as further bytes.
        func ebmlSize(at offset: Int64) -> (value: UInt64, width: Int, isUnknown: Bool)? {
            guard let first = bytes(at: offset, count: 1)?[0], first != 0 else { return nil }
            let width = first.leadingZeroBitCount + 1
            guard let all = bytes(at: offset, count: width) else { return nil }
            let mask = (UInt64(1) << (7 * UInt64(width))) - 1
            let value = FileStructure.number(all[...]) & mask
            return (value, width, value == mask)
        }
    }
}

internal import Vips

/// JPEG files, segment by segment. Source: ITU-T T.81 annex B, JFIF 1.02, ICC.1 annex B.4.
enum JPEGContainer {
    /// The same picture without EXIF, XMP, IPTC, comments, embedded thumbnails and anything behind its end; JFIF, the
    /// ICC profile and Adobe's colour transform stay, as the pixels depend on them.
    static func withoutMetadata(_ bytes: [UInt8], _ rights: ImageRights) -> [UInt8]? {
        guard bytes.starts(with: [0xff, 0xd8]) else { return nil }
        var out: [UInt8] = [0xff, 0xd8]
        var exif = rights.isEmpty ? [] : segment(0xe1, ExifBlock.make(rights))
        var at = 2
        while let marker = nextMarker(bytes, &at) {
            switch marker {
            case 0xd9: return out + [0xff, 0xd9]
            case 0x01, 0xd0...0xd7: out += [0xff, marker]
            default:
                guard at + 2 <= bytes.count else { return nil }
                let end = at + Int(bytes[at]) << 8 + Int(bytes[at + 1])
                guard end >= at + 2, end <= bytes.count else { return nil }
                let payload = bytes[(at + 2)..<end]
                // EXIF comes before everything but JFIF's own segment.
                if marker != 0xe0 {
                    out += exif
                    exif = []
                }
                if let kept = kept(marker, payload) { out += segment(marker, kept) }
                at = end
                if marker == 0xda {
                    let scanEnd = endOfScan(bytes, from: at)
                    out += bytes[at..<scanEnd]
                    at = scanEnd
                }
            }
        }
        return nil
    }

    private static func kept(_ marker: UInt8, _ payload: ArraySlice<UInt8>) -> [UInt8]? {
        switch marker {
        case 0xe0:
            // The last two of fourteen bytes are the size of a thumbnail that would follow.
            guard payload.starts(with: Array("JFIF\0".utf8)), payload.count >= 14 else { return nil }
            return Array(payload.prefix(12)) + [0, 0]
        case 0xe2: return payload.starts(with: Array("ICC_PROFILE\0".utf8)) ? Array(payload) : nil
        case 0xee: return payload.starts(with: Array("Adobe".utf8)) ? Array(payload) : nil
        case 0xe1, 0xe3...0xed, 0xef, 0xfe: return nil
        default: return Array(payload)
        }
    }

    private static func segment(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count + 2
        return [0xff, marker, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)] + payload
    }

    /// Moves behind the next marker; fill bytes may stand before it.
    private static func nextMarker(_ bytes: [UInt8], _ at: inout Int) -> UInt8? {
        guard at + 1 < bytes.count, bytes[at] == 0xff else { return nil }
        while at < bytes.count, bytes[at] == 0xff { at += 1 }
        guard at < bytes.count else { return nil }
        at += 1
        return bytes[at - 1]
    }

    /// The place of the first marker that ends entropy-coded data: not a stuffed zero, not a restart.
    private static func endOfScan(_ bytes: [UInt8], from start: Int) -> Int {
        bytes.withUnsafeBufferPointer { buffer in
            var at = start
            while at + 1 < buffer.count {
                if buffer[at] == 0xff, buffer[at + 1] != 0, !(0xd0...0xd7).contains(buffer[at + 1]) { return at }
                at += 1
            }
            return buffer.count
        }
    }
}

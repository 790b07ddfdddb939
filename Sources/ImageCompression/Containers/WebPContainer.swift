internal import Vips

/// WebP files, chunk by chunk. Source: the WebP container specification (RFC 9649 §2).
enum WebPContainer {
    private static let exifFlag: UInt8 = 0x08
    private static let xmpFlag: UInt8 = 0x04

    /// The same picture or animation without EXIF and XMP, and with `rights` as its only EXIF.
    static func withoutMetadata(_ bytes: [UInt8], _ rights: ImageRights) -> [UInt8]? {
        guard bytes.count >= 20, bytes.starts(with: Array("RIFF".utf8)), bytes[8..<12].elementsEqual("WEBP".utf8)
        else { return nil }
        let end = 8 + littleEndian(bytes[4..<8])
        guard end <= bytes.count else { return nil }
        var header: [UInt8]?
        var chunks: [UInt8] = []
        var at = 12
        while at + 8 <= end {
            let name = String(decoding: bytes[at..<at + 4], as: UTF8.self)
            let length = littleEndian(bytes[at + 4..<at + 8])
            guard length <= end - at - 8 else { return nil }
            let data = bytes[at + 8..<at + 8 + length]
            switch name {
            case "VP8X": header = Array(data)
            case "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF", "ICCP": chunks += chunk(name, data)
            default: break
            }
            at += 8 + length + length & 1
        }
        guard var header else {
            // Without VP8X there is no place for EXIF, and none that rights could have come from.
            return rights.isEmpty ? file(chunks) : nil
        }
        guard header.count == 10 else { return nil }
        header[0] &= ~(exifFlag | xmpFlag)
        if rights.isEmpty { return file(header[0] == 0 ? chunks : chunk("VP8X", header[...]) + chunks) }
        header[0] |= exifFlag
        return file(chunk("VP8X", header[...]) + chunks + chunk("EXIF", ExifBlock.make(rights)[6...]))
    }

    private static func file(_ chunks: [UInt8]) -> [UInt8] {
        Array("RIFF".utf8) + littleEndian(UInt32(chunks.count + 4)) + Array("WEBP".utf8) + chunks
    }

    private static func chunk(_ name: String, _ data: ArraySlice<UInt8>) -> [UInt8] {
        Array(name.utf8) + littleEndian(UInt32(data.count)) + data + (data.count.isMultiple(of: 2) ? [] : [0])
    }

    private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

internal import Model
internal import Vips

/// PNG files, chunk by chunk. Source: PNG (Third Edition) §5 and §11.
enum PNGContainer {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    /// What the pixels, their colours and an animation depend on.
    private static let kept: Set<String> = [
        "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "mDCV", "cLLI", "bKGD",
        "acTL", "fcTL", "fdAT",
    ]

    /// The same picture with its colour chunks and an animation's frames, and with `rights` as its only EXIF.
    static func withoutMetadata(_ bytes: [UInt8], _ rights: ImageRights) -> [UInt8]? {
        guard bytes.starts(with: signature) else { return nil }
        var out = signature
        var exif = rights.isEmpty ? [] : chunk("eXIf", Array(ExifBlock.make(rights).dropFirst(6)))
        var at = signature.count
        while at + 12 <= bytes.count {
            let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            let name = String(decoding: bytes[at + 4..<at + 8], as: UTF8.self)
            guard length <= bytes.count - at - 12 else { return nil }
            // EXIF must come before the pixels.
            if name == "IDAT" {
                out += exif
                exif = []
            }
            if kept.contains(name) { out += bytes[at..<at + 12 + length] }
            if name == "IEND" { return out }
            at += 12 + length
        }
        return nil
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return bigEndian(UInt32(data.count)) + body + bigEndian(CRC32.checksum(body))
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}

extension MediaType {
    /// How many leading bytes ``sniff(_:)`` wants to see.
    public static let sniffLength = 4096

    /// Tells a file's type from its first bytes (WHATWG MIME Sniffing §6, and each format's own magic numbers).
    ///
    /// - Parameter head: up to ``sniffLength`` bytes from the file's start. An empty file is `binary`.
    public static func sniff(_ head: some Collection<UInt8>) -> MediaType {
        let bytes = Array(head.prefix(sniffLength))
        func has(_ magic: [UInt8], at offset: Int = 0) -> Bool {
            bytes.count >= offset + magic.count && bytes[offset..<offset + magic.count].elementsEqual(magic)
        }
        func has(_ text: String, at offset: Int = 0) -> Bool { has(Array(text.utf8), at: offset) }

        if has([0xFF, 0xD8, 0xFF]) { return .jpeg }
        if has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if has("GIF87a") || has("GIF89a") { return .gif }
        if has("RIFF") && has("WEBP", at: 8) { return .webp }
        if has("RIFF") && has("AVI ", at: 8) { return .avi }
        if has("RIFF") && has("WAVE", at: 8) { return .wav }
        if has([0x49, 0x49, 0x2A, 0x00]) || has([0x4D, 0x4D, 0x00, 0x2A]) { return .tiff }
        if has([0x49, 0x49, 0x2B, 0x00]) || has([0x4D, 0x4D, 0x00, 0x2B]) { return .tiff }
        if has("ftyp", at: 4) { return isoMedia(bytes) }
        if has([0x1A, 0x45, 0xDF, 0xA3]) { return contains("webm", in: bytes.prefix(64)) ? .webm : .matroska }
        if has([0xFF, 0x0A]) || has([0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20]) { return .jxl }
        if has("BM") && bytes.count >= 26 && [12, 40, 52, 56, 64, 108, 124].contains(bytes[14]) { return .bmp }
        if has("moov", at: 4) || has("mdat", at: 4) || has("wide", at: 4) { return .quickTime }
        if has("OggS") { return .ogg }
        if has("fLaC") { return .flac }
        if has("ID3") || isMPEGAudioFrame(bytes) { return .mp3 }
        if bytes.count > 376 && bytes[0] == 0x47 && bytes[188] == 0x47 && bytes[376] == 0x47 { return .mpegTS }
        if has("%PDF-") { return .pdf }
        if has("PK\u{3}\u{4}") || has("PK\u{5}\u{6}") { return .zip }
        if has([0x1F, 0x8B]) { return .gzip }
        if has([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) { return .sevenZip }
        if !bytes.isEmpty, isText(bytes) { return looksLikeSVG(bytes) ? .svg : .text }
        return .binary
    }

    /// Brands of ISO base media files (ISO/IEC 14496-12 §4.3, MIAF, and the registry of brands).
    private static func isoMedia(_ bytes: [UInt8]) -> MediaType {
        let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        let box = bytes[8..<max(8, min(bytes.count, max(16, length)))]
        var brands: [String] = []
        for (index, start) in stride(from: 8, to: 8 + box.count - 3, by: 4).enumerated() where index != 1 {
            brands.append(String(decoding: bytes[start..<start + 4], as: UTF8.self))
        }
        let major = brands.first ?? ""
        if major == "avif" || major == "avis" { return .avif }
        if ["heic", "heix", "hevc", "hevx", "heim", "heis"].contains(major) { return .heic }
        if major == "mif1" || major == "msf1" {
            if brands.contains("avif") { return .avif }
            return brands.contains { ["heic", "heix"].contains($0) } ? .heic : .heif
        }
        if major == "qt  " { return .quickTime }
        if major.hasPrefix("3g") { return .threeGPP }
        if major == "M4A " || major == "M4B " { return .m4a }
        return .mp4
    }

    private static func isMPEGAudioFrame(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0 else { return false }
        let layer = bytes[1] >> 1 & 3
        let bitrate = bytes[2] >> 4
        return layer == 1 && bitrate != 0 && bitrate != 15 && bytes[2] >> 2 & 3 != 3 && bytes[1] >> 3 & 3 != 1
    }

    private static func isText(_ bytes: [UInt8]) -> Bool {
        let controls: Set<UInt8> = [0x09, 0x0A, 0x0C, 0x0D, 0x1B]
        return bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || controls.contains($0) }
    }

    private static func looksLikeSVG(_ bytes: [UInt8]) -> Bool {
        let start = String(decoding: bytes, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        return start.hasPrefix("<svg") || (start.hasPrefix("<?xml") || start.hasPrefix("<!")) && start.contains("<svg")
    }

    private static func contains(_ word: String, in bytes: some Collection<UInt8>) -> Bool {
        String(decoding: bytes, as: UTF8.self).contains(word)
    }
}

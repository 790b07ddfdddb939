/// GIF files, block by block. Source: GIF89a specification §15 to §27, and Netscape's looping extension.
enum GIFContainer {
    private static let loopApplications = ["NETSCAPE2.0", "ANIMEXTS1.0"]

    /// The same picture without comments, plain text, application data (XMP among it) and anything behind its end.
    static func withoutMetadata(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count > 13, bytes.starts(with: Array("GIF8".utf8)) else { return nil }
        var at = 13 + colorTableBytes(bytes[10])
        guard at < bytes.count else { return nil }
        var out = Array(bytes[..<at])
        while at < bytes.count {
            switch bytes[at] {
            case 0x3b: return out + [0x3b]
            case 0x2c:
                guard at + 10 < bytes.count else { return nil }
                let data = at + 10 + colorTableBytes(bytes[at + 9]) + 1
                guard let end = endOfSubBlocks(bytes, from: data) else { return nil }
                out += bytes[at..<end]
                at = end
            case 0x21:
                guard at + 2 < bytes.count, let end = endOfSubBlocks(bytes, from: at + 2) else { return nil }
                if isKept(bytes[at..<end]) { out += bytes[at..<end] }
                at = end
            default: return nil
            }
        }
        return nil
    }

    /// `extensionBlock`: the introducer, the label, then sub-blocks.
    private static func isKept(_ extensionBlock: ArraySlice<UInt8>) -> Bool {
        let label = extensionBlock[extensionBlock.startIndex + 1]
        if label == 0xf9 { return true }
        guard label == 0xff else { return false }
        let name = extensionBlock.dropFirst(3).prefix(11)
        return loopApplications.contains { name.elementsEqual($0.utf8) }
    }

    private static func colorTableBytes(_ flags: UInt8) -> Int {
        flags & 0x80 == 0 ? 0 : 3 << (Int(flags & 7) + 1)
    }

    /// Behind the empty block that ends a chain.
    private static func endOfSubBlocks(_ bytes: [UInt8], from start: Int) -> Int? {
        var at = start
        while at < bytes.count {
            let length = Int(bytes[at])
            at += 1 + length
            if length == 0 { return at }
        }
        return nil
    }
}

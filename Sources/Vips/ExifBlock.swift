/// An EXIF block that has nothing but who made the picture.
public enum ExifBlock {
    private static let artistTag: UInt16 = 0x013b
    private static let copyrightTag: UInt16 = 0x8298
    private static let asciiType: UInt16 = 2

    /// `Exif\0\0` (6 bytes, as JPEG's APP1 wants it) and a little-endian TIFF with one directory.
    ///
    /// Source: EXIF 2.32 §4.5, TIFF 6.0 §2.
    public static func make(_ rights: ImageRights) -> [UInt8] {
        // Tags stand in ascending order.
        let entries = [(artistTag, rights.artist), (copyrightTag, rights.copyright)].compactMap { tag, text in
            text.map { (tag: tag, text: Array($0.utf8) + [0]) }
        }
        var directory: [UInt8] = []
        var heap: [UInt8] = []
        let heapStart = 8 + 2 + entries.count * 12 + 4
        append(UInt16(entries.count), to: &directory)
        for entry in entries {
            append(entry.tag, to: &directory)
            append(asciiType, to: &directory)
            append(UInt32(entry.text.count), to: &directory)
            if entry.text.count <= 4 {
                directory += entry.text + [UInt8](repeating: 0, count: 4 - entry.text.count)
            } else {
                append(UInt32(heapStart + heap.count), to: &directory)
                heap += entry.text
                // Values start on even offsets.
                if !heap.count.isMultiple(of: 2) { heap.append(0) }
            }
        }
        append(UInt32(0), to: &directory)
        return Array("Exif\0\0II*\0".utf8) + [8, 0, 0, 0] + directory + heap
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

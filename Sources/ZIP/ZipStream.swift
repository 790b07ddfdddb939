/// Writes an archive, or a range of it, from sources that are read in pieces.
extension ZipPlan {
    /// Reads each source and hands on the bytes of the archive in order. Blocks as long as `read` and `write` do.
    ///
    /// - Parameters:
    ///   - range: within `0..<length`; the whole archive by default.
    ///   - checks: whether the content of each entry that lies wholly in the range is held against its CRC-32. The
    ///     error then comes after the entry's last byte was written: what was written has to be dropped.
    ///   - bufferBytes: the largest piece read and written, at least one byte.
    ///   - read: fills the buffer, or a beginning of it, from an offset of a source; 0 means that the source has ended.
    ///   - write: takes all bytes it is given.
    /// - Throws: ``ZipContentError`` for a source that is shorter than its entry, or different; whatever the closures throw.
    public func stream(
        range: Range<UInt64>? = nil, checks: Bool = true, bufferBytes: Int = 262_144,
        read: (Source, UInt64, UnsafeMutableRawBufferPointer) throws -> Int,
        write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try withUnsafeTemporaryAllocation(byteCount: max(bufferBytes, 1), alignment: 4096) { buffer in
            for segment in bytes(in: range ?? 0..<length) {
                switch segment {
                case .literal(let bytes):
                    try bytes.withUnsafeBytes { try write($0) }
                case .entry(let index, let source, let part):
                    var check = checks && part == 0..<entries[index].size ? ZipChecksum() : nil
                    var offset = part.lowerBound
                    while offset < part.upperBound {
                        let wanted = min(UInt64(buffer.count), part.upperBound - offset)
                        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(wanted)])
                        let count = try read(source, offset, piece)
                        guard count > 0 else { throw shortContent(of: index, found: offset) }
                        let filled = UnsafeRawBufferPointer(rebasing: piece[..<count])
                        check?.update(filled)
                        try write(filled)
                        offset += UInt64(count)
                    }
                    if let check { try self.check(index, found: check.value) }
                }
            }
        }
    }

    /// Holds the checksum of an entry's whole content against the plan, for callers that stream by themselves.
    public func check(_ index: Int, found: UInt32) throws(ZipContentError) {
        let entry = entries[index]
        guard entry.crc32 == found else {
            throw .checksum(entry: entry.name, expected: entry.crc32, found: found)
        }
    }

    /// The error for a source that ended after `found` bytes.
    public func shortContent(of index: Int, found: UInt64) -> ZipContentError {
        .short(entry: entries[index].name, expected: entries[index].size, found: found)
    }
}

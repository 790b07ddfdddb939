/// One file of an archive: what has to be known about it before the first byte is written.
public struct ZipEntry<Source: Sendable>: Sendable {
    /// The path inside the archive, parts separated by `/`; ``ZipName`` says what is allowed.
    public var name: String
    /// Bytes of content, stored as they are.
    public var size: UInt64
    /// CRC-32 of the content.
    public var crc32: UInt32
    /// Seconds since 1970-01-01 00:00 UTC. The format keeps 1980…2107 in steps of two seconds; others are clamped.
    public var modified: Int64
    /// Where the content comes from; the plan only hands it back.
    public var source: Source

    /// - Parameter modified: 1980-01-01 00:00 by default, so that the same content gives the same archive.
    public init(name: String, size: UInt64, crc32: UInt32, modified: Int64 = 315_532_800, source: Source) {
        self.name = name
        self.size = size
        self.crc32 = crc32
        self.modified = modified
        self.source = source
    }
}

internal import CZlib

/// CRC-32 by zlib.
public struct ZipChecksum: Sendable {
    /// The checksum of all bytes so far.
    public private(set) var value: UInt32 = 0

    public init() {}

    /// Adds bytes; pieces of any size, empty ones too.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        value = UInt32(truncatingIfNeeded: crc32_z(UInt(value), start.assumingMemoryBound(to: UInt8.self), bytes.count))
    }

    /// The checksum of two pieces put together, from the checksum of each.
    ///
    /// - Parameter secondLength: of the second piece, 0…2⁶³ − 1 bytes.
    public static func combine(_ first: UInt32, _ second: UInt32, secondLength: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_combine(UInt(first), UInt(second), Int(clamping: secondLength)))
    }
}

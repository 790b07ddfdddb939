/// CRC-32 as ZIP, gzip and PNG use it (reflected polynomial 0xEDB88320), sixteen bytes a step.
///
/// Source: ISO 3309; the step is the "slicing" method of Kounavis and Berry (2005) with sixteen tables.
public struct CRC32: Sendable {
    private var register: UInt32 = 0xffff_ffff

    public init() {}

    /// Goes on where a stream whose checksum so far is `value` stopped.
    public init(resuming value: UInt32) {
        register = ~value
    }

    /// Adds bytes; pieces of any size, empty ones too.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        register = Self.tables.withUnsafeBufferPointer { tables in
            guard let table = tables.baseAddress else { return register }
            return Self.step(register, start, bytes.count, table)
        }
    }

    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The checksum of all bytes so far; updating may go on.
    public func finalize() -> UInt32 {
        ~register
    }

    /// The checksum of bytes that are all at hand.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var crc = CRC32()
        crc.update(bytes)
        return crc.finalize()
    }

    /// The checksum of two pieces put together, from the checksum of each.
    ///
    /// - Parameter secondLength: the length of the second piece in bytes.
    /// - Complexity: at most 64 multiplications modulo the polynomial, whatever the length.
    public static func combine(_ first: UInt32, _ second: UInt32, secondLength: UInt64) -> UInt32 {
        // Appending n zero bytes multiplies by x^(8n): square x^8 along the bits of n.
        var factor: UInt32 = 0x8000_0000
        var power: UInt32 = 0x0080_0000
        var left = secondLength
        while left != 0 {
            if left & 1 == 1 { factor = multiply(factor, power) }
            power = multiply(power, power)
            left >>= 1
        }
        return multiply(factor, first) ^ second
    }

    /// a · b modulo the polynomial, with the coefficient of x⁰ in the highest bit.
    private static func multiply(_ a: UInt32, _ b: UInt32) -> UInt32 {
        var product: UInt32 = 0
        var shifted = b
        var bit: UInt32 = 0x8000_0000
        while bit != 0 {
            if a & bit != 0 { product ^= shifted }
            shifted = shifted & 1 == 1 ? (shifted >> 1) ^ polynomial : shifted >> 1
            bit >>= 1
        }
        return product
    }

    private static let polynomial: UInt32 = 0xedb8_8320

    /// Sixteen tables of 256: table n tells what a byte does that has n more bytes behind it.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ polynomial : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = (before >> 8) ^ tables[Int(before & 0xff)]
        }
        return tables
    }()

    private static func step(
        _ initial: UInt32, _ start: UnsafeRawPointer, _ count: Int, _ t: UnsafePointer<UInt32>
    ) -> UInt32 {
        var crc = initial
        var p = start
        var left = count
        while left >= 16 {
            let low = p.loadUnaligned(as: UInt64.self).littleEndian ^ UInt64(crc)
            let high = p.loadUnaligned(fromByteOffset: 8, as: UInt64.self).littleEndian
            crc = look(t + 8 * 256, low) ^ look(t, high)
            p += 16
            left &-= 16
        }
        while left > 0 {
            crc = (crc &>> 8) ^ t[Int((crc ^ UInt32(p.load(as: UInt8.self))) & 0xff)]
            p += 1
            left &-= 1
        }
        return crc
    }

    /// Eight look-ups, the first byte in the highest of eight tables.
    @inline(__always)
    private static func look(_ t: UnsafePointer<UInt32>, _ word: UInt64) -> UInt32 {
        let a = t[Int(7 * 256 + (word & 0xff))] ^ t[Int(6 * 256 + (word &>> 8 & 0xff))]
        let b = t[Int(5 * 256 + (word &>> 16 & 0xff))] ^ t[Int(4 * 256 + (word &>> 24 & 0xff))]
        let c = t[Int(3 * 256 + (word &>> 32 & 0xff))] ^ t[Int(2 * 256 + (word &>> 40 & 0xff))]
        let d = t[Int(256 + (word &>> 48 & 0xff))] ^ t[Int(word &>> 56)]
        return (a ^ b) ^ (c ^ d)
    }
}

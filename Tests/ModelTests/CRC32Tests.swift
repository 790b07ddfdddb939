import Model
import TestServers
import Testing

@Suite("CRC-32")
struct CRC32Tests {
    /// Bit by bit, as the definition says.
    private func definition(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc: UInt32 = 0xffff_ffff
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
        }
        return ~crc
    }

    @Test(
        "Known checksums",
        arguments: [
            ("", 0), ("a", 0xe8b7_be43), ("123456789", 0xcbf4_3926),
            ("The quick brown fox jumps over the lazy dog", 0x414f_a339),
        ] as [(String, UInt32)])
    func known(text: String, checksum: UInt32) {
        #expect(CRC32.checksum(Array(text.utf8)) == checksum)
    }

    @Test("Random pieces, unaligned starts and resumed streams agree with the definition", arguments: 0..<50)
    func agreesWithDefinition(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<Int.random(in: 0...3000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
        }
        let cut = Int.random(in: 0...bytes.count, using: &random)
        var crc = CRC32()
        bytes.withUnsafeBytes { crc.update(UnsafeRawBufferPointer(rebasing: $0[..<cut])) }
        var resumed = CRC32(resuming: crc.finalize())
        bytes.withUnsafeBytes { resumed.update(UnsafeRawBufferPointer(rebasing: $0[cut...])) }
        #expect(resumed.finalize() == definition(bytes))
    }

    @Test("Combined checksums are those of the joined bytes", arguments: 0..<50)
    func combined(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<Int.random(in: 0...3000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
        }
        let cut = Int.random(in: 0...bytes.count, using: &random)
        let joined = CRC32.combine(
            definition(bytes[..<cut]), definition(bytes[cut...]), secondLength: UInt64(bytes.count - cut))
        #expect(joined == definition(bytes))
    }

    @Test("Combining reaches lengths that nobody would hash: three times 2^40 zero bytes, joined in either order")
    func combiningIsAssociative() {
        let zeros: UInt64 = 1 << 40
        let a = CRC32.checksum(Array("left".utf8))
        let b = CRC32.checksum(Array("right".utf8))
        let zero = CRC32.checksum([0])
        var run = zero
        for power in 0..<40 { run = CRC32.combine(run, run, secondLength: 1 << UInt64(power)) }
        let leftFirst = CRC32.combine(CRC32.combine(a, run, secondLength: zeros), b, secondLength: 5)
        let rightFirst = CRC32.combine(a, CRC32.combine(run, b, secondLength: 5), secondLength: zeros + 5)
        #expect(leftFirst == rightFirst)
        #expect(run != zero)
    }
}

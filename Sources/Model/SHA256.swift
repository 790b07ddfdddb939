/// SHA-256 of a stream of bytes, in plain Swift, for programs that may link no package.
///
/// Source: FIPS 180-4, sections 4.1.2, 5.1.1 and 6.2. A value can be copied in the middle of a stream; both copies
/// go on independently.
public struct SHA256: Sendable {
    private var state: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
    )
    private var pending: [UInt8] = []
    private var length: UInt64 = 0

    public init() {
        pending.reserveCapacity(Self.blockBytes * 2)
    }

    /// Adds bytes; pieces of any size, empty ones too.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        length &+= UInt64(bytes.count)
        var offset = 0
        if !pending.isEmpty {
            let wanted = min(Self.blockBytes - pending.count, bytes.count)
            pending.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[..<wanted]))
            offset = wanted
            guard pending.count == Self.blockBytes else { return }
            flushPending()
        }
        let blocks = (bytes.count - offset) / Self.blockBytes
        if blocks > 0 {
            compress(start + offset, blocks: blocks)
            offset += blocks * Self.blockBytes
        }
        pending.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
    }

    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The 32 bytes of the digest. The value must not be updated afterwards; copy it before to go on.
    public mutating func finalize() -> [UInt8] {
        let bits = length &* 8
        pending.append(0x80)
        if pending.count > Self.blockBytes - 8 {
            pending.append(contentsOf: repeatElement(0, count: Self.blockBytes - pending.count))
            flushPending()
        }
        pending.append(contentsOf: repeatElement(0, count: Self.blockBytes - 8 - pending.count))
        withUnsafeBytes(of: bits.bigEndian) { pending.append(contentsOf: $0) }
        flushPending()
        let words = [state.0, state.1, state.2, state.3, state.4, state.5, state.6, state.7]
        return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }
    }

    /// The digest of bytes that are all at hand.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// The digest of bytes that are all at hand, as 64 lower-case hexadecimal digits.
    public static func hexadecimal(_ bytes: [UInt8]) -> String {
        hexadecimal(digest: hash(bytes))
    }

    /// A digest as lower-case hexadecimal digits, two a byte.
    public static func hexadecimal(digest: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    private static let blockBytes = 64

    private mutating func flushPending() {
        let block = pending
        block.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { compress(start, blocks: 1) }
        }
        pending.removeAll(keepingCapacity: true)
    }

    private mutating func compress(_ start: UnsafeRawPointer, blocks: Int) {
        Self.constants.withUnsafeBufferPointer { constants in
            guard let k = constants.baseAddress else { return }
            for block in 0..<blocks { compressBlock(start + block * Self.blockBytes, k) }
        }
    }

    // Written out round by round, so that the compiler keeps the sixteen words and eight variables where they are.
    private mutating func compressBlock(_ input: UnsafeRawPointer, _ k: UnsafePointer<UInt32>) {
        var (a, b, c, d, e, f, g, h) = state
        var w0 = Self.word(input, 0)
        var w1 = Self.word(input, 1)
        var w2 = Self.word(input, 2)
        var w3 = Self.word(input, 3)
        var w4 = Self.word(input, 4)
        var w5 = Self.word(input, 5)
        var w6 = Self.word(input, 6)
        var w7 = Self.word(input, 7)
        var w8 = Self.word(input, 8)
        var w9 = Self.word(input, 9)
        var w10 = Self.word(input, 10)
        var w11 = Self.word(input, 11)
        var w12 = Self.word(input, 12)
        var w13 = Self.word(input, 13)
        var w14 = Self.word(input, 14)
        var w15 = Self.word(input, 15)
        Self.round(a, b, c, &d, e, f, g, &h, k[0] &+ w0)
        Self.round(h, a, b, &c, d, e, f, &g, k[1] &+ w1)
        Self.round(g, h, a, &b, c, d, e, &f, k[2] &+ w2)
        Self.round(f, g, h, &a, b, c, d, &e, k[3] &+ w3)
        Self.round(e, f, g, &h, a, b, c, &d, k[4] &+ w4)
        Self.round(d, e, f, &g, h, a, b, &c, k[5] &+ w5)
        Self.round(c, d, e, &f, g, h, a, &b, k[6] &+ w6)
        Self.round(b, c, d, &e, f, g, h, &a, k[7] &+ w7)
        Self.round(a, b, c, &d, e, f, g, &h, k[8] &+ w8)
        Self.round(h, a, b, &c, d, e, f, &g, k[9] &+ w9)
        Self.round(g, h, a, &b, c, d, e, &f, k[10] &+ w10)
        Self.round(f, g, h, &a, b, c, d, &e, k[11] &+ w11)
        Self.round(e, f, g, &h, a, b, c, &d, k[12] &+ w12)
        Self.round(d, e, f, &g, h, a, b, &c, k[13] &+ w13)
        Self.round(c, d, e, &f, g, h, a, &b, k[14] &+ w14)
        Self.round(b, c, d, &e, f, g, h, &a, k[15] &+ w15)
        var i = 16
        while i < 64 {
            Self.extend(&w0, w1, w9, w14)
            Self.round(a, b, c, &d, e, f, g, &h, k[i + 0] &+ w0)
            Self.extend(&w1, w2, w10, w15)
            Self.round(h, a, b, &c, d, e, f, &g, k[i + 1] &+ w1)
            Self.extend(&w2, w3, w11, w0)
            Self.round(g, h, a, &b, c, d, e, &f, k[i + 2] &+ w2)
            Self.extend(&w3, w4, w12, w1)
            Self.round(f, g, h, &a, b, c, d, &e, k[i + 3] &+ w3)
            Self.extend(&w4, w5, w13, w2)
            Self.round(e, f, g, &h, a, b, c, &d, k[i + 4] &+ w4)
            Self.extend(&w5, w6, w14, w3)
            Self.round(d, e, f, &g, h, a, b, &c, k[i + 5] &+ w5)
            Self.extend(&w6, w7, w15, w4)
            Self.round(c, d, e, &f, g, h, a, &b, k[i + 6] &+ w6)
            Self.extend(&w7, w8, w0, w5)
            Self.round(b, c, d, &e, f, g, h, &a, k[i + 7] &+ w7)
            Self.extend(&w8, w9, w1, w6)
            Self.round(a, b, c, &d, e, f, g, &h, k[i + 8] &+ w8)
            Self.extend(&w9, w10, w2, w7)
            Self.round(h, a, b, &c, d, e, f, &g, k[i + 9] &+ w9)
            Self.extend(&w10, w11, w3, w8)
            Self.round(g, h, a, &b, c, d, e, &f, k[i + 10] &+ w10)
            Self.extend(&w11, w12, w4, w9)
            Self.round(f, g, h, &a, b, c, d, &e, k[i + 11] &+ w11)
            Self.extend(&w12, w13, w5, w10)
            Self.round(e, f, g, &h, a, b, c, &d, k[i + 12] &+ w12)
            Self.extend(&w13, w14, w6, w11)
            Self.round(d, e, f, &g, h, a, b, &c, k[i + 13] &+ w13)
            Self.extend(&w14, w15, w7, w12)
            Self.round(c, d, e, &f, g, h, a, &b, k[i + 14] &+ w14)
            Self.extend(&w15, w0, w8, w13)
            Self.round(b, c, d, &e, f, g, h, &a, k[i + 15] &+ w15)
            i &+= 16
        }
        state.0 &+= a
        state.1 &+= b
        state.2 &+= c
        state.3 &+= d
        state.4 &+= e
        state.5 &+= f
        state.6 &+= g
        state.7 &+= h
    }

    @inline(__always)
    private static func word(_ input: UnsafeRawPointer, _ index: Int) -> UInt32 {
        UInt32(bigEndian: input.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self))
    }

    @inline(__always)
    private static func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 {
        (x &>> n) | (x &<< (32 &- n))
    }

    @inline(__always)
    private static func extend(_ w: inout UInt32, _ w1: UInt32, _ w9: UInt32, _ w14: UInt32) {
        let s0 = rotate(w1, 7) ^ rotate(w1, 18) ^ (w1 &>> 3)
        let s1 = rotate(w14, 17) ^ rotate(w14, 19) ^ (w14 &>> 10)
        w = w &+ s0 &+ w9 &+ s1
    }

    @inline(__always)
    private static func round(
        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32,
        _ e: UInt32, _ f: UInt32, _ g: UInt32, _ h: inout UInt32, _ kw: UInt32
    ) {
        let sum1 = rotate(e ^ rotate(e ^ rotate(e, 14), 5), 6)  // e by 6, 11 and 25
        let choice = g ^ (e & (f ^ g))
        let t = h &+ sum1 &+ choice &+ kw
        let sum0 = rotate(a ^ rotate(a ^ rotate(a, 9), 11), 2)  // a by 2, 13 and 22
        let majority = b ^ ((a ^ b) & (b ^ c))
        d = d &+ t
        h = t &+ sum0 &+ majority
    }

    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}

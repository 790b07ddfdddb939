internal import Glibc

/// 64 bits that stay much the same when a picture is scaled, compressed or slightly changed.
///
/// The lowest 8 × 8 frequencies of a 32 × 32 luma, each compared with their median; the same rule as Python's
/// `imagehash.phash`. Source: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, §3.2.1.
enum PerceptualHash {
    static let side = 32

    /// - Parameter rgb: `32 * 32 * 3` bytes.
    static func hash(rgb: [UInt8]) -> UInt64 {
        precondition(rgb.count == side * side * 3)
        let luma = (0..<side * side).map { (i: Int) -> Double in
            let (red, green, blue) = (Double(rgb[i * 3]), Double(rgb[i * 3 + 1]), Double(rgb[i * 3 + 2]))
            return 0.299 * red + 0.587 * green + 0.114 * blue
        }
        let waves = (0..<8).map { wave in
            (0..<side).map { cos(.pi / Double(side) * Double(wave) * (Double($0) + 0.5)) }
        }
        var frequencies: [Double] = []
        // Rows first: 8 numbers for each of the 32 rows, then 8 of each column of those.
        let rows = (0..<side).map { y in
            waves.map { wave in (0..<side).reduce(0.0) { $0 + luma[y * side + $1] * wave[$1] } }
        }
        for wave in waves {
            for x in 0..<8 {
                let sum = (0..<side).reduce(0.0) { $0 + rows[$1][x] * wave[$1] }
                // What a flat picture has are rounding errors.
                frequencies.append(abs(sum) < 1e-6 ? 0 : sum)
            }
        }
        let sorted = frequencies.sorted()
        let median = (sorted[31] + sorted[32]) / 2
        return frequencies.reduce(0) { $0 << 1 | ($1 > median ? 1 : 0) }
    }

    /// 16 lower-case hex digits.
    static func text(_ hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

import Foundation
import Glibc
import Testing
import Vips

@testable import ImageAnalysis

@Suite("ThumbHash")
struct ThumbHashTests {
    /// A picture with all frequencies, the same as was given to the reference implementation.
    private static func pattern(_ width: Int, _ height: Int, alpha: Bool) -> [UInt8] {
        (0..<height).flatMap { y in
            (0..<width).flatMap { x -> [UInt8] in
                [
                    UInt8(truncatingIfNeeded: x * 7 + y * 3), UInt8(x * 255 / width),
                    UInt8(truncatingIfNeeded: (x * y) >> 2),
                    alpha ? UInt8(y * 255 / height) : 255,
                ]
            }
        }
    }

    @Test(
        "The same bytes as the reference implementation's",
        arguments: [
            (100, 75, false, "XggOJZpwdmd2d1h2h2eIh8Cd+4h3"), (75, 100, false, "XggOJRhwZnaHdnd2h4d4d7Cs+3d4"),
            (100, 100, true, "H/iFHQw3cGaoiHd3iJC594d1h4eAiIh4iA=="),
            (31, 90, true, "XfiFEg43cLd3hnr1u/eJdXh4gIiHeHg="),
            (100, 20, false, "XPkNKZZgdoR1iGd4tY/8d4c="), (8, 8, false, "DGoNPxSAh4eHiIeIiHiIiIeHB3h3f4cI"),
        ])
    func reference(width: Int, height: Int, alpha: Bool, expected: String) {
        let pixels = Self.pattern(width, height, alpha: alpha)
        let hash = ThumbHash.encode(rgba: pixels, width: width, height: height)
        #expect(Data(hash).base64EncodedString() == expected)
        #expect(hash.count <= 25)
    }

    @Test(
        "A photograph decodes to roughly itself",
        arguments: ["image/denali.webp", "photo/cyclamen.jpg", "image/cogs.gif"])
    func roundTrip(path: String) throws {
        try Pictures.withMedia(path) { descriptor in
            let source = try VipsSource.open(descriptor: descriptor)
            let image = try source.decode(maxWidth: 100, maxHeight: 100)
            let rgba = try image.rgbPixels(.kept)
            let placeholder = Placeholder(ThumbHash.encode(rgba: rgba, width: image.width, height: image.height))
            let aspect = Double(image.width) / Double(image.height)
            #expect(abs(Double(placeholder.width) / Double(placeholder.height) / aspect - 1) < 0.2)
            let small = try image.stretched(width: placeholder.width, height: placeholder.height).rgbPixels(.kept)
            var error = 0.0
            for i in small.indices { error += abs(Double(small[i]) - placeholder.rgba[i]) * Double(small[i | 3]) / 255 }
            #expect(error / Double(small.count) < 25, "\(error / Double(small.count))")
        }
    }

    @Test("A flat picture stays flat")
    func flat() {
        let white = ThumbHash.encode(rgba: [UInt8](repeating: 255, count: 16 * 16 * 4), width: 16, height: 16)
        #expect(Placeholder(white).rgba.allSatisfy { $0 > 250 })
        #expect(Array(white.dropFirst(5)).allSatisfy { $0 == 0 })
    }
}

/// The decoder as published, for the tests only.
private struct Placeholder {
    let width: Int
    let height: Int
    let rgba: [Double]

    init(_ hash: [UInt8]) {
        let h = hash.map(Int.init)
        let header24 = h[0] | h[1] << 8 | h[2] << 16
        let header16 = h[3] | h[4] << 8
        let hasAlpha = header24 >> 23 == 1
        let isLandscape = header16 >> 15 == 1
        let limit = hasAlpha ? 5 : 7
        let lx = max(3, isLandscape ? limit : header16 & 7)
        let ly = max(3, isLandscape ? header16 & 7 : limit)
        let ratio = Double(isLandscape ? limit : header16 & 7) / Double(isLandscape ? header16 & 7 : limit)
        width = Int((ratio > 1 ? 32 : 32 * ratio).rounded())
        height = Int((ratio > 1 ? 32 / ratio : 32).rounded())
        var next = hasAlpha ? 12 : 10
        func channel(_ nx: Int, _ ny: Int, _ scale: Double) -> [(x: Int, y: Int, value: Double)] {
            var terms: [(x: Int, y: Int, value: Double)] = []
            for y in 0..<ny {
                var x = y > 0 ? 0 : 1
                while x * ny < nx * (ny - y) {
                    terms.append((x, y, (Double(h[next / 2] >> (next % 2 * 4) & 15) / 7.5 - 1) * scale))
                    next += 1
                    x += 1
                }
            }
            return terms
        }
        let l = channel(lx, ly, Double(header24 >> 18 & 31) / 31)
        let p = channel(3, 3, Double(header16 >> 3 & 63) / 63 * 1.25)
        let q = channel(3, 3, Double(header16 >> 9 & 63) / 63 * 1.25)
        let a = hasAlpha ? channel(5, 5, Double(h[5] >> 4) / 15) : []
        var pixels: [Double] = []
        for y in 0..<height {
            for x in 0..<width {
                let (w, h2) = (Double(width), Double(height))
                func sum(_ dc: Double, _ terms: [(x: Int, y: Int, value: Double)]) -> Double {
                    terms.reduce(dc) { total, term in
                        total + 2 * term.value * cos(.pi / w * (Double(x) + 0.5) * Double(term.x))
                            * cos(.pi / h2 * (Double(y) + 0.5) * Double(term.y))
                    }
                }
                let light = sum(Double(header24 & 63) / 63, l)
                let yellow = sum(Double(header24 >> 6 & 63) / 31.5 - 1, p)
                let red = sum(Double(header24 >> 12 & 63) / 31.5 - 1, q)
                let alpha = hasAlpha ? sum(Double(h[5] & 15) / 15, a) : 1
                let blue = light - 2.0 / 3 * yellow
                let r = (3 * light - blue + red) / 2
                pixels += [r, r - red, blue, alpha].map { min(255, max(0, $0 * 255)) }
            }
        }
        rgba = pixels
    }
}

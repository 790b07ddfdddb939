internal import Glibc

/// A placeholder of at most 25 bytes that shows a picture's colours and rough shapes while it loads.
///
/// Source: Evan Wallace, ThumbHash, https://evanw.github.io/thumbhash/ (the JavaScript is the reference).
enum ThumbHash {
    /// The longest side of a picture to encode.
    static let maxSide = 100

    /// - Parameters:
    ///   - rgba: 4 bytes a pixel, alpha not multiplied in, rows without padding.
    ///   - width: 1…100, as is `height`.
    static func encode(rgba: [UInt8], width: Int, height: Int) -> [UInt8] {
        let count = width * height
        precondition(rgba.count == count * 4 && (1...maxSide).contains(width) && (1...maxSide).contains(height))
        let planes = Planes(rgba: rgba, count: count)
        let limit = planes.hasAlpha ? 5.0 : 7.0
        let longest = Double(max(width, height))
        let lx = max(1, Int((limit * Double(width) / longest).rounded()))
        let ly = max(1, Int((limit * Double(height) / longest).rounded()))
        let transform = Transform(width: width, height: height)
        let l = transform.encode(planes.l, max(3, lx), max(3, ly))
        let p = transform.encode(planes.p, 3, 3)
        let q = transform.encode(planes.q, 3, 3)

        let isLandscape = width > height
        let header24 =
            level(l.dc, 63) | level(0.5 + 0.5 * p.dc, 63) << 6 | level(0.5 + 0.5 * q.dc, 63) << 12
            | level(l.scale, 31) << 18 | (planes.hasAlpha ? 1 << 23 : 0)
        let header16 =
            (isLandscape ? ly : lx) | level(p.scale, 63) << 3 | level(q.scale, 63) << 9 | (isLandscape ? 1 << 15 : 0)
        var nibbles: [Int] = []
        for part in 0..<6 { nibbles.append(header24 >> (4 * part) & 15) }
        for part in 0..<4 { nibbles.append(header16 >> (4 * part) & 15) }
        var coefficients = l.ac + p.ac + q.ac
        if planes.hasAlpha {
            let a = transform.encode(planes.a, 5, 5)
            nibbles += [level(a.dc, 15), level(a.scale, 15)]
            coefficients += a.ac
        }
        nibbles += coefficients.map { level($0, 15) }
        if !nibbles.count.isMultiple(of: 2) { nibbles.append(0) }
        return stride(from: 0, to: nibbles.count, by: 2).map { UInt8(nibbles[$0] | nibbles[$0 + 1] << 4) }
    }

    private static func level(_ value: Double, _ steps: Int) -> Int {
        min(steps, max(0, Int((value * Double(steps)).rounded())))
    }

    /// Luminance, yellow − blue, red − green and alpha, laid on the average colour.
    private struct Planes {
        var l: [Double] = []
        var p: [Double] = []
        var q: [Double] = []
        var a: [Double] = []
        var hasAlpha: Bool

        init(rgba: [UInt8], count: Int) {
            var average = (r: 0.0, g: 0.0, b: 0.0, a: 0.0)
            for i in 0..<count {
                let alpha = Double(rgba[i * 4 + 3]) / 255
                average.r += alpha / 255 * Double(rgba[i * 4])
                average.g += alpha / 255 * Double(rgba[i * 4 + 1])
                average.b += alpha / 255 * Double(rgba[i * 4 + 2])
                average.a += alpha
            }
            if average.a > 0 {
                average.r /= average.a
                average.g /= average.a
                average.b /= average.a
            }
            hasAlpha = average.a < Double(count)
            for i in 0..<count {
                let alpha = Double(rgba[i * 4 + 3]) / 255
                let r = average.r * (1 - alpha) + alpha / 255 * Double(rgba[i * 4])
                let g = average.g * (1 - alpha) + alpha / 255 * Double(rgba[i * 4 + 1])
                let b = average.b * (1 - alpha) + alpha / 255 * Double(rgba[i * 4 + 2])
                l.append((r + g + b) / 3)
                p.append((r + g) / 2 - b)
                q.append(r - g)
                a.append(alpha)
            }
        }
    }

    /// The low frequencies of a plane.
    private struct Transform {
        let width: Int
        let height: Int
        private let columns: [[Double]]
        private let rows: [[Double]]

        init(width: Int, height: Int) {
            self.width = width
            self.height = height
            func waves(_ side: Int) -> [[Double]] {
                (0..<7).map { wave in (0..<side).map { cos(.pi / Double(side) * Double(wave) * (Double($0) + 0.5)) } }
            }
            columns = waves(width)
            rows = waves(height)
        }

        func encode(_ plane: [Double], _ nx: Int, _ ny: Int) -> (dc: Double, ac: [Double], scale: Double) {
            var dc = 0.0
            var ac: [Double] = []
            for cy in 0..<ny {
                var cx = 0
                while cx * ny < nx * (ny - cy) {
                    var sum = 0.0
                    // In the reference's order: coefficients that are 0 but for rounding decide a nibble.
                    for y in 0..<height {
                        for x in 0..<width { sum += plane[y * width + x] * columns[cx][x] * rows[cy][y] }
                    }
                    sum /= Double(width * height)
                    if cx > 0 || cy > 0 { ac.append(sum) } else { dc = sum }
                    cx += 1
                }
            }
            // A flat plane has only rounding errors, which must not be blown up.
            let scale = ac.map(abs).max() ?? 0
            guard scale > 1e-9 else { return (dc, ac.map { _ in 0 }, 0) }
            return (dc, ac.map { 0.5 + 0.5 / scale * $0 }, scale)
        }
    }
}

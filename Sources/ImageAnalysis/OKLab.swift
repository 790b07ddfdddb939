internal import Glibc

/// A colour where equal distances look equally different.
///
/// Source: Björn Ottosson, "A perceptual color space for image processing", 2020.
struct OKLab: Equatable {
    /// Lightness, 0…1.
    var l: Double
    /// Green to red, blue to yellow: about −0.4…0.4.
    var a: Double
    var b: Double

    var chroma: Double { hypot(a, b) }

    /// 0…360 degrees, counter-clockwise from red-pink.
    var hue: Double {
        let degrees = atan2(b, a) * 180 / .pi
        return degrees < 0 ? degrees + 360 : degrees
    }

    func squaredDistance(to other: OKLab) -> Double {
        let (dl, da, db) = (l - other.l, a - other.a, b - other.b)
        return dl * dl + da * da + db * db
    }
}

extension OKLab {
    init(red: UInt8, green: UInt8, blue: UInt8) {
        let r = Self.linear[Int(red)]
        let g = Self.linear[Int(green)]
        let b = Self.linear[Int(blue)]
        let long = cbrt(0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b)
        let medium = cbrt(0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b)
        let short = cbrt(0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b)
        self.init(
            l: 0.210_454_255_3 * long + 0.793_617_785_0 * medium - 0.004_072_046_8 * short,
            a: 1.977_998_495_1 * long - 2.428_592_205_0 * medium + 0.450_593_709_9 * short,
            b: 0.025_904_037_1 * long + 0.782_771_766_2 * medium - 0.808_675_766_0 * short)
    }

    /// The nearest sRGB colour.
    var sRGB: (red: UInt8, green: UInt8, blue: UInt8) {
        let long = cubed(l + 0.396_337_777_4 * a + 0.215_803_757_3 * b)
        let medium = cubed(l - 0.105_561_345_8 * a - 0.063_854_172_8 * b)
        let short = cubed(l - 0.089_484_177_5 * a - 1.291_485_548_0 * b)
        return (
            Self.encoded(4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short),
            Self.encoded(-1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short),
            Self.encoded(-0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701_0 * short)
        )
    }

    private func cubed(_ x: Double) -> Double { x * x * x }

    private static let linear: [Double] = (0...255).map { byte in
        let x = Double(byte) / 255
        return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4)
    }

    private static func encoded(_ x: Double) -> UInt8 {
        let y = x <= 0.003_130_8 ? 12.92 * x : 1.055 * pow(x, 1 / 2.4) - 0.055
        return UInt8(min(255, max(0, (y * 255).rounded())))
    }
}

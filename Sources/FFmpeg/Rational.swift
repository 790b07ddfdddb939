internal import CFFmpeg

/// A fraction, as time bases, frame rates and pixel shapes are given. A zero denominator means unknown.
public struct Rational: Sendable, Hashable {
    public var numerator: Int32
    public var denominator: Int32

    public init(_ numerator: Int32, _ denominator: Int32) {
        self.numerator = numerator
        self.denominator = denominator
    }

    public static let unknown = Rational(0, 0)
    public static let microseconds = Rational(1, 1_000_000)

    /// nil unless both parts are above zero.
    public var value: Double? {
        numerator > 0 && denominator > 0 ? Double(numerator) / Double(denominator) : nil
    }

    /// Converts a count of units of `self` to units of `other`, rounded to the nearest, without overflow.
    public func rescale(_ count: Int64, to other: Rational) -> Int64 {
        av_rescale_q(count, raw, other.raw)
    }

    /// A count of units of `self` in seconds.
    public func seconds(_ count: Int64) -> Double {
        denominator == 0 ? 0 : Double(count) * Double(numerator) / Double(denominator)
    }

    init(_ raw: AVRational) {
        self.init(raw.num, raw.den)
    }

    var raw: AVRational { AVRational(num: numerator, den: denominator) }
}

import FFmpeg

/// Puts pictures on the result's time line: from zero on, strictly rising, no more a second than wanted.
///
/// Times stay those of the input (variable rates stay variable); only what cannot be is mended.
struct FrameClock {
    private let timeBase: Rational
    private let start: Int64
    private let period: Int64
    private let second: Int64
    /// Frames a second above which frames are left out; nil: none is.
    private let maxRate: Double?
    private var last: Int64?
    private var slot: Int64?
    private var shift: Int64 = 0

    /// - Parameters:
    ///   - start: where the container begins, in microseconds; becomes 0.
    ///   - frameRate: what to assume where the container gives no times.
    init(timeBase: Rational, startMicroseconds start: Int64, frameRate: Double?, maxRate: Double?) {
        self.timeBase = timeBase
        self.start = Rational.microseconds.rescale(start, to: timeBase)
        second = max(1, Rational(1, 1).rescale(1, to: timeBase))
        period = max(1, Int64(Double(second) / (frameRate ?? 25)))
        self.maxRate = maxRate
    }

    /// - Returns: when to show a frame and how long, in units of the time base; nil for one to leave out.
    mutating func place(_ timestamp: Int64?, duration: Int64) -> (timestamp: Int64, duration: Int64)? {
        var time: Int64
        // Beyond 2⁶⁰ a time is rubbish, and sums could overflow.
        if let timestamp, timestamp.magnitude < 1 << 60 {
            time = timestamp - start + shift
        } else {
            time = last.map { $0 + period } ?? 0
        }
        if let last, time <= last {
            if last - time < second { return nil }
            // The clock went back: a new piece begins, which follows on.
            shift += last + period - time
            time = last + period
        }
        var duration = (1...60 * second).contains(duration) ? duration : period
        if let maxRate {
            // A quarter of a slot's grace for times that were rounded to milliseconds.
            let next = Int64((timeBase.seconds(time) * maxRate + 0.25).rounded(.down))
            if let slot, next <= slot { return nil }
            slot = next
            duration = max(duration, Int64(Double(second) / maxRate))
        }
        last = time
        return (time, duration)
    }
}

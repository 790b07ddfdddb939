import FFmpeg
import Testing

@testable import VideoCompression

@Suite("The size of the result")
struct GeometryTests {
    private func make(
        _ width: Int, _ height: Int, aspect: Double = 1, turns: Int = 0, mirrored: Bool = false
    ) -> Geometry {
        Geometry(
            stored: (width, height), pixelAspect: aspect,
            orientation: Orientation(isMirrored: mirrored, quarterTurns: turns), maxLongSide: 1280, maxShortSide: 720)
    }

    @Test(
        "Fits the box either way up, even, never enlarged",
        arguments: [
            (1920, 1080, 1280, 720), (1080, 1920, 720, 1280), (3840, 2160, 1280, 720), (1280, 720, 1280, 720),
            (640, 360, 640, 360), (641, 359, 640, 358), (481, 271, 480, 270), (2000, 2000, 720, 720),
            (4000, 500, 1280, 160), (1440, 1080, 960, 720), (1, 1, 2, 2), (3, 3, 2, 2), (20_000, 10, 1280, 2),
            (1278, 722, 1274, 720),
        ])
    func box(_ w: Int, _ h: Int, _ toWidth: Int, _ toHeight: Int) {
        let geometry = make(w, h)
        #expect((geometry.width, geometry.height) == (toWidth, toHeight))
    }

    @Test("A quarter turn swaps the sides")
    func turned() {
        #expect((make(1920, 1080, turns: 1).width, make(1920, 1080, turns: 1).height) == (720, 1280))
        #expect((make(568, 320, turns: 3).width, make(568, 320, turns: 3).height) == (320, 568))
        #expect((make(1920, 1080, turns: 2).width, make(1920, 1080, turns: 2).height) == (1280, 720))
    }

    @Test(
        "Wide and narrow pixels become square",
        arguments: [(16.0 / 11, 1048, 576), (8.0 / 9, 640, 576), (1e9, 720, 576)])
    func pixelAspect(_ aspect: Double, _ width: Int, _ height: Int) {
        let geometry = make(720, 576, aspect: aspect)
        #expect(abs(geometry.width - width) <= 2)
        #expect(geometry.height == height)
    }

    @Test("Only untouched pixels are the same pixels")
    func identity() {
        #expect(make(1280, 720).isIdentity)
        #expect(!make(1280, 720, turns: 2).isIdentity)
        #expect(!make(1280, 720, mirrored: true).isIdentity)
        #expect(!make(720, 576, aspect: 16.0 / 11).isIdentity)
        #expect(!make(1281, 720).isIdentity)
    }
}

@Suite("The time line of the result")
struct FrameClockTests {
    private func times(
        _ input: [Int64?], timeBase: Rational = Rational(1, 1000), start: Int64 = 0, maxRate: Double? = nil
    ) -> [Int64] {
        var clock = FrameClock(timeBase: timeBase, startMicroseconds: start, frameRate: 25, maxRate: maxRate)
        return input.compactMap { clock.place($0, duration: 0)?.timestamp }
    }

    @Test("Variable rates stay as they are, from zero on")
    func variable() {
        #expect(times([1400, 1440, 1500, 1900], start: 1_400_000) == [0, 40, 100, 500])
    }

    @Test("A time that stands still is left out; a clock that goes back goes on")
    func mended() {
        #expect(times([0, 40, 40, 30, 80]) == [0, 40, 80])
        #expect(times([0, 40, 90_000, 90_040, 0, 40]) == [0, 40, 90_000, 90_040, 90_080, 90_120])
        #expect(times([nil, nil, nil]) == [0, 40, 80])
        #expect(times([0, Int64.min, Int64.max, 120]) == [0, 40, 80, 120])
    }

    @Test("Sixty frames a second become thirty, also where times are rounded to milliseconds")
    func thinned() {
        let exact = times((0..<120).map { $0 * 1500 }, timeBase: Rational(1, 90_000), maxRate: 30)
        #expect(exact == (0..<60).map { $0 * 3000 })
        let rounded = times((0..<120).map { Int64((Double($0) * 1000 / 60).rounded()) }, maxRate: 30)
        #expect(rounded.count == 60)
        #expect(zip(rounded, rounded.dropFirst()).allSatisfy { 33...34 ~= $1 - $0 })
    }
}

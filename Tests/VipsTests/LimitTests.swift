import Glibc
import Testing
import Vips

extension VipsTests {
    @Suite struct Limits {
        @Test(
            "Bombs are refused from their header",
            arguments: [
                ("bomb/17000x17000.avif", VipsError.Code.tooManyPixels),
                ("bomb/30000x30000-full-1bit.png", .tooManyPixels),
                ("bomb/60000x60000.png", .tooManyPixels),
                ("bomb/65500x65500.jpg", .tooManyPixels),
                ("bomb/65535x65535.gif", .tooManyPixels),
                ("bomb/decompression_bomb.gif", .truncated),
                ("bomb/60000x60000.bmp", .unsupported),
                ("bomb/billion-laughs.svg", .unsupported),
                ("bomb/huge.svg", .unsupported),
            ])
        func bomb(name: String, code: VipsError.Code) throws {
            try VipsLibrary.start()
            let start = Self.threadMilliseconds()
            let error = try Media.with(name) { descriptor in
                vipsError { _ = try VipsSource.open(descriptor: descriptor) }
            }
            #expect(Self.threadMilliseconds() - start < 100)
            #expect(error?.code == code)
            #expect(error?.fault == .file)
        }

        /// The processor's time rather than the clock's, which other tests may use up.
        private static func threadMilliseconds() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
        }

        @Test(
            "Exactly the limit is allowed, one less is not",
            arguments: [
                ("image/1bit.tif", DecodingLimits(maxPixels: 1024, maxDimension: 256), nil),
                ("image/1bit.tif", DecodingLimits(maxPixels: 1023), VipsError.Code.tooManyPixels),
                ("image/1bit.tif", DecodingLimits(maxDimension: 255), .tooManyPixels),
                ("image/rotating-squares.webp", DecodingLimits(maxFrames: 9, maxTotalPixels: 57_600), nil),
                ("image/rotating-squares.webp", DecodingLimits(maxFrames: 8), .tooManyFrames),
                ("image/rotating-squares.webp", DecodingLimits(maxTotalPixels: 57_599), .tooManyPixels),
                ("image/rotating-squares.webp", DecodingLimits(maxFramePixels: 6_399), .tooManyPixels),
                // A document's pages are not decoded together, and thus not added up.
                ("image/multipage.tif", DecodingLimits(maxFrames: 1, maxTotalPixels: 1), nil),
            ])
        func boundary(name: String, limits: DecodingLimits, code: VipsError.Code?) throws {
            let error = try Media.with(name) { descriptor in
                vipsError { _ = try VipsSource.open(descriptor: descriptor, limits: limits) }
            }
            #expect(error?.code == code)
        }
    }
}

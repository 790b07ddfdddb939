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
            let memory = VipsLibrary.peakTrackedBytes
            let start = ContinuousClock.now
            let error = try Media.with(name) { descriptor in
                vipsError { _ = try VipsSource.open(descriptor: descriptor) }
            }
            #expect(ContinuousClock.now - start < .milliseconds(100))
            #expect(error?.code == code)
            #expect(error?.fault == .file)
            #expect(VipsLibrary.peakTrackedBytes - memory < 64 << 20)
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

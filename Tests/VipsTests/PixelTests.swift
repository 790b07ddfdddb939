import Testing
import Vips

extension VipsTests {
    @Suite struct Pixels {
        private func checkerboard(_ side: Int) throws -> VipsImage {
            let pixels = (0..<side * side).map { UInt8(($0 / side + $0 % side) % 2 == 0 ? 0 : 100) }
            return try VipsImage.make(pixels: pixels, width: side, height: side, bands: 1)
        }

        @Test("The Laplacian of a checkerboard of 0 and 100 is ±400 inside")
        func laplacian() throws {
            // libvips repeats the edge pixels, which lowers the response on the border only.
            let variance = try checkerboard(100).laplacianVariance()
            #expect(variance > 150_000 && variance <= 160_100)
            let flat = try VipsImage.make(
                pixels: [UInt8](repeating: 77, count: 300), width: 10, height: 10, bands: 3)
            #expect(try flat.laplacianVariance() == 0)
            #expect(try VipsImage.make(pixels: [9, 9, 9], width: 1, height: 1, bands: 3).laplacianVariance() == 0)
        }

        @Test("A blurred picture is less sharp")
        func sharpness() throws {
            let sharp = try Media.decode("photo/cyclamen.jpg", maxWidth: 400)
            let blurred = try sharp.stretched(width: 40, height: 66).stretched(width: sharp.width, height: sharp.height)
            #expect(try blurred.laplacianVariance() * 4 < sharp.laplacianVariance())
        }

        @Test func transparencyOnAColour() throws {
            let image = try VipsImage.make(pixels: [10, 20, 30, 255, 1, 2, 3, 0], width: 2, height: 1, bands: 4)
            #expect(try image.rgbPixels() == [10, 20, 30, 255, 255, 255])
            #expect(try image.rgbPixels(.flattened(red: 9, green: 8, blue: 7)) == [10, 20, 30, 9, 8, 7])
            #expect(try image.rgbPixels(.kept) == [10, 20, 30, 255, 1, 2, 3, 0])
            #expect(try !image.isOpaque())
            #expect(try image.flattened(red: 0, green: 0, blue: 0).rgbPixels() == [10, 20, 30, 0, 0, 0])
        }

        @Test func greyBecomesRGB() throws {
            let grey = try VipsImage.make(pixels: [0, 128, 255], width: 3, height: 1, bands: 1)
            #expect(try grey.rgbPixels() == [0, 0, 0, 128, 128, 128, 255, 255, 255])
            #expect(try grey.rgbPixels(.kept) == [0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255])
            let seeThrough = try VipsImage.make(pixels: [128, 0], width: 1, height: 1, bands: 2)
            #expect(try seeThrough.rgbPixels() == [255, 255, 255])
        }

        @Test func opaqueAlphaIsFound() throws {
            let image = try VipsImage.make(pixels: [1, 2, 3, 255, 4, 5, 6, 255], width: 2, height: 1, bands: 4)
            #expect(try image.isOpaque())
            #expect(try image.withoutAlpha().rgbPixels() == [1, 2, 3, 4, 5, 6])
            #expect(try image.withoutAlpha().bands == 3)
        }

        @Test func crop() throws {
            let pixels = (0..<16).map { UInt8($0 * 10) }
            let image = try VipsImage.make(pixels: pixels, width: 4, height: 4, bands: 1)
            let part = try image.cropped(left: 1, top: 2, width: 2, height: 1)
            #expect(try part.rgbPixels() == [90, 90, 90, 100, 100, 100])
            #expect(vipsError { _ = try image.cropped(left: 3, top: 3, width: 2, height: 2) }?.fault == .process)
        }

        @Test func sizes() throws {
            let image = try Media.decode("photo/gps-thompson-springs.jpg")
            let stretched = try image.stretched(width: 32, height: 32)
            #expect([stretched.width, stretched.height] == [32, 32])
            let larger = try image.stretched(width: 400, height: 10)
            #expect([larger.width, larger.height] == [400, 10])
            let fitted = try image.fitted(maxWidth: 1000, maxHeight: 50)
            #expect(fitted.height == 50 && (72...73).contains(fitted.width))
            #expect(try image.fitted(maxWidth: 900, maxHeight: 900).width == image.width)
        }

        @Test func animationsAreScaledFrameByFrame() throws {
            let image = try Media.decode("image/rotating-squares.webp", allFrames: true).stretched(
                width: 31, height: 17)
            #expect([image.width, image.height, image.frames] == [31, 17, 9])
            #expect(image.animation?.delaysMs.count == 9)
        }

        @Test func pixelsMustMatchTheSize() {
            #expect(
                vipsError { _ = try VipsImage.make(pixels: [1, 2], width: 1, height: 1, bands: 3) }?.code
                    == .internalFailure)
        }
    }
}

import Model
import TestServers
import Testing
import Vips

@testable import ImageCompression

extension ImageCompressionTests {
    @Suite struct Animations {
        @Test(
            "Animations stay animations in WebP, and are their first frame elsewhere",
            arguments: ["image/animated-loop-3.gif", "image/rotating-squares.webp", "image/cogs.gif"])
        func animated(name: String) throws {
            let pictures = try Pictures(name)
            let small = ImageVariantSpec(name: "small", format: .webp, maxWidth: 40, maxHeight: 40)
            let still = ImageVariantSpec(name: "still", format: .webp, keepsAnimation: false)
            let facts = try pictures.run([.webp, .fallback, small, still])
            let original = try Pictures.fields(at: pictures.input)
            for variant in ["webp", "small"] {
                let fields = try pictures.fields(variant)
                #expect(fields["n-pages"] == original["n-pages"])
                #expect(fields["loop"] == original["loop"])
                // No delay is written as browsers take it: a tenth of a second.
                let delays = original["delay"]?.split(separator: " ").map { $0 == "0" ? "100" : $0 }
                #expect(fields["delay"]?.split(separator: " ") == delays)
            }
            #expect(facts[2].width <= 40 && facts[2].height <= 40)
            #expect(facts[2].mimeType == "image/webp")
            for variant in ["fallback", "still"] {
                #expect(try pictures.fields(variant)["n-pages"] ?? "1" == "1")
                let first = try Pictures.pixels(at: pictures.input, side: 60)
                #expect(difference(try pictures.pixels(variant, side: 60), first) < 6)
            }
        }

        @Test("The moving frames are the original's")
        func frames() throws {
            let pictures = try Pictures("image/animated-loop-3.gif")
            _ = try pictures.run([ImageVariantSpec(name: "webp", format: .webp, quality: 90)])
            for page in [0, 4, 9] {
                for (index, file) in [pictures.input, pictures.path("webp")].enumerated() {
                    let result = "\(pictures.folder)/\(index).png"
                    _ = try ChildServer.output(of: ["vips", "copy", "\(file)[page=\(page)]", result])
                }
                let (a, b) = (pictures.folder + "/0.png", pictures.folder + "/1.png")
                #expect(difference(try Pictures.pixels(at: a, side: 100), try Pictures.pixels(at: b, side: 100)) < 5)
            }
        }

        @Test("Too many frames are refused, just as many as allowed are not")
        func frameLimit() throws {
            let limits = PixelLimits(maxFrames: 9)
            let failure = try Pictures("image/animated-loop-3.gif").failure([.webp], limits: limits)
            #expect(failure?.code == OperationFailure.Code.frameLimit)
            #expect(failure?.fault == .input)
            #expect(try Pictures("image/rotating-squares.webp").run([.webp], limits: limits).count == 1)
        }
    }
}

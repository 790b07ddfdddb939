import Model
import Testing
import Vips

@testable import ImageCompression

extension ImageCompressionTests {
    @Suite struct Metadata {
        static let all: [ImageVariantSpec] = [ImageFormat.webp, .jpeg, .png, .avif].map {
            ImageVariantSpec(name: "\($0)", format: $0, maxWidth: 120, maxHeight: 120, effort: 1)
        }

        @Test("Copyright and artist stay", arguments: ["webp", "jpeg", "png", "avif"])
        func rightsStay(variant: String) throws {
            let pictures = try Pictures("photo/prairie_falcon.jpg")
            _ = try pictures.run(Self.all)
            let fields = try pictures.fields(variant)
            #expect(fields["exif-ifd0-Copyright"]?.hasPrefix("All rights reserved (") == true)
            #expect(fields["exif-ifd0-Artist"]?.hasPrefix("NPS / Gavin Emmons (") == true)
            let exif = fields.keys.filter { $0.hasPrefix("exif-ifd") }
            // A reader adds what EXIF asks for; libvips writes it into AVIF.
            let required = [
                "ifd0-Copyright", "ifd0-Artist", "ifd0-Orientation", "ifd0-XResolution", "ifd0-YResolution",
                "ifd0-ResolutionUnit", "ifd0-YCbCrPositioning", "ifd2-ExifVersion", "ifd2-ComponentsConfiguration",
                "ifd2-FlashpixVersion", "ifd2-ColorSpace", "ifd2-PixelXDimension", "ifd2-PixelYDimension",
            ]
            #expect(Set(exif).isSubset(of: required.map { "exif-" + $0 }))
            if variant != "avif" {
                let rights = ImageRights(copyright: "All rights reserved", artist: "NPS / Gavin Emmons")
                let block = Array(ExifBlock.make(rights).dropFirst(6))
                let bytes = try pictures.bytes(variant)
                #expect(bytes.indices.contains { bytes[$0...].starts(with: block) })
            }
        }

        @Test(
            "Places, cameras, profiles and notes are gone",
            arguments: ["photo/gps-thompson-springs.jpg", "image/iphone-600x800.heic", "image/orientation-6.avif"])
        func nothingElse(name: String) throws {
            let pictures = try Pictures(name)
            #expect(
                try Pictures.fields(at: pictures.input).keys.contains { $0 == "exif-data" || $0 == "icc-profile-data" })
            _ = try pictures.run(Self.all)
            for spec in Self.all {
                let left = try pictures.fields(spec.name).keys.filter {
                    $0.hasPrefix("exif") || $0.hasPrefix("xmp") || $0.hasPrefix("iptc") || $0.hasPrefix("icc")
                }
                #expect(left.isEmpty, "\(spec.name): \(left)")
            }
        }

        @Test("Letters beyond ASCII stay", arguments: ["webp", "jpeg", "png"])
        func unicode(variant: String) throws {
            let rights = ImageRights(copyright: "© Zoë Müller 写真 (all)", artist: "Zoë\u{7}")
            let plain = try Pictures.bytes(at: Pictures.media + "photo/cyclamen.jpg")
            let pictures = try Pictures(bytes: try #require(JPEGContainer.withoutMetadata(plain, rights)))
            _ = try pictures.run(Self.all)
            let text = String(decoding: try pictures.bytes(variant), as: UTF8.self)
            #expect(text.contains("© Zoë Müller 写真 (all)\0"))
            #expect(text.contains("Zoë ") && !text.contains("Zoë\u{7}"))
        }

        @Test("An original that is kept has no more metadata than a variant")
        func keptOriginal() throws {
            let image = try VipsImage.make(
                pixels: (0..<96 * 96 * 3).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 4) }, width: 96, height: 96,
                bands: 3)
            let bare = try image.encoded(as: .jpeg(quality: 1)).withBytes(Array.init)
            let rights = ImageRights(copyright: "somebody", artist: nil)
            var bytes = try #require(JPEGContainer.withoutMetadata(bare, rights))
            let xmp = Array("http://ns.adobe.com/xap/1.0/\0<secret/>".utf8)
            let comment = Array("secret".utf8)
            bytes.insert(contentsOf: [0xff, 0xe1, 0, UInt8(xmp.count + 2)] + xmp, at: 2)
            bytes.insert(contentsOf: [0xff, 0xfe, 0, UInt8(comment.count + 2)] + comment, at: 2)
            let pictures = try Pictures(bytes: bytes + Array("secret".utf8))
            let facts = try pictures.run([ImageVariantSpec(name: "a", format: .webp, quality: 100)])
            #expect(facts[0].keptOriginal)
            let kept = String(decoding: try pictures.bytes("a"), as: UTF8.self)
            #expect(!kept.contains("secret"))
            #expect(try pictures.fields("a")["exif-ifd0-Copyright"]?.hasPrefix("somebody (") == true)
        }
    }
}

import Glibc
import Model
import TestServers
import Testing
import Vips

@testable import ImageCompression

extension ImageCompressionTests {
    @Suite struct Containers {
        static let files = [
            "photo/prairie_falcon.jpg", "image/xyb-icc.jpg", "image/cmyk-noprofile.jpg", "polyglot/jpeg+zip.jpg",
            "image/p3.png", "image/indexed.png", "image/apng-delay.png", "image/rotating-squares.webp",
            "image/denali.webp", "image/alpha-lossy.webp", "image/cogs.gif", "image/animated-loop-3.gif",
        ]

        static func strip(_ bytes: [UInt8], _ name: String, _ rights: ImageRights = ImageRights()) -> [UInt8]? {
            switch name.split(separator: ".").last {
            case "jpg": JPEGContainer.withoutMetadata(bytes, rights)
            case "png": PNGContainer.withoutMetadata(bytes, rights)
            case "webp": WebPContainer.withoutMetadata(bytes, rights)
            default: GIFContainer.withoutMetadata(bytes)
            }
        }

        @Test("The pixels of every frame stay as they are", arguments: files)
        func samePixels(name: String) throws {
            let bytes = try Pictures.bytes(at: Pictures.media + name)
            let stripped = try #require(Self.strip(bytes, name))
            #expect(stripped.count <= bytes.count)
            let (before, after) = (try Pictures(bytes: bytes), try Pictures(bytes: stripped))
            func frames(_ path: String) throws -> [UInt8] {
                let descriptor = open(path, O_RDONLY)
                defer { close(descriptor) }
                return try VipsSource.open(descriptor: descriptor).decode(allFrames: true).rgbPixels(.kept)
            }
            #expect(try frames(after.input) == frames(before.input))
            // Once is enough.
            #expect(Self.strip(stripped, name) == stripped)
            let fields = try Pictures.fields(at: after.input).keys
            #expect(!fields.contains { $0.hasPrefix("exif") || $0.hasPrefix("xmp") })
        }

        @Test(
            "Rights are written where the file has room",
            arguments: ["photo/cyclamen.jpg", "image/p3.png", "image/denali.webp"])
        func rights(name: String) throws {
            let bytes = try Pictures.bytes(at: Pictures.media + name)
            let rights = ImageRights(copyright: "odd", artist: "somebody with a longer name")
            let pictures = try Pictures(bytes: try #require(Self.strip(bytes, name, rights)))
            let fields = try Pictures.fields(at: pictures.input)
            #expect(fields["exif-ifd0-Copyright"]?.hasPrefix("odd (") == true)
            #expect(fields["exif-ifd0-Artist"]?.hasPrefix("somebody with a longer name (") == true)
        }

        @Test("What hides behind the picture's end is gone")
        func polyglot() throws {
            let bytes = try Pictures.bytes(at: Pictures.media + "polyglot/jpeg+zip.jpg")
            let stripped = try #require(JPEGContainer.withoutMetadata(bytes, ImageRights()))
            #expect(String(decoding: bytes, as: UTF8.self).contains("PK\u{3}\u{4}"))
            #expect(!String(decoding: stripped, as: UTF8.self).contains("PK\u{3}\u{4}"))
        }

        @Test("Cut and damaged files are refused or taken, and never trap", arguments: files)
        func damaged(name: String) throws {
            let bytes = Array(try Pictures.bytes(at: Pictures.media + name).prefix(4000))
            for count in Swift.stride(from: 0, to: bytes.count, by: max(1, bytes.count / 400)) {
                _ = Self.strip(Array(bytes[..<count]), name, ImageRights(artist: "a"))
            }
            var generator = SeededGenerator(seed: 7)
            for _ in 0..<400 {
                var damaged = bytes
                for _ in 0..<4 {
                    damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(
                        in: 0...255, using: &generator)
                }
                if let stripped = Self.strip(damaged, name) { #expect(stripped.count <= damaged.count + 18) }
            }
        }
    }
}

import Model
import Testing

@testable import ImageAnalysis

@Suite("Colours")
struct ColorTests {
    @Test(
        "Colours get the word that a person would use",
        arguments: [
            ("ff0000", "red"), ("8b0000", "dark red"), ("dc143c", "red"), ("ffa500", "orange"), ("ff8c00", "orange"),
            ("ffd700", "yellow"), ("ffff00", "yellow"), ("808000", "olive"), ("008000", "green"),
            ("006400", "dark green"),
            ("90ee90", "light green"), ("00ff00", "green"), ("008080", "teal"), ("40e0d0", "turquoise"),
            ("0000ff", "blue"),
            ("000080", "dark blue"), ("87ceeb", "light blue"), ("4169e1", "blue"), ("800080", "purple"),
            ("4b0082", "dark purple"),
            ("ee82ee", "light purple"), ("ffc0cb", "pink"), ("ff69b4", "pink"), ("8b4513", "brown"),
            ("3b2212", "dark brown"),
            ("f5deb3", "beige"), ("d2b48c", "beige"), ("000000", "black"), ("333333", "dark grey"), ("808080", "grey"),
            ("d3d3d3", "light grey"), ("ffffff", "white"), ("fdfdfb", "white"),
        ])
    func names(hex: String, name: String) throws {
        let value = try #require(UInt32(hex, radix: 16))
        let color = OKLab(
            red: UInt8(value >> 16), green: UInt8(value >> 8 & 255), blue: UInt8(value & 255))
        #expect(ColorName.of(color) == name, "L \(color.l), C \(color.chroma), h \(color.hue)")
    }

    @Test("OKLab gives the published values, and every sRGB colour comes back")
    func roundTrip() {
        // Ottosson's table: sRGB red.
        let red = OKLab(red: 255, green: 0, blue: 0)
        #expect(abs(red.l - 0.62796) < 1e-4 && abs(red.a - 0.22486) < 1e-4 && abs(red.b - 0.12585) < 1e-4)
        for r in stride(from: 0, through: 255, by: 15) {
            for g in stride(from: 0, through: 255, by: 15) {
                for b in stride(from: 0, through: 255, by: 15) {
                    let back = OKLab(red: UInt8(r), green: UInt8(g), blue: UInt8(b)).sRGB
                    #expect(back == (UInt8(r), UInt8(g), UInt8(b)))
                }
            }
        }
    }

    private static func striped(_ colors: [([UInt8], Int)]) -> [UInt8] {
        colors.flatMap { color, count in Array(repeating: color, count: count).flatMap(\.self) }
    }

    @Test("Areas are found with their shares, noise and transparency are not")
    func shares() {
        let pixels = Self.striped([
            ([255, 0, 0, 255], 600), ([250, 4, 3, 255], 100), ([0, 0, 255, 255], 280), ([0, 255, 0, 255], 20),
            ([9, 9, 9, 0], 5000),
        ])
        let colors = Palette.dominant(rgba: pixels)
        #expect(colors.map(\.name) == ["red", "blue"])
        #expect(colors.map(\.share) == [0.7, 0.28])
        #expect(colors == Palette.dominant(rgba: pixels))
    }

    @Test("There are at most as many colours as asked for, and none of no pixels")
    func bounds() {
        var rainbow: [UInt8] = []
        for value in 0..<4096 { rainbow += [value & 15, value >> 4 & 15, value >> 8, 15].map { UInt8($0 * 17) } }
        #expect(Palette.dominant(rgba: rainbow).count == 5)
        #expect(Palette.dominant(rgba: rainbow, maxColors: 2).count == 2)
        #expect(Palette.dominant(rgba: []).isEmpty)
    }
}

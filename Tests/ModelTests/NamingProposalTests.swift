import TestServers
import Testing

@testable import Model

@Suite("Proposed names")
struct NamingProposalTests {
    private func label(_ name: String, _ score: Double) -> Label { Label(name: name, score: score) }

    @Test(
        "Words lose their accents where the script is Latin",
        arguments: [
            ("Crème Brûlée", "creme-brulee"), ("Straße", "strasse"), ("STRASSE ẞ", "strasse-ss"),
            ("Smørrebrød", "smorrebrod"),
            ("Łódź", "lodz"), ("İstanbul'da", "istanbulda"), ("naïve café", "naive-cafe"), ("cafe\u{301}", "cafe"),
            ("ﬁne ＡＢＣ", "fine-abc"), ("Đà Nẵng", "da-nang"), ("jack-o'-lantern", "jack-o-lantern"), ("Æ œ", "ae-oe"),
            ("красный ёж", "красный-ёж"), ("写真 ガラス", "写真-ガラス"), ("ラーメン", "ラーメン"), ("佐々木", "佐々木"), ("ภาพถ่าย", "ภาพถ่าย"),
            ("हिन्दी", "हिन्दी"), ("각도", "각도"), ("ελληνικά", "ελληνικά"), ("a_b.c/d\\e", "a-b-c-d-e"), ("🐱 cat", "cat"),
            ("under\u{200D}ground", "underground"),
        ])
    func slug(text: String, expected: String) {
        let result = Slug.words(in: text).joined(separator: "-")
        #expect(result.utf8.elementsEqual(expected.utf8), "\(result)")
    }

    @Test("Keywords come first, sure labels add to them")
    func keywords() {
        let shoe = [label("running shoe", 0.8), label("clothing", 0.9), label("shoe", 0.85)]
        func base(_ keywords: [String], _ labels: [Label]) -> String {
            NameProposal(keywords: keywords, labels: labels, originalName: "IMG_1.jpg").baseName()
        }
        #expect(base(["red", "shoes"], shoe) == "red-running-shoes")
        #expect(base(["Summer Sale"], shoe) == "summer-sale-running-shoe")
        #expect(base([], shoe) == "running-shoe")
        #expect(base(["red", "Red", "RED "], []) == "red")
        #expect(
            base([], [label("golden retriever", 0.6), label("animal", 0.97), label("dog", 0.95)])
                == "golden-retriever-dog")
        #expect(base([], [label("tabby cat", 0.6), label("cat", 0.9)]) == "tabby-cat")
        #expect(base([], [label("fruit", 0.9)]) == "fruit")
        #expect(base(["box", "berries"], [label("berry", 0.9), label("boxes", 0.9)]) == "box-berries")
    }

    @Test("A weak label names nothing")
    func weakLabels() {
        let weak = [label("solar panel", 0.39), label("landscape", 0.3), label("nonsense", .nan), label("more", 7)]
        #expect(NameProposal(labels: weak, originalName: "ferris-wheel.jpg").baseName() == "ferris-wheel")
        #expect(NameProposal(labels: weak, originalName: "DSC00042.JPG").baseName() == "image")
    }

    @Test(
        "Names of cameras and programs are no names",
        arguments: [
            "IMG_1234.JPG", "IMG-20160521-WA0001.jpg", "DSC00123.jpg", "DSCN1234.JPG", "P1010123.JPG",
            "PXL_20210101_123456789.jpg",
            "MVIMG_20190101_101010.jpg", "VID_20200101_101010.mp4", "20160521_140359.jpg",
            "Screenshot 2024-01-01 at 10.11.12.png",
            "WhatsApp Image 2020-01-01 at 10.10.10.jpeg", "FB_IMG_1588888888888.jpg", "received_123456789.jpeg",
            "image (3).png",
            "3f2a9c1b-4d1a-9c3f-8e2d-0abbccddeeff.jpg", "d41d8cd98f00b204e9800998ecf8427e.png", "untitled.png",
            "12345.jpg",
            "download.jpeg", "IMG_1234 copy 2.jpg", "GOPR1234.MP4", "DJI_0042.JPG", "...", "", "-", "1.jpg",
            "IMG_2682.heic",
        ])
    func cameraNames(name: String) {
        #expect(OriginalName(name).meaningfulWords == nil)
        #expect(NameProposal(originalName: name).baseName() == "image")
        #expect(NameProposal(takenAt: "2016-05-21T14:03:59", originalName: name).baseName() == "image-2016-05-21")
        #expect(
            NameProposal(colorName: "dark blue", originalName: name, family: .video).baseName() == "dark-blue-video")
    }

    @Test(
        "A name that a person gave is kept, tidied",
        arguments: [
            ("Oma's 80. Geburtstag.JPG", "omas-80-geburtstag"), ("red_shoes (2).png", "red-shoes-2"),
            ("IMG_1234_beach.jpg", "beach"),
            ("猫.jpg", "猫"), ("../secret/plan.png", "plan"), ("model-x200.jpg", "model-x200"),
            ("Trip to the.jpg", "trip"),
            ("report.final.v2.jpg", "report-v2"),
        ])
    func personsNames(name: String, expected: String) {
        #expect(NameProposal(originalName: name).baseName() == expected)
    }

    @Test("Text in the picture names it when nothing else does")
    func text() {
        let page = NameProposal(text: "INVOICE No. 42\nof the Acme Ltd\n", originalName: "scan0001.jpg")
        #expect(page.baseName() == "invoice-the-acme-ltd")
    }

    @Test("A name ends where the rules say, and not on a stop word")
    func limits() {
        let long = NameProposal(keywords: ["one two three four of the seven"], originalName: "x")
        #expect(long.baseName() == "one-two-three-four")
        #expect(long.baseName(rules: NameRules(maxWords: 2)) == "one-two")
        #expect(long.baseName(rules: NameRules(maxCharacters: 12)) == "one-two")
        let word = NameProposal(keywords: [String(repeating: "ü猫", count: 100)], originalName: "x").baseName()
        #expect(word.count == 60)
        #expect(NameProposal(keywords: ["the"], originalName: "x").baseName() == "the")
    }

    @Test("Whatever is known, the name is a slug within the rules", arguments: 0..<20)
    func properties(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func text() -> String {
            var text = ""
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                let ranges: [ClosedRange<UInt32>] = [
                    0x20...0x7E, 0xA0...0x24F, 0x300...0x36F, 0x400...0x4FF, 0...0x10FFFF,
                ]
                let value = UInt32.random(in: ranges.randomElement(using: &random) ?? 0...0, using: &random)
                if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
            }
            return text
        }
        for _ in 0..<200 {
            let rules = NameRules(
                maxWords: Int.random(in: -1...8, using: &random),
                maxCharacters: Int.random(in: -1...60, using: &random),
                maxBytes: Int.random(in: 20...200, using: &random))
            let proposal = NameProposal(
                keywords: (0..<Int.random(in: 0...3, using: &random)).map { _ in text() },
                labels: [label(text(), Double.random(in: 0...1, using: &random))],
                text: Bool.random(using: &random) ? text() : nil, takenAt: Bool.random(using: &random) ? text() : nil,
                colorName: Bool.random(using: &random) ? text() : nil, originalName: text())
            let base = proposal.baseName(rules: rules)
            #expect(!base.isEmpty)
            #expect(base.count <= max(5, rules.maxCharacters) && base.utf8.count <= rules.maxBytes)
            #expect(
                !base.contains { $0.isWhitespace || $0 == "/" || $0 == "." } && !base.hasPrefix("-")
                    && !base.hasSuffix("-"))
            let name = FileName.make(stem: base, pathExtension: "webp")
            #expect(
                name.value == base + ".webp" || name.value == "_\(base).webp" || FileName.flaw(of: name.value) == nil)
        }
    }

    @Test("Words of a device become a name all the same")
    func device() {
        let base = NameProposal(keywords: ["con"], originalName: "x").baseName()
        #expect(
            ProposedName.candidates(base: base, pathExtension: "jpg").prefix(2).map(\.value) == [
                "_con.jpg", "_con-2.jpg",
            ])
    }
}

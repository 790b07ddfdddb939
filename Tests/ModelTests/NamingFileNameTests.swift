import Foundation
import TestServers
import Testing

@testable import Model

@Suite("File names")
struct NamingFileNameTests {
    @Test(
        "Good names stay as they are",
        arguments: [
            "red-shoes.jpg", "a", "Fünf Äpfel.png", "写真.jpeg", "фото-2.webp", "console.txt", "com10.txt", "a..b.tar.gz",
            "x.con", "❤️.png", "100%.txt", "na\u{1100}\u{1161}".precomposedStringWithCanonicalMapping,
        ])
    func good(name: String) throws {
        #expect(try FileName(validating: name).value == name)
        #expect(FileName.cleaned(name).value == name)
    }

    @Test(
        "A bad name is refused with its reason, and cleaned into a good one",
        arguments: [
            ("", .empty, "file"),
            (".", .leadingDot, "file"),
            ("..", .leadingDot, "file"),
            ("../../etc/passwd", .forbiddenCharacter("/"), "passwd"),
            ("..\\..\\boot.ini", .forbiddenCharacter("\\"), "boot.ini"),
            ("C:\\photos\\cat.jpg", .forbiddenCharacter(":"), "cat.jpg"),
            ("a:b.jpg", .forbiddenCharacter(":"), "a-b.jpg"),
            ("what?<*>|\".jpg", .forbiddenCharacter("?"), "what------.jpg"),
            ("..\u{FF0F}..\u{FF0F}x", .forbiddenCharacter("\u{FF0F}"), "x"),
            (".hidden", .leadingDot, "hidden"),
            ("-rf", .leadingDash, "rf"),
            ("—x", .leadingDash, "x"),
            (" a.jpg", .leadingSpace, "a.jpg"),
            ("a.jpg ", .trailingDotOrSpace, "a.jpg"),
            ("a.", .trailingDotOrSpace, "a"),
            ("a.jpg\u{A0}", .trailingDotOrSpace, "a.jpg"),
            ("a\u{0}b.jpg", .forbiddenCharacter("\u{0}"), "ab.jpg"),
            ("a\nb\tc", .forbiddenCharacter("\n"), "a b c"),
            ("photo\u{202E}gpj.exe", .forbiddenCharacter("\u{202E}"), "photogpj.exe"),
            ("ca\u{200B}t.jpg", .forbiddenCharacter("\u{200B}"), "cat.jpg"),
            ("\u{FEFF}cat.jpg", .forbiddenCharacter("\u{FEFF}"), "cat.jpg"),
            ("so\u{AD}ft", .forbiddenCharacter("\u{AD}"), "soft"),
            ("tag\u{E0041}", .forbiddenCharacter("\u{E0041}"), "tag"),
            ("\u{301}a", .forbiddenCharacter("\u{301}"), "a"),
            ("cafe\u{301}.jpg", .notComposed, "caf\u{E9}.jpg"),
            ("CON", .reservedName("CON"), "_CON"),
            ("nul.txt", .reservedName("nul"), "_nul.txt"),
            ("Com1.tar.gz", .reservedName("Com1"), "_Com1.tar.gz"),
            ("lpt9 .txt", .reservedName("lpt9"), "_lpt9 .txt"),
            ("COM².log", .reservedName("COM²"), "_COM².log"),
            ("con.\u{301}x", .reservedName("con"), "_con.\u{301}x"),
        ] as [(String, FileNameError, String)])
    func bad(name: String, reason: FileNameError, cleaned: String) {
        #expect(throws: reason) { try FileName(validating: name) }
        #expect(FileName.cleaned(name).value == cleaned)
        #expect(!reason.description.isEmpty)
    }

    @Test(
        "A name of 300 bytes is cut before its extension, between two characters", arguments: ["a", "é", "猫", "👨‍👩‍👧‍👦", "각"])
    func long(character: String) throws {
        let name = String(repeating: character, count: 300) + ".jpeg"
        #expect(throws: FileNameError.self) { try FileName(validating: name) }
        let cut = FileName.cleaned(name)
        #expect(cut.value.utf8.count <= 255 && cut.value.utf8.count > 225)
        #expect(cut.pathExtension == "jpeg")
        let kept = FileName.cleaned(character).value
        #expect(cut.stem.utf8.count.isMultiple(of: character == "👨‍👩‍👧‍👦" ? 4 : kept.utf8.count))
        let second = cut.withSuffix(10_000)
        #expect(second.value.utf8.count <= 255 && second.value.hasSuffix("-10000.jpeg"))
    }

    @Test("A single character may be longer than a name")
    func hugeCharacter() {
        let name = "a" + String(repeating: "\u{316}", count: 400) + ".png"
        #expect(FileName.cleaned(name).value == "file.png")
    }

    @Test(
        "Suffixes stand before the extension",
        arguments: [("cat.jpg", "cat-2.jpg"), ("cat", "cat-2"), ("a.tar.gz", "a.tar-2.gz")])
    func suffix(name: String, expected: String) {
        #expect(FileName.cleaned(name).withSuffix(2).value == expected)
    }

    @Test("Whatever the bytes, the cleaned name is valid and cleaning it again changes nothing", arguments: 0..<10)
    func anything(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let special: [String] = [
            "/", "\\", "..", ".", " ", "-", "CON", "nul", ":", "\u{202E}", "\u{200D}", "\u{301}", "\u{0}", "\u{FE0F}",
            "\u{1F600}", "\u{212A}", "\u{338}", "\u{1100}", "\u{1161}", "\u{11A8}", ".jpg", "com1", "\u{3000}",
        ]
        for _ in 0..<300 {
            var name = ""
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                switch Int.random(in: 0..<4, using: &random) {
                case 0: name += special.randomElement(using: &random) ?? ""
                case 1:
                    // Raw bytes, among them encoded surrogates and cut sequences; decoding repairs them.
                    let bytes = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) } + [0xED, 0xA0, 0x80]
                    name += String(decoding: bytes, as: UTF8.self)
                case 2:
                    let value = UInt32.random(in: 0...0x10FFFF, using: &random)
                    if let scalar = Unicode.Scalar(value) { name.unicodeScalars.append(scalar) }
                default:
                    name += String(repeating: "xé猫".randomElement(using: &random) ?? "x", count: 20)
                }
            }
            let clean = FileName.cleaned(name)
            #expect(FileName.flaw(of: clean.value) == nil, "\(name.debugDescription)")
            #expect(
                FileName.cleaned(clean.value).value.utf8.elementsEqual(clean.value.utf8), "\(name.debugDescription)")
            let next = clean.withSuffix(37)
            #expect(FileName.flaw(of: next.value) == nil, "\(name.debugDescription)")
            let made = FileName.make(stem: name, pathExtension: "jpg")
            #expect(FileName.flaw(of: made.value) == nil && made.value.hasSuffix(".jpg"), "\(name.debugDescription)")
        }
    }

    @Test("JSON with a bad name does not decode")
    func decoding() throws {
        #expect(throws: FileNameError.leadingDot) { try JSON.decode([FileName].self, from: Array(#"[".x"]"#.utf8)) }
        #expect(try JSON.decode([FileName].self, from: Array(#"["x.jpg"]"#.utf8)).map(\.value) == ["x.jpg"])
    }

    @Test(
        "The extension says what the content is, and keeps what content cannot tell",
        arguments: [
            (.jpeg, "photo.JPEG", "jpg"), (.png, "photo.jpg", "png"), (.quickTime, "a", "mov"),
            (.zip, "report.docx", "docx"),
            (.zip, "photo.jpg", "zip"), (.binary, "data.parquet", "parquet"), (.binary, "virus.jpg", "bin"),
            (.text, "table.csv", "csv"), (.text, "..", "txt"), (.binary, "x.a/b", "bin"), (.zip, "a.zip", "zip"),
        ] as [(MediaType, String, String)])
    func extensions(type: MediaType, original: String, expected: String) {
        #expect(type.fileExtension(keeping: original) == expected)
    }

    @Test("Candidates count up")
    func candidates() {
        let names = ProposedName.candidates(base: "red-shoes", pathExtension: "jpg").prefix(3).map(\.value)
        #expect(names == ["red-shoes.jpg", "red-shoes-2.jpg", "red-shoes-3.jpg"])
    }
}

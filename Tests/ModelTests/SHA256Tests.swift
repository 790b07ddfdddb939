import Foundation
import Model
import TestServers
import Testing

@Suite("SHA-256")
struct SHA256Tests {
    @Test(
        "Examples of FIPS 180-4 and NIST's byte-oriented test vectors",
        arguments: [
            ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
            ),
            ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        ])
    func vectors(text: String, times: Int, digest: String) {
        #expect(SHA256.hexadecimal(Array(String(repeating: text, count: times).utf8)) == digest)
    }

    @Test("Random bytes in random pieces have the digest that sha256sum gives", arguments: 0..<12)
    func agreesWithSha256sum(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let sizes = [0, 1, 55, 56, 63, 64, 65, 119, 128, 4096, 65_537, 300_001]
        let bytes = (0..<sizes[Int(seed)]).map { _ in UInt8.random(in: 0...255, using: &random) }
        var hash = SHA256()
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 0...min(rest.count, 200_000), using: &random))
            hash.update(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "sha256-\(UUID().uuidString)")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let tool = Process()
        tool.executableURL = URL(filePath: "/usr/bin/sha256sum")
        tool.arguments = [file.path]
        let output = Pipe()
        tool.standardOutput = output
        try tool.run()
        let text = String(decoding: try #require(try output.fileHandleForReading.readToEnd()), as: UTF8.self)
        tool.waitUntilExit()
        #expect(text.prefix(64) == SHA256.hexadecimal(digest: hash.finalize()))
    }

    @Test("Every length around two blocks: one piece, or split anywhere")
    func splits() {
        let bytes = (0..<130).map { UInt8($0) }
        for count in 0...bytes.count {
            let whole = SHA256.hash(Array(bytes[..<count]))
            for cut in stride(from: 0, through: count, by: 7) {
                var hash = SHA256()
                hash.update(Array(bytes[..<cut]))
                var copy = hash
                copy.update([1, 2, 3])
                hash.update(Array(bytes[cut..<count]))
                #expect(hash.finalize() == whole, "\(count) bytes cut at \(cut)")
            }
        }
    }
}

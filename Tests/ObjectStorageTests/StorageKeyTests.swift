import Foundation
import ObjectStorage
import TestServers
import Testing

@Suite("Storage keys")
struct StorageKeyTests {
    @Test("Builders give the layout that is documented")
    func layout() throws {
        let original = try StorageKey.original(tenant: "t", batch: "b", asset: "a")
        #expect(original.text == "tenants/t/batches/b/originals/a")
        let variant = try StorageKey.variant(
            tenant: "t", batch: "b", asset: "a", name: "webp", fence: 7, fileExtension: "webp")
        #expect(variant.text == "tenants/t/batches/b/variants/a/webp-7.webp")
        let export = try StorageKey.export(tenant: "t", batch: "b", name: "batch", fence: 2, fileExtension: "zip")
        #expect(export.text == "tenants/t/batches/b/exports/batch-2.zip")
        #expect(try original.quarantined.text == "quarantine/tenants/t/batches/b/originals/a")
        #expect(try original.quarantined.quarantined == original.quarantined)
        #expect(try StoragePrefix.batch(tenant: "t", batch: "b").quarantined.text == "quarantine/tenants/t/batches/b")
    }

    @Test(
        "Keys that could leave the folder, or name its own files, are refused",
        arguments: [
            "", "/", "/etc/passwd", "..", "../x", "a/../b", "a/..", "a/./b", ".tmp/x", "a/.hidden", "a//b", "a/",
            "a\\b",
            "a\0b", "a b", "a\nb", "ä", "a/%2e%2e/b", "a:b", "~", "a/*", String(repeating: "x", count: 129),
            Array(repeating: "abcdefg", count: 13).joined(separator: "/"),
            Array(repeating: String(repeating: "x", count: 100), count: 6).joined(separator: "/"),
        ])
    func refused(text: String) throws {
        #expect(throws: StorageError.self) { _ = try StorageKey(text) }
        #expect(throws: (any Error).self) {
            _ = try JSONDecoder().decode(StorageKey.self, from: JSONEncoder().encode(text))
        }
        #expect(throws: StorageError.self) { _ = try StorageKey.original(tenant: text, batch: "b", asset: "a") }
        #expect(throws: StorageError.self) { _ = try StoragePrefix.batch(tenant: "t", batch: text) }
    }

    @Test("A part may not bring a slash of its own", arguments: ["b/originals/x", "x/y"])
    func partsStayParts(part: String) {
        #expect(throws: StorageError.badKey(part, .character)) {
            _ = try StorageKey.original(tenant: "t", batch: part, asset: "a")
        }
        #expect(throws: StorageError.badKey(part, .character)) { _ = try StoragePrefix.tenant(part) }
    }

    @Test("Random bytes never make a key with a dangerous part")
    func randomText() throws {
        var random = SeededGenerator(seed: 1)
        let alphabet = Array("ab./\\ \0:%-_".unicodeScalars)
        var accepted = 0
        for _ in 0..<20_000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                text.append(alphabet.randomElement(using: &random) ?? "a")
            }
            guard let key = try? StorageKey(String(text)) else { continue }
            accepted += 1
            let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
            #expect(parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("\\") && !$0.contains("\0") })
        }
        #expect(accepted > 100)
    }

    @Test(
        "Only file:///folder is a location",
        arguments: ["", "/tmp", "file://host/x", "file:///", "file:///a/../b", "s3://b"])
    func locations(location: String) {
        #expect {
            _ = try DirectoryStore(location: location)
        } throws: {
            if case .badLocation(location, _)? = $0 as? StorageError { true } else { false }
        }
    }
}

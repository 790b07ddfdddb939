import Foundation
import Model
import ObjectStorage
import TestServers
import Testing
import ZIP
import ZipExport

@Suite("Export plan")
struct ExportPlanTests {
    private struct Manifest: Decodable {
        struct File: Decodable {
            let original_name: String
            let new_name: String?
            let content: String?
            let status: AssetStatus
            let sha256: String
            let bytes: Int64
            let verdict: Verdict?
            let signature: String?
            let variants: [Variant]
            let error: Problem?
        }
        struct Variant: Decodable {
            let name: String
            let path: String?
            let sha256: String
        }
        struct Problem: Decodable { let code: String }
        let batch: String
        let keywords: [String]
        let created_at: String
        let files: [File]
    }

    @Test("Completed files are in the archive under their new names; the others only in the manifest, with the reason")
    func contents() throws {
        let fixture = try ExportBatchFixture.mixed()
        let plan = try fixture.plan(.init(content: .original, extraVariants: ["webp"]))
        #expect(
            plan.zip.entries.map(\.name) == [
                "manifest.json", "größe-赤.jpg", "red-shoes-1.png", "red-shoes-2.jpg", "variants/webp/red-shoes-1.webp",
                "variants/webp/red-shoes-2.webp",
            ])
        let manifest = try JSONDecoder().decode(Manifest.self, from: Data(plan.manifest))
        #expect(manifest.batch == "b1")
        #expect(manifest.keywords == ["red", "shoes"])
        #expect(manifest.created_at == "2026-01-01T00:00:00.000Z")
        #expect(manifest.files.map(\.new_name) == ["größe-赤.jpg", "red-shoes-1.png", "red-shoes-2.jpg", nil, nil])
        #expect(manifest.files[2].sha256 == fixture.files[0].sha256)
        #expect(manifest.files[2].variants.map(\.path) == ["variants/webp/red-shoes-2.webp"])
        #expect(manifest.files[3].verdict == .infected)
        #expect(manifest.files[3].signature == "Eicar")
        #expect(manifest.files[4].error?.code == "truncated")
        #expect(manifest.files.allSatisfy { ($0.content == nil) == ($0.new_name == nil) })
    }

    @Test("A recipe may pack a variant instead of the original; what has none goes in as it came")
    func variantAsContent() throws {
        let fixture = try ExportBatchFixture.mixed()
        try fixture.add(
            "clip.mov", content: [1], mimeType: "video/quicktime",
            variants: [("poster", "jpeg", [2]), ("video", "mp4", [3, 3])])
        let plan = try fixture.plan(.init(content: .variant("webp")))
        #expect(
            plan.zip.entries.map(\.name)
                == ["manifest.json", "clip.mp4", "größe-赤.jpg", "red-shoes-1.webp", "red-shoes-2.webp"])
        #expect(plan.zip.entries.map(\.size).dropFirst() == [2, 1, 2, 5])
        let manifest = try JSONDecoder().decode(Manifest.self, from: Data(plan.manifest))
        #expect(manifest.files.prefix(4).map(\.content) == ["video", "original", "webp", "webp"])
    }

    @Test("The order in which the files come does not matter; any other fact changes the tag")
    func deterministic() throws {
        let fixture = try ExportBatchFixture.mixed()
        let plan = try fixture.plan()
        let shuffled = try ExportPlan(batch: fixture.batch, files: fixture.files.reversed())
        #expect(try fixture.read(plan) == fixture.read(shuffled))
        #expect(plan.etag == shuffled.etag)
        #expect(plan.etag.hasPrefix("\"") && plan.etag.hasSuffix("\"") && plan.etag.count == 42)
        var other = fixture.files
        other[0].sha256 = String(repeating: "0", count: 64)
        #expect(try ExportPlan(batch: fixture.batch, files: other).etag != plan.etag)
        other = fixture.files
        other[0].newName = "x.jpg"
        #expect(try ExportPlan(batch: fixture.batch, files: other).etag != plan.etag)
    }

    @Test("A plan that was kept as JSON gives the same bytes and the same tag")
    func kept() throws {
        let fixture = try ExportBatchFixture.mixed()
        let plan = try fixture.plan(.init(extraVariants: ["webp"]))
        let value = try JSONValue(encoding: plan)
        let again = try value.decode(as: ExportPlan.self)
        #expect(again.etag == plan.etag)
        #expect(again.bytes == plan.bytes)
        #expect(try fixture.read(again) == fixture.read(plan))
        var forged = try #require(value.object)
        forged["entries"] = [["path": "../x", "bytes": 1, "crc32": 0, "key": "tenants/t/x"]]
        #expect(throws: (any Error).self) { _ = try JSONValue.object(forged).decode(as: ExportPlan.self) }
    }

    @Test("Names that clash keep their first owner's spelling, whatever case or accents")
    func clashes() throws {
        let fixture = try ExportBatchFixture()
        for name in ["a.jpg", "A.JPG", "a.jpg", "a-2.jpg", "manifest.json", "Variants", "e\u{301}.png", "\u{e9}.PNG"] {
            try fixture.add(name, content: [1])
        }
        let names = try fixture.plan().zip.entries.map(\.name)
        #expect(Set(names.map { $0.precomposedStringWithCanonicalMapping.lowercased() }).count == names.count)
        #expect(names.count == 9)
        #expect(names.contains("a-2.jpg"))
        #expect(names.contains("a-3.jpg"))
        #expect(names.contains("a-4.jpg") || names.contains("A-3.JPG") || names.contains("A-4.JPG"))
        #expect(names.filter { $0.lowercased() == "variants" }.isEmpty)
        #expect(names.filter { $0 == "manifest.json" }.count == 1)
    }

    @Test("Ten thousand files of one name are told apart in no time", .timeLimit(.minutes(1)))
    func manyClashes() throws {
        let key = try StorageKey.original(tenant: "t", batch: "b", asset: "a")
        let files = (0..<10_000).map { index in
            ExportFile(
                id: "\(index)", originalName: "\(index)", newName: "same.jpg", mimeType: "image/jpeg", bytes: 1,
                sha256: "", crc32: 0, key: key, status: .completed)
        }
        let batch = ExportBatch(id: "b", recipe: "r", keywords: [], createdAt: .distantPast)
        let plan = try ExportPlan(batch: batch, files: files)
        #expect(Set(plan.zip.entries.map(\.name)).count == 10_001)
    }

    @Test(
        "Hostile names become harmless ones",
        arguments: [
            ("../../etc/passwd", "etc-passwd"), ("/abs.jpg", "abs.jpg"), ("C:\\x.jpg", "C--x.jpg"),
            ("con.jpg", "file-con.jpg"), ("LPT1", "file-LPT1"), ("a\0b\n.jpg", "a-b.jpg"), ("...", "file-a0"),
            ("", "file-a0"), ("-rf.jpg", "rf.jpg"), ("\u{202e}gpj.exe", "gpj.exe"), ("x. ", "x"), (".hidden", "hidden"),
            ("a\u{200b}b.png", "ab.png"),
        ])
    func hostileNames(name: String, safe: String) throws {
        let fixture = try ExportBatchFixture()
        try fixture.add(name, content: [1])
        let found = try #require(try fixture.plan().zip.entries.last?.name)
        #expect(found == safe)
    }

    @Test("Random names always make an archive whose paths are safe and differ, case aside", arguments: 0..<20)
    func randomNames(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "..", "/", "\\", "a", "A", "é", "e\u{301}", ".", " ", "-", "\0", "赤", "👩‍👩‍👧", "CON", ".jpg", "\u{202e}", ":",
            String(repeating: "ß", count: 150),
        ]
        let key = try StorageKey.original(tenant: "t", batch: "b", asset: "a")
        let files = (0..<60).map { index in
            let name = (0..<Int.random(in: 0...5, using: &random)).map { _ in pieces.randomElement(using: &random) ?? ""
            }
            return ExportFile(
                id: "id\(index)", originalName: "o", newName: name.joined(), mimeType: "image/jpeg", bytes: 0,
                sha256: "",
                crc32: 0, key: key, status: .completed)
        }
        let batch = ExportBatch(id: "b", recipe: "r", keywords: [], createdAt: .now)
        let names = try ExportPlan(batch: batch, files: files).zip.entries.map(\.name)
        #expect(Set(names.map { $0.lowercased() }).count == 61)
        for name in names {
            #expect(ZipName.fault(in: name) == nil)
            #expect(name.utf8.count <= 255)
            #expect(!name.hasPrefix(".") && !name.hasPrefix("-") && !name.hasSuffix(".") && !name.hasSuffix(" "))
        }
    }

    @Test("A size below 0 is refused as the record's fault")
    func negative() throws {
        let fixture = try ExportBatchFixture()
        var file = try fixture.add("a.jpg", content: [1])
        file.bytes = -1
        #expect {
            _ = try ExportPlan(batch: fixture.batch, files: [file])
        } throws: {
            if case .facts? = $0 as? ExportError { true } else { false }
        }
    }
}

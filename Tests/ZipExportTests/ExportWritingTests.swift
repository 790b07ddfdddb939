import Foundation
import Model
import ObjectStorage
import TestServers
import Testing
import ZIP
import ZipExport

@Suite("Export bytes")
struct ExportWritingTests {
    private func write(
        _ plan: ExportPlan, _ fixture: ExportBatchFixture, checks: Bool = true, isCancelled: () -> Bool = { false },
        progress: (ExportProgress) -> Void = { _ in }
    ) throws -> StorageKey {
        let session = try fixture.store.beginPut(expecting: plan.bytes)
        try plan.write(from: fixture.store, to: session, checks: checks, isCancelled: isCancelled, progress: progress)
        let key = try StorageKey.export(tenant: "t", batch: "b1", name: "batch", fence: 1, fileExtension: "zip")
        try session.commit(as: key)
        return key
    }

    @Test("A written archive is what the reader streams; unzip, 7z and Python find it whole", arguments: [true, false])
    func written(checks: Bool) throws {
        let fixture = try ExportBatchFixture.mixed()
        let plan = try fixture.plan(.init(extraVariants: ["webp"]))
        let key = try write(plan, fixture, checks: checks)
        #expect(try fixture.store.open(key).readAll() == fixture.read(plan))
        let path = fixture.folder.path + "/" + key.text
        #expect(try Tool.run("unzip", ["-tq", path]).status == 0)
        #expect(try Tool.run("7z", ["t", path]).status == 0)
        let run = try Tool.run(
            "python3",
            [
                "-I", "-c",
                """
                import sys, zipfile, json, hashlib
                z = zipfile.ZipFile(sys.argv[1])
                for f in json.loads(z.read("manifest.json"))["files"]:
                    if f["new_name"]:
                        assert hashlib.sha256(z.read(f["new_name"])).hexdigest() == f["sha256"], f
                    for v in f["variants"]:
                        if v["path"]: assert hashlib.sha256(z.read(v["path"])).hexdigest() == v["sha256"], v
                print(z.testzip())
                """, path,
            ])
        #expect(run.output == "None\n")
        #expect(
            try Tool.run("unzip", ["-p", path, "red-shoes-2.jpg"]).bytes
                == fixture.store.open(fixture.files[0].key).readAll())
    }

    @Test("Random ranges are slices of the whole, in pieces of any size", arguments: [1, 100, 1 << 20])
    func ranges(maxBytes: Int) throws {
        let fixture = try ExportBatchFixture.mixed()
        let plan = try fixture.plan()
        let whole = try fixture.read(plan)
        #expect(whole.count == Int(plan.bytes))
        var random = SeededGenerator(seed: UInt64(maxBytes))
        for _ in 0..<20 {
            let start = Int64.random(in: 0...plan.bytes, using: &random)
            let end = Int64.random(in: start...min(plan.bytes, start + 5000), using: &random)
            #expect(try fixture.read(plan, start..<end, maxBytes: maxBytes) == Array(whole[Int(start)..<Int(end)]))
        }
        #expect(try fixture.read(plan, plan.bytes..<plan.bytes + 5).isEmpty)
    }

    @Test("Progress rises to 100, and cancelling stops between two files and leaves nothing")
    func progressAndCancelling() throws {
        let fixture = try ExportBatchFixture.mixed()
        let plan = try fixture.plan()
        var seen: [ExportProgress] = []
        _ = try write(plan, fixture, progress: { seen.append($0) })
        #expect(seen.map(\.bytesWritten) == seen.map(\.bytesWritten).sorted())
        #expect(seen.last?.percent == 100)
        #expect(seen.last?.entriesWritten == plan.zip.entries.count)
        var calls = 0
        #expect(throws: ExportError.cancelled) {
            let session = try fixture.store.beginPut()
            defer { session.abort() }
            try plan.write(from: fixture.store, to: session) {
                calls += 1
                return calls > 3
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path + "/.tmp").isEmpty)
    }

    @Test("Stored bytes that changed, shrank or vanished are errors that name the entry, written or streamed")
    func damagedObjects() throws {
        let fixture = try ExportBatchFixture.mixed()
        let plan = try fixture.plan()
        let key = fixture.files[0].key
        func expect(_ isExpected: @escaping (ExportError) -> Bool) {
            let attempts: [() throws -> Void] = [
                { _ = try fixture.read(plan) }, { _ = try write(plan, fixture) },
            ]
            for attempt in attempts {
                #expect {
                    try attempt()
                } throws: {
                    ($0 as? ExportError).map(isExpected) ?? false
                }
            }
        }
        try fixture.store.put([UInt8](repeating: 1, count: 50_000), as: key, replacing: true)
        expect { if case .content(.checksum("red-shoes-2.jpg", _, _)) = $0 { true } else { false } }
        try fixture.store.put([1], as: key, replacing: true)
        expect { if case .content(.short("red-shoes-2.jpg", 50_000, 1)) = $0 { true } else { false } }
        try fixture.store.delete(key)
        expect { $0 == .storage(entry: "red-shoes-2.jpg", .notFound(key)) && !$0.isTransient }
    }

    @Test("A batch in which nothing was completed still gives an archive with its manifest")
    func onlyManifest() throws {
        let fixture = try ExportBatchFixture()
        try fixture.add("x.jpg", content: [1], status: .infected, verdict: .infected, signature: "Eicar")
        let plan = try fixture.plan()
        #expect(plan.zip.entries.map(\.name) == ["manifest.json"])
        let key = try write(plan, fixture)
        let listing = try Tool.run("unzip", ["-p", fixture.folder.path + "/" + key.text, "manifest.json"])
        #expect(listing.bytes == plan.manifest)
    }
}

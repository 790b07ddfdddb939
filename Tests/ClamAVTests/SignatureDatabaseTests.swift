import ClamAV
import Foundation
import TestServers
import Testing

@Suite("Folders of virus signatures")
struct SignatureDatabaseTests {
    @Test("Missing and empty folders: the error names the folder and what to do")
    func missing() throws {
        let empty = try ChildServer.temporaryFolder()
        defer { rmdir(empty) }
        for folder in ["/no/such/folder", empty] {
            let error = #expect(throws: ClamAVError.self) {
                try ClamEngine.load(folder: folder, settings: EngineSettings(scratch: "/tmp"))
            }
            #expect(error?.kind == .noSignatures)
            for word in [folder, "freshclam", "FLOTILLA_CLAMAV_DB"] {
                #expect(error?.description.contains(word) == true, "\(word)")
            }
        }
    }

    @Test("A broken file is named, not skipped")
    func broken() throws {
        let folder = try SignatureFolder.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("no signature at all\n".utf8).write(to: URL(fileURLWithPath: folder + "/broken.ndb"))
        let error = #expect(throws: ClamAVError.self) {
            try ClamEngine.load(folder: folder, settings: EngineSettings(scratch: folder))
        }
        #expect(error?.kind == .badSignatures)
        #expect(error?.description.contains("broken.ndb") == true, "\(String(describing: error))")
    }

    @Test("The version of own files is that of their content")
    func version() throws {
        let (one, two) = (try SignatureFolder.make(), try SignatureFolder.make())
        defer { [one, two].forEach { try? FileManager.default.removeItem(atPath: $0) } }
        let first = try SignatureDatabase.inspect(folder: one)
        #expect(first.version == (try SignatureDatabase.inspect(folder: two).version))
        #expect(first.version.hasPrefix("local:"))
        #expect(abs(try #require(first.date).timeIntervalSinceNow) < 600)
        try Data("0123456789abcdef0123456789abcdef:7:Other\n".utf8).write(to: URL(fileURLWithPath: two + "/more.hdb"))
        #expect(first.version != (try SignatureDatabase.inspect(folder: two).version))
        let engine = try ClamEngine.load(folder: two, settings: EngineSettings(scratch: two))
        #expect(engine.signatureCount == 3)
        #expect(engine.database == (try SignatureDatabase.inspect(folder: two)))
    }

    @Test("The script that makes the test signatures is idempotent")
    func idempotent() throws {
        let folder = try SignatureFolder.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let watch = try DatabaseWatch.start(folder: folder)
        _ = try SignatureFolder.make(in: folder)
        let isTouched = watch.hasChanged
        #expect(!isTouched)
        try Data("0123456789abcdef0123456789abcdef:7:Other\n".utf8).write(
            to: URL(fileURLWithPath: folder + "/more.hdb"))
        let isChanged = watch.hasChanged
        #expect(isChanged)
        let another = try DatabaseWatch.start(folder: folder)
        try FileManager.default.removeItem(atPath: folder + "/more.hdb")
        #expect(another.hasChanged)
    }

    @Test("The version of ClamAV's own files stands in their header")
    func official() throws {
        let folder = try SignatureFolder.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // A header as freshclam fetches it (512 bytes); only its fields are read here.
        let head =
            "ClamAV-VDB:31 Jan 2026 12-00 +0000:27900:2000000:90:" + String(repeating: "a", count: 32)
            + ":x:me:1769860800"
        let padded = head.padding(toLength: 512, withPad: " ", startingAt: 0)
        try Data(padded.utf8).write(to: URL(fileURLWithPath: folder + "/daily.cvd"))
        let database = try SignatureDatabase.inspect(folder: folder)
        #expect(database.version.hasPrefix("daily:27900 local:"))
        #expect(try #require(database.date) >= Date(timeIntervalSince1970: 1_769_860_800))
    }

    @Test("Settings stay below the figures of CVE-2025-20260")
    func ceilings() {
        let settings = EngineSettings(scratch: "/tmp", maxScanBytes: .max)
        #expect(settings.maxScanBytes < 1_024 << 20)
    }
}

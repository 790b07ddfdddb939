import Foundation
import ObjectStorage
import TestServers
import Testing

@Suite("Full disks")
struct FullDiskTests {
    /// Makes a file system of 1 MiB, if this user may.
    private static func mountTiny() throws -> URL? {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-tiny-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let run = try Tool.run("mount", ["-t", "tmpfs", "-o", "size=1m", "flotilla-test", folder.path])
        if run.status == 0 { return folder }
        try FileManager.default.removeItem(at: folder)
        return nil
    }

    @Test("A disk that fills up in the middle of a put is an error of its own kind, and nothing is left")
    func fillsUp() throws {
        guard let disk = try Self.mountTiny() else { return try reservationFails() }
        defer {
            _ = try? Tool.run("umount", ["-l", disk.path])
            try? FileManager.default.removeItem(at: disk)
        }
        let scratch = try ScratchStore(in: disk)
        let store = scratch.store
        #expect {
            _ = try store.beginPut(expecting: 2 << 20)
        } throws: {
            if case .noSpace? = $0 as? StorageError { true } else { false }
        }
        let session = try store.beginPut()
        #expect {
            for _ in 0..<40 { try session.write([UInt8](repeating: 1, count: 65_536)) }
        } throws: {
            if case .noSpace? = $0 as? StorageError { true } else { false }
        }
        session.abort()
        #expect(scratch.files.isEmpty)
        let copied = FileManager.default.temporaryDirectory.appending(path: "flotilla-\(UUID().uuidString)")
        try Data(count: 3 << 20).write(to: copied)
        defer { try? FileManager.default.removeItem(at: copied) }
        #expect {
            try store.put(moving: copied.path, as: ScratchStore.key())
        } throws: {
            if case .noSpace? = $0 as? StorageError { true } else { false }
        }
        #expect(scratch.files.isEmpty)
        #expect(FileManager.default.fileExists(atPath: copied.path))
        try store.put([UInt8](repeating: 1, count: 65_536), as: ScratchStore.key())
        #expect(scratch.files == [try ScratchStore.key().text])
    }

    @Test("Space that no disk has cannot be reserved, and nothing is left")
    func reservationFails() throws {
        let scratch = try ScratchStore()
        let session = try scratch.store.beginPut()
        #expect {
            try session.reserve(bytes: 1 << 60)
        } throws: {
            if case .noSpace? = $0 as? StorageError { true } else { false }
        }
        session.abort()
        #expect(scratch.files.isEmpty)
        #expect {
            _ = try scratch.store.beginPut(expecting: 1 << 60)
        } throws: {
            if case .noSpace? = $0 as? StorageError { true } else { false }
        }
    }

    @Test("Reserved bytes are not handed out")
    func reservedBytes() throws {
        let scratch = try ScratchStore()
        let greedy = try DirectoryStore(location: "file://\(scratch.folder.path)", reservedBytes: 1 << 60)
        #expect(try greedy.freeBytes() == 0)
        #expect(throws: StorageError.self) { _ = try greedy.beginPut(expecting: 1) }
    }
}

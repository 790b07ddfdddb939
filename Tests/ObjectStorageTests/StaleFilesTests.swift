import Foundation
import ObjectStorage
import TestServers
import Testing

@Suite("Leftovers of dead processes")
struct StaleFilesTests {
    @Test("An upload whose process died before the commit is invisible, and is removed; a live one stays")
    func staleUploads() throws {
        let scratch = try ScratchStore()
        let live = try scratch.store.beginPut()
        try live.write([1, 2, 3])
        // What a killed process leaves: a temporary file that nobody has open.
        let dead = scratch.folder.path + "/.tmp/put-dead"
        try Data([1]).write(to: URL(filePath: dead))
        try age(scratch.folder.path + "/.tmp")
        #expect(try !scratch.store.exists(ScratchStore.key()))
        #expect(try scratch.store.removeStale(olderThan: .seconds(3600)) == 1)
        #expect(!FileManager.default.fileExists(atPath: dead))
        try live.commit(as: ScratchStore.key())
        #expect(try scratch.store.open(ScratchStore.key()).readAll() == [1, 2, 3])
        #expect(scratch.files == [try ScratchStore.key().text])
    }

    @Test("A process that is killed while it writes leaves nothing that can be seen or that stays")
    func killed() throws {
        let scratch = try ScratchStore()
        let script = """
            import fcntl, os, sys, time
            f = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(f, fcntl.LOCK_EX)
            os.write(f, b"half a file")
            os.utime(f, (0, 0))
            print("ready", flush=True)
            time.sleep(60)
            """
        let process = Process()
        process.executableURL = URL(filePath: try #require(Tool.path("python3")))
        process.arguments = ["-I", "-c", script, scratch.folder.path + "/.tmp/put-other"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        _ = output.fileHandleForReading.availableData
        #expect(try scratch.store.removeStale(olderThan: .seconds(60)) == 0)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(try scratch.store.removeStale(olderThan: .seconds(60)) == 1)
        #expect(scratch.files.isEmpty)
    }

    @Test("A deletion that was cut short is finished; young leftovers stay")
    func staleDeletions() throws {
        let scratch = try ScratchStore()
        let doomed = scratch.folder.path + "/.tmp/deleted-x/originals"
        try FileManager.default.createDirectory(atPath: doomed, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(filePath: doomed + "/a"))
        try FileManager.default.createSymbolicLink(atPath: doomed + "/link", withDestinationPath: "/etc")
        #expect(try scratch.store.removeStale(olderThan: .seconds(3600)) == 0)
        try age(scratch.folder.path + "/.tmp")
        #expect(try scratch.store.removeStale(olderThan: .seconds(3600)) == 2)
        #expect(scratch.files.isEmpty)
        #expect(FileManager.default.fileExists(atPath: "/etc"))
    }

    private func age(_ folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: folder + "/" + name)
        }
    }
}

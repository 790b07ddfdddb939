import Foundation
import ObjectStorage
import TestServers
import Testing

@Suite("Directory store")
struct DirectoryStoreTests {
    private static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    @Test("What is put is what is read: whole, in pieces, in ranges", arguments: [0, 1, 4096, 300_000])
    func putAndRead(count: Int) throws {
        let scratch = try ScratchStore()
        let content = Self.bytes(count)
        let session = try scratch.store.beginPut(expecting: Int64(count))
        try session.reserve(bytes: Int64(count))
        for start in stride(from: 0, to: count, by: 70_001) {
            try session.write(Array(content[start..<min(start + 70_001, count)]))
        }
        #expect(session.bytesWritten == count)
        #expect(try session.commit(as: ScratchStore.key()) == count)
        let reader = try scratch.store.open(ScratchStore.key())
        #expect(reader.size == count)
        #expect(try reader.readAll() == content)
        #expect(try scratch.store.size(of: ScratchStore.key()) == count)
        if count > 100 {
            #expect(try reader.read(17..<99) == Array(content[17..<99]))
            #expect(try reader.read(Int64(count)..<Int64(count)).isEmpty)
        }
        #expect(throws: StorageError.badRange(try ScratchStore.key(), size: Int64(count))) {
            _ = try reader.read(0..<Int64(count) + 1)
        }
        #expect(try scratch.mode(of: ScratchStore.key()) == 0o440)
    }

    @Test("An object shows up at the commit, not before; an aborted or dropped one never, and nothing is left")
    func appearsAtOnce() throws {
        let scratch = try ScratchStore()
        let key = try ScratchStore.key()
        let session = try scratch.store.beginPut()
        try session.write([1, 2, 3])
        #expect(try !scratch.store.exists(key))
        #expect(throws: StorageError.notFound(key)) { _ = try scratch.store.open(key) }
        session.abort()
        session.abort()
        #expect(throws: StorageError.finished) { try session.write([4]) }
        #expect(throws: StorageError.finished) { try session.commit(as: key) }
        do {
            let dropped = try scratch.store.beginPut()
            try dropped.write([1])
        }
        #expect(scratch.files.isEmpty)
    }

    @Test("A second object of the same key is refused, or replaces the first for new readers")
    func conflicts() throws {
        let scratch = try ScratchStore()
        let key = try ScratchStore.key()
        try scratch.store.put([1], as: key)
        let before = try scratch.store.open(key)
        let session = try scratch.store.beginPut()
        try session.write([2, 2])
        #expect(throws: StorageError.exists(key)) { try session.commit(as: key) }
        #expect(try scratch.store.open(key).readAll() == [1])
        #expect(try session.commit(as: key, replacing: true) == 2)
        #expect(try scratch.store.open(key).readAll() == [2, 2])
        #expect(try before.readAll() == [1])
        #expect(scratch.files == [key.text])
    }

    @Test("Of many writers of one key exactly one wins, and its bytes are whole")
    func race() throws {
        let scratch = try ScratchStore()
        let store = scratch.store
        let key = try ScratchStore.key()
        let outcomes = Outcomes()
        DispatchQueue.concurrentPerform(iterations: 16) { index in
            do {
                try store.put(Array(repeating: UInt8(index), count: 10_000), as: key)
                outcomes.add(index)
            } catch {
                if case .exists(key)? = error as? StorageError { outcomes.addRefusal() }
            }
        }
        #expect(outcomes.winners.count == 1)
        #expect(outcomes.refusals == 15)
        #expect(try store.open(key).readAll() == Array(repeating: UInt8(outcomes.winners[0]), count: 10_000))
        #expect(scratch.files == [key.text])
    }

    @Test("A file is taken over by its name on the same file system, and copied from another")
    func moving() throws {
        let scratch = try ScratchStore()
        let content = Self.bytes(200_000)
        for (index, folder) in ["/tmp", "/dev/shm"].enumerated() {
            let path = "\(folder)/flotilla-\(UUID().uuidString)"
            try Data(content).write(to: URL(filePath: path))
            let key = try ScratchStore.key("moved\(index)")
            #expect(try scratch.store.put(moving: path, as: key) == 200_000)
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(try scratch.store.open(key).readAll() == content)
            #expect(try scratch.mode(of: key) == 0o440)
        }
    }

    @Test("A file with a second name is copied, so that the object cannot change behind our back; links are refused")
    func movingLinked() throws {
        let scratch = try ScratchStore()
        let path = scratch.folder.path + "/incoming"
        try Data([1, 2]).write(to: URL(filePath: path))
        try FileManager.default.linkItem(atPath: path, toPath: path + "-second")
        let key = try ScratchStore.key()
        try scratch.store.put(moving: path, as: key)
        let second = try FileHandle(forWritingTo: URL(filePath: path + "-second"))
        try second.write(contentsOf: [9])
        #expect(try scratch.store.open(key).readAll() == [1, 2])
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/hostname")
        #expect(throws: StorageError.self) { try scratch.store.put(moving: path, as: ScratchStore.key("link")) }
        #expect(try !scratch.store.exists(ScratchStore.key("link")))
    }

    @Test(
        "A descriptor is copied whole, or a range of it into a session; also from another file system",
        arguments: ["/tmp", "/dev/shm"])
    func descriptors(folder: String) throws {
        let scratch = try ScratchStore()
        let content = Self.bytes(700_000)
        let path = "\(folder)/flotilla-\(UUID().uuidString)"
        try Data(content).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        try scratch.store.put(copyOf: file.fileDescriptor, as: ScratchStore.key())
        #expect(try scratch.store.open(ScratchStore.key()).readAll() == content)
        let session = try scratch.store.beginPut()
        try session.write([7])
        #expect(try session.append(contentsOf: file.fileDescriptor, from: 100, count: 300_000) == 300_000)
        #expect(try session.append(contentsOf: file.fileDescriptor, from: 699_999, count: 10) == 1)
        try session.commit(as: ScratchStore.key("range"))
        let expected = [7] + content[100..<300_100] + [content[699_999]]
        #expect(try scratch.store.open(ScratchStore.key("range")).readAll() == expected)
    }

    @Test("A copy has its own life")
    func copies() throws {
        let scratch = try ScratchStore()
        let (first, second) = (try ScratchStore.key("1"), try ScratchStore.key("2"))
        try scratch.store.put([5], as: first)
        try scratch.store.copy(first, to: second)
        #expect(throws: StorageError.exists(second)) { try scratch.store.copy(first, to: second) }
        #expect(throws: StorageError.notFound(try ScratchStore.key("3"))) {
            try scratch.store.copy(ScratchStore.key("3"), to: ScratchStore.key("4"))
        }
        #expect(try scratch.store.delete(first))
        #expect(try scratch.store.open(second).readAll() == [5])
    }

    @Test("Deleting can be repeated, and a whole batch vanishes without its neighbours")
    func deleting() throws {
        let scratch = try ScratchStore()
        let store = scratch.store
        for batch in ["b1", "b10", "b2"] {
            for asset in 0..<3 {
                try store.put([1], as: .original(tenant: "t", batch: batch, asset: "\(asset)"))
                try store.put(
                    [2],
                    as: .variant(
                        tenant: "t", batch: batch, asset: "\(asset)", name: "webp", fence: 1, fileExtension: "webp"))
            }
        }
        let key = try StorageKey.original(tenant: "t", batch: "b2", asset: "0")
        #expect(try store.delete(key))
        #expect(try !store.delete(key))
        #expect(try store.delete(all: .batch(tenant: "t", batch: "b1")) == 6)
        #expect(try store.delete(all: .batch(tenant: "t", batch: "b1")) == 0)
        #expect(scratch.files.count == 6 + 5)
        #expect(!scratch.files.contains { $0.contains("/b1/") })
        #expect(try store.delete(all: .tenant("t")) == 11)
        try store.put([1], as: key)
        #expect(try store.exists(key))
    }

    @Test("Quarantine moves an object out of reach, twice if need be, and it can be deleted with its batch")
    func quarantine() throws {
        let scratch = try ScratchStore()
        let key = try ScratchStore.key()
        try scratch.store.put([6, 6, 6], as: key)
        let moved = try scratch.store.quarantine(key)
        #expect(moved.isQuarantined)
        #expect(try !scratch.store.exists(key))
        #expect(try scratch.mode(of: moved) == 0o400)
        #expect(try scratch.store.quarantine(key) == moved)
        #expect(try scratch.store.quarantine(moved) == moved)
        #expect(throws: StorageError.notFound(try ScratchStore.key("none"))) {
            _ = try scratch.store.quarantine(ScratchStore.key("none"))
        }
        let batch = try StoragePrefix.batch(tenant: "default", batch: "b1")
        #expect(try scratch.store.delete(all: batch) == 0)
        #expect(try scratch.store.delete(all: batch.quarantined) == 1)
    }

    @Test("A folder, or a link that somebody put there, is no object")
    func oddFiles() throws {
        let scratch = try ScratchStore()
        let key = try ScratchStore.key()
        let path = scratch.folder.path + "/" + key.text
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(throws: StorageError.notFound(key)) { _ = try scratch.store.open(key) }
        #expect(throws: StorageError.notFound(key)) { _ = try scratch.store.size(of: key) }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/passwd")
        #expect(throws: StorageError.self) { _ = try scratch.store.open(key) }
        #expect(throws: StorageError.notFound(key)) { _ = try scratch.store.size(of: key) }
    }

    @Test("The probe leaves nothing, and fails when the folder is gone")
    func probe() throws {
        let scratch = try ScratchStore()
        try scratch.store.probe()
        #expect(scratch.files.isEmpty)
        #expect(try scratch.store.freeBytes() > 0)
        try FileManager.default.removeItem(at: scratch.folder)
        #expect(throws: StorageError.self) { try scratch.store.probe() }
    }
}

/// What racing writers met.
private final class Outcomes: @unchecked Sendable {  // guarded by its lock
    private let lock = NSLock()
    private var won: [Int] = []
    private var refused = 0

    func add(_ index: Int) { lock.withLock { won.append(index) } }
    func addRefusal() { lock.withLock { refused += 1 } }
    var winners: [Int] { lock.withLock { won } }
    var refusals: Int { lock.withLock { refused } }
}

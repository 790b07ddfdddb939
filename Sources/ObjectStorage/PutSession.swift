internal import CLinuxFile
internal import CrashPoints
internal import Glibc
internal import Synchronization

/// An object on its way into the store: bytes that nobody sees until they are committed.
///
/// A session that is dropped, or whose process dies, leaves no object. Calls block on the disk, and may come from any
/// thread, one after the other.
public final class PutSession: Sendable {
    private let store: DirectoryStore
    private let path: String
    private let file: Descriptor
    private let state = Mutex(State())

    private struct State {
        var isFinished = false
        var written: Int64 = 0
        var flushed: Int64 = 0
    }

    /// Bytes after which the disk is asked to begin writing, so that the last sync is short and few pages are dirty.
    private static let flushBytes: Int64 = 8 << 20

    init(store: DirectoryStore) throws(StorageError) {
        CrashPoint.pass("before a new file")
        self.store = store
        let path = store.temporary + "/put-" + DirectoryStore.randomName()
        self.path = path
        file = try storing { () throws(SystemFailure) in
            let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
            try call("flock") { Int(flock(file.number, LOCK_EX | LOCK_NB)) }
            return file
        }
    }

    deinit { abort() }

    /// The open file, for a process that writes the bytes itself; open as long as the session lives.
    public var descriptor: Int32 { file.number }

    /// Bytes that were given to ``write(_:)-(UnsafeRawBufferPointer)`` and ``append(contentsOf:count:)``.
    public var bytesWritten: Int64 { state.withLock { $0.written } }

    /// Claims disk space for the whole object, so that a full disk is known before the first byte.
    ///
    /// - Throws: ``StorageError`` `.noSpace`.
    public func reserve(bytes: Int64) throws(StorageError) {
        guard bytes > 0 else { return }
        do throws(SystemFailure) {
            try call("fallocate") { Int(clf_reserve(file.number, Int(bytes))) }
        } catch {
            // File systems that cannot reserve say so: then a full disk shows as it fills.
            if ![EOPNOTSUPP, ENOSYS, EINVAL].contains(error.code) { throw error.storageError }
        }
    }

    /// Adds bytes at the end.
    ///
    /// - Throws: ``StorageError`` `.noSpace`, `.io`; what was written so far stays, and the session may only be aborted.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        try open { (state) throws(SystemFailure) in
            var rest = bytes
            while !rest.isEmpty {
                let count = try call("write") { Glibc.write(file.number, rest.baseAddress, rest.count) }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                state.written += Int64(count)
            }
            flush(&state)
        }
    }

    public func write(_ bytes: [UInt8]) throws(StorageError) {
        try bytes.withUnsafeBufferPointer { bytes throws(StorageError) in try write(UnsafeRawBufferPointer(bytes)) }
    }

    /// Adds `count` bytes of an open file from an offset on, inside the kernel: no copy through this process, and none
    /// at all on file systems that share blocks.
    ///
    /// - Returns: how many bytes were added: fewer than `count` only when the file has no more.
    @discardableResult
    public func append(contentsOf source: Int32, from offset: Int64 = 0, count: Int64) throws(StorageError) -> Int64 {
        try open { (state) throws(SystemFailure) in
            let copied = try KernelCopy.copy(from: source, at: offset, count: count, to: file.number)
            state.written += copied
            flush(&state)
            return copied
        }
    }

    /// Returns when all bytes so far are safe on disk.
    public func sync() throws(StorageError) {
        try storing { () throws(SystemFailure) in try call("fsync") { Int(fsync(file.number)) } }
    }

    /// Makes the bytes an object; the session is over.
    ///
    /// - Parameter replacing: whether an object that is there already is replaced, at one moment for all readers.
    /// - Returns: the object's size in bytes.
    /// - Throws: ``StorageError`` `.exists`; after it and after errors of the disk, commit may be called again.
    @discardableResult
    public func commit(as key: StorageKey, replacing: Bool = false) throws(StorageError) -> Int64 {
        try state.withLock { state throws(StorageError) in
            guard !state.isFinished else { throw .finished }
            CrashPoint.pass("before a commit")
            var facts = stat()
            try storing { () throws(SystemFailure) in
                try call("fchmod") { Int(fchmod(file.number, 0o440)) }
                if store.syncs { try call("fsync") { Int(fsync(file.number)) } }
                try call("fstat") { Int(fstat(file.number, &facts)) }
            }
            try store.place(at: key) { target in replacing ? rename(path, target) : link(path, target) }
            if !replacing { unlink(path) }
            state.isFinished = true
            return Int64(facts.st_size)
        }
    }

    /// Drops the bytes. Safe to repeat, and without effect after a commit.
    public func abort() {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            unlink(path)
            // Frees the bytes at once, even where another process still has the file open.
            ftruncate(file.number, 0)
        }
    }

    private func open<T: Sendable>(_ body: (inout State) throws(SystemFailure) -> T) throws(StorageError) -> T {
        try state.withLock { state throws(StorageError) in
            guard !state.isFinished else { throw .finished }
            CrashPoint.pass("before a write")
            return try storing { () throws(SystemFailure) in try body(&state) }
        }
    }

    private func flush(_ state: inout State) {
        guard store.syncs, state.written - state.flushed >= Self.flushBytes else { return }
        // Only a hint: the sync at the end tells of errors.
        _ = clf_begin_write(file.number, Int(state.flushed), Int(state.written - state.flushed))
        state.flushed = state.written
    }
}

internal import Glibc

extension DirectoryStore {
    /// Begins an object whose bytes come piece by piece.
    ///
    /// - Parameter bytes: how many are to come, if known.
    /// - Throws: ``StorageError`` `.noSpace` when they would not fit beside ``reservedBytes``.
    public func beginPut(expecting bytes: Int64 = 0) throws(StorageError) -> PutSession {
        if try freeBytes() < bytes { throw .noSpace(operation: "put of \(bytes) bytes") }
        return try PutSession(store: self)
    }

    /// Stores bytes that are all at hand.
    public func put(_ bytes: [UInt8], as key: StorageKey, replacing: Bool = false) throws(StorageError) {
        let session = try beginPut(expecting: Int64(bytes.count))
        try session.write(bytes)
        try session.commit(as: key, replacing: replacing)
    }

    /// Stores a copy of an open file, from its beginning to its end.
    ///
    /// - Parameter file: a regular file, open for reading; its position stays.
    /// - Returns: the object's size in bytes.
    @discardableResult
    public func put(
        copyOf file: Int32, as key: StorageKey, replacing: Bool = false
    ) throws(StorageError) -> Int64 {
        var facts = stat()
        try storing { () throws(SystemFailure) in try call("fstat") { Int(fstat(file, &facts)) } }
        let session = try beginPut(expecting: Int64(facts.st_size))
        try session.append(contentsOf: file, count: Int64(facts.st_size))
        return try session.commit(as: key, replacing: replacing)
    }

    /// Takes over a file: by its name alone where it lies on the store's file system, else by copying it.
    ///
    /// - Parameter path: of a regular file that nobody writes any more. It is gone afterwards.
    /// - Returns: the object's size in bytes.
    /// - Throws: ``StorageError`` `.exists`, and errors of the disk: the file is still there then.
    @discardableResult
    public func put(moving path: String, as key: StorageKey) throws(StorageError) -> Int64 {
        let file = try storing { () throws(SystemFailure) in try Descriptor.open(path, O_RDONLY) }
        var facts = stat()
        try storing { () throws(SystemFailure) in try call("fstat") { Int(fstat(file.number, &facts)) } }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .io(operation: "put", code: EINVAL) }
        try storing { () throws(SystemFailure) in
            if syncs { try call("fsync") { Int(fsync(file.number)) } }
        }
        // A second name for a file with several would leave it open to changes: such a file is copied.
        let isOurs = facts.st_nlink == 1 && fchmod(file.number, 0o440) == 0
        do throws(StorageError) {
            guard isOurs else { throw StorageError.io(operation: "link", code: EXDEV) }
            try place(at: key) { link(path, $0) }
        } catch {
            guard case .io(_, EXDEV) = error else { throw error }
            try put(copyOf: file.number, as: key)
        }
        unlink(path)
        return Int64(facts.st_size)
    }
}

internal import CrashPoints
internal import Glibc

extension DirectoryStore {
    /// Removes an object. Safe to repeat.
    ///
    /// - Returns: whether it was there.
    @discardableResult
    public func delete(_ key: StorageKey) throws(StorageError) -> Bool {
        CrashPoint.pass("before a file is deleted")
        if unlink(path(key)) == 0 { return true }
        guard errno == ENOENT || errno == ENOTDIR else { throw .system("unlink", errno) }
        return false
    }

    /// Removes all objects below a prefix. They vanish together at once; then their bytes are freed one by one, and if
    /// that is cut short, ``removeStale(olderThan:)`` ends it. Safe to repeat.
    ///
    /// - Returns: how many objects were removed.
    @discardableResult
    public func delete(all prefix: StoragePrefix) throws(StorageError) -> Int {
        let doomed = temporary + "/deleted-" + Self.randomName()
        CrashPoint.pass("before a folder is deleted")
        defer { CrashPoint.pass("after a folder is deleted") }
        if rename(root + "/" + prefix.text, doomed) != 0 {
            guard errno == ENOENT || errno == ENOTDIR else { throw .system("rename", errno) }
            return 0
        }
        return try storing { () throws(SystemFailure) in try Folder.removeTree(doomed) }
    }

    /// Removes what uploads and deletions left behind that did not come to an end, because their process died.
    ///
    /// An upload that is still open anywhere on this machine is never touched, whatever its age.
    /// - Parameter age: leftovers changed more recently stay.
    /// - Returns: how many files were removed.
    @discardableResult
    public func removeStale(olderThan age: Duration) throws(StorageError) -> Int {
        let now = time(nil)
        return try storing { () throws(SystemFailure) in
            var removed = 0
            for name in try Folder.names(in: temporary) {
                let path = temporary + "/" + name
                var facts = stat()
                guard lstat(path, &facts) == 0, now - facts.st_mtim.tv_sec >= age.components.seconds else { continue }
                if facts.st_mode & S_IFMT == S_IFREG, isInUse(path) { continue }
                removed += try Folder.removeTree(path)
            }
            return removed
        }
    }

    /// Each session holds a lock on its file, which ends with the last process that has the file open.
    private func isInUse(_ path: String) -> Bool {
        guard let file = try? Descriptor.open(path, O_RDONLY | O_NONBLOCK) else { return false }
        return flock(file.number, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    static func randomName() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
    }
}

internal import CrashPoints
internal import Glibc

/// Stored objects as files below one folder, for a single machine or a shared file system.
///
/// A key is the path below the folder. An object appears all at once or not at all, is safe on disk when ``PutSession/commit(as:replacing:)``
/// returns, and never changes afterwards (mode 0440). Unfinished uploads lie in `.tmp`, which no key can name.
///
/// **All calls block** on the disk, up to seconds under load: make them on a thread that may wait, never on
/// Swift's cooperative pool. They may be made from many threads and processes at once.
public final class DirectoryStore: Sendable {
    /// The folder, an absolute path without a slash at the end.
    public let root: String
    /// Whether each commit waits until bytes and name are safe on disk.
    public let syncs: Bool
    /// Bytes that must stay free on the file system; a put that would use them is refused.
    public let reservedBytes: Int64

    var temporary: String { root + "/.tmp" }

    /// Opens the store, and makes its folders when they are not there.
    ///
    /// - Parameters:
    ///   - location: `file:///absolute/path`; percent-encoding is not decoded.
    ///   - reservedBytes: 64 MiB by default.
    /// - Throws: ``StorageError`` `.badLocation`, or what the file system says.
    public init(
        location: String, reservedBytes: Int64 = 64 << 20, syncs: Bool = true
    ) throws(StorageError) {
        guard location.hasPrefix("file:///") else {
            throw .badLocation(location, reason: "it must be file:///absolute/path")
        }
        var path = String(location.dropFirst("file://".count))
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let parts = path.split(separator: "/")
        guard !parts.isEmpty, !parts.contains(".."), !parts.contains("."), !path.utf8.contains(0) else {
            throw .badLocation(location, reason: "the path must name a folder, without . or .. in it")
        }
        root = "/" + parts.joined(separator: "/")
        self.reservedBytes = reservedBytes
        self.syncs = syncs
        let temporary = root + "/.tmp"
        try storing { () throws(SystemFailure) in
            try Folder.makeParents(of: temporary + "/x", below: "", syncs: syncs)
        }
    }

    /// Bytes that can be stored before ``reservedBytes`` are touched; 0 when none.
    public func freeBytes() throws(StorageError) -> Int64 {
        var facts = statvfs()
        try storing { () throws(SystemFailure) in try call("statvfs") { Int(statvfs(root, &facts)) } }
        return max(0, Int64(facts.f_bavail) * Int64(facts.f_frsize) - reservedBytes)
    }

    /// Writes, syncs and removes a few bytes: whether the store would take an object now.
    public func probe() throws(StorageError) {
        let session = try beginPut(expecting: 1)
        defer { session.abort() }
        try session.write([1])
        try session.sync()
    }

    /// The size of an object in bytes.
    ///
    /// - Throws: ``StorageError`` `.notFound`.
    public func size(of key: StorageKey) throws(StorageError) -> Int64 {
        var facts = stat()
        try storing(key) { () throws(SystemFailure) in try call("stat") { Int(lstat(path(key), &facts)) } }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .notFound(key) }
        return Int64(facts.st_size)
    }

    public func exists(_ key: StorageKey) throws(StorageError) -> Bool {
        do throws(StorageError) {
            _ = try size(of: key)
            return true
        } catch {
            guard case .notFound = error else { throw error }
            return false
        }
    }

    /// Opens an object for reading. It stays readable when the object is deleted meanwhile.
    public func open(_ key: StorageKey) throws(StorageError) -> ObjectReader {
        try ObjectReader(key: key, path: path(key))
    }

    /// Makes an object appear under a second key without copying it, as objects never change.
    ///
    /// - Throws: ``StorageError`` `.notFound` for `source`, `.exists` for `key`.
    public func copy(_ source: StorageKey, to key: StorageKey) throws(StorageError) {
        guard try exists(source) else { throw .notFound(source) }
        try place(at: key) { target in link(path(source), target) }
    }

    /// Moves an object to `quarantine/`, where nobody but the owner may read it (mode 0400), and nobody write.
    ///
    /// Safe to repeat: an object that is in quarantine already stays there.
    /// - Returns: its new key.
    public func quarantine(_ key: StorageKey) throws(StorageError) -> StorageKey {
        let target = try key.quarantined
        let isOutside = key.isQuarantined ? false : try exists(key)
        if !isOutside {
            if try exists(target) { return target }
            throw .notFound(key)
        }
        try storing(key) { () throws(SystemFailure) in try call("chmod") { Int(chmod(path(key), 0o400)) } }
        try place(at: target) { rename(path(key), $0) }
        if syncs { try storing { () throws(SystemFailure) in try Folder.sync(Folder.parent(of: path(key))) } }
        return target
    }

    func path(_ key: StorageKey) -> String { root + "/" + key.text }

    /// Gives bytes the name `key`, making folders as needed; the folder may be deleted by others at any moment.
    func place(at key: StorageKey, _ naming: (String) -> Int32) throws(StorageError) {
        let target = path(key)
        CrashPoint.pass("before a name")
        defer { CrashPoint.pass("after a name") }
        try storing(key) { () throws(SystemFailure) in
            var attempts = 0
            while naming(target) != 0 {
                attempts += 1
                guard errno == ENOENT, attempts < 5 else { throw SystemFailure(operation: "link", code: errno) }
                do throws(SystemFailure) {
                    try Folder.makeParents(of: target, below: root, syncs: syncs)
                } catch {
                    if error.code != ENOENT { throw error }
                }
            }
            if syncs { try Folder.sync(Folder.parent(of: target)) }
        }
    }
}

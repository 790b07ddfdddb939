internal import Glibc

/// An open file that is closed when its owner goes.
struct Descriptor: ~Copyable {
    let number: Int32

    init(adopting number: Int32) { self.number = number }

    deinit { close(number) }

    /// Opens a path, close-on-exec and never through a symbolic link at its end.
    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemFailure) -> Descriptor {
        let number = try call("open") { Int(Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode)) }
        return Descriptor(adopting: Int32(number))
    }
}

/// A system call that failed.
struct SystemFailure: Error {
    var operation: String
    var code: Int32

    var storageError: StorageError { .system(operation, code) }
}

/// Makes a call that answers below 0 on failure, again as long as a signal interrupts it.
@discardableResult
func call(_ operation: String, _ body: () -> Int) throws(SystemFailure) -> Int {
    while true {
        let result = body()
        if result >= 0 { return result }
        if errno != EINTR { throw SystemFailure(operation: operation, code: errno) }
    }
}

/// Gives a failed call the shape the outside sees: a missing or present file is the key's, all else the disk's.
@discardableResult
func storing<T: ~Copyable>(
    _ key: StorageKey? = nil, _ body: () throws(SystemFailure) -> T
) throws(StorageError) -> T {
    do throws(SystemFailure) {
        return try body()
    } catch {
        if let key, error.code == ENOENT || error.code == ENOTDIR { throw .notFound(key) }
        if let key, error.code == EEXIST { throw .exists(key) }
        throw error.storageError
    }
}

enum Folder {
    /// Makes the folder that `path` is to lie in, and all above it down from `root`, each entry safe on disk.
    static func makeParents(of path: String, below root: String, syncs: Bool) throws(SystemFailure) {
        var parent = root
        let parts = path.dropFirst(root.count + 1).split(separator: "/").dropLast()
        for part in parts {
            let folder = parent + "/" + part
            if mkdir(folder, 0o750) == 0 {
                if syncs { try sync(parent) }
            } else if errno != EEXIST {
                throw SystemFailure(operation: "mkdir", code: errno)
            }
            parent = folder
        }
    }

    /// Returns when the names in a folder are safe on disk.
    static func sync(_ path: String) throws(SystemFailure) {
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        try call("fsync") { Int(fsync(folder.number)) }
    }

    static func parent(of path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    /// The names in a folder, without `.` and `..`; none when it is not there.
    static func names(in path: String) throws(SystemFailure) -> [String] {
        guard let stream = opendir(path) else {
            if errno == ENOENT { return [] }
            throw SystemFailure(operation: "opendir", code: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a file, or a folder with all in it, without following links; what is gone already is fine.
    ///
    /// - Returns: how many files were removed.
    @discardableResult
    static func removeTree(_ path: String) throws(SystemFailure) -> Int {
        if unlink(path) == 0 { return 1 }
        switch errno {
        case ENOENT: return 0
        case EISDIR, EPERM: break
        default: throw SystemFailure(operation: "unlink", code: errno)
        }
        var removed = 0
        for name in try names(in: path) { removed += try removeTree(path + "/" + name) }
        if rmdir(path) != 0 && errno != ENOENT { throw SystemFailure(operation: "rmdir", code: errno) }
        return removed
    }
}

internal import CClamAV  // its header brings `stat` along, which then belongs to its module
internal import Glibc

/// How a folder of signatures looks: names, sizes, times. Two looks that differ mean new signatures.
///
/// The library's own `cl_statchkdir` does not notice a file that was removed, and `freshclam` removes files.
public struct DatabaseWatch: Sendable, Hashable {
    private struct Entry: Sendable, Hashable {
        var size: Int
        var inode: UInt
        var seconds: Int
        var nanoseconds: Int
    }

    private let folder: String
    private let entries: [String: Entry]

    /// Takes a look.
    public static func start(folder: String) throws(ClamAVError) -> DatabaseWatch {
        DatabaseWatch(folder: folder, entries: try look(folder))
    }

    /// Whether the folder looks different now. A folder that cannot be read right now has not changed.
    public var hasChanged: Bool {
        guard let now = try? Self.look(folder) else { return false }
        return now != entries
    }

    private static func look(_ folder: String) throws(ClamAVError) -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for name in try SignatureDatabase.names(in: folder) {
            var facts = stat()
            guard stat(folder + "/" + name, &facts) == 0 else { continue }
            entries[name] = Entry(
                size: Int(facts.st_size), inode: UInt(facts.st_ino), seconds: facts.st_mtim.tv_sec,
                nanoseconds: facts.st_mtim.tv_nsec)
        }
        return entries
    }
}

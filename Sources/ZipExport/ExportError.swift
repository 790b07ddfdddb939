public import ObjectStorage
public import ZIP

/// Why an archive could not be made.
public enum ExportError: Error, Sendable, Hashable {
    /// The caller asked to stop.
    case cancelled
    /// The facts of a file cannot be true: a negative size.
    case facts(file: String, reason: String)
    /// The list of files cannot become an archive.
    case plan(ZipPlanError)
    /// Stored bytes are not what the record says of them: the archive must not be given to anybody.
    case content(ZipContentError)
    /// The storage failed; `entry` is the path in the archive whose bytes were being read, if any.
    case storage(entry: String?, StorageError)

    /// Whether the same export may succeed later without anybody changing it.
    public var isTransient: Bool {
        if case .storage(_, let error) = self { error.isTransient } else { false }
    }
}

extension ExportError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cancelled: "the export was cancelled"
        case .facts(let file, let reason): "the record of “\(file.prefix(120))” is wrong: \(reason)"
        case .plan(let error): "\(error)"
        case .content(let error): "\(error)"
        case .storage(let entry, let error):
            entry.map { "“\($0.prefix(120))” cannot be packed: \(error)" } ?? "the archive cannot be stored: \(error)"
        }
    }
}

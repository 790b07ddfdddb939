internal import Glibc

/// What went wrong with stored bytes, and whose fault it is.
public enum StorageError: Error, Sendable, Hashable {
    /// No object has this key. Nothing is gained by trying again.
    case notFound(StorageKey)
    /// An object with this key is there already; nothing was changed.
    case exists(StorageKey)
    /// The disk, its quota or the largest file it allows is full: make room, then try again.
    case noSpace(operation: String)
    /// The text is no key: a mistake of the caller, or an attack.
    case badKey(String, StorageKeyFault)
    /// The store's address cannot be used: a mistake in the configuration.
    case badLocation(String, reason: String)
    /// A range that begins before the object or ends behind it.
    case badRange(StorageKey, size: Int64)
    /// The session was committed or aborted before.
    case finished
    /// The file system failed: `code` is the value of `errno`. Trying again may help.
    case io(operation: String, code: Int32)

    /// Whether the same call may succeed later without anybody changing it.
    public var isTransient: Bool {
        switch self {
        case .noSpace, .io: true
        case .notFound, .exists, .badKey, .badLocation, .badRange, .finished: false
        }
    }

    /// The error for what `errno` says after a failed call.
    static func system(_ operation: String, _ code: Int32) -> StorageError {
        switch code {
        case ENOSPC, EDQUOT, EFBIG: .noSpace(operation: operation)
        default: .io(operation: operation, code: code)
        }
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notFound(let key): "there is no object \(key)"
        case .exists(let key): "there is already an object \(key)"
        case .noSpace(let operation): "\(operation): no space left in the storage"
        case .badKey(let text, let fault):
            "“\(String(text.unicodeScalars.prefix(80).map { $0.value < 0x20 ? "\u{fffd}" : Character($0) }))” is no key: \(fault)"
        case .badLocation(let location, let reason): "the storage address “\(location)” cannot be used: \(reason)"
        case .badRange(let key, let size): "the range lies outside of \(key), which has \(size) bytes"
        case .finished: "the upload was committed or aborted before"
        case .io(let operation, let code): "\(operation): \(String(cString: strerror(code))) (\(code))"
        }
    }
}

internal import CClamAV

/// Why the engine could not be made ready or could not look at a file. A verdict is never an error.
public struct ClamAVError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// The folder of signatures is missing, empty or unreadable. What to do stands in the text.
        case noSignatures
        /// A signature file is broken, or no longer fits this engine.
        case badSignatures
        case outOfMemory
        /// The scratch folder is full, missing or not writable.
        case scratch
        /// The input could not be read.
        case input
        /// `isCancelled` said so.
        case cancelled
        case library
    }

    public var kind: Kind
    public var description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    init(_ code: cl_error_t, doing what: String) {
        let reason = String(cString: cl_strerror(code))
        let kind: Kind =
            switch code {
            case CL_EMEM: .outOfMemory
            case CL_ECREAT, CL_EWRITE, CL_ETMPFILE, CL_ETMPDIR, CL_EUNLINK: .scratch
            case CL_EREAD, CL_ESEEK, CL_ESTAT, CL_EMAP, CL_EDUP: .input
            case CL_EMALFDB, CL_ECVD, CL_EVERIFY, CL_EUNPACK: .badSignatures
            default: .library
            }
        self.init(kind, "\(what): \(reason)")
    }
}

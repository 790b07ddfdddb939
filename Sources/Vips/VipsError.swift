internal import CVipsShim

/// Why libvips could not do what was asked, and whose fault that is.
public struct VipsError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Fault: Sendable, Equatable {
        /// The file is at fault: it will fail every time.
        case file
        /// This process is: no memory, no space, or a mistake of ours. Another attempt may succeed.
        case process
    }

    public enum Code: String, Sendable, Equatable {
        /// The file has no bytes.
        case empty
        /// None of the allowed formats, or a flavour of one that libvips does not know.
        case unsupported
        /// The file ends before its picture does.
        case truncated
        case corrupt
        /// The header announces more pixels, frames or a longer side than ``DecodingLimits`` allows.
        case tooManyPixels
        case tooManyFrames
        case outOfMemory
        /// The output could not be written: no space, or a closed descriptor.
        case writeFailed
        case internalFailure
    }

    public var code: Code
    /// What libvips said, in one line of at most 500 characters; for logs, not for users.
    public var detail: String

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = String(detail.prefix(500))
    }

    public var fault: Fault {
        switch code {
        case .empty, .unsupported, .truncated, .corrupt, .tooManyPixels, .tooManyFrames: .file
        case .outOfMemory, .writeFailed, .internalFailure: .process
        }
    }

    public var description: String { "\(code.rawValue): \(detail)" }
}

extension VipsError {
    /// What was being done. A failure while decoding is the file's, one while encoding is ours.
    enum Phase {
        case start, open, decode, process, encode
    }

    /// Reads and clears libvips' error text, on the thread whose turn it is.
    static func take(_ phase: Phase) -> VipsError {
        let text = String(
            unsafeUninitializedCapacity: 4096,
            initializingUTF8With: { buffer in
                buffer.withMemoryRebound(to: CChar.self) { characters in
                    guard let start = characters.baseAddress else { return 0 }
                    cvips_take_error(start, characters.count)
                    return characters.firstIndex(of: 0) ?? 0
                }
            })
        let line = text.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return VipsError(code(for: line.lowercased(), phase), line.isEmpty ? "no reason given" : line)
    }

    private static func code(for text: String, _ phase: Phase) -> Code {
        func says(_ phrases: String...) -> Bool { phrases.contains { text.contains($0) } }
        if says("out of memory", "unable to allocate", "cannot allocate", "can't allocate") { return .outOfMemory }
        switch phase {
        case .start, .process: return .internalFailure
        case .encode: return says("no space left", "write error", "unable to write") ? .writeFailed : .internalFailure
        case .open, .decode: break
        }
        if says("security limit", "exceeds the maximum image size", "too large", "too big", "dimensions exceed") {
            return .tooManyPixels
        }
        if says("not a known file format", "not in a known format", "is blocked", "no known route", "unsupported") {
            return .unsupported
        }
        let cutShort = ["premature end", "unexpected end", "truncated", "end of file", "end of data", "bad seek"]
        if cutShort.contains(where: text.contains) { return .truncated }
        return .corrupt
    }
}

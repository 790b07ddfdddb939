/// Why a list of entries cannot become an archive. The caller's fault: nothing was written.
public enum ZipPlanError: Error, Sendable, Hashable {
    case name(String, ZipNameFault)
    /// Two entries with the same path, byte for byte.
    case duplicate(String)
    /// The path is a file and at the same time the folder of another file.
    case clash(file: String, folderOf: String)
    /// The archive would be longer than 2⁶³ − 1 bytes.
    case tooLarge
}

extension ZipPlanError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .name(let name, let fault): "the name “\(shown(name))” cannot stand in an archive: \(fault)"
        case .duplicate(let name): "the name “\(shown(name))” is in the list twice"
        case .clash(let file, let other): "“\(shown(file))” is a file and also the folder of “\(shown(other))”"
        case .tooLarge: "the archive would be longer than 2^63 - 1 bytes"
        }
    }
}

/// A source that is not what its entry promised: the bytes written so far are worthless and must be dropped.
public enum ZipContentError: Error, Sendable, Hashable {
    /// All bytes came, but they are others.
    case checksum(entry: String, expected: UInt32, found: UInt32)
    /// The source ended early.
    case short(entry: String, expected: UInt64, found: UInt64)

    /// The path of the entry whose source is at fault.
    public var entry: String {
        switch self {
        case .checksum(let entry, _, _), .short(let entry, _, _): entry
        }
    }
}

extension ZipContentError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .checksum(let entry, let expected, let found):
            "“\(shown(entry))” has changed since it was listed: CRC-32 \(hexadecimal(found)) instead of "
                + hexadecimal(expected)
        case .short(let entry, let expected, let found):
            "“\(shown(entry))” ended after \(found) of \(expected) bytes"
        }
    }
}

/// Names are a stranger's text: controls are made visible, and a long one is cut.
private func shown(_ name: String) -> String {
    let cut = name.unicodeScalars.prefix(120).map { $0.value < 0x20 || $0.value == 0x7f ? "\u{fffd}" : String($0) }
    return cut.joined() + (name.unicodeScalars.count > 120 ? "…" : "")
}

private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}

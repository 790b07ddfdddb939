/// What a path inside an archive may be, so that no reader ever writes outside the folder it unpacks to.
///
/// Refused: nothing at all, more than 65 535 bytes of UTF-8 (the format's field), control characters, a backslash, a
/// leading `/`, a drive (`c:`), and a part that is empty, `.` or `..`. Folders have no entries of their own.
public enum ZipName {
    public static let maxBytes = 65_535

    /// What is wrong with a path, or nil.
    public static func fault(in name: String) -> ZipNameFault? {
        let bytes = Array(name.utf8)
        if bytes.isEmpty { return .empty }
        if bytes.count > maxBytes { return .tooLong(bytes: bytes.count) }
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) { return .control }
        if bytes.contains(UInt8(ascii: "\\")) { return .backslash }
        if bytes[0] == UInt8(ascii: "/") { return .absolute }
        let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(bytes[0] | 0x20)
        if isLetter && bytes.count > 1 && bytes[1] == UInt8(ascii: ":") { return .drive }
        for part in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if part.isEmpty { return .emptyPart }
            if part.allSatisfy({ $0 == UInt8(ascii: ".") }) && part.count <= 2 { return .traversal }
        }
        return nil
    }

    /// The folders a path lies in: `a/b/c.txt` is in `a` and `a/b`.
    static func folders(of name: [UInt8]) -> [ArraySlice<UInt8>] {
        name.indices.filter { name[$0] == UInt8(ascii: "/") }.map { name[..<$0] }
    }
}

/// Why a path is refused.
public enum ZipNameFault: Sendable, Hashable {
    case empty
    case tooLong(bytes: Int)
    case control
    case backslash
    case absolute
    case drive
    /// Two slashes together, or one at the end.
    case emptyPart
    /// A part that is `.` or `..`.
    case traversal
}

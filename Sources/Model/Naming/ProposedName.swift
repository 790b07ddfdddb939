/// The names that an asset may get, best first.
public enum ProposedName {
    /// `base.ext`, `base-2.ext`, `base-3.ext` … without end: take the first that is free, case-insensitively.
    public static func candidates(base: String, pathExtension: String) -> some Sequence<FileName> {
        let first = FileName.make(stem: base, pathExtension: pathExtension)
        return sequence(state: 1) { number in
            defer { number += 1 }
            return number == 1 ? first : first.withSuffix(number)
        }
    }
}

extension MediaType {
    /// The extension that a file of this type gets.
    ///
    /// Media get their true one, whatever the name says. Archives, texts and unknown files keep the one they have, as
    /// content does not tell a spreadsheet from a ZIP; but not one that belongs to another type.
    public func fileExtension(keeping original: String) -> String {
        switch self {
        case .zip, .gzip, .text, .binary:
            let own = FileName.cleaned(original).pathExtension.lowercased()
            let foreign = MediaType.allCases.contains { $0 != self && $0.knownExtensions.contains(own) }
            let usual =
                own.utf8.count <= 10 && own.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
            return own.isEmpty || foreign || !usual ? fileExtension : own
        default:
            return fileExtension
        }
    }

    private var knownExtensions: [String] {
        switch self {
        case .jpeg: ["jpg", "jpeg", "jpe", "jfif"]
        case .tiff: ["tif", "tiff"]
        case .mp4: ["mp4", "m4v"]
        case .gzip: ["gz", "tgz"]
        case .binary: []
        default: [fileExtension]
        }
    }
}

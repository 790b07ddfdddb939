import Foundation

/// Hands out paths in one archive: safe on every system, and no two that differ only in case or in how accents are
/// encoded. Names arrive clean and unique as a rule; this is the last fence, not the place where names are made.
struct ArchiveNames {
    /// Folded paths that are taken, and for a folded stem the number to try next.
    private var taken: Set<String>
    private var numbers: [String: Int] = [:]

    private static let maxBytes = 200

    init(reserved: [String]) {
        taken = Set(reserved.map(Self.folded))
    }

    /// Paths for names in their order: each keeps its own name if it is the first to ask for it, and only then do the
    /// others get `-2`, `-3` … before the extension, so that a number never takes a name that somebody really has.
    mutating func claim(_ wanted: [String], in folder: String = "") -> [String] {
        var claimed: [String?] = wanted.map { name in
            let path = folder + name
            return taken.insert(Self.folded(path)).inserted ? path : nil
        }
        for index in wanted.indices where claimed[index] == nil {
            claimed[index] = numbered(wanted[index], in: folder)
        }
        return claimed.compactMap(\.self)
    }

    private mutating func numbered(_ name: String, in folder: String) -> String {
        let (stem, dotExtension) = Self.split(name)
        let series = Self.folded(folder + name)
        var number = numbers[series] ?? 2
        while true {
            let path = "\(folder)\(stem)-\(number)\(dotExtension)"
            number += 1
            if taken.insert(Self.folded(path)).inserted {
                numbers[series] = number
                return path
            }
        }
    }

    /// A name that no reader takes for a path, a device or a hidden file, of at most 200 bytes; `fallback` when
    /// nothing is left of it.
    static func safe(_ name: String, fallback: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in name.precomposedStringWithCanonicalMapping.unicodeScalars {
            if scalar.properties.isBidiControl || scalar.properties.isDefaultIgnorableCodePoint { continue }
            let isForbidden =
                scalar.properties.generalCategory == .control || "<>:\"/\\|?*".unicodeScalars.contains(scalar)
            scalars.append(isForbidden ? "-" : scalar)
        }
        let (whole, dotExtension) = split(String(scalars).trimmingCharacters(in: CharacterSet(charactersIn: ". ")))
        var stem = whole
        while stem.utf8.count + dotExtension.utf8.count > maxBytes { stem.removeLast() }
        stem = stem.trimmingCharacters(in: CharacterSet(charactersIn: ". -"))
        if stem.isEmpty { stem = fallback }
        if isReserved(stem) { stem = "file-" + stem }
        return stem + dotExtension
    }

    /// The same name with another extension, as the content has another format.
    static func replacingExtension(of name: String, with fileExtension: String) -> String {
        split(name).stem + "." + fileExtension
    }

    /// An extension is a dot and one to sixteen ASCII letters or digits behind at least one other character.
    private static func split(_ name: String) -> (stem: String, dotExtension: String) {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return (name, "") }
        let letters = name[name.index(after: dot)...]
        let isExtension =
            (1...16).contains(letters.count) && letters.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return isExtension ? (String(name[..<dot]), String(name[dot...])) : (name, "")
    }

    /// Devices of Windows, whatever their extension.
    private static func isReserved(_ stem: String) -> Bool {
        let first = stem.prefix { $0 != "." }.uppercased()
        if ["CON", "PRN", "AUX", "NUL"].contains(first) { return true }
        return first.count == 4 && (first.hasPrefix("COM") || first.hasPrefix("LPT"))
            && "123456789".contains(first.suffix(1))
    }

    private static func folded(_ path: String) -> String {
        path.precomposedStringWithCanonicalMapping.folding(options: .caseInsensitive, locale: nil)
    }
}

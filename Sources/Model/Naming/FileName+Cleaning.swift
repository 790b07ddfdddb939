extension FileName {
    /// What an unnamed file is called.
    private static let fallback = "file"
    /// Longer ones, or ones with other characters than ASCII letters and digits, are part of the stem.
    private static let maxExtensionCharacters = 10

    /// Makes a name of any text, keeping as much of it as is safe. The same name comes back when cleaned again.
    ///
    /// Of a path only the last part is taken. A name that is too long is cut between two characters before its extension.
    /// A device name gets a leading `_`; where nothing is left, the name is `file`.
    public static func cleaned(_ text: String) -> FileName {
        let parts = text.split { $0 == "/" || $0 == "\\" }
        let candidates = parts.reversed().lazy.map { trimmed(printable(String($0))) }
        let name = candidates.first { !$0.isEmpty } ?? fallback
        return fitted(deviceName(in: name) == nil ? name : "_" + name, suffix: "")
    }

    /// The name with `-n` before its extension, cut where needed so that it stays within ``maxBytes``.
    public func withSuffix(_ n: Int) -> FileName {
        Self.fitted(value, suffix: "-\(n)")
    }

    /// Puts a stem and an extension together, cleaning both.
    public static func make(stem: String, pathExtension: String) -> FileName {
        let safeExtension = pathExtension.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        let name = trimmed(printable(stem))
        let whole = (name.isEmpty ? fallback : name) + (safeExtension.isEmpty ? "" : "." + safeExtension)
        return fitted(deviceName(in: whole) == nil ? whole : "_" + whole, suffix: "")
    }

    /// Composed, with forbidden visible characters as `-` and forbidden invisible ones left out.
    private static func printable(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in composed(text).unicodeScalars {
            if reservedCharacters.contains(scalar) {
                scalars.append("-")
            } else if scalar.properties.isWhitespace {
                scalars.append(" ")
            } else if !isForbidden(scalar) {
                scalars.append(scalar)
            }
        }
        return composed(String(scalars))
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var scalars = Substring(text).unicodeScalars
        while let first = scalars.first, isDot(first) || isDash(first) || isMark(first) || first.properties.isWhitespace
        {
            scalars.removeFirst()
        }
        while let last = scalars.last, isDot(last) || last.properties.isWhitespace { scalars.removeLast() }
        // What was cut off may have carried a mark that now joins nothing.
        return composed(String(scalars))
    }

    /// Cuts the stem so that stem, suffix and extension have at most ``maxBytes`` bytes.
    private static func fitted(_ name: String, suffix: String) -> FileName {
        var (stem, pathExtension) = split(name)
        if pathExtension.count > maxExtensionCharacters
            || !pathExtension.utf8.allSatisfy({
                $0 < 0x80 && Unicode.Scalar($0).properties.isAlphabetic || (0x30...0x39).contains($0)
            })
        {
            (stem, pathExtension) = (Substring(name), "")
        }
        let tail = suffix + (pathExtension.isEmpty ? "" : "." + pathExtension)
        guard stem.utf8.count + tail.utf8.count > maxBytes else { return FileName(unchecked: stem + tail) }
        let cut = trimmed(stem.prefix(bytes: maxBytes - tail.utf8.count))
        return FileName(unchecked: (cut.isEmpty ? fallback : cut) + tail)
    }
}

extension StringProtocol {
    /// The longest start of at most `limit` bytes of UTF-8 that ends between two characters.
    func prefix(bytes limit: Int) -> Substring {
        var end = startIndex
        var used = 0
        for index in indices {
            used += self[index].utf8.count
            guard used <= limit else { break }
            end = self.index(after: index)
        }
        return Substring(self[..<end])
    }
}

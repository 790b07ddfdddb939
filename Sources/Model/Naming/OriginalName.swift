/// The name a file came with.
struct OriginalName {
    private let words: [String]

    init(_ name: String) {
        let clean = FileName.cleaned(name).value
        let (stem, pathExtension) = FileName.split(clean)
        words = Slug.words(in: pathExtension.count <= 10 ? String(stem) : clean)
    }

    /// Its words, without those a camera or a program put there; nil when it has no others: `IMG_1234`,
    /// `DSC00042`, `PXL_20210101_123456789`, `Screenshot 2024-01-01 at 10.11.12`, `3f2a9c…`.
    var meaningfulWords: [String]? {
        var kept: [String] = []
        var followsGenerated = false
        for word in words {
            // A number after what the camera wrote is its counter, or part of its date.
            let isGenerated = Self.isGenerated(word) || followsGenerated && word.allSatisfy(Self.isDigit)
            if !isGenerated { kept.append(word) }
            followsGenerated = isGenerated
        }
        let hasMeaning = kept.contains { word in
            let letters = word.unicodeScalars.filter(\.properties.isAlphabetic)
            // One letter of a script without an alphabet is a word.
            return letters.count >= 2 || letters.contains { $0.value > 0x2E80 }
        }
        return hasMeaning ? kept : nil
    }

    private static func isGenerated(_ word: String) -> Bool {
        if NameWords.generated.contains(word) { return true }
        let letters = word.prefix { !isDigit($0) }
        let rest = word.dropFirst(letters.count)
        // A counter or a date; a model number has fewer digits.
        if letters.isEmpty && rest.count >= 6 && rest.allSatisfy(isDigit) { return true }
        if NameWords.generated.contains(String(letters)) && !rest.isEmpty && rest.allSatisfy(isDigit) { return true }
        let isHex = word.allSatisfy { isDigit($0) || ("a"..."f").contains($0) }
        return isHex && word.count >= 4 && word.contains(where: isDigit) && word.contains { !isDigit($0) }
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}

internal import Foundation

/// Words as they stand in a file name or an address: lower case, joined by hyphens.
enum Slug {
    /// Takes text apart into words: letters and digits, without accents where the script is Latin.
    ///
    /// Latin letters become ASCII (é → e, ß → ss, ø → o); other scripts keep their letters and marks. Apostrophes join.
    static func words(in text: String) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        var baseIsLatin = false
        func flush() {
            guard !word.isEmpty else { return }
            words.append(FileName.composed(String(word)))
            word = String.UnicodeScalarView()
        }
        for scalar in text.lowercased().decomposedStringWithCompatibilityMapping.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .otherLetter, .decimalNumber, .letterNumber:
                let ascii = latin[scalar]
                baseIsLatin = ascii != nil || scalar.isASCII
                if let ascii { word.append(contentsOf: ascii.unicodeScalars) } else { word.append(scalar) }
            case .nonspacingMark, .spacingMark:
                // An accent; or, after another script's letter, part of the spelling.
                if !baseIsLatin && !word.isEmpty { word.append(scalar) }
            case .modifierLetter:
                // Aspirations are left out; repetition and prolonged-sound marks are part of the spelling.
                if !(0x2B0...0x2FF).contains(scalar.value) { word.append(scalar) }
            case .format:
                continue
            default:
                if !apostrophes.contains(scalar) { flush() }
            }
        }
        flush()
        return words
    }

    private static let apostrophes: Set<Unicode.Scalar> = ["'", "’", "‘", "ʼ", "´", "`"]

    /// Latin letters that no decomposition takes apart.
    private static let latin: [Unicode.Scalar: String] = [
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h",
        "ŋ": "ng", "ŧ": "t", "ĸ": "k", "ə": "e", "ƒ": "f", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ɖ": "d", "ɛ": "e", "ɔ": "o",
        "ƴ": "y", "ɨ": "i", "ʉ": "u", "ɣ": "g", "ʋ": "v",
    ]
}

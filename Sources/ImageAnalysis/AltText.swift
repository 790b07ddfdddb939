internal import Model

/// A short description for people who do not see the picture.
enum AltText {
    static let maxCharacters = 125

    /// `A tabby cat in a mostly grey picture`; nil when no label is sure: no description is better than a wrong one.
    static func make(labels: [Label], colors: [DominantColor]) -> String? {
        guard let label = labels.first, label.score >= LabelVocabulary.sure, !label.name.isEmpty else { return nil }
        var text = subject(label.name)
        if let color = colors.first, color.share >= 0.5 {
            text += " in a mostly \(color.name) picture"
        }
        return String(text.prefix(maxCharacters))
    }

    private static func subject(_ name: String) -> String {
        if isUncountable(name) { return name.prefix(1).uppercased() + name.dropFirst() }
        let startsWithVowel = name.first.map { "aeiou".contains($0) } ?? false
        let soundsOtherwise = name.hasPrefix("uni") || name.hasPrefix("hour")
        return (startsWithVowel != soundsOtherwise ? "An " : "A ") + name
    }

    private static func isUncountable(_ name: String) -> Bool {
        let last = name.split(separator: " ").last.map(String.init) ?? name
        if masses.contains(name) || masses.contains(last) { return true }
        return last.hasSuffix("s") && !last.hasSuffix("ss") && !last.hasSuffix("us") && !singularInS.contains(last)
    }

    private static let masses: Set<String> = [
        "food", "drink", "clothing", "furniture", "electronics", "kitchenware", "cookware", "stationery",
        "cosmetics", "jewelry", "makeup", "bread", "broccoli", "cabbage", "cauliflower", "zucchini", "corn", "hay",
        "dough",
        "meatloaf", "carbonara", "guacamole", "eggnog", "consomme", "wine", "coffee", "tea", "ice cream", "chocolate",
        "chocolate sauce", "toilet paper", "wool", "velvet", "fabric", "glassware", "bedding", "underwear", "coral",
        "cattle", "armor", "chain mail", "cream", "pasta", "soup", "lotion", "sunscreen", "perfume", "wedding",
        "hen of the woods", "salmon",
    ]

    private static let singularInS: Set<String> = [
        "flandres", "longlegs", "pyrenees", "malinois", "mantis", "triceratops", "lens",
    ]
}

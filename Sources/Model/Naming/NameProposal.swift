/// All that is known of a file, and the name that follows from it.
public struct NameProposal: Sendable, Hashable {
    /// A person's own words for the batch; they come first.
    public var keywords: [String]
    /// What the picture shows, the word that fits best first.
    public var labels: [Label]
    /// Text seen in the picture.
    public var text: String?
    /// As EXIF has it: `2016-05-21T14:03:59`.
    public var takenAt: String?
    /// A colour that covers most of the picture.
    public var colorName: String?
    public var originalName: String
    public var family: MediaType.Family

    public init(
        keywords: [String] = [], labels: [Label] = [], text: String? = nil, takenAt: String? = nil,
        colorName: String? = nil, originalName: String, family: MediaType.Family = .image
    ) {
        self.keywords = keywords
        self.labels = labels
        self.text = text
        self.takenAt = takenAt
        self.colorName = colorName
        self.originalName = originalName
        self.family = family
    }

    /// The name without extension: lower case, words joined by hyphens, within the rules, never empty.
    ///
    /// Keywords and sure labels name the file; without any, the text in it; else its original name, unless a camera or a
    /// program gave that; else the day it was taken, and at last its colour and kind.
    public func baseName(rules: NameRules = NameRules()) -> String {
        var phrase = NamePhrase(rules: rules)
        for keyword in keywords { phrase.append(Slug.words(in: keyword)) }
        for label in chosenLabels(rules) { phrase.describe(Slug.words(in: label.name)) }
        if phrase.isEmpty, let text { phrase.append(Slug.words(in: text).filter { $0.count > 2 }) }
        if phrase.isEmpty, let words = OriginalName(originalName).meaningfulWords { phrase.append(words) }
        return phrase.isEmpty ? fallback(rules) : phrase.joined
    }

    /// The first sure label that is not too general, and a wider word for the same thing.
    private func chosenLabels(_ rules: NameRules) -> [Label] {
        let sure = labels.filter { $0.score >= rules.minLabelScore && $0.score <= 1 }
        guard let best = sure.first(where: { !NameWords.general.contains($0.name) }) ?? sure.first else { return [] }
        let wider = sure.first {
            $0.name != best.name && $0.score >= best.score && !NameWords.general.contains($0.name)
        }
        return [best] + (wider.map { [$0] } ?? [])
    }

    private func fallback(_ rules: NameRules) -> String {
        let kind =
            switch family {
            case .image: "image"
            case .video: "video"
            case .audio: "audio"
            case .other: "file"
            }
        var phrase = NamePhrase(rules: rules)
        if let day = takenAt?.prefix(10), !Slug.words(in: String(day)).isEmpty {
            phrase.append([kind] + Slug.words(in: String(day)), allowsRepeats: true)
        } else {
            phrase.append((colorName.map(Slug.words(in:)) ?? []) + [kind])
        }
        return phrase.isEmpty ? kind : phrase.joined
    }
}

/// Words that grow into a name.
struct NamePhrase {
    private let rules: NameRules
    private var words: [String] = []

    init(rules: NameRules) { self.rules = rules }

    var isEmpty: Bool { joined.isEmpty }

    mutating func append(_ new: [String], allowsRepeats: Bool = false) {
        for word in new where allowsRepeats || position(of: word) == nil { words.append(word) }
    }

    /// Adds a noun with the words that go before it. Where the noun stands already, they go before it there: `red shoes`
    /// and `running shoe` are `red running shoes`.
    mutating func describe(_ noun: [String]) {
        guard let head = noun.last, let place = position(of: head) else { return append(noun) }
        words.insert(contentsOf: noun.dropLast().filter { position(of: $0) == nil }, at: place)
    }

    /// The words within the rules, joined by hyphens.
    var joined: String {
        var chosen = Array(words.prefix(max(1, rules.maxWords)))
        let fits = { (words: [String]) in
            let name = words.joined(separator: "-")
            return name.count <= max(1, rules.maxCharacters) && name.utf8.count <= max(1, rules.maxBytes)
        }
        while chosen.count > 1, !fits(chosen) { chosen.removeLast() }
        while let last = chosen.last, chosen.count > 1, NameWords.stop.contains(last) { chosen.removeLast() }
        guard let first = chosen.first else { return "" }
        if chosen.count == 1, !fits(chosen) {
            chosen = [String(first.prefix(max(1, rules.maxCharacters)).prefix(bytes: max(1, rules.maxBytes)))]
        }
        return chosen.joined(separator: "-")
    }

    /// Where a word stands, in the singular or the plural.
    private func position(of word: String) -> Int? {
        words.firstIndex { Self.singular($0) == Self.singular(word) }
    }

    private static func singular(_ word: String) -> String {
        guard word.count > 3, word.hasSuffix("s"), !word.hasSuffix("ss") else { return word }
        if word.hasSuffix("ies") { return word.dropLast(3) + "y" }
        let hissing = ["xes", "ches", "shes", "sses"]
        return String(word.dropLast(hissing.contains { word.hasSuffix($0) } ? 2 : 1))
    }
}

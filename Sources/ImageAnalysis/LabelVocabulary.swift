internal import Model

/// The words for the outputs of the label model.
///
/// Each output has several, from narrow to wide: a golden retriever is also a dog and an animal. What several outputs say
/// together counts for the wider word, so that a picture of some dog is a `dog` whatever the breeds get.
struct LabelVocabulary: Sendable {
    /// Words by output, as places in `words`.
    private let outputs: [[Int]]
    private let words: [String]
    /// How many outputs have a word: the fewer, the narrower it is.
    private let breadth: [Int]

    /// The vocabulary of the embedded model.
    static let imageNet = LabelVocabulary(lines: String(decoding: PackageResources.imagenet1k_txt, as: UTF8.self))

    /// - Parameter lines: one line an output, its words separated by `;`.
    init(lines: String) {
        var places: [String: Int] = [:]
        var words: [String] = []
        var breadth: [Int] = []
        outputs = lines.split(separator: "\n").map { line in
            line.split(separator: ";").map { part in
                let word = String(part)
                let place = places[word] ?? words.count
                if place == words.count {
                    places[word] = place
                    words.append(word)
                    breadth.append(0)
                }
                breadth[place] += 1
                return place
            }
        }
        self.words = words
        self.breadth = breadth
    }

    /// How many outputs there are words for.
    var count: Int { outputs.count }

    /// A word with at least this score may name a picture.
    static let sure = 0.4

    /// Turns a model's output into words.
    ///
    /// - Parameters:
    ///   - probabilities: one an output; their sum is 1.
    ///   - minScore: words below it are left out.
    /// - Returns: at most 12 words. The narrowest sure one comes first, the others by falling score, and the narrower one
    ///   first where scores are equal.
    func labels(_ probabilities: [Double], minScore: Double) -> [Label] {
        var sums = [Double](repeating: 0, count: words.count)
        var peaks = sums
        for (output, probability) in zip(outputs, probabilities) {
            for place in output {
                sums[place] += probability
                peaks[place] = max(peaks[place], probability)
            }
        }
        let scores = words.indices.map { place in
            let together = Self.confidence(sum: sums[place], breadth: Double(breadth[place]) / Double(count))
            return (max(peaks[place], together) * 1000).rounded() / 1000
        }
        var chosen = scores.indices.filter { scores[$0] >= max(minScore, 0.001) }
        chosen.sort { (scores[$1], breadth[$0], $0) < (scores[$0], breadth[$1], $1) }
        let best = chosen.filter { scores[$0] >= Self.sure }
            .min { (breadth[$0], scores[$1]) < (breadth[$1], scores[$0]) }
        if let best, let index = chosen.firstIndex(of: best) {
            chosen.remove(at: index)
            chosen.insert(best, at: 0)
        }
        return chosen.prefix(12).map { Label(name: words[$0], score: min(1, scores[$0])) }
    }

    /// How sure a word is on which several outputs agree, none of them being sure itself.
    ///
    /// A puzzled model spreads its probability over many outputs, and the widest words catch most of it: two in five
    /// outputs are animals. A word is therefore sure from 0.6 plus half its share of the outputs on, which was found on
    /// photographs: flowers sum up to 0.54 of animal, a falcon in the grass to 0.53 of lizard, a blurred dog to 0.7 of
    /// dog. Below and above, the scale is linear.
    ///
    /// - Parameter breadth: the word's share of all outputs, 0…1.
    static func confidence(sum: Double, breadth: Double) -> Double {
        let threshold = min(0.95, 0.6 + breadth / 2)
        if sum < threshold { return sum / threshold * sure }
        return sure + (sum - threshold) / (1 - threshold) * (1 - sure)
    }
}

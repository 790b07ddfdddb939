import Model
import Testing

@testable import ImageAnalysis

@Suite("Embedded labels")
struct EmbeddedLabelsTests {
    @Test(
        "Photographs get words that a person would use",
        arguments: [
            ("photo/iphone4s-orient6-400.jpg", "running shoe", "shoe"),
            ("photo/leica-t-orient8-400.jpg", "chain", "chain"),
            ("image/cmyk-icc.jpg", "dog", "dog"), ("image/cielab-120x80.tiff", "oystercatcher", "bird"),
        ])
    func photographs(path: String, best: String, also: String) throws {
        let report = try Pictures.analyze(media: path, with: SharedAnalyzer.get())
        #expect(report.labels.first?.name == best)
        #expect(report.labels.contains { $0.name == also && $0.score >= 0.4 })
        #expect(report.altText?.lowercased().contains(best) == true)
        #expect(report.provider == "embedded/efficientnet-lite0")
        let name = NameProposal(labels: report.labels, originalName: "IMG_0001.JPG").baseName()
        #expect(name.contains(best.split(separator: " ").joined(separator: "-")), "\(name)")
    }

    @Test(
        "Where the network is unsure, nothing is claimed",
        arguments: [
            "photo/prairie_falcon.jpg", "photo/cyclamen.jpg", "image/tiny.heif", "image/p3.png",
            "image/alpha-lossy.webp",
        ])
    func unsure(path: String) throws {
        let report = try Pictures.analyze(media: path, with: SharedAnalyzer.get())
        #expect(report.labels.allSatisfy { $0.score < 0.4 }, "\(report.labels)")
        #expect(report.altText == nil)
    }

    @Test("Scores fall after the first label, and stay within the threshold")
    func order() throws {
        let request = AnalyzeRequest(minLabelScore: 0.2)
        let labels = try Pictures.analyze(media: "photo/iphone4s-orient6-400.jpg", with: SharedAnalyzer.get(), request)
            .labels
        #expect(labels.allSatisfy { (0.2...1).contains($0.score) })
        let rest = labels.dropFirst().map(\.score)
        #expect(rest == rest.sorted(by: >))
    }

    @Test("The vocabulary has words for all outputs of the model")
    func vocabulary() throws {
        let lines = String(decoding: PackageResources.imagenet1k_txt, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 1000)
        #expect(LabelVocabulary.imageNet.count == 1000)
        for line in lines {
            let words = line.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
            #expect(Set(words).count == words.count, "\(line)")
            #expect(words.allSatisfy { !$0.isEmpty && $0 == $0.lowercased() && $0.count <= 30 }, "\(line)")
        }
        // Known places in the order of the synsets.
        for (place, word) in [
            (0, "tench"), (207, "golden retriever"), (281, "tabby cat"), (770, "running shoe"), (999, "toilet paper"),
        ] {
            #expect(lines[place].hasPrefix(word + ";") || lines[place] == word)
        }
        #expect(lines[151...268].allSatisfy { $0.contains(";dog") })
        #expect(lines[281...285].allSatisfy { $0.contains(";cat;") })
    }

    private static let pets = LabelVocabulary(lines: "beagle;dog;animal\npug;dog;animal\ntabby;cat;animal\nboat\ncar")

    @Test("Outputs that agree on a wider word make it sure")
    func together() {
        let dogs = Self.pets.labels([0.35, 0.38, 0.2, 0.05, 0.02], minScore: 0.1)
        #expect(dogs.first?.name == "animal")
        let spread = LabelVocabulary(
            lines: (0..<50).map { "breed \($0);dog" }.joined(separator: "\n") + "\n"
                + (0..<450).map { "thing \($0)" }.joined(separator: "\n"))
        let sureDog = spread.labels((0..<500).map { $0 < 50 ? 0.018 : 0.1 / 450 }, minScore: 0.1)
        #expect(sureDog.first?.name == "dog" && (sureDog.first?.score ?? 0) > 0.7)
        let unsure = spread.labels((0..<500).map { $0 < 50 ? 0.01 : 0.5 / 450 }, minScore: 0.1)
        #expect(unsure.allSatisfy { $0.score < 0.4 })
    }

    @Test("A sure narrow word comes before its wider ones")
    func narrowFirst() {
        let labels = Self.pets.labels([0.9, 0.05, 0.01, 0.02, 0.02], minScore: 0.1)
        #expect(labels.map(\.name) == ["beagle", "dog", "animal"])
        #expect(Self.pets.labels([0, 0, 0, 0, 0], minScore: 0).isEmpty)
        #expect(Self.pets.labels([.nan, 0, 0, 0.9, 0], minScore: 0.1).contains { $0.name == "boat" })
    }
}

import Testing

@testable import Classifier

@Suite("Classifier", .serialized)
struct ClassifierTests {
    private static let pixels = 224 * 224

    private static func picture(_ color: (Int) -> [UInt8]) -> [UInt8] {
        (0..<pixels).flatMap(color)
    }

    @Test("A thousand probabilities that sum to one, and the same ones each time")
    func probabilities() throws {
        var classifier = try Classifier.load(model: LabelModel.bytes())
        #expect(classifier.classes == 1000)
        let gradient = Self.picture { [UInt8($0 % 224), UInt8($0 / 224), 128] }
        let first = try classifier.probabilities(rgb: gradient)
        #expect(abs(first.reduce(0, +) - 1) < 1e-9)
        #expect(first.allSatisfy { (0...1).contains($0) })
        let other = try classifier.probabilities(rgb: Self.picture { _ in [255, 255, 255] })
        #expect(other != first)
        #expect(try classifier.probabilities(rgb: gradient) == first)
    }

    @Test("What is no model is refused with a reason", arguments: [0, 1, 1000, 1_000_000, 18_000_000])
    func truncatedModel(length: Int) throws {
        let bytes = Array(try LabelModel.bytes().prefix(length))
        let failure = #expect(throws: ClassifierError.self) { _ = try Classifier.load(model: bytes).classes }
        #expect(failure?.code == .badModel)
        #expect(failure?.detail.isEmpty == false)
    }

    @Test("An impossible input size is refused", arguments: [-1, 0, 4000])
    func impossibleSide(side: Int) throws {
        let bytes = try LabelModel.bytes()
        #expect(throws: ClassifierError.self) { _ = try Classifier.load(model: bytes, side: side).classes }
    }

    @Test("Pixels of another size are our mistake, not a crash", arguments: [0, 1, 224 * 224 * 3 - 1, 224 * 224 * 4])
    func wrongInput(count: Int) throws {
        var classifier = try Classifier.load(model: LabelModel.bytes())
        let failure = #expect(throws: ClassifierError.self) {
            try classifier.probabilities(rgb: [UInt8](repeating: 0, count: count))
        }
        #expect(failure?.code == .badInput)
    }

    @Test("Softmax stays finite whatever the network says")
    func extremes() {
        #expect(softmax([1000, 0]) == [1, 0])
        #expect(softmax([0, 0]) == [0.5, 0.5])
        #expect(softmax([.nan, 3]) == [0, 1])
        #expect(softmax([.nan, .nan]) == [0, 0])
        #expect(softmax([]) == [])
    }
}

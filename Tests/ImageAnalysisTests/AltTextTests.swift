import Model
import Testing

@testable import ImageAnalysis

@Suite("Alt text")
struct AltTextTests {
    @Test(
        "A subject gets its article",
        arguments: [
            ("tabby cat", "A tabby cat"), ("airliner", "An airliner"), ("umbrella", "An umbrella"),
            ("unicycle", "A unicycle"),
            ("uniform", "A uniform"), ("hourglass", "An hourglass"), ("sunglasses", "Sunglasses"), ("jeans", "Jeans"),
            ("broccoli", "Broccoli"), ("school bus", "A school bus"), ("great pyrenees", "A great pyrenees"),
            ("ice cream", "Ice cream"),
            ("albatross", "An albatross"), ("red wine", "Red wine"), ("mashed potatoes", "Mashed potatoes"),
        ])
    func articles(name: String, expected: String) {
        #expect(AltText.make(labels: [Label(name: name, score: 0.8)], colors: []) == expected)
    }

    @Test("Only what is sure is said")
    func honesty() {
        let grey = DominantColor(hex: "#808080", name: "grey", share: 0.7)
        #expect(AltText.make(labels: [], colors: [grey]) == nil)
        #expect(AltText.make(labels: [Label(name: "cat", score: 0.39)], colors: [grey]) == nil)
        #expect(AltText.make(labels: [Label(name: "", score: 1)], colors: [grey]) == nil)
        #expect(
            AltText.make(labels: [Label(name: "cat", score: 0.4)], colors: [grey]) == "A cat in a mostly grey picture")
        let patch = DominantColor(hex: "#808080", name: "grey", share: 0.3)
        #expect(AltText.make(labels: [Label(name: "cat", score: 0.4)], colors: [patch]) == "A cat")
    }

    @Test("It has at most 125 characters")
    func length() {
        let name = String(repeating: "very ", count: 60) + "long cat"
        #expect(AltText.make(labels: [Label(name: name, score: 1)], colors: [])?.count == 125)
    }
}

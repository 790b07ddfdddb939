import Foundation
import Testing

@testable import Settings

@Suite struct ConfigurationPageTests {
    @Test("docs/configuration.md has the table of settings as it is") func page() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
        #expect(
            page.contains(Catalogue.markdown),
            "put the output of `flotilla settings` in place of the table in docs/configuration.md")
    }

    @Test("No variable stands twice, and each is named as it should be") func names() {
        let names = Catalogue.all.map(\.variable)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.hasPrefix("FLOTILLA_") })
    }
}

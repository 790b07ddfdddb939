import Foundation
import Testing

/// What the pages refer to is there.
@Suite struct DocumentationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let pages: [String] = {
        let files = FileManager.default.enumerator(atPath: root.path + "/docs")?.compactMap { $0 as? String } ?? []
        return ["README.md", "CHANGELOG.md"] + files.filter { $0.hasSuffix(".md") }.map { "docs/" + $0 }.sorted()
    }()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    @Test("Links lead to files and headings that exist", arguments: pages)
    func links(page: String) throws {
        let folder = Self.root.appending(path: page).deletingLastPathComponent()
        for match in try text(page).matches(of: /\]\(([^)\s]+)\)/) {
            let target = String(match.1)
            guard !target.contains("://"), !target.hasPrefix("mailto:") else { continue }
            let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let file = parts[0].isEmpty ? Self.root.appending(path: page) : folder.appending(path: parts[0])
            #expect(FileManager.default.fileExists(atPath: file.path), "\(page) links to \(target)")
            guard parts.count == 2, let linked = try? String(contentsOf: file, encoding: .utf8) else { continue }
            let anchors = linked.split(separator: "\n").filter { $0.hasPrefix("#") }.map(Self.anchor)
            #expect(anchors.contains(parts[1]), "\(page) links to \(target)")
        }
    }

    /// As GitHub makes them: lower case, spaces to hyphens, no punctuation.
    private static func anchor(_ heading: Substring) -> String {
        let words = heading.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
        return String(words.map { $0 == " " ? "-" : $0 }.filter { $0.isLetter || $0.isNumber || "-_".contains($0) })
    }

    @Test("The tests that docs/reliability.md names exist") func tests() throws {
        let rows = try text("docs/reliability.md").split(separator: "\n").drop { !$0.hasPrefix("| promise |") }
            .dropFirst(2).prefix { $0.hasPrefix("|") }
        #expect(rows.count > 20)
        for row in rows {
            let cell = row.split(separator: "|").last ?? ""
            var target = ""
            for match in cell.matches(of: /`([A-Za-z]+Tests)(?:\/([A-Za-z]+))?(?:\.([A-Za-z]+))?`/) {
                let isFolder = FileManager.default.fileExists(atPath: Self.root.path + "/Tests/\(match.1)")
                if isFolder { target = String(match.1) }
                guard let suite = isFolder ? match.2 : match.1 else { continue }
                let source = try sources(of: target)
                let declared = try Regex("(struct|class|extension|enum) \(suite)\\b")
                #expect(source.contains(declared), "\(target)/\(suite) is not there")
                if let function = match.3 {
                    #expect(source.contains(try Regex("func \(function)\\b")), "\(suite).\(function) is not there")
                }
            }
            #expect(!target.isEmpty, "no test: \(row.prefix(80))")
        }
    }

    private func sources(of target: String) throws -> String {
        let folder = Self.root.path + "/Tests/" + target
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
            .map { try String(contentsOfFile: folder + "/" + $0, encoding: .utf8) }.joined(separator: "\n")
    }

    @Test("The README is short") func short() throws {
        #expect(try text("README.md").split(separator: "\n", omittingEmptySubsequences: false).count <= 151)
    }
}

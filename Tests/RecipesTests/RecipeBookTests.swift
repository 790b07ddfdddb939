import Foundation
import Model
import Recipes
import Testing

@Suite("The recipe folder")
struct RecipeBookTests {
    private func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-recipes-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        try body(folder.path)
    }

    private static let jobs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../jobs")
        .standardizedFileURL.path

    @Test("The recipes that come with the project are valid and do what they are documented to do")
    func shipped() throws {
        let book = try RecipeBook.load(Self.jobs)
        let rename = try #require(book["bulk-rename"])
        #expect(rename.steps.map(\.action.queue) == [.scan, .analyze, .compress])
        #expect(rename.whenDone.map(\.action.queue) == [.export])
        guard case .analyze(let analysis) = rename.steps[1].action else {
            Issue.record("no analysis")
            return
        }
        #expect(analysis.renames)
        let media = try #require(book["media-compress"])
        #expect(media.steps.map(\.action.queue) == [.scan, .compress])
        guard case .compress(let options) = media.steps[1].action else {
            Issue.record("no compression")
            return
        }
        #expect(options.images.contains { $0.format == .webp && $0.name != "thumbnail" })
        #expect(options.images.contains { $0.format == .jpeg || $0.format == .fallback })
        #expect(options.images.contains { $0.name == "thumbnail" })
        let video = try #require(options.video)
        #expect((video.maxLongSide, video.maxShortSide) == (1280, 720))
        #expect(video.maxBitrate == 1_000_000)
    }

    @Test("Every file is read, in order of its name; others are passed over")
    func folder() throws {
        let files = [
            "b.yaml": "name: two\nsteps: [scan]", "a.yml": "name: one\nsteps: [scan]", "README.md": "# not a recipe",
        ]
        try withFolder(files) { folder in
            let book = try RecipeBook.load(folder)
            #expect(book.recipes.map(\.name) == ["one", "two"])
            #expect(book["two"]?.steps.count == 1)
            #expect(book["three"] == nil)
        }
    }

    @Test("One name in two files, a broken file and a missing folder are errors that name the file")
    func broken() throws {
        try withFolder(["a.yaml": "name: x\nsteps: [scan]", "b.yaml": "name: x\nsteps: [scan]"]) { folder in
            #expect {
                _ = try RecipeBook.load(folder)
            } throws: {
                "\($0)".contains("b.yaml") && "\($0)".contains("“x”")
            }
        }
        try withFolder(["good.yaml": "name: x\nsteps: [scan]", "worse.yaml": "steps: 5"]) { folder in
            #expect {
                _ = try RecipeBook.load(folder)
            } throws: {
                ($0 as? RecipeError)?.file == "worse.yaml"
            }
        }
        #expect(throws: RecipeError.self) { _ = try RecipeBook.load("/nowhere/at/all") }
    }

    @Test("A file of more than a mebibyte, or one that is not UTF-8, is refused")
    func odd() throws {
        try withFolder(["a.yaml": "name: x\nsteps: [scan]\n#" + String(repeating: "x", count: 1 << 20)]) { folder in
            #expect(throws: RecipeError.self) { _ = try RecipeBook.load(folder) }
        }
        try withFolder([:]) { folder in
            try Data([0x6e, 0xff, 0xfe]).write(to: URL(filePath: folder + "/a.yaml"))
            #expect(throws: RecipeError.self) { _ = try RecipeBook.load(folder) }
        }
    }
}

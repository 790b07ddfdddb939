import Foundation
import Model
import Recipes
import Testing

@Suite("Recipe files")
struct RecipeReadingTests {
    private static let complete = """
        name: full
        description: Everything there is.
        retry:
          max_attempts: 7
        steps:
          - scan
          - analyze:
              timeout_seconds: 30
              rename: false
              max_words: 3
              min_label_score: 0.25
              keep_location: true
          - compress:
              name: small
              images:
                - { name: web, format: webp, max_width: 1600, max_height: 1200, quality: 70, effort: 6, animation: false }
                - { name: old, format: fallback }
              video: { codec: hevc, max_long_side: 640, max_short_side: 360, crf: 30, max_bitrate: 500000, preset: fast, audio_bitrate: 64000, max_frame_rate: 30 }
        when_done:
          - export:
              content: web
              extra_variants: [old, video]
        schedule:
          cron: "0 3 * * mon-fri"
          time_zone: Europe/Berlin
          source: file:///srv/incoming
        """

    private func read(_ text: String) throws -> Recipe {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-recipes-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(text.utf8).write(to: folder.appending(path: "r.yaml"))
        return try RecipeBook.read(folder.path + "/r.yaml")
    }

    @Test("Every key arrives in the recipe")
    func complete() throws {
        let images = [
            ImageVariantSpec(
                name: "web", format: .webp, maxWidth: 1600, maxHeight: 1200, quality: 70, effort: 6,
                keepsAnimation: false),
            ImageVariantSpec(name: "old", format: .fallback),
        ]
        let video = VideoSpec(
            codec: .hevc, maxLongSide: 640, maxShortSide: 360, crf: 30, maxBitrate: 500_000, preset: "fast",
            audioBitrate: 64_000, maxFrameRate: 30, posterLongSide: nil)
        let expected = Recipe(
            name: "full", description: "Everything there is.",
            steps: [
                .init(name: "scan", action: .scan),
                .init(
                    name: "analyze",
                    action: .analyze(.init(renames: false, minLabelScore: 0.25, maxWords: 3, includesLocation: true)),
                    timeoutMs: 30_000),
                .init(name: "small", action: .compress(.init(images: images, video: video))),
            ],
            whenDone: [
                .init(
                    name: "export", action: .export(.init(content: .variant("web"), extraVariants: ["old", "video"])))
            ],
            retry: .init(maxAttempts: 7),
            schedule: .init(cron: "0 3 * * mon-fri", timeZone: "Europe/Berlin", source: "file:///srv/incoming"))
        #expect(try read(Self.complete) == expected)
    }

    @Test(
        "What is wrong is named with line, path, value and what is allowed",
        arguments: [
            ("quality: 70", "quality: 101", 16, "steps[2].compress.images[0].quality", ["“101”", "1 to 100"]),
            ("quality: 70", "quality: high", 16, "steps[2].compress.images[0].quality", ["“high”", "1 to 100"]),
            ("quality: 70", "quallity: 70", 16, "steps[2].compress.images[0]", ["“quallity”", "quality", "effort"]),
            ("format: webp", "format: bmp", 16, "steps[2].compress.images[0].format", ["“bmp”", "webp", "avif"]),
            ("effort: 6", "effort: 7", 16, "steps[2].compress.images[0].effort", ["“7”", "0 to 6"]),
            ("name: old", "name: web", 17, "steps[2].compress.images[1]", ["two variants", "“web”"]),
            ("name: old", "name: video", 17, "steps[2].compress.images[1].name", ["“video”"]),
            ("name: old", "name: ../x", 17, "steps[2].compress.images[1].name", ["“../x”"]),
            ("max_words: 3", "max_words: 13", 10, "steps[1].analyze.max_words", ["“13”", "1 to 12"]),
            (
                "min_label_score: 0.25", "min_label_score: 1.5", 11, "steps[1].analyze.min_label_score",
                ["“1.5”", "1.0"]
            ),
            ("min_label_score: 0.25", "min_label_score: .nan", 11, "steps[1].analyze.min_label_score", ["“.nan”"]),
            ("rename: false", "rename: perhaps", 9, "steps[1].analyze.rename", ["“perhaps”", "true or false"]),
            ("timeout_seconds: 30", "timeout_seconds: 0", 8, "steps[1].analyze.timeout_seconds", ["1 to 86400"]),
            ("max_attempts: 7", "max_attempts: 1000", 4, "retry.max_attempts", ["“1000”", "1 to 100"]),
            ("- scan", "- scam", 6, "steps[0]", ["scan", "analyze", "compress"]),
            ("- scan", "- export", 6, "steps[0]", ["scan", "analyze", "compress"]),
            ("preset: fast", "preset: warp", 18, "steps[2].compress.video.preset", ["“warp”", "veryfast"]),
            ("cron: \"0 3", "cron: \"0 30", 24, "schedule.cron", ["hour", "“30”", "0 to 23"]),
            ("Europe/Berlin", "Europe/Atlantis", 25, "schedule.time_zone", ["“Europe/Atlantis”", "IANA"]),
            ("file:///srv", "http://srv", 26, "schedule.source", ["file:///"]),
            ("name: full", "name: Full", 1, "name", ["“Full”", "lower-case"]),
            ("[old, video]", "[old, poster]", 1, "", ["“poster”", "made: old, video, web"]),
            ("[old, video]", "[old, old]", 22, "when_done[0].export.extra_variants[1]", ["twice"]),
            ("content: web", "content: huge", 1, "", ["“huge”"]),
            ("name: small", "name: scan", 1, "", ["“scan”"]),
            ("description:", "colour: red\ndescription:", 2, "", ["“colour”", "when_done"]),
            ("retry:", "name: again\nretry:", 3, "", ["“name”", "twice"]),
            ("retry:", "retry: [", 5, "", ["YAML"]),
        ] as [(String, String, Int, String, [String])])
    func wrong(right: String, wrong: String, line: Int, path: String, parts: [String]) throws {
        try #require(Self.complete.contains(right))
        do {
            _ = try read(Self.complete.replacing(right, with: wrong, maxReplacements: 1))
            Issue.record("“\(wrong)” was accepted")
        } catch let error as RecipeError {
            #expect(error.file == "r.yaml")
            #expect(error.path == path, "\(error)")
            if !error.problem.contains("YAML") { #expect(error.line == line, "\(error)") }
            for part in parts { #expect(error.description.contains(part), "\(error)") }
        }
    }

    @Test(
        "Files that are no recipe at all",
        arguments: [
            "", "just text", "- a\n- b", "name: x", "name: x\nsteps: []", "name: x\nsteps: scan",
            "name: x\nsteps: [compress]", "name: x\nsteps: [{compress: {images: []}}]",
            "name: x\nsteps: [analyze, scan]", "name: x\nsteps: [analyze]",
            "name: x\nsteps: [{scan: {}, analyze: {}}]", "name: x\nsteps: [scan, scan]", "a: &a [*a]",
            String(repeating: "[", count: 200_000), "\u{0}", "name: x\nsteps: [scan]\n---\nname: y\nsteps: [scan]",
            "name: x\nsteps: [" + Array(repeating: "scan", count: 17).joined(separator: ",") + "]",
        ])
    func noRecipe(text: String) {
        #expect(throws: RecipeError.self) { _ = try read(text) }
    }

    @Test("Small recipes get the defaults that are documented")
    func defaults() throws {
        let recipe = try read("name: small\nsteps: [scan, analyze]\nwhen_done: [export]\n")
        #expect(recipe.steps.map(\.action) == [.scan, .analyze(.init())])
        #expect(recipe.whenDone.map(\.action) == [.export(.init())])
        #expect(recipe.steps.allSatisfy { $0.timeoutMs == 600_000 })
        #expect(recipe.retry.maxAttempts == 5)
        #expect(recipe.schedule == nil)
    }
}

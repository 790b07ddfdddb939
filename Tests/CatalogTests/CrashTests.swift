import Catalog
import Foundation
import Model
import Testing

@Suite("Contents that crash")
struct CrashTests {
    private let error = RecordedError(code: "decoder_crashed", message: "The decoder crashed (SIGSEGV).")

    @Test("Crashes are counted by content and operation, and another engine begins anew")
    func counted() async throws {
        try await withCatalog { record in
            let (one, other) = (newAsset("one").sha256, newAsset("other").sha256)
            for expected in 1...3 {
                #expect(
                    try await record.catalog.noteCrash(of: one, in: "scan", engine: "E 1", error: error) == expected)
            }
            #expect(try await record.catalog.noteCrash(of: one, in: "analyze", engine: "E 1", error: error) == 1)
            #expect(try await record.catalog.noteCrash(of: other, in: "scan", engine: "E 1", error: error) == 1)
            #expect(try await record.catalog.noteCrash(of: one, in: "scan", engine: "E 2", error: error) == 1)
            let all = try await record.catalog.crashes(limit: 10)
            #expect(all.map(\.sha256) == [one, other, one] && all.map(\.operation) == ["scan", "scan", "analyze"])
            #expect(all[0].crashes == PastCrashes(count: 1, engine: "E 2") && all[0].error == error)
            #expect(all[0].firstAt == all[0].lastAt)
            #expect(try await record.catalog.crashes(limit: 1).count == 1)
        }
    }

    @Test("Sixteen crashes at once are sixteen")
    func concurrent() async throws {
        try await withCatalog(connections: 16) { record in
            let content = newAsset("one").sha256
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try await record.catalog.noteCrash(of: content, in: "scan", engine: "E", error: error)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts.sorted() == Array(1...16))
        }
    }

    @Test("A step begins with the past of its content and operation, whoever brought it")
    func begins() async throws {
        try await withCatalog { record in
            let (_, jobs) = try await record.startedBatch(2)
            // What `startedBatch` calls its first two assets.
            let crashing = newAsset("0.jpg").sha256
            _ = try await record.catalog.noteCrash(of: crashing, in: "scan", engine: "E 1", error: error)
            _ = try await record.catalog.noteCrash(of: crashing, in: "scan", engine: "E 1", error: error)
            _ = try await record.catalog.noteCrash(
                of: newAsset("1.jpg").sha256, in: "analyze", engine: "E", error: error)
            #expect(
                try await record.catalog.beginStep(claim(jobs[0])).facts?.crashes
                    == PastCrashes(count: 2, engine: "E 1"))
            let other = try #require(try await record.catalog.beginStep(claim(jobs[1])).facts)
            #expect(other.crashes == nil && other.asset?.originalName == "1.jpg")
            #expect(try await record.catalog.forgetCrashes(of: crashing, in: "analyze") == 0)
            #expect(try await record.catalog.forgetCrashes(of: crashing, in: nil) == 1)
            #expect(try await record.catalog.beginStep(claim(jobs[0], fence: 2)).facts?.crashes == nil)
        }
    }
}

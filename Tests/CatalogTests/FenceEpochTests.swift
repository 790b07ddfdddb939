import Catalog
import Foundation
import Model
import Testing

@Suite("Fence epochs")
struct FenceEpochTests {
    private static let inAYear = (Int64(Date().timeIntervalSince1970) + 31_536_000) * 1_000_000

    @Test("A floor is above every fence that a claim may meet", arguments: ["queued", "running", "parked", "dead"])
    func above(state: String) async throws {
        try await withCatalog { record in
            let (_, jobs) = try await record.startedBatch(2)
            _ = try await record.catalog.beginStep(claim(jobs[0], fence: 7))
            try record.psql("UPDATE job_runs SET state = '\(state)', fence = \(Self.inAYear) WHERE fence = 7")
            #expect(try await record.catalog.fenceFloor(of: "redis 1") > Self.inAYear)
            try record.psql("UPDATE images SET fence = \(Self.inAYear * 2) WHERE position = 2")
            #expect(try await record.catalog.fenceFloor(of: "redis 1") > Self.inAYear * 2)
        }
    }

    @Test("Floors rise with each epoch, also when nothing was claimed, and those who ask at once get one each")
    func rising() async throws {
        try await withCatalog(connections: 8) { record in
            let floors = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<8 { group.addTask { try await record.catalog.fenceFloor(of: "redis \(number)") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(floors).count == 8)
            #expect(try await record.catalog.fenceFloor(of: "redis") > (floors.max() ?? .max))
            #expect(try record.psql("SELECT count(DISTINCT redis), count(*) FROM fence_epochs") == "9|9")
        }
    }

    @Test("Floors stay below 2^53, whatever stands in the record, and few are kept")
    func bounded() async throws {
        try await withCatalog { record in
            _ = try await record.startedBatch(1)
            try record.psql("UPDATE job_runs SET fence = 9223372036854775807")
            #expect(try await record.catalog.fenceFloor(of: "redis") < 1 << 53)
            try record.psql("INSERT INTO fence_epochs (redis, floor) SELECT 'old', 1 FROM generate_series(1, 2000)")
            _ = try await record.catalog.fenceFloor(of: "redis")
            #expect(try record.psql("SELECT count(*) FROM fence_epochs") == "1000")
        }
    }
}

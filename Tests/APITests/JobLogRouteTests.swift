import Foundation
import JobQueue
import Model
import TestServers
import Testing

@Suite struct JobLogRouteTests {
    @Test func aJobsLogIsReadByThoseWhoMaySeeTheJob() async throws {
        let fleet = try await LiveFleet()
        let (_, key) = try await fleet.makeTenant()
        let accepted = try await fleet.api.request(
            "POST", "/v1/jobs", key: key, json: #"{"queue":"export","kind":"echo","payload":{"log":["one","two"]}}"#)
        let path = "/v1/jobs/\(accepted.id)/log"
        #expect(try await fleet.api.request("GET", path, key: key).json == ["items": []])
        try await fleet.withWorker {
            try await eventually("done") {
                try await fleet.api.request("GET", "/v1/jobs/\(accepted.id)", key: key).json["state"] == "done"
            }
        }
        let log = try await fleet.api.request("GET", path, key: key)
        #expect(log.status == 200)
        let items = try #require(log.json["items"]?.array)
        #expect(items.map { $0["line"]?.string } == ["one", "two"])
        #expect(items.allSatisfy { Set($0.object?.keys.map { $0 } ?? []) == ["at", "line", "attempt"] })
        let stranger = try await fleet.makeTenant().key
        #expect(try await fleet.api.request("GET", path, key: stranger).status == 404)
        #expect(try await fleet.api.request("GET", path + "?x=1", key: key).status == 422)
        #expect(try await fleet.api.request("GET", "/v1/jobs/none/log", key: key).status == 404)
    }
}

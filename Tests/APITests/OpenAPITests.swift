import Foundation
import HTTPTypes
import Model
import TestServers
import Testing

@testable import API

@Suite struct OpenAPITests {
    private let file = Repository.root + "/Sources/API/OpenAPI/openapi.json"

    private func document() throws -> JSONValue {
        try JSON.decode(JSONValue.self, from: try Data(contentsOf: URL(filePath: file)))
    }

    @Test func theServedDocumentIsTheFile() async throws {
        let fleet = try await LiveFleet.shared.value
        let answer = try await fleet.api.request("GET", "/openapi.json", key: nil)
        #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
        #expect(answer.json == (try document()))
        #expect(answer.json["openapi"] == "3.1.0" && answer.json["info"]?["version"]?.string == Release.version)
    }

    @Test func itHasExactlyTheRoutes() async throws {
        let document = try document()
        var described: Set<String> = []
        for (path, operations) in try #require(document["paths"]?.object) {
            for (method, operation) in try #require(operations.object) {
                described.insert("\(method.uppercased()) \(path) \(operation["x-scope"]?.string ?? "-")")
            }
        }
        let routes = try await LiveFleet.shared.value.services().routes
        #expect(routes.count == described.count)
        #expect(Set(routes.map { "\($0.method.rawValue) \($0.template) \($0.scope?.rawValue ?? "-")" }) == described)
    }

    @Test func theValidatorAcceptsIt() async throws {
        let verdict = try await ChildServer.outputAsync(of: [Tool.python, "-m", "openapi_spec_validator", file])
        #expect(verdict.hasSuffix(": OK\n"), "\(verdict)")
    }

    @Test func realAnswersHaveTheDescribedMembers() async throws {
        let fleet = try await LiveFleet.shared.value
        let schemas = try #require(try document()["components"]?["schemas"])
        func members(_ schema: String) -> Set<String> {
            Set(schemas[schema]?["properties"]?.object?.keys.map { $0 } ?? [])
        }
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        let read = try await fleet.api.request("GET", "/v1/batches/\(batch)", key: fleet.key)
        #expect(Set(read.json.object?.keys.map { $0 } ?? []) == members("Batch"))
        let assets = try await fleet.api.request("GET", "/v1/batches/\(batch)/assets", key: fleet.key)
        #expect(Set(assets.json["items"]?.array?.first?.object?.keys.map { $0 } ?? []) == members("Asset"))
        let accepted = try await fleet.api.request(
            "POST", "/v1/jobs", key: fleet.key, json: #"{"queue":"export","kind":"echo","payload":1}"#)
        #expect(Set(accepted.json.object?.keys.map { $0 } ?? []) == members("AcceptedJob"))
        let job = try await fleet.api.request("GET", "/v1/jobs/\(accepted.id)", key: fleet.key)
        #expect(Set(job.json.object?.keys.map { $0 } ?? []) == members("Job"))
        let queues = try await fleet.api.request("GET", "/v1/queues", key: fleet.key)
        #expect(Set(queues.json["items"]?.array?.first?.object?.keys.map { $0 } ?? []) == members("Queue"))
    }
}

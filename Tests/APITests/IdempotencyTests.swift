import Foundation
import Model
import Testing

@Suite struct IdempotencyTests {
    @Test func sixteenAtOnceMakeOneBatch() async throws {
        let fleet = try await LiveFleet.shared.value
        let tenant = try await fleet.makeTenant()
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    try await fleet.api.request(
                        "POST", "/v1/batches", key: tenant.key, json: #"{"recipe":"bulk-rename"}"#,
                        headers: ["Idempotency-Key: race"])
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 201 })
        #expect(Set(answers.map(\.id)).count == 1)
        #expect(answers.filter { $0.headers["idempotency-replayed"] == "true" }.count == 15)
        #expect(try fleet.psql("SELECT count(*) FROM batches WHERE tenant_id = '\(tenant.tenant)'") == "1")
    }

    @Test func theOrderOfMembersDoesNotMatterAndAnotherBodyIsRefused() async throws {
        let fleet = try await LiveFleet.shared.value
        let key = try await fleet.makeTenant().key
        func post(_ body: String) async throws -> Answer {
            try await fleet.api.request(
                "POST", "/v1/batches", key: key, json: body, headers: ["Idempotency-Key: one"])
        }
        let first = try await post(#"{"recipe":"bulk-rename","keywords":["a"]}"#)
        let same = try await post(#"{ "keywords" : ["a"], "recipe" : "bulk-rename" }"#)
        #expect(same.status == 201 && same.id == first.id)
        let other = try await post(#"{"recipe":"bulk-rename","keywords":["b"]}"#)
        #expect(other.status == 422 && other.problem == "idempotency_key_reused")
    }

    @Test func keysBelongToTheirTenant() async throws {
        let fleet = try await LiveFleet.shared.value
        var ids: Set<String> = []
        for _ in 0..<2 {
            let key = try await fleet.makeTenant().key
            let answer = try await fleet.api.request(
                "POST", "/v1/batches", key: key, json: #"{"recipe":"bulk-rename"}"#,
                headers: ["Idempotency-Key: shared"])
            ids.insert(answer.id)
        }
        #expect(ids.count == 2)
    }

    @Test(arguments: [
        "Idempotency-Key: a b", "Idempotency-Key: \(String(repeating: "k", count: 256))", "Idempotency-Key: ä",
    ])
    func badKeys(header: String) async throws {
        let fleet = try await LiveFleet.shared.value
        for (path, body) in [
            ("/v1/batches", #"{"recipe":"bulk-rename"}"#), ("/v1/jobs", #"{"queue":"scan","kind":"echo","payload":1}"#),
        ] {
            let answer = try await fleet.api.request("POST", path, key: fleet.key, json: body, headers: [header])
            #expect(answer.status == 400 && answer.json["field"] == "Idempotency-Key")
        }
    }
}

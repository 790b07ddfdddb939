import Catalog
import Foundation
import Model
import TestServers
import Testing

@Suite struct AuthTests {
    @Test(
        "Wrong credentials are 401 with WWW-Authenticate",
        arguments: [
            [], ["Authorization: "], ["Authorization: Basic dTpw"], ["Authorization: Bearer"],
            ["Authorization: Bearer unknown"], ["Authorization: Bearer a b"],
            ["Authorization: Bearer a", "Authorization: Bearer b"], ["Authorization: Bearer ' OR 1=1 --"],
            ["Authorization: Bearer \(String(repeating: "x", count: 2000))"],
        ])
    func unauthorized(headers: [String]) async throws {
        let fleet = try await LiveFleet.shared.value
        let answer = try await fleet.api.request("GET", "/v1/batches", key: nil, headers: headers)
        #expect(answer.status == 401)
        #expect(answer.problem == "unauthorized")
        #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer realm=\"flotilla\"") == true)
    }

    @Test(
        "A missing scope is 403 and named",
        arguments: [
            (["read"], "POST", "/v1/batches", "write"), (["write"], "GET", "/v1/batches", "read"),
            (["read", "write"], "GET", "/v1/queues", "operate"),
            (["read", "write"], "POST", "/v1/queues/scan/pause", "operate"), ([], "GET", "/v1/batches", "read"),
        ])
    func forbidden(scopes: [String], method: String, path: String, needed: String) async throws {
        let fleet = try await LiveFleet.shared.value
        let key = try await fleet.makeTenant(scopes: scopes).key
        let answer = try await fleet.api.request(method, path, key: key)
        #expect(answer.status == 403)
        #expect(answer.problem == "insufficient_scope")
        #expect(answer.json["scope"]?.string == needed)
        #expect(answer.headers["www-authenticate"]?.contains("scope=\"\(needed)\"") == true)
    }

    @Test func adminHasEveryScope() async throws {
        let fleet = try await LiveFleet.shared.value
        let key = try await fleet.makeTenant(scopes: ["admin"]).key
        #expect(try await fleet.api.request("GET", "/v1/queues", key: key).status == 200)
        #expect(try await fleet.api.request("GET", "/v1/batches", key: key).status == 200)
    }

    @Test func aRevokedKeyStopsWorkingWithinSeconds() async throws {
        let fleet = try await LiveFleet.shared.value
        let tenant = try await fleet.makeTenant()
        #expect(try await fleet.api.request("GET", "/v1/batches", key: tenant.key).status == 200)
        let record = try #require(try await fleet.catalog.apiKeys(tenant: tenant.tenant).first)
        try await fleet.catalog.revokeAPIKey(record.id, tenant: tenant.tenant)
        try await Task.sleep(for: .seconds(5.5))
        #expect(try await fleet.api.request("GET", "/v1/batches", key: tenant.key).status == 401)
    }

    @Test func keysStandNowhereInClearText() async throws {
        let fleet = try await LiveFleet.shared.value
        let key = try await fleet.makeTenant().key
        _ = try await fleet.api.request("GET", "/v1/batches", key: key)
        #expect(try !fleet.psql("SELECT row_to_json(k) FROM api_keys k").contains(key))
        #expect(!fleet.api.server.log.contains(key))
    }
}

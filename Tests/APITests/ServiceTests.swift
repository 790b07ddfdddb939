import Foundation
import Model
import TestServers
import Testing

@Suite struct ServiceTests {
    @Test func healthNeedsNoKey() async throws {
        let fleet = try await LiveFleet.shared.value
        let alive = try await fleet.api.request("GET", "/health", key: nil)
        #expect(alive.status == 200 && alive.json["status"] == "ok")
        let ready = try await fleet.api.request("GET", "/health/ready", key: nil)
        #expect(ready.status == 200)
        for check in ["redis", "postgres", "storage"] { #expect(ready.json["checks"]?[check]?["ok"] == true) }
        let metrics = try await fleet.api.request("GET", "/metrics", key: nil)
        #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(metrics.text.contains(#"flotilla_api_requests_total{method="GET",route="/health",status="2xx"}"#))
        #expect(metrics.text.contains("process_resident_memory_bytes"))
        let head = try await fleet.api.request("HEAD", "/health", key: nil)
        #expect(head.status == 200 && head.headers["content-length"] == "15")
    }

    @Test func everyResponseHasAnIDAndSafeHeaders() async throws {
        let fleet = try await LiveFleet.shared.value
        for path in ["/health", "/nowhere", "/v1/batches"] {
            let answer = try await fleet.api.request("GET", path, key: nil)
            #expect(UUID(uuidString: answer.headers["x-request-id"] ?? "") != nil)
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["content-security-policy"]?.contains("default-src 'none'") == true)
            #expect(answer.headers["cache-control"] == "no-store")
            #expect(answer.headers["server"] == nil)
        }
        let own = try await fleet.api.request("GET", "/health", key: nil, headers: ["X-Request-Id: mine-1"])
        #expect(own.headers["x-request-id"] == "mine-1")
        let bad = try await fleet.api.request("GET", "/health", key: nil, headers: ["X-Request-Id: \"} {\"level\""])
        #expect(UUID(uuidString: bad.headers["x-request-id"] ?? "") != nil)
    }

    @Test(
        "What is not there is a problem document",
        arguments: [
            ("GET", "/nowhere", 404, "not_found"), ("GET", "/", 404, "not_found"), ("GET", "/ui", 404, "not_found"),
            ("GET", "//health", 404, "not_found"), ("GET", "/health/", 404, "not_found"),
            ("GET", "/v1/batches/../../health", 404, "not_found"), ("POST", "/health", 405, "method_not_allowed"),
            ("PUT", "/v1/batches", 405, "method_not_allowed"), ("LOCK", "/v1/queues", 405, "method_not_allowed"),
            ("HEAD", "/v1/batches/x/events", 405, "method_not_allowed"),
        ])
    func notThere(method: String, path: String, status: Int, code: String) async throws {
        let fleet = try await LiveFleet.shared.value
        let answer = try await fleet.api.request(method, path, key: fleet.key)
        #expect(answer.status == status)
        #expect(answer.headers["content-type"] == "application/problem+json")
        guard method != "HEAD" else { return }
        #expect(answer.problem == code)
        #expect(answer.json["status"]?.int == Int64(status))
        #expect(answer.json["instance"]?.string == path)
        #expect((answer.headers["allow"] != nil) == (status == 405))
    }

    @Test func allowNamesTheMethods() async throws {
        let fleet = try await LiveFleet.shared.value
        let answer = try await fleet.api.request("PUT", "/v1/batches", key: fleet.key)
        #expect(answer.headers["allow"] == "GET, HEAD, POST")
    }

    @Test func hugeHeadersAreRefused() async throws {
        let fleet = try await LiveFleet.shared.value
        let header = "X-Big: " + String(repeating: "a", count: 40_000)
        let answer = try await fleet.api.request("GET", "/health", key: nil, headers: [header])
        #expect(answer.status == 400 || answer.status == 431)
        #expect(try await fleet.api.request("GET", "/health", key: nil).status == 200)
    }

    @Test(
        "A wrong setting is one line and status 78",
        arguments: [
            ("FLOTILLA_MAX_UPLOAD_MIB", "many"), ("FLOTILLA_API_ADDR", "nowhere"), ("FLOTILLA_REDIS_URL", "http://x"),
            ("FLOTILLA_STORAGE_URL", "s3://bucket"), ("FLOTILLA_LOG_FORMAT", "xml"),
        ])
    func wrongSetting(variable: String, value: String) async throws {
        let program = try BuiltProducts.path(of: "flotilla-api")
        let command = ["sh", "-c", "\"$0\"; echo status $?", program]
        let output = try await ChildServer.outputAsync(of: command, environment: [variable: value])
        let lines = output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.contains("\(variable): ") == true)
        #expect(lines.last == "status 78")
    }

    @Test func anAddressInUseIsAWrongSetting() async throws {
        let fleet = try await LiveFleet.shared.value
        let program = try BuiltProducts.path(of: "flotilla-api")
        let address = String(fleet.api.url.dropFirst("http://".count))
        let output = try await ChildServer.outputAsync(
            of: ["sh", "-c", "\"$0\" 2>&1 | tail -1; echo", program],
            environment: fleet.environment.merging(["FLOTILLA_API_ADDR": address]) { $1 })
        #expect(output.contains("flotilla-api: FLOTILLA_API_ADDR: cannot listen on \(address)"))
    }

    @Test func versionAndHelp() async throws {
        let program = try BuiltProducts.path(of: "flotilla-api")
        #expect(try await ChildServer.outputAsync(of: [program, "--version"]) == Release.version + "\n")
        #expect(try await ChildServer.outputAsync(of: [program, "--help"]).contains("FLOTILLA_CONFIG"))
    }
}

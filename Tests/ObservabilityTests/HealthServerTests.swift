import Foundation
import Logging
import Settings
import Synchronization
import TestServers
import Testing

@testable import Observability

private struct Down: Error, CustomStringConvertible {
    var description: String { "redis://u:hunter2@h is \"away\"" }
}

@Suite struct HealthServerTests {
    /// Asks with curl, which shares no code with the server.
    private func curl(_ arguments: String...) async throws -> String {
        try await ChildServer.outputAsync(of: ["curl", "-sS", "-m", "10"] + arguments)
    }

    private func withServer(_ checks: [Readiness.Check], _ body: (String) async throws -> Void)
        async throws
    {
        let metrics = Metrics()
        metrics.counter("asked_total", "Asked.").increment()
        let address = try #require(SocketAddress("127.0.0.1:0"))
        let server = try await HealthServer.bind(
            address, metrics: metrics, readiness: Readiness(checks, timeout: .milliseconds(300)),
            logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await server.run() }
            try await body("http://\(server.address)")
            group.cancelAll()
        }
    }

    @Test func aliveReadyAndMetrics() async throws {
        try await withServer([.init("redis") { "7.0.15" }, .init("postgres") { nil }]) { url in
            let alive = try await curl(url + "/health")
            #expect(alive == #"{"status":"ok"}"#)
            let ready = try await curl("-w", " %{http_code}", url + "/health/ready")
            let checks = #"{"postgres":{"ok":true,"detail":null},"redis":{"ok":true,"detail":"7.0.15"}}"#
            #expect(ready == #"{"status":"ok","checks":\#(checks)} 200"#)
            let metrics = try await curl(url + "/metrics?x=1")
            #expect(metrics.contains("asked_total 1\n"))
            let head = try await curl("-I", url + "/metrics")
            #expect(head.lowercased().contains("content-type: text/plain; version=0.0.4"))
        }
    }

    @Test func aFailedOrSlowCheckIsUnavailable() async throws {
        let checks: [Readiness.Check] = [
            .init("redis") { throw Down() },
            .init("slow") {
                try? await Task.sleep(for: .seconds(5))
                return nil
            },
        ]
        try await withServer(checks) { url in
            let answer = try await curl("-w", " %{http_code}", url + "/health/ready")
            #expect(answer.hasSuffix(" 503"))
            #expect(answer.contains(#""status":"unavailable""#))
            #expect(answer.contains(#"redis://***@h is \"away\""#))
            #expect(answer.contains("no answer within"))
            let alive = try await curl(url + "/health")
            #expect(alive == #"{"status":"ok"}"#)
        }
    }

    @Test(arguments: [
        (["-X", "POST"], "/health", "405"), ([], "/nothing", "404"), ([], "/../etc/passwd", "404"),
    ])
    func othersAreRefused(options: [String], path: String, status: String) async throws {
        try await withServer([]) { url in
            let all =
                ["curl", "-sS", "-m", "5", "--path-as-is", "-o", "/dev/null", "-w", "%{http_code}"]
                + options
            let answer = try await ChildServer.outputAsync(of: all + [url + path])
            #expect(answer == status)
        }
    }

    @Test func aHugeHeaderIsRefused() async throws {
        try await withServer([]) { url in
            let answer = try await curl(
                "-o", "/dev/null", "-w", "%{http_code}", "-H",
                "X-Big: \(String(repeating: "a", count: 20_000))",
                url + "/health")
            #expect(!answer.contains("200"))
            let alive = try await curl(url + "/health")
            #expect(alive == #"{"status":"ok"}"#)
        }
    }

    @Test func manyWhoAskShareOneRound() async throws {
        let rounds = Mutex(0)
        let readiness = Readiness([
            .init("counted") {
                rounds.withLock { $0 += 1 }
                try await Task.sleep(for: .milliseconds(50))
                return nil
            }
        ])
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { await readiness.report().isReady } }
            for await ready in group { #expect(ready) }
        }
        #expect(rounds.withLock { $0 } == 1)
        await readiness.stop()
        #expect(await !readiness.report().isReady)
    }

    @Test func aCheckThatHangsIsNotWaitedFor() async {
        let readiness = Readiness(
            [
                .init("hangs") {
                    while !Task.isCancelled { await Task.yield() }
                    return nil
                }, .init("fails") { throw Down() },
            ],
            timeout: .milliseconds(100))
        let start = ContinuousClock.now
        let report = await readiness.report()
        #expect(start.duration(to: .now) < .seconds(3))
        #expect(report.checks["fails"]?.detail == "redis://***@h is \"away\"")
        #expect(report.checks["hangs"]?.ok == false)
    }

    @Test func anAddressInUseNamesTheSetting() async throws {
        try await withServer([]) { url in
            let address = try #require(SocketAddress(String(url.dropFirst(7))))
            await #expect(throws: SettingError.self) {
                _ = try await HealthServer.bind(
                    address, metrics: Metrics(), readiness: Readiness([]), logger: Logger(label: "test"))
            }
        }
    }
}

import Foundation
import JobQueue
import Logging
import Model
import Redis
import Settings
import TestServers
import Testing

@testable import Pipeline

@Suite struct FleetOnAClusterTests {
    @Test("A fleet finds the node of its namespace", arguments: 0..<3) func findsItsNode(owner: Int) async throws {
        let cluster = try RedisCluster.shared.get()
        let namespace = try cluster.tag(on: owner)
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let read = try SettingsReader(environment: [
            "FLOTILLA_REDIS_URL": cluster.url([1]), "FLOTILLA_NAMESPACE": namespace,
            "FLOTILLA_RECIPES": root.appending(path: "jobs").path,
            "FLOTILLA_STORAGE_URL": "file://\(FileManager.default.temporaryDirectory.path)",
        ])
        let fleet = try Fleet.open(as: "test", read, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let job = JobEnvelope(id: .random(), kind: "echo", payload: ["text": .string("x")])
        _ = try await fleet.queue.enqueue([job], on: .scan)
        #expect(try cluster.nodes[owner].cli("LLEN", "{\(namespace)}:queue:scan") == "1")
    }

    @Test func aWrongURLIsNamedWithoutItsPassword() throws {
        let read = try SettingsReader(environment: ["FLOTILLA_REDIS_URL": "redis+sentinel://:geheim@h,i"])
        let error = #expect(throws: SettingError.self) {
            try Fleet.open(as: "test", read, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        #expect(error?.variable == "FLOTILLA_REDIS_URL" && error?.problem.contains("name of the primary") == true)
        #expect(error?.problem.contains("geheim") == false)
    }
}

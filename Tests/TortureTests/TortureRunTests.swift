import Foundation
import Logging
import TestServers
import Testing

@testable import Torture

@Suite struct TortureRunTests {
    @Test("A minute of faults loses nothing, and leaves nothing behind") func minute() async throws {
        let redis = try RedisServer(arguments: ["--appendonly", "yes", "--appendfsync", "everysec"])
        let postgres = try PostgresServer.shared.get()
        let database = try postgres.makeDatabase()
        var options = Torture.Options(
            length: .seconds(60), seed: 2, program: try BuiltProducts.path(of: "flotilla-export-worker"))
        options.jobsPerSecond = 40
        let torture = Torture(
            options,
            environment: ProcessInfo.processInfo.environment.merging([
                "FLOTILLA_REDIS_URL": redis.url, "FLOTILLA_DATABASE_URL": database, "FLOTILLA_LEASE_SECONDS": "4",
                "FLOTILLA_HEARTBEAT_SECONDS": "1",
            ]) { $1 }, logger: Logger(label: "torture", factory: { _ in SwiftLogNoOpLogHandler() }), note: { _ in })
        let report = try await torture.run()
        #expect(report.isClean, "\(report.table)")
        #expect(report.enqueued > 1_000)
        #expect(report.faults.values.reduce(0, +) > 20)
        #expect(report.executions >= report.done)
        // Whether a killed worker holds a job at that moment is chance, so no rescue is asked for here.
        #expect(report.faults["kill", default: 0] + report.faults["freeze", default: 0] > 0)
        #expect(report.cancel.count > 0)

        #expect(try redis.cli("KEYS", "*") == "")
        let name = try #require(database.split(separator: "/").last.map(String.init))
        let schemas = try postgres.psql(
            "select count(*) from information_schema.schemata where schema_name like 'torture%'", database: name)
        #expect(schemas == "0")
    }
}

import Foundation
import TestServers
import Testing

@testable import Torture

@Suite struct TortureRunTests {
    /// As `make torture` does it: sentinels, three Redis servers and PostgreSQL of its own.
    @Test("A minute and a quarter of every fault there is loses nothing and does nothing twice") func everyFault()
        async throws
    {
        let program = try BuiltProducts.path(of: "flotilla")
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../scripts/torture.sh")
        let folder = FileManager.default.temporaryDirectory.path + "/torture-test-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let file = folder + "/report.json"
        let process = try ChildProcess(
            [
                script.standardized.path, "--workers", "3", "--slots", "6", "--rate", "60", "--faults", "4", "--report",
                file,
            ],
            environment: ProcessInfo.processInfo.environment.merging([
                "FLOTILLA_RUN": folder, "FLOTILLA_BIN": String(program.dropLast("/flotilla".count)),
                "MINUTES": "1.25", "SEED": "2",
            ]) { $1 }, log: folder + "/log")
        let status = await process.end(within: .seconds(420))
        let log = try String(contentsOfFile: folder + "/log", encoding: .utf8)
        try #require(FileManager.default.fileExists(atPath: file), "\(log.suffix(4_000))")
        let report = try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(filePath: file)))

        #expect(report.problems == [])
        #expect(status == (report.isClean ? 0 : 1))
        #expect(report.enqueued == report.done + report.dead + report.cancelled)
        #expect(report.enqueued > 2_000)
        #expect(report.executions >= report.done)
        #expect(report.rightEffects > 100)
        #expect(report.cancel.count > 0)
        // Each kind that this machine can make was made; what it cannot has to do with privileges and packages.
        for kind in Fault.Kind.allCases where report.impossibleFaults[kind.rawValue] == nil {
            #expect(report.faults[kind.rawValue, default: 0] > 0, "\(kind.rawValue): \(report.table)")
        }
        let dependent: Set<Fault.Kind> = [.helperOutOfMemory, .storageFull, .clockStep]
        #expect(dependent.map(\.rawValue).contains(allOf: report.impossibleFaults.keys))
        #expect(report.madeFaults > 100)
        if report.isClean { try FileManager.default.removeItem(atPath: folder) }
    }
}

extension [String] {
    fileprivate func contains(allOf others: some Sequence<String>) -> Bool { Set(others).isSubset(of: self) }
}

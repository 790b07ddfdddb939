import Foundation
import TestServers
import Testing

@testable import Torture

/// One after the other: each sweep removes what every dead process has left.
@Suite(.serialized) struct WorkerClocksTests {
    @Test("A worker's clock can be set while it runs") func steps() async throws {
        let (clocks, folder) = try await clocks()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(clocks.set(0, toSeconds: -7_200))
        let process = try ChildProcess(
            ["/bin/date", "+%s"], environment: clocks.environment(0), log: folder + "/log")
        _ = await process.end(within: .seconds(5))
        let told = try Double(String(contentsOfFile: folder + "/log", encoding: .utf8).filter(\.isNumber))
        #expect(abs((told ?? 0) - Date().timeIntervalSince1970 + 7_200) < 60)
    }

    @Test(
        "What a killed process leaves is removed, so that the next one of its number starts", arguments: [true, false])
    func leavesNothing(isAsked: Bool) async throws {
        let (clocks, folder) = try await clocks()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(clocks.set(0, toSeconds: 0))
        let process = try ChildProcess(
            ["/bin/sleep", "60"], environment: clocks.environment(0), log: folder + "/log")
        let file = "/dev/shm/faketime_shm_\(process.pid)"
        try await eventually("the library has made its names") { FileManager.default.fileExists(atPath: file) }
        process.signal(SIGKILL)
        _ = await process.end(within: .seconds(5))
        try #require(FileManager.default.fileExists(atPath: file))
        if isAsked { WorkerClocks.forget(process.pid) } else { _ = try await WorkerClocks(folder: folder) }
        #expect(!FileManager.default.fileExists(atPath: file))
        #expect(!FileManager.default.fileExists(atPath: "/dev/shm/sem.faketime_sem_\(process.pid)"))
    }

    private func clocks() async throws -> (WorkerClocks, folder: String) {
        let folder = try ChildServer.temporaryFolder()
        return (try await WorkerClocks(folder: folder), folder)
    }
}

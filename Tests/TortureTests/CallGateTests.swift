import Foundation
import Glibc
import TestServers
import Testing

@testable import Torture

@Suite struct CallGateTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/gate-\(UUID().uuidString.prefix(8))"

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    }

    /// `mv` asks to rename, and so stands before the gate.
    private func move(_ gate: CallGate) async throws -> (status: Int32, message: String) {
        try "x".write(toFile: folder + "/a", atomically: false, encoding: .utf8)
        let socket = try gate.socket(for: 3)
        defer { close(socket) }
        let program = try BuiltProducts.path(of: "flotilla")
        let process = try ChildProcess(
            [program, "torture-gate", "/bin/mv", folder + "/a", folder + "/b"], environment: [:],
            log: folder + "/log", socket: socket)
        let status = await process.end(within: .seconds(20))
        defer { unlink(folder + "/log") }
        return (status, try String(contentsOfFile: folder + "/log", encoding: .utf8))
    }

    @Test("Calls pass, fail and take long as they are told, and only those of that worker are counted")
    func rules() async throws {
        let gate = try CallGate()
        defer {
            gate.close()
            try? FileManager.default.removeItem(atPath: folder)
        }
        #expect(try await move(gate) == (0, ""))
        async let failed = gate.apply(.fails(EIO), to: 3, for: .seconds(1))
        async let others = gate.apply(.fails(ENOSPC), to: 4, for: .milliseconds(100))
        await pause(.milliseconds(50))
        let (status, message) = try await move(gate)
        #expect(status == 1 && message.contains("Input/output error"))
        #expect(await failed > 0)
        #expect(await others == 0)
        async let slow = gate.apply(.takes(.milliseconds(400)), to: 3, for: .seconds(1))
        await pause(.milliseconds(50))
        let began = ContinuousClock.now
        #expect(try await move(gate).status == 0)
        #expect(ContinuousClock.now - began > .milliseconds(400))
        #expect(await slow > 0)
        #expect(try await move(gate) == (0, ""))
    }
}

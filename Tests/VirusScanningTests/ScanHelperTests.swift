import Foundation
import HelperProtocol
import Model
import TestServers
import Testing

@Suite("The scan helper: one sandboxed engine for many scans", .timeLimit(.minutes(2)))
struct ScanHelperTests {
    private let samples: ScanSamples

    init() throws {
        samples = try ScanSamples()
        mkdir(samples["scratch"], 0o700)
    }

    private func launch(signatures: String? = nil, reloadSeconds: Int = 600) throws -> HelperLaunch {
        let options = ScanHelperOptions(
            signatures: try signatures ?? SignatureFolder.shared.get(), scratch: samples["scratch"], threads: 4,
            reloadSeconds: reloadSeconds)
        return HelperLaunch(
            executable: try BuiltProducts.path(of: "flotilla-helper-scan"), arguments: options.arguments,
            interruption: .tell(thenKillAfter: .seconds(30)))
    }

    private func scan(_ helper: HelperProcess, _ path: String) async throws -> ScanReport {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        return try await helper.run(
            ScanRequest.operation,
            ScanRequest(maxBytes: 100 << 20, maxUnpackedBytes: 200 << 20, timeoutMs: 60_000),
            descriptors: [LentDescriptor("input", descriptor)], timeout: .seconds(60), as: ScanReport.self
        ).value
    }

    @Test("Ready with its facts; many scans at a time, every verdict right, inside the sandbox")
    func verdicts() async throws {
        let helper = try await HelperProcess.start(try launch())
        #expect(helper.facts["engine"]?.string?.hasPrefix("ClamAV 1.") == true)
        #expect(helper.facts["signatures"]?.int ?? 0 >= 2)
        #expect(helper.facts["database_version"]?.string?.hasPrefix("local:") == true)
        try samples.pack("one.zip", ["text.txt", "eicar.com"])
        try samples.pack("one.7z", ["text.txt", "eicar.com"])
        try samples.pack("aes.zip", ["eicar.com"], options: ["-psecret", "-mem=AES256"])
        try samples.nest("deep.zip", "eicar.com", depth: 8)
        try samples.nest("deeper.zip", "eicar.com", depth: 25)
        let expected: [(String, Verdict)] = [
            (samples["eicar.com"], .infected), (samples["one.zip"], .infected), (samples["one.7z"], .infected),
            (samples["deep.zip"], .infected), (samples["aes.zip"], .encrypted), (samples["deeper.zip"], .unscannable),
            (ScanSamples.media("orientation/landscape_1.jpg"), .clean),
            (samples["text.txt"], .clean),
        ]
        try await withThrowingTaskGroup { group in
            for round in 0..<80 {
                let (path, verdict) = expected[round % expected.count]
                group.addTask {
                    let report = try await scan(helper, path)
                    #expect(report.verdict == verdict, "\(path)")
                }
            }
            try await group.waitForAll()
        }
        #expect(helper.answered == 80)
        #expect(try await scan(helper, ScanSamples.media("zip/bomb-nested-25GiB.zip")).verdict == .tooLarge)
    }

    @Test("Without signatures it refuses, and says what to do")
    func refusal() async throws {
        let empty = samples["scratch"]
        do {
            _ = try await HelperProcess.start(try launch(signatures: empty))
            #expect(Bool(false))
        } catch let HelperFailure.notStarted(reason, _) {
            #expect(reason.contains(empty) && reason.contains("freshclam") && reason.contains("FLOTILLA_CLAMAV_DB"))
        }
    }

    @Test("Arguments it does not know are refused")
    func badArguments() async throws {
        var launch = try launch()
        launch.arguments += ["--verbose", "yes"]
        await #expect(throws: HelperFailure.self) { _ = try await HelperProcess.start(launch) }
        #expect(ScanHelperOptions(arguments: ["--signatures", "/a", "--scratch"]) == nil)
        let options = ScanHelperOptions(signatures: "/a", scratch: "/b", threads: 3, reloadSeconds: 7)
        #expect(ScanHelperOptions(arguments: options.arguments) == options)
    }

    @Test("Killed in the middle of a scan: that scan runs again elsewhere, and leftovers are swept")
    func killed() async throws {
        let helper = try await HelperProcess.start(try launch())
        let bomb = ScanSamples.media("zip/bomb-50MiB.zip")
        let outcomes = await withTaskGroup(of: FailureCause?.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    do {
                        while true { _ = try await scan(helper, bomb) }
                    } catch {
                        return (error as? HelperFailure)?.jobFailure.cause
                    }
                }
            }
            try? await Task.sleep(for: .milliseconds(300))
            kill(helper.pid, SIGKILL)
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes == Array(repeating: .infrastructure, count: 4))
        await helper.waitForEnd()
        #expect(!helper.isRunning)
        try samples.write("scratch/clamav/leftover.tmp", [1])
        let next = try await HelperProcess.start(try launch())
        #expect(try await scan(next, samples["eicar.com"]).verdict == .infected)
        #expect(!FileManager.default.fileExists(atPath: samples["scratch/clamav/leftover.tmp"]))
    }

    @Test("New signatures are taken in inside the sandbox, between scans")
    func reload() async throws {
        let folder = try SignatureFolder.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let helper = try await HelperProcess.start(try launch(signatures: folder, reloadSeconds: 1))
        #expect(try await scan(helper, samples["text.txt"]).verdict == .clean)
        let hex = Array("All is well".utf8).map { String(format: "%02x", $0) }.joined()
        try Data("Test.Well:0:0:\(hex)\n".utf8).write(to: URL(fileURLWithPath: folder + "/well.ndb"))
        var verdict = Verdict.clean
        for _ in 0..<100 where verdict == .clean {
            try await Task.sleep(for: .milliseconds(100))
            verdict = try await scan(helper, samples["text.txt"]).verdict
        }
        #expect(verdict == .infected)
    }

    @Test("A cancelled scan of a bomb frees its thread; the engine lives on")
    func cancel() async throws {
        let helper = try await HelperProcess.start(try launch())
        let bomb = ScanSamples.media("zip/bomb-nested-25GiB.zip")
        let task = Task { try await scan(helper, bomb) }  // awaited below
        try await Task.sleep(for: .milliseconds(20))
        task.cancel()
        _ = await task.result
        #expect(try await scan(helper, samples["eicar.com"]).verdict == .infected)
        #expect(helper.isRunning)
    }
}

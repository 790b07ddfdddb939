import Glibc
import HelperProtocol
import Model
import TestServers
import Testing

@Suite("A helper that serves several requests at a time", .timeLimit(.minutes(2)))
struct ParallelHelperTests {
    private func probe(threads: Int, patience: Duration) async throws -> HelperProcess {
        try await HelperProcess.start(
            HelperLaunch(
                executable: try BuiltProducts.path(of: "sandbox-probe"), arguments: ["helper", "\(threads)"],
                interruption: .tell(thenKillAfter: patience)))
    }

    private func failure(
        _ helper: HelperProcess, _ operation: String, _ parameters: JSONValue = .null,
        timeout: Duration = .seconds(20)
    ) async -> HelperFailure? {
        do throws(HelperFailure) {
            _ = try await helper.run(operation, parameters, timeout: timeout, as: JSONValue.self)
            return nil
        } catch {
            return error
        }
    }

    @Test("Requests overlap, and each answer reaches its own caller")
    func overlap() async throws {
        let helper = try await probe(threads: 4, patience: .seconds(5))
        let started = ContinuousClock.now
        await withTaskGroup { group in
            for _ in 0..<4 { group.addTask { _ = await failure(helper, "sleep", ["ms": 300]) } }
        }
        #expect(ContinuousClock.now - started < .milliseconds(1_000))
        await withTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    let answer = try? await helper.run("echo", number, timeout: .seconds(10), as: Int.self)
                    #expect(answer?.value == number)
                }
            }
        }
    }

    @Test("Cancelling one tells the helper; it and the other requests live on")
    func cancelOne() async throws {
        let helper = try await probe(threads: 2, patience: .seconds(10))
        async let other = failure(helper, "sleep", ["ms": 400])
        let task = Task { await failure(helper, "until-cancelled") }  // awaited below
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(await other == nil)
        // Both threads are free again.
        async let first = failure(helper, "sleep", ["ms": 10])
        #expect(await failure(helper, "sleep", ["ms": 10]) == nil)
        #expect(await first == nil)
        #expect(helper.isRunning)
    }

    @Test("A request that is told and does not end hangs: the helper is killed, the others run again")
    func hang() async throws {
        let helper = try await probe(threads: 2, patience: .milliseconds(300))
        async let other = failure(helper, "sleep", ["ms": 5_000])
        #expect(await failure(helper, "spin", timeout: .milliseconds(100)) == .timedOut(after: .milliseconds(100)))
        #expect(await other == .interrupted)
        #expect(!helper.isRunning)
    }

    @Test("A crash is blamed on the request that crashed", arguments: ["bad-pointer", "overflow", "abort"])
    func blame(operation: String) async throws {
        let helper = try await probe(threads: 3, patience: .seconds(5))
        async let first = failure(helper, "sleep", ["ms": 3_000])
        async let second = failure(helper, "sleep", ["ms": 3_000])
        try await Task.sleep(for: .milliseconds(50))
        let guilty = await failure(helper, operation)
        #expect(guilty?.jobFailure.cause == .crash, "\(String(describing: guilty))")
        #expect(await first == .interrupted)
        #expect(await second == .interrupted)
    }

    @Test("Stopping lets what runs finish")
    func drain() async throws {
        let helper = try await probe(threads: 2, patience: .seconds(5))
        async let first = failure(helper, "sleep", ["ms": 300])
        async let second = failure(helper, "sleep", ["ms": 300])
        try await Task.sleep(for: .milliseconds(100))
        await helper.stop()
        #expect(await first == nil)
        #expect(await second == nil)
    }
}

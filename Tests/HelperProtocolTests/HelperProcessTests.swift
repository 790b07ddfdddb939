import Glibc
import HelperProtocol
import Model
import Synchronization
import TestServers
import Testing

@Suite("A helper process", .timeLimit(.minutes(2)))
struct HelperProcessTests {
    private func probe(
        _ arguments: String..., interruption: HelperLaunch.Interruption = .kill, start: Duration = .seconds(20)
    ) async throws -> HelperProcess {
        try await HelperProcess.start(
            HelperLaunch(
                executable: try BuiltProducts.path(of: "sandbox-probe"),
                arguments: arguments.isEmpty ? ["helper"] : arguments, interruption: interruption, startTimeout: start))
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

    private func isGone(_ pid: Int32) -> Bool { kill(pid, 0) != 0 }

    @Test("Greets, answers, and ends when told")
    func life() async throws {
        let helper = try await probe()
        #expect(helper.facts["probe"]?.bool == true)
        let parameters: JSONValue = ["text": "naïve ☃", "n": [1, 2.5, nil, true]]
        for _ in 0..<50 {
            let answer = try await helper.run("echo", parameters, timeout: .seconds(5), as: JSONValue.self)
            #expect(answer.value == parameters)
            #expect(answer.residentBytes > 1 << 20)
        }
        #expect(helper.answered == 50)
        #expect(helper.isRunning)
        await helper.stop()
        #expect(!helper.isRunning)
        #expect(isGone(helper.pid))
        #expect(await failure(helper, "echo") == .interrupted)
    }

    @Test("Descriptors are lent: content goes through, the caller's stay open, the helper keeps none")
    func descriptors() async throws {
        let helper = try await probe()
        let (input, output) = (unnamedFile(), unnamedFile())
        defer {
            close(input)
            close(output)
        }
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(pwrite(input, bytes, bytes.count, 0) == bytes.count)
        for _ in 0..<300 {
            let answer = try await helper.run(
                "copy", JSONValue.null, descriptors: [.init("input", input), .init("output", output)],
                timeout: .seconds(5), as: Int.self)
            #expect(answer.value == bytes.count)
        }
        var copy = [UInt8](repeating: 0, count: bytes.count)
        #expect(pread(output, &copy, copy.count, 0) == bytes.count)
        #expect(copy == bytes)
        let failure = await failure(helper, "copy")
        guard case .failed(let reason) = failure else { return #expect(Bool(false), "\(String(describing: failure))") }
        #expect(reason.message.contains("input"))
    }

    @Test("The helper's surroundings: no inherited descriptor, no inherited variable")
    func surroundings() async throws {
        setenv("FLOTILLA_TEST_SECRET", "hidden", 1)
        let helper = try await probe()
        let seen = try await helper.run("surroundings", JSONValue.null, timeout: .seconds(5), as: JSONValue.self).value
        #expect(seen["open"] == [0, 1, 2, 3])
        let names = Set((seen["environment"]?.object ?? [:]).keys)
        #expect(names.isSuperset(of: ["SWIFT_BACKTRACE", "MALLOC_ARENA_MAX"]))
        #expect(names.isSubset(of: ["SWIFT_BACKTRACE", "MALLOC_ARENA_MAX", "LANG", "TZ", "LD_LIBRARY_PATH"]))
    }

    @Test("An orderly failure keeps its fields, and the helper goes on")
    func orderlyFailure() async throws {
        let helper = try await probe()
        let expected = OperationFailure(.input, code: "truncated", message: "The file ends too early.", detail: "x")
        #expect(await failure(helper, "fail") == .failed(expected))
        #expect(await failure(helper, "echo") == nil)
    }

    @Test(
        "Crashes are told with their signal, at once",
        arguments: [
            ("segfault", SIGSEGV), ("bad-pointer", SIGSEGV), ("overflow", SIGSEGV), ("abort", SIGABRT),
        ])
    func crash(operation: String, signal: Int32) async throws {
        let helper = try await probe()
        let started = ContinuousClock.now
        let found = await failure(helper, operation)
        guard case .crashed(signal, let tail) = found else {
            return #expect(Bool(false), "\(String(describing: found))")
        }
        #expect(tail.contains("request 1: signal \(signal)"))
        #expect(ContinuousClock.now - started < .seconds(5))
        #expect(isGone(helper.pid))
    }

    @Test("Out of memory is told apart from a crash, and one job's limit does not end the helper")
    func memory() async throws {
        let helper = try await probe()
        let small = try await helper.run("allocate", ["mb": 200] as JSONValue, timeout: .seconds(5), as: Int.self)
        #expect(small.peakBytes > 200 << 20)
        #expect(small.residentBytes < 200 << 20)
        let after = try await helper.run("echo", JSONValue.null, timeout: .seconds(5), as: JSONValue.self)
        #expect(after.peakBytes < 200 << 20)  // the peak is each job's own
        #expect(await failure(helper, "allocate", ["mb": 2_000])?.jobFailure.cause == .outOfMemory)
        #expect(await failure(helper, "echo") == nil)
        guard case .outOfMemory(let tail)? = await failure(helper, "bad-alloc") else { return #expect(Bool(false)) }
        #expect(tail.contains("bad_alloc"))
    }

    @Test("An exit tells its status and the end of stderr, at most 4 KiB of it")
    func exitStatus() async throws {
        let helper = try await probe()
        #expect(await failure(helper, "stderr") == nil)
        guard case .exited(let status, let tail)? = await failure(helper, "exit", ["code": 9]) else {
            return #expect(Bool(false))
        }
        #expect(status == 9)
        #expect(tail.hasSuffix("the end\ngood-bye\n"))
        #expect(tail.utf8.count == 4_096)
    }

    @Test("Out of time: killed, CPU free at once")
    func timeout() async throws {
        let helper = try await probe()
        let started = ContinuousClock.now
        #expect(await failure(helper, "spin", timeout: .milliseconds(200)) == .timedOut(after: .milliseconds(200)))
        let elapsed = ContinuousClock.now - started
        #expect(elapsed >= .milliseconds(200) && elapsed < .milliseconds(1_200))
        #expect(isGone(helper.pid))
    }

    @Test("A cancelled task: killed, CPU free at once")
    func cancel() async throws {
        let helper = try await probe()
        let task = Task { await failure(helper, "spin") }  // awaited below
        try await Task.sleep(for: .milliseconds(100))
        let started = ContinuousClock.now
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(ContinuousClock.now - started < .seconds(1))
        #expect(isGone(helper.pid))
    }

    @Test("A task that is cancelled already sends nothing and kills nothing")
    func cancelledBefore() async throws {
        let helper = try await probe()
        let task = Task {  // awaited below
            while !Task.isCancelled { await Task.yield() }
            return await failure(helper, "echo")
        }
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(await failure(helper, "echo") == nil)
    }

    @Test("CPU time is bounded whatever the wall clock says")
    func cpuLimit() async throws {
        let helper = try await probe("helper", "-", "1")
        guard case .crashed(let signal, _)? = await failure(helper, "spin") else { return #expect(Bool(false)) }
        #expect(signal == SIGXCPU)
    }

    @Test(
        "What no honest helper sends ends it",
        arguments: [
            ("raw", ["text": "HTTP/1.1 200 OK\r\n\r\n and more"]), ("frame", ["kind": 16, "json": "{}"]),
            ("frame", ["kind": 2, "json": #"{"percent":1e9,"stage":"x"}"#]), ("frame", ["kind": 2, "json": "{"]),
            ("frame", ["kind": 4, "json": #"{"fault":"input","code":"UPPER CASE","message":"m"}"#]),
            ("frame", ["kind": 1, "json": #"{"version":1,"facts":{}}"#]), ("descriptors", nil),
        ] as [(String, JSONValue)])
    func lies(operation: String, parameters: JSONValue) async throws {
        let helper = try await probe()
        let found = await failure(helper, operation, parameters)
        guard case .protocolViolation? = found else { return #expect(Bool(false), "\(String(describing: found))") }
        await helper.waitForEnd()
        #expect(isGone(helper.pid))
    }

    @Test("A result that does not fit its type ends the helper")
    func wrongResult() async throws {
        let helper = try await probe()
        await #expect(throws: HelperFailure.self) {
            _ = try await helper.run("echo", ["a": 1] as JSONValue, timeout: .seconds(5), as: Int.self)
        }
        await helper.waitForEnd()
    }

    @Test("A flood of progress neither blocks nor fills memory")
    func flood() async throws {
        let helper = try await probe()
        let heard = Atomic<Int>(0)
        let started = ContinuousClock.now
        await #expect(throws: HelperFailure.timedOut(after: .milliseconds(500))) {
            _ = try await helper.run("flood", JSONValue.null, timeout: .milliseconds(500), as: Bool.self) { _ in
                heard.add(1, ordering: .relaxed)
            }
        }
        #expect(ContinuousClock.now - started < .seconds(3))
        #expect(heard.load(ordering: .relaxed) <= 40)
    }

    @Test("Progress: at most ten a second, each new stage told")
    func progress() async throws {
        let helper = try await probe()
        let heard = Mutex<[HelperProgress]>([])
        _ = try await helper.run("progress", ["steps": 300] as JSONValue, timeout: .seconds(10), as: Bool.self) {
            progress in heard.withLock { $0.append(progress) }
        }
        let all = heard.withLock { $0 }
        #expect(all.count >= 3 && all.count <= 12)
        #expect(all.first == HelperProgress(percent: 0, stage: "decode"))
        #expect(all.map(\.percent) == all.map(\.percent).sorted())
        #expect(all.allSatisfy { ["decode", "encode"].contains($0.stage) })
    }

    @Test("Starting fails with a reason: missing, refusing, dying, silent, talking nonsense")
    func badStarts() async throws {
        let path = try BuiltProducts.path(of: "sandbox-probe")
        func start(_ executable: String, _ argument: String) async -> HelperFailure? {
            do throws(HelperFailure) {
                _ = try await HelperProcess.start(
                    HelperLaunch(
                        executable: executable, arguments: [argument],
                        startTimeout: .milliseconds(argument == "silent" ? 300 : 20_000)))
                return nil
            } catch { return error }
        }
        guard case .notStarted(let missing, _)? = await start("/no/such/program", "") else {
            return #expect(Bool(false))
        }
        #expect(missing.contains("/no/such/program") && missing.contains("No such file"))
        guard case .notStarted(let refused, _)? = await start(path, "refuse") else { return #expect(Bool(false)) }
        #expect(refused == "the probe was told to refuse")
        #expect(await start(path, "die") == .exited(status: 7, stderrTail: "the probe dies\n"))
        guard case .notStarted(let silent, _)? = await start(path, "silent") else { return #expect(Bool(false)) }
        #expect(silent.contains("was not ready"))
        guard case .protocolViolation? = await start(path, "garbage") else { return #expect(Bool(false)) }
    }

    @Test("Large messages both ways; too large ones are refused before they are sent")
    func large() async throws {
        let helper = try await probe()
        let text = String(repeating: "z", count: 900_000)
        let echoed = try await helper.run("echo", text, timeout: .seconds(10), as: String.self)
        #expect(echoed.value == text)
        guard case .badRequest? = await failure(helper, "echo", .string(text + text)) else {
            return #expect(Bool(false))
        }
        guard case .failed? = await failure(helper, "large", ["bytes": 2_000_000]) else { return #expect(Bool(false)) }
        #expect(await failure(helper, "echo") == nil)
    }

    @Test("The helper does not outlive its owner")
    func ownership() async throws {
        var helper: HelperProcess? = try await probe()
        let pid = try #require(helper?.pid)
        helper = nil
        for _ in 0..<500 where !isGone(pid) { try await Task.sleep(for: .milliseconds(10)) }
        #expect(isGone(pid))
    }

    @Test("SIGTERM is the coordinator's business: a helper finishes its job")
    func terminate() async throws {
        let helper = try await probe()
        async let answer = failure(helper, "sleep", ["ms": 300])
        try await Task.sleep(for: .milliseconds(50))
        kill(helper.pid, SIGTERM)
        #expect(await answer == nil)
    }

    private func unnamedFile() -> Int32 {
        var template = Array("/tmp/flotilla-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(template)
        return descriptor
    }
}

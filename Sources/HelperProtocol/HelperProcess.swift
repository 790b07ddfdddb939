internal import CSandbox
internal import Foundation
public import Model
internal import Synchronization

/// A running helper, as the coordinator sees it: a sandboxed child process that does one kind of native work.
///
/// Its process is started from, watched by and reaped on a thread of its own; nothing here blocks the cooperative pool.
/// Death is noticed at once and fails every open request. The process ends with this value at the latest.
public final class HelperProcess: Sendable {
    /// What the helper said of itself when it was ready.
    public let facts: JSONValue
    public let pid: Int32
    private let supervisor: Supervisor
    private let lastID = Atomic<UInt64>(0)

    private init(_ supervisor: Supervisor, facts: JSONValue, pid: Int32) {
        self.supervisor = supervisor
        self.facts = facts
        self.pid = pid
    }

    deinit { supervisor.kill(.stopped) }

    /// Starts a helper and waits until it says that it is ready.
    ///
    /// - Throws: ``HelperFailure``: `.notStarted` (no executable, not ready in time, or its own reason), or how it died.
    public static func start(_ launch: HelperLaunch) async throws(HelperFailure) -> HelperProcess {
        let supervisor = Supervisor(launch)
        let greeting = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in supervisor.awaitGreeting(waiter) }
        } onCancel: {
            supervisor.kill(.stopped)
        }
        let facts = try greeting.get()
        guard let pid = supervisor.pid else { throw .interrupted }
        return HelperProcess(supervisor, facts: facts, pid: pid)
    }

    /// Runs one operation in the helper.
    ///
    /// - Parameters:
    ///   - operation: a name that the helper knows.
    ///   - parameters: at most 1 MiB as JSON.
    ///   - descriptors: at most 16; lent until this returns.
    ///   - timeout: wall clock; then ``HelperLaunch/interruption`` decides what happens, as on cancellation.
    ///   - onProgress: called on the helper's thread, at most 50 times a second: must not block.
    /// - Throws: ``HelperFailure``.
    public func run<Parameters: Encodable, Value: Decodable & Sendable>(
        _ operation: String, _ parameters: Parameters, descriptors: [LentDescriptor] = [], timeout: Duration,
        as type: Value.Type = Value.self, onProgress: (@Sendable (HelperProgress) -> Void)? = nil
    ) async throws(HelperFailure) -> HelperAnswer<Value> {
        let started = ContinuousClock.now
        guard descriptors.count <= Int(CSB_MAX_DESCRIPTORS) else {
            throw .badRequest("\(descriptors.count) descriptors; at most \(CSB_MAX_DESCRIPTORS) can be lent")
        }
        let body: [UInt8]
        do {
            body = try JSON.encode(
                RequestBody(operation: operation, roles: descriptors.map(\.role), params: parameters))
        } catch {
            throw .badRequest("the parameters of \(operation) cannot be written as JSON")
        }
        guard body.count <= Frame.maxBodyBytes else {
            throw .badRequest("the parameters of \(operation) take \(body.count) bytes; at most 1 MiB can be sent")
        }
        let request = Supervisor.Submission(
            id: lastID.add(1, ordering: .relaxed).newValue, body: body, descriptors: descriptors.map(\.descriptor),
            timeout: timeout, onProgress: onProgress)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in supervisor.submit(request, waiter: waiter) }
        } onCancel: {
            supervisor.cancel(request.id)
        }
        let reply = try outcome.get()
        guard let value = try? JSON.decode(Value.self, from: reply.json) else {
            supervisor.kill(.violation("a result of \(operation.prefix(64)) that is not one"))
            throw .protocolViolation("a result of \(operation.prefix(64)) that is not one", stderrTail: "")
        }
        return HelperAnswer(
            value: value, peakBytes: reply.peakBytes, residentBytes: reply.residentBytes,
            elapsed: ContinuousClock.now - started)
    }

    /// Whether requests can still be sent.
    public var isRunning: Bool { supervisor.isRunning }

    /// Requests answered so far, for recycling by job count.
    public var answered: Int { supervisor.state.withLock { $0.answered } }

    /// Lets the helper finish what it does and end; kills it after `grace`. Returns when the process is gone.
    public func stop(grace: Duration = .seconds(5)) async {
        supervisor.stop(grace: grace)
        await supervisor.waitForEnd()
    }

    /// SIGKILL at once. Open requests fail with `.interrupted`.
    public func kill() { supervisor.kill(.stopped) }

    /// Returns when the process has ended, by whatever cause.
    public func waitForEnd() async { await supervisor.waitForEnd() }
}

public import JobQueue
public import Model

/// The built-in kind of every queue, so that a deployment can be proven without media: it gives its payload back.
///
/// `{"sleep_ms":N}` sleeps first, `{"fail":"message"}` fails, `{"incr":"key"}` increments a Redis key once an execution,
/// `{"log":["a","b"]}` logs lines.
public struct EchoHandler: JobHandler {
    public let kind = "echo"
    private let queue: JobQueue

    public init(queue: JobQueue) { self.queue = queue }

    public func immediateResult(of envelope: JobEnvelope) -> JSONValue? {
        guard let members = envelope.payload.object else { return envelope.payload }
        // Not as `? nil :`, where nil would be JSON's null.
        if ["incr", "log", "sleep_ms", "fail"].contains(where: { members[$0] != nil }) { return nil }
        return envelope.payload
    }

    public func run(_ job: RunningJob) async throws -> JobOutcome {
        let payload = job.envelope.payload
        if let key = payload["incr"] {
            guard let key = key.string, (1...256).contains(key.utf8.count) else {
                throw Self.badPayload("incr", "a Redis key of 1 to 256 bytes")
            }
            try await increment(key)
        }
        if let log = payload["log"] {
            guard let lines = log.array?.map(\.string), lines.allSatisfy({ $0 != nil }) else {
                throw Self.badPayload("log", "an array of strings")
            }
            for line in lines.compactMap(\.self) { job.log(line) }
        }
        if let sleep = payload["sleep_ms"] {
            guard let ms = sleep.int, (0...86_400_000).contains(ms) else {
                throw Self.badPayload("sleep_ms", "a whole number from 0 to 86400000")
            }
            try await Task.sleep(for: .milliseconds(ms))
        }
        if let message = payload["fail"] {
            throw JobFailure(.transient, code: "echo_failed", message: message.string ?? "asked to fail")
        }
        return JobOutcome(result: payload)
    }

    private func increment(_ key: String) async throws {
        do throws(JobQueueError) {
            try await queue.increment(key)
        } catch {
            if case .invalid(let reason) = error {
                throw JobFailure(.badInput, code: "bad_payload", message: "payload.incr: \(reason)")
            }
            throw error
        }
    }

    private static func badPayload(_ field: String, _ allowed: String) -> JobFailure {
        JobFailure(.badInput, code: "bad_payload", message: "payload.\(field) must be \(allowed)")
    }
}

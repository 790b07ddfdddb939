public import ArgumentParser
import JobQueue
public import Model
import Pipeline

/// `flotilla enqueue scan echo '{"hello":1}'`.
struct EnqueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue", abstract: "Put a job on a queue and print its id.")

    @Argument(help: "scan, analyze, compress or export.") var queue: QueueName
    @Argument(help: "Which handler runs it, for example echo.") var kind: String
    @Argument(help: "JSON for the handler.") var payload = "{}"
    @Option(help: "How many such jobs (1 to 100000).") var count = 1
    @Option(help: "Attempts before it is dead (1 to 1000).") var maxAttempts = JobEnvelope.defaultMaxAttempts
    @Option(help: "Milliseconds one attempt may run (1 to 86400000).") var timeoutMs = JobEnvelope.defaultTimeoutMs
    @Option(help: "At most one unfinished job with this key.") var uniqueKey: String?

    func run() async throws {
        guard (1...100_000).contains(count) else { throw ValidationError("--count must be from 1 to 100000") }
        guard let payload = try? JSON.decode(JSONValue.self, from: payload) else {
            throw ValidationError("the payload is not JSON")
        }
        let envelopes = (0..<count).map { _ in
            JobEnvelope(
                kind: kind, payload: payload, maxAttempts: maxAttempts, timeoutMs: timeoutMs, uniqueKey: uniqueKey)
        }
        // What the queue would refuse is refused here, with the field's name.
        do {
            _ = try JobEnvelope.parse(try envelopes[0].wire())
        } catch let error as EnvelopeError {
            throw ValidationError(error.description)
        }
        let fleet = try Fleet.open(as: "flotilla enqueue")
        for outcome in try await fleet.queue.enqueue(envelopes, on: queue) {
            switch outcome {
            case .enqueued(let id): Terminal.line(id.rawValue)
            case .duplicate(let id): Terminal.line("\(id.rawValue) (already there)")
            }
        }
    }
}

extension QueueName: ExpressibleByArgument {}

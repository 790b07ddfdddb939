import JobQueue
import Model
import Worker

/// Has a helper do something: `{"n":N,"mb":M,"end":"works","incr":"key"}`.
struct HelpedHandler: JobHandler {
    static let name = "torture.help"
    let kind = name
    let queue: JobQueue
    let helpers: HelperPool

    func run(_ job: RunningJob) async throws -> JobOutcome {
        let payload = job.envelope.payload
        guard let counter = payload["incr"]?.string else {
            throw JobFailure(.badInput, code: "bad_payload", message: "The payload has no incr.")
        }
        try await queue.increment(counter)
        let sum = try await helpers.run(
            TortureHelper.operation, payload, returning: Int64.self, descriptors: [],
            timeout: .milliseconds(job.envelope.timeoutMs), onProgress: { _ in })
        return JobOutcome(result: ["sum": .int(sum)])
    }
}

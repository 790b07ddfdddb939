import JobQueue
import Model
import ObjectStorage
import Worker

/// Leaves an object in the storage, under a key of its attempt, and returns where: the record decides which one counts.
///
/// `{"n":N,"bytes":B,"incr":"key"}`
struct StoringHandler: JobHandler {
    static let name = "torture.store"
    let kind = name
    let queue: JobQueue
    let store: DirectoryStore

    func run(_ job: RunningJob) async throws -> JobOutcome {
        let payload = job.envelope.payload
        guard let number = payload["n"]?.int, let count = payload["bytes"]?.int, let counter = payload["incr"]?.string
        else { throw JobFailure(.badInput, code: "bad_payload", message: "The payload has no n, bytes and incr.") }
        try await queue.increment(counter)
        let content = StoredContent(number: Int(number), fence: job.fence, bytes: Int(count))
        let key = try content.key
        let bytes = content.bytes
        // Half of them as steps do that cannot know the size before: only writing shows that the disk is full.
        let session = try store.beginPut(expecting: number.isMultiple(of: 2) ? Int64(bytes.count) : 0)
        try session.write(bytes)
        try session.commit(as: key, replacing: true)
        guard try store.open(key).readAll() == bytes else {
            throw JobFailure(.transient, code: "storage_failed", message: "The object is not what was written.")
        }
        return JobOutcome(result: ["key": .string(key.text), "fence": .int(job.fence)])
    }
}

/// What an attempt stores; it can be told from that of any other job or attempt.
struct StoredContent: Sendable, Hashable {
    var number: Int
    var fence: Int64
    var count: Int

    /// - Parameter bytes: 1…1,000,000.
    init(number: Int, fence: Int64, bytes: Int) {
        self.number = number
        self.fence = fence
        count = min(max(bytes, 1), 1_000_000)
    }

    var key: StorageKey {
        get throws { try StorageKey("torture/\(number % 256)/\(number)-\(fence)") }
    }

    var bytes: [UInt8] {
        var random = SplitMix64(seed: UInt64(bitPattern: Int64(number)) ^ UInt64(bitPattern: fence) << 20)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}

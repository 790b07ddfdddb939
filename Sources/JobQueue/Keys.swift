internal import Model

/// Every key and channel, one function each. Keys carry the namespace in braces, so that a cluster keeps them on one
/// node; channels do not.
struct Keys: Sendable {
    private let tag: String
    private let namespace: String

    init(namespace: String) {
        self.namespace = namespace
        tag = "{\(namespace)}"
    }

    /// List of raw envelopes: producers push left, workers take right.
    func waiting(_ queue: QueueName) -> String { "\(tag):queue:\(queue.rawValue)" }
    /// List of what one worker process holds, newest left.
    func running(_ worker: WorkerID) -> String { "\(tag):run:\(worker.rawValue)" }
    /// Hash, there while the queue is sorted by priority and tenant; the lanes' own keys begin with it (`lanes.lua`).
    func lanes(_ queue: QueueName) -> String { "\(tag):lanes:\(queue.rawValue)" }
    /// Sorted set of raw envelopes by due time (server ms).
    func delayed(_ queue: QueueName) -> String { "\(tag):delayed:\(queue.rawValue)" }
    /// Hash of jobs that wait for others; `dependents.lua` tells what belongs to it.
    var awaiting: String { "\(tag):awaiting" }
    /// Sorted set of the ids of a queue's jobs that wait for others.
    func awaiting(_ queue: QueueName) -> String { "\(tag):awaiting:\(queue.rawValue)" }
    /// Set of the ids a job still waits for.
    func needs(_ queue: QueueName, _ id: JobID) -> String { "\(tag):needs:\(queue.rawValue) \(id.rawValue)" }
    /// List of raw envelopes no worker knows.
    func parked(_ queue: QueueName) -> String { "\(tag):parked:\(queue.rawValue)" }
    /// Sorted set of job ids by time of death (server ms).
    func dead(_ queue: QueueName) -> String { "\(tag):dead:\(queue.rawValue)" }
    /// Hash id → ``DeadJob``.
    func deadEntries(_ queue: QueueName) -> String { "\(tag):dead:\(queue.rawValue):entries" }
    /// Hash of counters: processed, failed, dead.
    func stats(_ queue: QueueName) -> String { "\(tag):stats:\(queue.rawValue)" }
    /// Sorted set whose cardinality is waiting + running + due, for autoscalers; its members mean nothing.
    func demand(_ queue: QueueName) -> String { "\(tag):demand:\(queue.rawValue)" }
    /// String: the id of the unfinished job with this key.
    func unique(_ queue: QueueName, _ key: String) -> String { "\(tag):unique:\(queue.rawValue):\(key)" }
    /// Sorted set of worker ids by lease expiry (server ms); 0 while being rescued.
    var workers: String { "\(tag):workers" }
    /// Hash: what a worker tells about itself.
    func worker(_ worker: WorkerID) -> String { "\(tag):worker:\(worker.rawValue)" }
    /// String: this worker was declared dead, whatever it says.
    func tombstone(_ worker: WorkerID) -> String { "\(tag):fenced:\(worker.rawValue)" }
    /// Hash worker id → `pid starttime`, of one host and process namespace.
    func host(_ host: String) -> String { "\(tag):host:\(host)" }
    /// Last fence given out.
    var fence: String { "\(tag):fence" }
    /// String: the server that ``fence`` was last seen to on.
    var fenceEpoch: String { "\(tag):fence_epoch" }
    /// Set of paused queues.
    var paused: String { "\(tag):paused" }
    /// Sorted set of cancelled job ids by expiry (server ms).
    var cancelled: String { "\(tag):cancelled" }
    /// Whoever sets it does the periodic work of this kind until it expires.
    func turn(_ duty: String) -> String { "\(tag):turn:\(duty)" }
    /// Hash: latest state of a batch or job.
    func snapshot(_ subject: String) -> String { "\(tag):snapshot:\(subject)" }
    /// List of the last messages of a batch or job.
    func events(_ subject: String) -> String { "\(tag):events:\(subject)" }
    /// List of the last messages `JOB_LOG` of a job.
    func log(_ job: String) -> String { "\(tag):log:\(job)" }
    /// Hash job id → highest fence that reported to a batch.
    func fences(_ subject: String) -> String { "\(tag):fences:\(subject)" }
    /// String: gone when Redis has been emptied.
    var epoch: String { "\(tag):epoch" }

    /// Channel of a batch's or job's messages.
    func progressChannel(_ subject: String) -> String { "\(namespace):progress:\(subject)" }
    /// Channel of orders to workers: `cancel <id>`, `pause <queue>`, `resume <queue>`.
    var controlChannel: String { "\(namespace):control" }
}

public import Model

/// What one kind of worker is: its queue, and what it can run.
public struct WorkerRole: Sendable {
    public var queue: QueueName
    public var handlers: [any JobHandler]

    public init(queue: QueueName, handlers: [any JobHandler]) {
        self.queue = queue
        self.handlers = handlers
    }

    func handler(for kind: String) -> (any JobHandler)? { handlers.first { $0.kind == kind } }
}

public import Model
internal import Synchronization

/// One request as the helper's handler sees it. Its descriptors are closed when the handler returns.
public final class HelperRequest: Sendable {
    public let id: UInt64
    public let operation: String
    private let body: [UInt8]
    private let descriptors: [String: Int32]
    private let send: @Sendable (Frame) -> Void
    private let cancelled = Atomic<Bool>(false)
    private let last = Mutex<(stage: String, at: ContinuousClock.Instant)?>(nil)

    init(
        id: UInt64, operation: String, body: [UInt8], descriptors: [String: Int32],
        send: @escaping @Sendable (Frame) -> Void
    ) {
        self.id = id
        self.operation = operation
        self.body = body
        self.descriptors = descriptors
        self.send = send
    }

    /// The operation's parameters.
    public func parameters<Value: Decodable>(as type: Value.Type = Value.self) throws(OperationFailure) -> Value {
        do {
            return try JSON.decode(RequestParameters<Value>.self, from: body).params
        } catch {
            throw OperationFailure(
                .internal, code: OperationFailure.Code.internalError,
                message: "The helper does not understand the parameters of \(operation).",
                detail: String(describing: error))
        }
    }

    /// The lent descriptor of that role, nil when none was passed.
    public func descriptor(ifPresent role: String) -> Int32? { descriptors[role] }

    /// The lent descriptor of that role.
    public func descriptor(_ role: String) throws(OperationFailure) -> Int32 {
        guard let descriptor = descriptors[role] else {
            throw OperationFailure(
                .internal, code: OperationFailure.Code.internalError,
                message: "The request for \(operation) came without the descriptor “\(role)”.")
        }
        return descriptor
    }

    /// Nobody waits for the result any more: end soon.
    public var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Tells how far the work is: at most ten messages a second, and one for each new stage.
    ///
    /// - Parameters:
    ///   - percent: of the whole operation; forced into 0...100.
    ///   - stage: at most 64 bytes.
    public func report(percent: Double, stage: String) {
        let now = ContinuousClock.now
        let isDue = last.withLock { last in
            if let last, last.stage == stage, now - last.at < .milliseconds(100) { return false }
            last = (stage, now)
            return true
        }
        guard isDue, percent.isFinite else { return }
        let progress = HelperProgress(percent: min(max(percent, 0), 100), stage: stage)
        guard let body = try? JSON.encode(progress) else { return }
        send(Frame(kind: .progress, id: id, body: body))
    }
}

public import HelperProtocol
public import Logging
public import Model

/// One helper process that serves many jobs at once: the virus engine, compiled once and shared by its threads.
public actor SharedHelper {
    private let launch: HelperLaunch
    private let logger: Logger
    private var current: HelperProcess?
    private var starting: Task<HelperProcess, any Error>?
    /// What the helper started last said of itself.
    private var lastFacts: JSONValue?

    public init(launch: HelperLaunch, logger: Logger) {
        self.launch = launch
        self.logger = logger
    }

    /// What the helper says of itself; nil while it is not up.
    public var facts: JSONValue? { current.flatMap { $0.isRunning ? $0.facts : nil } }

    public nonisolated func run<Parameters: Encodable & Sendable, Result: Decodable & Sendable>(
        _ operation: String, _ parameters: Parameters, returning: Result.Type, descriptors: [LentDescriptor],
        timeout: Duration, onProgress: @escaping @Sendable (HelperProgress) -> Void
    ) async throws(HelperFailure) -> Result {
        let process = try await ready()
        let answer: HelperAnswer<Result> = try await process.run(
            operation, parameters, descriptors: descriptors, timeout: timeout, onProgress: onProgress)
        return answer.value
    }

    /// The running helper, started when there is none; callers that come meanwhile wait for the same start.
    @discardableResult
    public func ready() async throws(HelperFailure) -> HelperProcess {
        if let current, current.isRunning { return current }
        let launch = launch
        // Unstructured, as several callers wait for the one start and none of them may cancel it for the others.
        let task = starting ?? Task { try await HelperProcess.start(launch) }
        starting = task
        defer { starting = nil }
        do {
            let process = try await task.value
            current = process
            lastFacts = process.facts
            return process
        } catch let failure as HelperFailure {
            throw failure
        } catch {
            throw .notStarted("\(error)", stderrTail: "")
        }
    }

    /// Name and version of the native code, as the helper started last has it: `ClamAV 1.4.6`. Starts one where there
    /// was none; empty: it does not say.
    public func engine() async throws(HelperFailure) -> String {
        if lastFacts == nil { try await ready() }
        return lastFacts?["engine"]?.string ?? ""
    }

    public func close() {
        current?.kill()
        current = nil
    }
}

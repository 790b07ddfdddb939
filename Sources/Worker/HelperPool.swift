public import HelperProtocol
public import Logging
import Model

/// When a helper process is replaced by a fresh one, so that leaks in native code stay bounded.
public struct HelperRecycling: Sendable {
    public var maxJobs: Int
    /// Resident bytes after a job.
    public var maxResidentBytes: Int64

    public init(maxJobs: Int, maxResidentBytes: Int64) {
        self.maxJobs = maxJobs
        self.maxResidentBytes = maxResidentBytes
    }
}

/// Helper processes of one executable that do one job at a time each. There are as many as jobs run at once; the
/// worker's slots bound that.
public actor HelperPool {
    private let launch: HelperLaunch
    private let recycling: HelperRecycling
    private let logger: Logger
    private var idle: [HelperProcess] = []
    /// What the helper started last said of itself.
    private var facts: JSONValue?

    public init(launch: HelperLaunch, recycling: HelperRecycling, logger: Logger) {
        self.launch = launch
        self.recycling = recycling
        self.logger = logger
    }

    /// Runs one operation in a helper of its own. Cancelling the task kills the helper: the CPU is free at once.
    public nonisolated func run<Parameters: Encodable & Sendable, Result: Decodable & Sendable>(
        _ operation: String, _ parameters: Parameters, returning: Result.Type, descriptors: [LentDescriptor],
        timeout: Duration, onProgress: @escaping @Sendable (HelperProgress) -> Void
    ) async throws(HelperFailure) -> Result {
        let helper = try await checkOut()
        do throws(HelperFailure) {
            let answer: HelperAnswer<Result> = try await helper.run(
                operation, parameters, descriptors: descriptors, timeout: timeout, onProgress: onProgress)
            await checkIn(helper, residentBytes: answer.residentBytes)
            return answer.value
        } catch {
            if case .failed = error { await checkIn(helper, residentBytes: 0) } else { helper.kill() }
            throw error
        }
    }

    /// Starts one helper and keeps it ready; what is wrong shows before the first job.
    public func warmUp() async throws(HelperFailure) {
        guard idle.isEmpty else { return }
        idle.append(try await start())
    }

    /// Name and version of the native code, as the helper started last has it: `libvips 8.14.1`. Starts one where there
    /// was none; empty: it does not say.
    public func engine() async throws(HelperFailure) -> String {
        if facts == nil { try await warmUp() }
        return facts?["engine"]?.string ?? ""
    }

    /// Ends the helpers that wait.
    public func close() {
        for helper in idle { helper.kill() }
        idle.removeAll()
    }

    private func checkOut() async throws(HelperFailure) -> HelperProcess {
        while let helper = idle.popLast() {
            if helper.isRunning { return helper }
        }
        return try await start()
    }

    private func start() async throws(HelperFailure) -> HelperProcess {
        let helper = try await HelperProcess.start(launch)
        facts = helper.facts
        return helper
    }

    private func checkIn(_ helper: HelperProcess, residentBytes: Int64) {
        guard helper.answered < recycling.maxJobs, residentBytes < recycling.maxResidentBytes, helper.isRunning else {
            logger.debug(
                "helper recycled",
                metadata: ["jobs": "\(helper.answered)", "resident_bytes": "\(residentBytes)"])
            helper.kill()
            return
        }
        idle.append(helper)
    }
}

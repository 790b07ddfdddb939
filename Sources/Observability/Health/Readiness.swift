/// Whether this process can do its work: named checks of what it depends on.
///
/// Answers are kept for a second and shared by all who ask meanwhile, so that asking often costs the dependencies nothing.
public actor Readiness {
    /// One dependency. The closure throws when it cannot be used; what it returns is shown as detail.
    public struct Check: Sendable {
        let name: String
        let run: @Sendable () async throws -> String?

        public init(_ name: String, _ run: @escaping @Sendable () async throws -> String?) {
            self.name = name
            self.run = run
        }
    }

    /// The outcome of one check.
    public struct Outcome: Sendable, Hashable {
        public let ok: Bool
        public let detail: String?
    }

    /// What all checks said.
    public struct Report: Sendable {
        public let checks: [String: Outcome]
        public var isReady: Bool { checks.values.allSatisfy(\.ok) }

        /// `{"status":"ok","checks":{"redis":{"ok":true,"detail":null}}}`
        public var json: String {
            var out: [UInt8] = Array(
                "{\"status\":\"\(isReady ? "ok" : "unavailable")\",\"checks\":{".utf8)
            for (index, check) in checks.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                LogFormatting.appendQuoted(check.key, limit: 64, to: &out)
                out += Array(":{\"ok\":\(check.value.ok),\"detail\":".utf8)
                if let detail = check.value.detail {
                    LogFormatting.appendQuoted(detail, limit: 300, to: &out)
                } else {
                    out += Array("null".utf8)
                }
                out.append(UInt8(ascii: "}"))
            }
            return String(decoding: out, as: UTF8.self) + "}}"
        }
    }

    private let checks: [Check]
    private let timeout: Duration
    private let keptFor: Duration
    private var last: (report: Report, at: ContinuousClock.Instant)?
    private var running: Task<Report, Never>?
    private var isStopping = false

    /// - Parameter timeout: a check that takes longer counts as failed.
    public init(_ checks: [Check], timeout: Duration = .seconds(2), keptFor: Duration = .seconds(1)) {
        self.checks = checks
        self.timeout = timeout
        self.keptFor = keptFor
    }

    /// From now on the process is not ready, whatever the checks say: nobody should send it new work.
    public func stop() { isStopping = true }

    public func report() async -> Report {
        if isStopping { return Report(checks: ["process": Outcome(ok: false, detail: "is stopping")]) }
        if let last, last.at.duration(to: .now) < keptFor { return last.report }
        if let running { return await running.value }
        // Unstructured, because several callers wait for the one round; each check in it has its time limit.
        let round = Task { [checks, timeout] in await Self.run(checks, timeout) }
        running = round
        let report = await round.value
        last = (report, .now)
        running = nil
        return report
    }

    private static func run(_ checks: [Check], _ timeout: Duration) async -> Report {
        await withTaskGroup(of: (String, Outcome).self) { group in
            for check in checks {
                group.addTask { (check.name, await outcome(of: check, timeout)) }
            }
            var outcomes: [String: Outcome] = [:]
            for await (name, outcome) in group { outcomes[name] = outcome }
            return Report(checks: outcomes)
        }
    }

    private static func outcome(of check: Check, _ timeout: Duration) async -> Outcome {
        let (answers, answer) = AsyncStream.makeStream(
            of: Outcome.self, bufferingPolicy: .bufferingOldest(1))
        // Unstructured, because a check that hangs must not be waited for; it is cancelled and its answer ignored.
        let work = Task {
            do {
                answer.yield(Outcome(ok: true, detail: try await check.run()))
            } catch {
                answer.yield(Outcome(ok: false, detail: Redaction.text("\(error)")))
            }
        }
        // Unstructured like the check that it watches; ends with the sleep or the cancel below.
        let watch = Task {
            try await Task.sleep(for: timeout)
            answer.yield(Outcome(ok: false, detail: "no answer within \(timeout)"))
        }
        defer {
            work.cancel()
            watch.cancel()
        }
        for await outcome in answers { return outcome }
        return Outcome(ok: false, detail: "cancelled")
    }
}

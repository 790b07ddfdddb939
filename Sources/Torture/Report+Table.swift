import Foundation

extension Report {
    /// The report for people.
    public var table: String {
        var lines = [
            "torture: seed \(seed), \(Self.number(seconds / 60)) min, \(workers) workers × \(slots) slots (\(namespace))",
            "",
            "FAULTS  " + (faults.isEmpty ? "none" : "\(madeFaults)"),
        ]
        for (kind, count) in faults.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }) {
            lines.append("  \(kind.padding(toLength: 20, withPad: " ", startingAt: 0))\(count)")
        }
        for (reason, kinds) in Dictionary(grouping: impossibleFaults.keys, by: { impossibleFaults[$0] ?? "" }) {
            lines.append("  not here: \(kinds.sorted().joined(separator: ", ")) (\(reason))")
        }
        lines += [
            "",
            "JOBS    \(enqueued) enqueued = \(done) done + \(dead) dead + \(cancelled) cancelled + \(pending) pending"
                + (missing > 0 ? " + \(missing) missing" : ""), "",
            row("lost", "\(lost)"), row("duplicate effects", "\(duplicateEffects)"),
            row("wrong effects", "\(wrongEffects.count), and \(rightEffects) right ones"),
            row("impossible ends", "\(wrongEnds)"), row("left in the queue", "\(leftovers.count)"),
            row("false rescues", "\(falseRescues.count)"), row("crashed workers", "\(crashes.count)"),
            row("duplicate executions", "\(duplicateExecutions) of \(executions)"),
            row("… after the end", "\(executionsAfterTheEnd)"), row("refused, queue full", "\(refused)"),
            row("objects abandoned", "\(abandonedObjects)"),
            row("unclean stops", "\(uncleanStops.count)"), row("rescue", Self.text(rescue)),
            row("cancel", Self.text(cancel)), row("settled in", "\(Self.number(settleSeconds)) s"),
            row("machine stood still", "\(Int(longestStallMs)) ms at most"),
        ]
        for line in mostRepeated { lines.append("  repeated: \(line)") }
        for line in uncleanStops.prefix(20) { lines.append("  stop: \(line)") }
        lines += problems.map { "  ! \($0)" }
        lines += ["", isClean ? "every promise was kept" : "NOT every promise was kept"]
        return lines.joined(separator: "\n")
    }

    private func row(_ name: String, _ value: String) -> String {
        name.padding(toLength: 22, withPad: " ", startingAt: 0) + value
    }

    private static func text(_ spread: Spread) -> String {
        guard let p50 = spread.p50Ms, let p99 = spread.p99Ms, let max = spread.maxMs else { return "not seen" }
        return "p50 \(Int(p50)) ms, p99 \(Int(p99)) ms, max \(Int(max)) ms (\(spread.count) jobs)"
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}

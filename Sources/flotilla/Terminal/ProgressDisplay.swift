import Foundation
import Model
import Synchronization

/// Shows progress messages: a bar for each file that is redrawn in place, or one line a message.
final class ProgressDisplay: Sendable {
    private struct Row {
        var name: String
        var step = ""
        var percent = 0.0
        var ending: String?
    }

    private struct State {
        var order: [String] = []
        var rows: [String: Row] = [:]
        var drawnLines = 0
        var title = ""
    }

    private let isInteractive: Bool
    private let state = Mutex(State())

    init(isInteractive: Bool) { self.isInteractive = isInteractive }

    func show(_ message: ProgressMessage) {
        state.withLock { state in
            Self.note(message, in: &state)
            if isInteractive { Self.draw(&state) } else { Terminal.line(Self.line(message, in: state)) }
        }
    }

    func finish() { if isInteractive { Terminal.write("\n") } }

    private static func note(_ message: ProgressMessage, in state: inout State) {
        if let total = message.data?["total"]?.int, let processed = message.data?["processed"]?.int {
            state.title = "\(processed) of \(total) files"
        }
        guard let key = message.asset ?? (message.data?["name"] == nil ? message.job : nil),
            message.asset != nil
                || message.event.rawValue.hasPrefix("JOB_")
        else { return }
        if state.rows[key] == nil {
            state.order.append(key)
            state.rows[key] = Row(name: message.data?["name"]?.string ?? key)
        }
        guard message.event != .jobLog, var row = state.rows[key] else { return }
        row.step = step(message)
        row.percent = message.percent ?? row.percent
        switch message.event {
        case .stepStarted: row.percent = 0
        case .stepCompleted: row.percent = 100
        case .imageProcessed:
            row.ending = message.data?["proposed_name"]?.string.map { "→ \($0)" } ?? "done"
        case .processingError, .jobDead: row.ending = message.data?["message"]?.string ?? "failed"
        case .jobCompleted: row.ending = "done"
        case .jobCancelled: row.ending = "cancelled"
        default: break
        }
        state.rows[key] = row
    }

    private static func draw(_ state: inout State) {
        let width = Terminal.columns
        var lines = state.order.compactMap { state.rows[$0] }.map { row in
            let name = Terminal.tamed(row.name, width: 28).padding(toLength: 28, withPad: " ", startingAt: 0)
            if let ending = row.ending { return "\(name)  \(Terminal.tamed(ending, width: width - 32))" }
            let filled = Int(max(0, min(20, (row.percent / 5).rounded())))
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
            let percent = String(format: "%3.0f", row.percent)
            return "\(name)  \(bar) \(percent) %  \(Terminal.tamed(row.step, width: max(4, width - 62)))"
        }
        if !state.title.isEmpty { lines.append(state.title) }
        let up = state.drawnLines > 0 ? "\u{1B}[\(state.drawnLines)A" : ""
        Terminal.write(up + lines.map { "\r\u{1B}[2K\($0)\n" }.joined())
        state.drawnLines = lines.count
    }

    private static func line(_ message: ProgressMessage, in state: State) -> String {
        let name = message.asset.flatMap { state.rows[$0]?.name } ?? message.job ?? ""
        var parts = [message.event.rawValue.padding(toLength: 24, withPad: " ", startingAt: 0)]
        if !name.isEmpty { parts.append(Terminal.tamed(name, width: 40)) }
        let step = step(message)
        if !step.isEmpty { parts.append(step) }
        if let percent = message.percent { parts.append(String(format: "%.0f %%", percent)) }
        if let name = message.data?["proposed_name"]?.string { parts.append("→ \(Terminal.tamed(name))") }
        if let text = message.data?["line"]?.string { parts.append(Terminal.tamed(text)) }
        if let reason = message.data?["message"]?.string { parts.append(Terminal.tamed(reason)) }
        return parts.joined(separator: "  ")
    }

    private static func step(_ message: ProgressMessage) -> String {
        [message.queue?.rawValue, message.stage].compactMap(\.self).joined(separator: " · ")
    }
}

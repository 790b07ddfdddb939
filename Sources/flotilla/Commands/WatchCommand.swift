import ArgumentParser
import Foundation
import JobQueue
import Model
import Pipeline
import Redis

/// `flotilla watch ID`: one bar a file on a terminal, plain lines otherwise; ends with the batch or job.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follow a batch or a job live, until it ends.",
        discussion: "Exit status: 0 when it completed, 1 when it was cancelled or is dead, 2 when time ran out.")

    @Argument(help: "The id of a batch or a job.") var id: String
    @Option(help: "Give up after this many seconds (1 to 604800).") var timeout = 86_400
    @Option(help: "A file that is created once the subscription stands.") var readyFile: String?

    func validate() throws {
        guard JobID(id) != nil else { throw ValidationError("an id is 1 to 128 letters, digits or -_.:") }
        guard (1...604_800).contains(timeout) else { throw ValidationError("--timeout must be from 1 to 604800") }
    }

    func run() async throws {
        let fleet = try Fleet.open(as: "flotilla watch")
        let subscriber = RedisSubscriber(fleet.redisURL, name: "flotilla watch")
        defer { subscriber.close() }
        let display = ProgressDisplay(isInteractive: Terminal.isInteractive)
        let ending = try await withThrowingTaskGroup(of: EventName?.self) { group in
            group.addTask { try await follow(fleet.queue, subscriber, display) }
            group.addTask { [timeout] in
                try await Task.sleep(for: .seconds(timeout))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        display.finish()
        switch ending {
        case .batchCompleted, .jobCompleted: return
        case nil:
            Terminal.complain("\(id) did not end within \(timeout) seconds")
            throw ExitCode(2)
        default: throw ExitCode(1)
        }
    }

    /// Returns the event that ended it.
    private func follow(_ queue: JobQueue, _ subscriber: RedisSubscriber, _ display: ProgressDisplay) async throws
        -> EventName?
    {
        var seen: Int64 = 0
        for await event in subscriber.events(on: queue.progressChannel(id), bufferingNewest: 4096) {
            switch event {
            case .subscribed:
                if let readyFile { _ = FileManager.default.createFile(atPath: readyFile, contents: nil) }
                // Whatever was missed before the subscription stood is in the list of kept messages.
                for message in try await queue.events(id, after: seen) {
                    if let ending = show(message.json, &seen, display) { return ending }
                }
            case .message(_, let payload):
                if let ending = show(payload, &seen, display) { return ending }
            }
        }
        return nil
    }

    private func show(_ json: [UInt8], _ seen: inout Int64, _ display: ProgressDisplay) -> EventName? {
        guard let message = try? JSON.decode(ProgressMessage.self, from: json), message.seq > seen else { return nil }
        seen = message.seq
        display.show(message)
        return message.event.isTerminal ? message.event : nil
    }
}

/// A message as it comes over the channel.
struct ProgressMessage: Decodable, Sendable {
    var seq: Int64
    var event: EventName
    var asset: String?
    var job: String?
    var queue: QueueName?
    var stage: String?
    var percent: Double?
    var data: JSONValue?
}

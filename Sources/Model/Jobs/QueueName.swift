/// The queues of the fleet, one worker executable each.
public enum QueueName: String, Sendable, Hashable, Codable, CaseIterable {
    case scan, analyze, compress, export
}

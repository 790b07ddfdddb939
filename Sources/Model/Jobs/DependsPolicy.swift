/// What a job makes of the ends of those it waits for.
public enum DependsPolicy: String, Sendable, Hashable, Codable, CaseIterable {
    /// Each must be done; when one is dead or cancelled, the job dies with the code `dependency_failed`.
    case done
    /// Each must have ended, however.
    case ended
}

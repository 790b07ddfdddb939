public import Foundation
public import Model
import Postgres

/// What others that wait for a job want to know of it.
public struct JobDependency: Sendable, Hashable {
    public var id: JobID
    public var state: JobState
    public var tenant: String
    public var batch: UUID?
}

extension Catalog {
    /// The given jobs, as far as they are recorded, in no order.
    public func jobDependencies(_ ids: [JobID]) async throws -> [JobDependency] {
        guard !ids.isEmpty else { return [] }
        return try await pool.withConnection { connection in
            try connection.query(Statement.jobsDependedOn, [.textArray(ids.map(\.rawValue))]).map { row in
                let id: String = try row["id"]
                let state: String = try row["state"]
                return JobDependency(
                    id: try known(JobID(id), "id"), state: try known(JobState(rawValue: state), "state"),
                    tenant: try row["tenant"], batch: try row["batch_id"])
            }
        }
    }
}

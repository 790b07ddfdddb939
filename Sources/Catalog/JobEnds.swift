public import Foundation
public import Model
import Postgres

/// How far a job has come, as the record has it: enough to tell whether its end was ever written twice.
public struct JobEnd: Sendable, Hashable {
    public var id: JobID
    public var state: JobState
    /// Of the newest claim that told about itself.
    public var fence: Int64
    public var attempt: Int
    public var errorCode: String?
    public var finishedAt: Date?
}

extension Catalog {
    /// The given jobs, as far as they are recorded, in no order.
    public func jobEnds(_ ids: [JobID]) async throws -> [JobEnd] {
        try await pool.withConnection { connection in
            try connection.query(Statement.jobsEnds, [.textArray(ids.map(\.rawValue))]).map { try JobEnd($0) }
        }
    }
}

extension JobEnd {
    init(_ row: PostgresRow) throws {
        let id: String = try row["id"]
        self.id = try known(JobID(id), "id")
        let state: String = try row["state"]
        self.state = try known(JobState(rawValue: state), "state")
        fence = try row["fence"]
        attempt = try row["attempt"]
        errorCode = try row["error_code"]
        finishedAt = try row["finished_at"]
    }
}

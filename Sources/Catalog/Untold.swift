public import Foundation
public import Model
import Postgres

/// An event that is recorded and that subscribers may not have been told yet.
public struct UntoldEvent: Sendable, Hashable {
    let id: Int64
    public var event: EventName
    /// Nil: it is about the whole batch.
    public var asset: UUID?
    public var job: JobID?
}

/// What changes a batch without a claim, which would be repeated after a crash, is written down to be announced in the
/// same transaction (an outbox).
extension Catalog {
    /// What is left to be announced of a batch, oldest first; at most 1000.
    public func untold(ofBatch id: UUID) async throws -> [UntoldEvent] {
        try await pool.withConnection { connection in
            try connection.query(Statement.untoldOfBatch, [.uuid(id)]).compactMap { try UntoldEvent($0) }
        }
    }

    /// Batches of which something has been left for longer than `age`.
    public func untoldBatches(olderThan age: Duration, limit: Int = 1_000) async throws -> [UUID] {
        try await pool.withConnection { connection in
            try connection.query(Statement.untoldBatches, [.double(age.inSeconds), .int(limit)]).map {
                try $0["batch_id"]
            }
        }
    }

    /// Notes that subscribers know.
    public func told(_ events: [UntoldEvent]) async throws {
        guard !events.isEmpty else { return }
        try await pool.withConnection { connection in
            try connection.execute(Statement.untoldDelete, [.intArray(events.map(\.id))])
            return
        }
    }
}

extension Transaction {
    mutating func note(_ event: EventName, of batch: UUID, asset: UUID? = nil, job: JobID? = nil) throws {
        try execute(
            Statement.untoldInsert,
            [.uuid(batch), .optional(asset), .optional(job?.rawValue), .text(event.rawValue)])
    }
}

extension UntoldEvent {
    /// Nil for an event that only another release knows.
    init?(_ row: PostgresRow) throws {
        guard let event = EventName(rawValue: try row["event"]) else { return nil }
        self.event = event
        id = try row["id"]
        asset = try row["image_id"]
        let job: String? = try row["job_id"]
        self.job = job.flatMap { JobID($0) }
    }
}

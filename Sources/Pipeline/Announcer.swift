import Catalog
import Foundation
import JobQueue
import Model
import Worker

/// Announces what was recorded of a batch without a worker's claim: its start, its end, its cancellation, and assets
/// whose jobs ended unrun.
///
/// Whoever has recorded it announces it at once; what a crash or an absent Redis leaves, the reconciler announces. So it
/// may be told twice, and is told as things stand by then.
struct Announcer: Sendable {
    let catalog: Catalog
    let queue: JobQueue

    /// Announces all that is left of a batch.
    func tell(of id: UUID) async throws {
        while case let events = try await catalog.untold(ofBatch: id), !events.isEmpty {
            let batch = try await catalog.batch(id, tenant: nil)
            for event in events {
                if event.event == .batchCancelled {
                    try await queue.cancel(try await catalog.cancelledJobs(ofBatch: id))
                }
                for item in try await announcements(event, batch) {
                    try await queue.publish(item.event, fields: item.fields)
                }
            }
            try await catalog.told(events)
        }
    }

    /// Nothing for what is no longer so.
    private func announcements(_ event: UntoldEvent, _ batch: Batch) async throws -> [Announcement] {
        if let asset = event.asset {
            return Announcements.finished(try await catalog.asset(asset, tenant: nil), in: batch, job: event.job)
        }
        return switch (event.event, batch.status) {
        case (.batchProcessingStarted, .processing): [Announcements.started(batch)]
        case (.batchCompleted, .completed), (.batchCompleted, .failed): [Announcements.ended(batch)]
        case (.batchCancelled, .cancelled): [Announcements.cancelled(batch)]
        default: []
        }
    }
}

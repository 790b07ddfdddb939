import Catalog
import Foundation
import JobQueue
import Model
import Worker

/// What subscribers are told when a step has been recorded.
enum Announcements {
    /// - Parameter facts: what the step found, for `data` of STEP_COMPLETED.
    static func of(_ outcome: StepOutcome, job: RunningJob, facts: JSONValue) -> [Announcement] {
        var all: [Announcement] = []
        if let asset = outcome.asset {
            let event: EventName =
                if !outcome.assetIsFinished || asset.status == .completed { .stepCompleted } else { .processingError }
            if event == .stepCompleted {
                var data = facts.object ?? [:]
                data["name"] = .string(asset.originalName)
                all.append(
                    Announcement(
                        ProgressEvent(
                            .stepCompleted, batch: outcome.batch.id, asset: asset.id, job: job.id,
                            queue: job.claim.queue, percent: 100, data: .object(data)),
                        fields: fields(outcome.batch)))
            }
            all += finished(asset, in: outcome.batch, job: job.id)
        }
        return outcome.batchJustEnded ? all + [ended(outcome.batch)] : all
    }

    /// For an asset that is final now; nothing for one that is not.
    static func finished(_ asset: Asset, in batch: Batch, job: JobID?) -> [Announcement] {
        guard asset.status.isFinal, asset.status != .cancelled else { return [] }
        var data: [String: JSONValue] = [
            "name": .string(asset.originalName), "status": .string(asset.status.rawValue),
            "bytes": .int(asset.bytes), "mime_type": .string(asset.mimeType),
        ]
        if let name = asset.proposedName { data["proposed_name"] = .string(name) }
        if let scan = asset.scan { data["verdict"] = .string(scan.verdict.rawValue) }
        if let signature = asset.scan?.signature { data["signature"] = .string(signature) }
        if let error = asset.error {
            data["code"] = .string(error.code)
            data["message"] = .string(error.message)
        }
        data.merge(counters(batch)) { _, new in new }
        return [
            Announcement(
                ProgressEvent(
                    asset.status == .completed ? .imageProcessed : .processingError, batch: batch.id, asset: asset.id,
                    job: job, percent: batch.percent, data: .object(data)),
                fields: fields(batch))
        ]
    }

    static func ended(_ batch: Batch) -> Announcement {
        var data = counters(batch)
        data["status"] = .string(batch.status.rawValue)
        if let error = batch.error {
            data["code"] = .string(error.code)
            data["message"] = .string(error.message)
        }
        if let export = batch.export { data["export"] = ["bytes": .int(export.bytes)] }
        return plain(.batchCompleted, batch, data)
    }

    static func started(_ batch: Batch) -> Announcement { plain(.batchProcessingStarted, batch, counters(batch)) }

    static func cancelled(_ batch: Batch) -> Announcement { plain(.batchCancelled, batch, counters(batch)) }

    private static func plain(_ event: EventName, _ batch: Batch, _ data: [String: JSONValue]) -> Announcement {
        Announcement(
            ProgressEvent(event, batch: batch.id, percent: batch.percent, data: .object(data)), fields: fields(batch))
    }

    /// The counters as fields of the batch's snapshot hash.
    static func fields(_ batch: Batch) -> [String: String] {
        [
            "status": batch.status.rawValue, "total": "\(batch.total)", "processed": "\(batch.processed)",
            "failed": "\(batch.failed)", "infected": "\(batch.infected)", "batch_percent": "\(batch.percent)",
        ]
    }

    static func counters(_ batch: Batch) -> [String: JSONValue] {
        [
            "total": .int(Int64(batch.total)), "processed": .int(Int64(batch.processed)),
            "failed": .int(Int64(batch.failed)), "infected": .int(Int64(batch.infected)),
        ]
    }
}

import Foundation
import Model
import Postgres

/// How a claim stands to its job, both locked.
enum Standing {
    case ours, over, cancelled, fenced

    init(_ job: (state: JobState, fence: Int64), imageIsOurs: Bool, fence: Int64) {
        if job.state == .cancelled {
            self = .cancelled
        } else if job.fence > fence {
            self = .fenced
        } else if job.state.isFinal {
            self = .over
        } else {
            self = imageIsOurs ? .ours : .fenced
        }
    }
}

/// The parts of recording a step.
extension Transaction {
    /// Puts the claim's fence on the image. False, with nothing changed: the asset is final, at another step, or a
    /// newer claim has it. Steps of a whole batch have no image, so they pass.
    mutating func takeImage(_ job: JobRecord, _ claim: JobClaim) throws -> Bool {
        guard let image = job.job.asset else { return true }
        return try execute(
            Statement.imageBegin, [.uuid(image), .optional(job.job.step), .int(claim.fence)]) == 1
    }

    mutating func store(_ result: StepResult, for image: UUID) throws {
        switch result {
        case .nothing: break
        case .scan(let report):
            try execute(Statement.imageSetScan, [.uuid(image), try StoredJSON.facts(report)])
        case .analysis(let report, let name):
            try execute(
                Statement.imageSetAnalysis,
                [.uuid(image), try StoredJSON.facts(report), try StoredJSON.facts(report.labels)])
            if let name { try propose(name, for: image) }
        case .name(let name): try propose(name, for: image)
        case .variants(let variants):
            try execute(Statement.variantsDelete, [.uuid(image)])
            for variant in variants {
                let facts = variant.facts
                try execute(
                    Statement.variantInsert,
                    [
                        .uuid(UUID()), .uuid(image), .text(facts.name), .text(facts.format), .text(facts.mimeType),
                        .int(facts.width), .int(facts.height), .int(facts.bytes), .text(facts.sha256),
                        .int(Int64(facts.crc32)), .text(variant.key), .bool(facts.keptOriginal),
                    ])
            }
        }
    }

    mutating func finish(_ image: UUID, _ status: AssetStatus, _ error: RecordedError?, _ movedTo: String?) throws {
        try execute(
            Statement.imageFinish,
            [
                .uuid(image), .text(status.rawValue), .optional(error?.code), .optional(error?.message),
                .optional(movedTo),
            ])
    }

    /// Counts one more finished asset; true when it was the last one of a running batch.
    mutating func count(_ status: AssetStatus, in batch: UUID) throws -> Bool {
        let counters: [PostgresValue] =
            switch status {
            case .completed: [1, 0, 0]
            case .infected: [0, 0, 1]
            default: [0, 1, 0]
            }
        return try found(query(Statement.batchCount, [.uuid(batch)] + counters), .batch)["is_through"]
    }

    mutating func end(_ claim: JobClaim, _ state: JobState, _ error: RecordedError?) throws {
        try execute(
            Statement.jobEnd,
            [
                .text(claim.job.rawValue), .text(state.rawValue), .int(claim.attempt), .int(claim.fence), nil,
                .optional(error?.code), .optional(error?.message),
            ])
    }

    mutating func insertEffect(
        _ effect: String, _ claim: JobClaim, _ receipt: Receipt, _ followUps: [QueuedJob]
    ) throws {
        try execute(
            Statement.effectInsert,
            [
                .text(claim.job.rawValue), .text(effect), .int(claim.fence), .int(claim.attempt),
                .optional(receipt.inputSHA256), .textArray(receipt.outputSHA256),
                try StoredJSON.facts(receipt.engine), .textArray(followUps.map(\.envelope.id.rawValue)),
            ])
    }

    /// The state after a job: its follow-ups that still wait to be claimed, its asset and batch as they are now.
    ///
    /// A job that ended its batch is told by the time, which is the same for all that one transaction writes. So whoever
    /// finds it done, after a crash, learns of it as well.
    mutating func outcome(of job: JobRecord) throws -> StepOutcome {
        guard let batch = job.batch else { throw CatalogError.notFound(.batch) }
        let now = try self.batch(batch)
        var ids: [String] = []
        var endedBatch = false
        for row in try query(Statement.effectsOfJob, [.text(job.id.rawValue)]) {
            ids += try row["follow_ups"] as [String]
            let at: Date = try row["at"]
            if now.completedAt == at, now.status == .completed || now.status == .failed { endedBatch = true }
        }
        let followUps = try query(Statement.jobsByIds, [.textArray(ids)]).map { try QueuedJob($0) }
        return StepOutcome(
            asset: try job.job.asset.map { try asset($0) }, batch: now, followUps: followUps,
            batchJustEnded: endedBatch)
    }

    /// The same of a job that was found over.
    mutating func outcome(ofEnded job: JobRecord, _ state: JobState) throws -> StepOutcome {
        var outcome = try self.outcome(of: job)
        if state == .dead { outcome.deadBecause = try self.job(job.id)?.error }
        return outcome
    }
}

extension RecordedEffect {
    init(_ row: PostgresRow) throws {
        effect = try row["effect"]
        fence = try row["fence"]
        attempt = try row["attempt"]
        receipt = Receipt(
            inputSHA256: try row["input_sha256"], outputSHA256: try row["output_sha256"],
            engine: try StoredJSON.read([String: String].self, try row["engine"]) ?? [:])
        at = try row["at"]
    }
}

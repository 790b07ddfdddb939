public import Catalog
public import Foundation
public import Model

/// Makes the jobs of a recipe's steps. Ids are deterministic, so the same step of the same asset is always the same
/// job, however often it is enqueued.
public enum StepJobs {
    /// What a step's action is called as a job's `kind`.
    public static func kind(of action: Recipe.Action) -> String {
        switch action {
        case .scan: "scan.asset"
        case .analyze: "analyze.asset"
        case .compress: "compress.asset"
        case .export: "export.batch"
        }
    }

    /// The job that runs `step` for one asset.
    public static func job(_ step: Recipe.Step, of recipe: Recipe, asset: UUID, in batch: Batch) -> QueuedJob {
        job(step, of: recipe, subject: asset, asset: asset, in: batch)
    }

    /// The first job for the whole batch, once its last asset is final; nil: the batch then is complete.
    public static func whenDone(_ recipe: Recipe, in batch: Batch) -> QueuedJob? {
        recipe.whenDone.first.map { job($0, of: recipe, subject: batch.id, asset: nil, in: batch) }
    }

    /// The job that runs `step` once for the whole batch.
    public static func job(_ step: Recipe.Step, of recipe: Recipe, in batch: Batch) -> QueuedJob {
        job(step, of: recipe, subject: batch.id, asset: nil, in: batch)
    }

    private static func job(
        _ step: Recipe.Step, of recipe: Recipe, subject: UUID, asset: UUID?, in batch: Batch
    ) -> QueuedJob {
        var payload: [String: JSONValue] = ["step": .string(step.name)]
        if let asset { payload["asset"] = .string(asset.uuidString.lowercased()) }
        return QueuedJob(
            queue: step.action.queue,
            envelope: JobEnvelope(
                id: .deterministic(subject: subject, step: step.name), kind: kind(of: step.action),
                payload: .object(payload), maxAttempts: recipe.retry.maxAttempts, timeoutMs: step.timeoutMs,
                cost: cost(of: batch, isWhole: asset == nil), tenant: batch.tenant, batch: batch.id, isRecorded: true),
            step: step.name, asset: asset)
    }

    /// Megabytes to work on, one at least: of the whole batch, or of its average asset.
    private static func cost(of batch: Batch, isWhole: Bool) -> Int {
        let bytes = isWhole ? batch.totalBytes : batch.totalBytes / Int64(max(1, batch.total))
        return Int(min(max(1, bytes >> 20), 1_000_000))
    }
}

extension StepOutcome {
    /// A job that died for the record, and whose worker died before the queue knew, dies there as well: by its own reason.
    func throwIfDead() throws(JobFailure) {
        guard let error = deadBecause else { return }
        throw JobFailure(.badInput, code: error.code, message: error.message)
    }
}

extension Recipe {
    /// The step with this name among those run for each asset, with what follows it (nil: it is the last).
    func assetStep(named name: String) -> (step: Step, next: Step?)? { Self.find(name, in: steps) }

    /// The same among those run once when the batch is done.
    func batchStep(named name: String) -> (step: Step, next: Step?)? { Self.find(name, in: whenDone) }

    private static func find(_ name: String, in steps: [Step]) -> (step: Step, next: Step?)? {
        guard let index = steps.firstIndex(where: { $0.name == name }) else { return nil }
        return (steps[index], index + 1 < steps.count ? steps[index + 1] : nil)
    }
}

import Catalog
import Foundation
import Model
import ObjectStorage
import Recipes
import Worker
import ZipExport

/// Packs a finished batch: plans the archive from what is recorded, writes it once into the storage with each content
/// held against its checksum, and records it.
struct ExportStep: JobHandler {
    let kind = "export.batch"
    let catalog: Catalog
    let recipes: RecipeBook
    let store: DirectoryStore

    func run(_ job: RunningJob) async throws -> JobOutcome {
        let claim = JobClaim(job: job.id, fence: job.fence, attempt: job.attempt)
        let facts: StepFacts
        switch try await catalog.beginStep(claim) {
        case .run(let start): facts = start
        case .alreadyDone(let outcome):
            try outcome.throwIfDead()
            return Self.outcome(outcome, job)
        case .cancelled, .fenced: return JobOutcome()
        }
        let batch = facts.batch
        guard let name = facts.job.job.step, let recipe = recipes[batch.recipe],
            let (step, next) = recipe.batchStep(named: name), case .export(let options) = step.action
        else {
            throw JobFailure(
                .badInput, code: "unknown_step", message: "The recipe “\(batch.recipe)” has no such export step.")
        }
        job.announce(
            ProgressEvent(.stepStarted, batch: batch.id, job: job.id, queue: .export, stage: step.name, percent: 0))
        let plan = try ExportPlan(
            batch: ExportBatch(
                id: batch.id.uuidString.lowercased(), recipe: batch.recipe, keywords: batch.keywords,
                createdAt: batch.createdAt),
            files: try await files(of: batch.id), options: options)
        let key = try StorageKey.export(
            tenant: batch.tenant, batch: batch.id.uuidString.lowercased(), name: step.name, fence: job.fence,
            fileExtension: "zip")
        try write(plan, as: key, job, batch)
        let completion = try await catalog.completeBatch(
            claim, export: BatchExport(key: key.text, bytes: plan.bytes, etag: plan.etag),
            next: next.map { StepJobs.job($0, of: recipe, in: batch) })
        switch completion {
        case .recorded(let outcome): return Self.outcome(outcome, job)
        case .alreadyDone(let outcome):
            _ = try? store.delete(key)
            return Self.outcome(outcome, job)
        case .cancelled, .fenced:
            _ = try? store.delete(key)
            return JobOutcome()
        }
    }

    func gaveUp(_ job: RunningJob, after failure: JobFailure) async throws -> JobOutcome {
        let completion = try await catalog.failBatch(
            JobClaim(job: job.id, fence: job.fence, attempt: job.attempt),
            error: RecordedError(code: failure.code, message: failure.message))
        switch completion {
        case .recorded(let outcome), .alreadyDone(let outcome): return Self.outcome(outcome, job)
        case .cancelled, .fenced: return JobOutcome()
        }
    }

    private func write(_ plan: ExportPlan, as key: StorageKey, _ job: RunningJob, _ batch: Batch) throws {
        let session = try store.beginPut()
        do {
            try plan.write(
                from: store, to: session, isCancelled: { Task.isCancelled },
                progress: { progress in
                    job.announce(
                        ProgressEvent(
                            .stepProgress, batch: batch.id, job: job.id, queue: .export, stage: "pack",
                            percent: progress.percent))
                })
        } catch ExportError.cancelled {
            throw CancellationError()
        } catch ExportError.storage(let entry, let error) {
            throw JobFailure(
                error.isTransient ? .transient : .badInput, code: "storage_failed",
                message: entry.map { "“\($0)”: \(error)" } ?? error.description)
        } catch {
            throw JobFailure(.badInput, code: "export_failed", message: "\(error)")
        }
        try session.commit(as: key, replacing: true)
    }

    /// All assets of the batch: those that failed stand in the manifest.
    private func files(of batch: UUID) async throws -> [ExportFile] {
        var files: [ExportFile] = []
        var cursor: PageCursor?
        repeat {
            let page = try await catalog.assets(ofBatch: batch, tenant: nil, limit: 1000, after: cursor)
            for asset in page.items {
                files.append(
                    ExportFile(
                        id: asset.id.uuidString.lowercased(), originalName: asset.originalName,
                        newName: asset.proposedName ?? asset.originalName, mimeType: asset.mimeType,
                        bytes: asset.bytes, sha256: asset.sha256, crc32: asset.crc32, key: try StorageKey(asset.key),
                        status: asset.status, verdict: asset.scan?.verdict, signature: asset.scan?.signature,
                        problem: asset.error.map { ExportFile.Problem(code: $0.code, message: $0.message) },
                        variants: try asset.variants.map {
                            ExportFile.Variant(facts: $0.facts, key: try StorageKey($0.key))
                        }))
            }
            cursor = page.next
        } while cursor != nil
        return files
    }

    private static func outcome(_ outcome: StepOutcome, _ job: RunningJob) -> JobOutcome {
        JobOutcome(
            followUps: outcome.followUps.map { ($0.queue, $0.envelope) },
            announcements: Announcements.of(outcome, job: job, facts: .object([:])))
    }
}

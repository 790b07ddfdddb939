import Catalog
import Foundation
import Logging
import Model
import Postgres
import TestServers

/// A migrated catalog on a fresh database, with what `psql` sees of it.
struct Record: Sendable {
    let catalog: Catalog
    let url: String

    /// One value or several lines, as `psql` prints them.
    @discardableResult
    func psql(_ sql: String) throws -> String {
        try PostgresServer.shared.get().psql(sql, database: url.split(separator: "/").last.map { String($0) } ?? "")
    }
}

func withCatalog(connections: Int = 6, _ body: @Sendable (Record) async throws -> Void) async throws {
    let url = try PostgresServer.shared.get().makeDatabase()
    let pool = PostgresPool(
        PostgresOptions(url: url, applicationName: "catalog-tests"), connections: connections, waitLimit: .seconds(60))
    let catalog = Catalog(pool: pool, logger: Logger(label: "test"))
    let result: Result<Void, any Error>
    do {
        try await catalog.migrate()
        result = .success(try await body(Record(catalog: catalog, url: url)))
    } catch { result = .failure(error) }
    await pool.close()
    try result.get()
}

func newAsset(_ name: String, content: String? = nil) -> NewAsset {
    let bytes = Array((content ?? name).utf8)
    return NewAsset(
        originalName: name, key: "originals/\(UUID().uuidString)", bytes: Int64(bytes.count),
        sha256: SHA256.hexadecimal(bytes), crc32: 0xDEAD_BEEF, mimeType: "image/jpeg")
}

func stepJob(_ step: String, asset: UUID, batch: UUID, queue: QueueName = .scan) -> QueuedJob {
    QueuedJob(
        queue: queue,
        envelope: JobEnvelope(
            id: .deterministic(subject: asset, step: step), kind: "\(step).asset",
            payload: ["asset": .string(asset.uuidString), "step": .string(step)], batch: batch),
        step: step, asset: asset)
}

func closingJob(_ batch: UUID) -> QueuedJob {
    QueuedJob(
        queue: .export,
        envelope: JobEnvelope(
            id: .deterministic(subject: batch, step: "export"), kind: "export.batch",
            payload: ["batch": .string(batch.uuidString), "step": "export"], batch: batch),
        step: "export")
}

func claim(_ job: QueuedJob, fence: Int64 = 1, attempt: Int = 1) -> JobClaim {
    JobClaim(job: job.envelope.id, fence: fence, attempt: attempt)
}

let cleanScan = ScanReport(
    verdict: .clean, signature: nil, engine: "ClamAV 1.4.6", databaseVersion: "27", databaseDate: nil, bytes: 5,
    elapsedMs: 1.5)

func analysis(_ label: String = "cat") -> AnalysisReport {
    AnalysisReport(
        width: 640, height: 480, orientation: 1, frames: 1, hasAlpha: false, camera: CameraFacts(make: "Nul\0Cam"),
        labels: [Label(name: label, score: 0.9)], text: nil, caption: nil, altText: nil, colors: [], sharpness: 120,
        phash: "00ff00ff00ff00ff", thumbhash: "AA==", provider: "embedded/test")
}

func variant(_ name: String) -> StoredVariant {
    StoredVariant(
        facts: VariantFacts(
            name: name, format: "webp", mimeType: "image/webp", width: 320, height: 240, bytes: 99,
            sha256: String(repeating: "ab", count: 32), crc32: UInt32.max),
        key: "variants/\(name)")
}

extension Record {
    /// A started batch of `count` assets whose first step is `scan`.
    func startedBatch(_ count: Int) async throws -> (batch: Batch, jobs: [QueuedJob]) {
        let batch = try await catalog.createBatch(NewBatch(recipe: "bulk-rename"), tenant: "default").batch
        for n in 0..<count {
            _ = try await catalog.addAsset(newAsset("\(n).jpg"), toBatch: batch.id, tenant: "default")
        }
        let started = try await catalog.startBatch(batch.id, tenant: "default") {
            stepJob("scan", asset: $0.id, batch: $0.batch)
        }
        return (started.batch, started.jobs)
    }

    /// Ends an asset well at its current job.
    func finish(_ job: QueuedJob, fence: Int64 = 1, closing: Bool = true) async throws -> StepCompletion {
        try await catalog.completeStep(
            claim(job, fence: fence), result: .scan(cleanScan), next: .assetCompleted,
            whenDone: closing ? job.envelope.batch.map { closingJob($0) } : nil)
    }
}

extension StepCompletion {
    var outcome: StepOutcome? { if case .recorded(let outcome) = self { outcome } else { nil } }
    var repeated: StepOutcome? { if case .alreadyDone(let outcome) = self { outcome } else { nil } }
    var isFenced: Bool { if case .fenced = self { true } else { false } }
    var isCancelled: Bool { if case .cancelled = self { true } else { false } }
}

extension StepStart {
    var facts: StepFacts? { if case .run(let facts) = self { facts } else { nil } }
    var repeated: StepOutcome? { if case .alreadyDone(let outcome) = self { outcome } else { nil } }
    var isFenced: Bool { if case .fenced = self { true } else { false } }
    var isCancelled: Bool { if case .cancelled = self { true } else { false } }
}

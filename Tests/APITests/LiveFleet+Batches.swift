import Catalog
import Foundation
import JobQueue
import Model
import ObjectStorage
import TestServers
import ZipExport

extension LiveFleet {
    func makeBatch(key: String) async throws -> String {
        let answer = try await api.request("POST", "/v1/batches", key: key, json: #"{"recipe":"bulk-rename"}"#)
        guard answer.status == 201 else { throw ServerFailure("no batch: \(answer.text)") }
        return answer.id
    }

    /// Uploads bytes under a name.
    func upload(
        _ bytes: Data, as name: String, to batch: String, key: String, headers: [String] = [], on other: LiveAPI? = nil
    ) async throws -> Answer {
        let file = FileManager.default.temporaryDirectory.appending(path: "flotilla-test-\(UUID().uuidString)")
        try bytes.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await (other ?? api).request(
            "PUT", "/v1/batches/\(batch)/assets/\(name)", key: key, headers: headers,
            curl: ["--data-binary", "@" + file.path, "-H", "Content-Type:"])
    }

    /// Does for a started batch what the workers would do: each asset is complete, then the batch with this ZIP.
    ///
    /// - Parameter storing: whether the ZIP is stored, or only its plan.
    func finish(batch text: String, storing: Bool) async throws -> BatchExport {
        guard let id = UUID(uuidString: text) else { throw ServerFailure("\(text) is no id") }
        let batch = try await catalog.batch(id, tenant: nil)
        let closing = QueuedJob(
            queue: .export,
            envelope: JobEnvelope(
                id: .deterministic(subject: id, step: "export"), kind: "export.batch", payload: [:],
                tenant: batch.tenant,
                batch: id, isRecorded: true), step: "export")
        let assets = try await catalog.assets(ofBatch: id, tenant: nil, limit: 1000).items
        for asset in assets {
            let job = JobID(try psql("SELECT id FROM job_runs WHERE image_id = '\(asset.id)'"))
            guard let job else { throw ServerFailure("no job for \(asset.id)") }
            let claim = JobClaim(job: job, fence: 1, attempt: 1)
            _ = try await catalog.beginStep(claim)
            _ = try await catalog.completeStep(claim, result: .nothing, next: .assetCompleted, whenDone: closing)
        }
        let files = try assets.map { asset in
            ExportFile(
                id: asset.id.uuidString.lowercased(), originalName: asset.originalName, newName: asset.originalName,
                mimeType: asset.mimeType, bytes: asset.bytes, sha256: asset.sha256, crc32: asset.crc32,
                key: try StorageKey(asset.key), status: .completed)
        }
        let plan = try ExportPlan(
            batch: ExportBatch(id: text, recipe: batch.recipe, keywords: [], createdAt: batch.createdAt), files: files)
        let key = try StorageKey.export(
            tenant: batch.tenant, batch: text, name: "export", fence: 1, fileExtension: "zip")
        if storing {
            let reader = ExportReader(plan, from: store)
            let session = try store.beginPut()
            while let piece = try reader.next() { try session.write(piece) }
            try session.commit(as: key)
        }
        let export = BatchExport(
            key: key.text, bytes: plan.bytes, etag: plan.etag, plan: storing ? nil : try JSONValue(encoding: plan))
        let claim = JobClaim(job: closing.envelope.id, fence: 2, attempt: 1)
        _ = try await catalog.beginStep(claim)
        _ = try await catalog.completeBatch(claim, export: export)
        return export
    }

    /// A started batch with these files.
    func startedBatch(_ files: [String: Data], key: String) async throws -> String {
        let batch = try await makeBatch(key: key)
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
            let answer = try await upload(bytes, as: name, to: batch, key: key)
            guard answer.status == 201 else { throw ServerFailure("no upload: \(answer.text)") }
        }
        let answer = try await api.request("POST", "/v1/batches/\(batch)/start", key: key)
        guard answer.status == 202 else { throw ServerFailure("not started: \(answer.text)") }
        return batch
    }
}

/// Bytes that look like nothing in particular, and like nothing that is easily compressed.
func noise(_ count: Int, seed: UInt64 = 1) -> Data {
    var generator = SeededGenerator(seed: seed)
    var data = Data(capacity: count + 8)
    while data.count < count { withUnsafeBytes(of: generator.next()) { data.append(contentsOf: $0) } }
    return data.prefix(count)
}

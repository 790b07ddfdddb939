import Catalog
import CrashPoints
import Foundation
import HTTPTypes
import Hummingbird
import JobQueue
import Logging
import Model
import NIOPosix
import ObjectStorage
import Observability
import Settings

extension APIServices {
    var uploadRoutes: [Route] {
        [
            Route(.put, "/v1/batches/{id}/assets/{filename}", scope: .write, upload),
            Route(.post, "/v1/batches/{id}/assets", scope: .write, addSource),
        ]
    }

    /// The raw body is the file. It is stored under a name of its own before the row is inserted, so that a row never
    /// points to bytes that are not there; when anything fails the bytes go.
    private func upload(_ call: Call) async throws -> Response {
        CrashPoint.begin("upload")
        let batch = try call.uuid()
        let name = try FileNames.fromPath(call.parameters["filename"] ?? "")
        for (field, value) in [(HTTPField.Name.contentEncoding, "identity"), (.contentRange, "")] {
            if let sent = call.headers[field], sent.lowercased() != value {
                throw Problem.malformed(
                    "An upload is the file's own bytes, all of them.", field: field.rawName, allowed: "no such header")
            }
        }
        let announced = try call.announcedLength()
        if let announced, announced > settings.maxUploadBytes {
            throw Problem.tooLarge(maxBytes: settings.maxUploadBytes)
        }
        if announced == 0 { throw Problem.malformed("The body is empty; it must be the file's bytes.") }
        let record = try await catalog.batch(batch, tenant: call.tenant)
        guard record.status == .pending else { throw CatalogError.wrongStatus(record.status) }

        let intake = try await UploadIntake.begin(in: store, expecting: announced, blocking: blocking)
        do {
            try await call.letBodyCome()
            let facts = try await intake.receive(
                call.request.body, announced: announced, maxBytes: settings.maxUploadBytes,
                accepts: { try acceptedTypes.check($0) }, read: { figures.uploadedBytes.increment(by: Double($0)) })
            let key = try StorageKey.original(
                tenant: call.tenant, batch: batch.uuidString.lowercased(), asset: UUID().uuidString.lowercased())
            try await intake.commit(as: key)
            return try await insert(
                NewAsset(
                    originalName: name, key: key.text, bytes: facts.bytes, sha256: facts.sha256, crc32: facts.crc32,
                    mimeType: facts.type.rawValue), key: key, batch, call)
        } catch {
            await intake.abort()
            throw error
        }
    }

    /// Records stored bytes as an asset, or removes them when that cannot be.
    private func insert(_ new: NewAsset, key: StorageKey, _ batch: UUID, _ call: Call) async throws -> Response {
        let added: AddedAsset
        do {
            added = try await catalog.addAsset(
                new, toBatch: batch, tenant: call.tenant,
                limits: BatchLimits(maxAssets: settings.maxBatchAssets))
        } catch {
            await remove(key, call)
            throw error
        }
        if let obsolete = added.obsoleteKey.flatMap({ try? StorageKey($0) }) { await remove(obsolete, call) }
        let asset = added.asset
        let event = ProgressEvent(
            .imageUploaded, batch: batch, asset: asset.id,
            data: [
                "name": .string(asset.originalName), "bytes": .int(asset.bytes), "mime_type": .string(asset.mimeType),
            ])
        do { try await queue.publish(event) } catch {
            call.logger.info("Upload not announced", metadata: ["reason": "\(error)"])
        }
        return try .json(
            added.isNew ? .created : .ok,
            [
                "id": .string(asset.id.uuidString.lowercased()), "filename": .string(asset.originalName),
                "bytes": .int(asset.bytes), "sha256": .string(asset.sha256), "mime_type": .string(asset.mimeType),
            ], headers: [.location: "/v1/assets/\(asset.id.uuidString.lowercased())"])
    }

    private func remove(_ key: StorageKey, _ call: Call) async {
        do {
            try await blocking.runIfActive { [store] in _ = try store.delete(key) }
        } catch {
            call.logger.warning("Bytes without a row remain", metadata: ["object": "\(key)", "reason": "\(error)"])
        }
    }

    /// Takes bytes that are stored already: an object of the same tenant, given its own copy in this batch.
    private func addSource(_ call: Call) async throws -> Response {
        let batch = try call.uuid()
        let fields = try Fields(
            try await call.json(maxBytes: settings.maxJSONBytes).value, known: ["source", "filename"])
        let source = try fields.requiredText("source", bytes: 1...2048)
        if source.contains("://") {
            throw fields.wrong(
                "source", "is a URL, and fetching from URLs is not offered by this release; upload the bytes with PUT",
                allowed: "a storage key of this tenant")
        }
        guard let key = try? StorageKey(source), source.hasPrefix("tenants/\(call.tenant)/") else {
            throw fields.wrong("source", "is no storage key of this tenant", allowed: "tenants/<tenant>/…")
        }
        let name = try FileNames.checked(
            try fields.text("filename", bytes: 1...1024) ?? String(source.split(separator: "/").last ?? "file"),
            field: fields.place("filename"))
        let record = try await catalog.batch(batch, tenant: call.tenant)
        guard record.status == .pending else { throw CatalogError.wrongStatus(record.status) }
        let copy = try StorageKey.original(
            tenant: call.tenant, batch: batch.uuidString.lowercased(), asset: UUID().uuidString.lowercased())
        let facts: UploadIntake.Facts
        do {
            facts = try await StoredSource.copy(
                key, to: copy, in: store, maxBytes: settings.maxUploadBytes, blocking: blocking)
        } catch StorageError.notFound {
            throw fields.wrong("source", "names no stored object")
        }
        do { try acceptedTypes.check(facts.type) } catch {
            await remove(copy, call)
            throw error
        }
        return try await insert(
            NewAsset(
                originalName: name, key: copy.text, bytes: facts.bytes, sha256: facts.sha256, crc32: facts.crc32,
                mimeType: facts.type.rawValue), key: copy, batch, call)
    }
}

import Catalog
import Foundation
import HTTPTypes
import Hummingbird
import Model
import NIOCore
import NIOPosix
import ObjectStorage
import ZipExport

extension APIServices {
    /// Bytes read from the store at a time.
    private static let pieceBytes = 256 << 10

    var exportRoutes: [Route] {
        [
            Route(.get, "/v1/batches/{id}/export", scope: .read, export),
            Route(.head, "/v1/batches/{id}/export", scope: .read, export),
        ]
    }

    private func export(_ call: Call) async throws -> Response {
        let batch = try await catalog.batch(call.uuid(), tenant: call.tenant)
        guard batch.status != .cancelled else {
            throw Problem.conflict("export_gone", "The batch was cancelled; its bytes are removed.")
        }
        guard let export = batch.export, batch.status.isFinal else { throw notReady(batch) }
        let etag = export.etag.hasPrefix("\"") ? export.etag : "\"\(export.etag)\""
        var headers = HTTPFields()
        headers[.eTag] = etag
        headers[.acceptRanges] = "bytes"
        headers[.cacheControl] = "private, no-cache"
        if EntityTags.matchFails(call.headers, etag: etag) {
            throw Problem(
                .preconditionFailed, "precondition_failed", "Precondition failed", "The export has another ETag.",
                field: "If-Match", allowed: etag)
        }
        if EntityTags.noneMatchFails(call.headers, etag: etag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = "application/zip"
        headers[.contentDisposition] = ContentDisposition.attachment(Self.name(of: batch))
        headers[.contentSecurityPolicy] = "sandbox; default-src 'none'"
        // RFC 9110 §14.2: Range is for GET alone.
        let range: ByteRange =
            call.request.method == .get
            ? ByteRange(call.headers, length: export.bytes, etag: etag) : .whole
        switch range {
        case .unsatisfiable:
            var problem = Problem(
                .rangeNotSatisfiable, "range_not_satisfiable", "Range not satisfiable",
                "The export has \(export.bytes) bytes.", field: "Range")
            problem.headers[.contentRange] = "bytes */\(export.bytes)"
            problem.headers[.acceptRanges] = "bytes"
            throw problem
        case .whole:
            return try await respond(.ok, headers, batch, export, 0..<export.bytes, call)
        case .part(let part):
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(export.bytes)"
            return try await respond(.partialContent, headers, batch, export, part, call)
        }
    }

    private func notReady(_ batch: Batch) -> Problem {
        var problem = Problem.conflict(
            batch.status.isFinal ? "no_export" : "export_not_ready",
            batch.status.isFinal
                ? "The batch ended without an export."
                : "The export is not ready: the batch is \(batch.status.rawValue).")
        problem.members["batch_status"] = .string(batch.status.rawValue)
        problem.members["percent"] = .double(batch.percent)
        if !batch.status.isFinal { problem.headers[.retryAfter] = "2" }
        return problem
    }

    private static func name(of batch: Batch) -> String {
        "\(batch.recipe)-\(batch.id.uuidString.lowercased().prefix(8)).zip"
    }

    private func respond(
        _ status: HTTPResponse.Status, _ headers: HTTPFields, _ batch: Batch, _ export: BatchExport,
        _ range: Range<Int64>, _ call: Call
    ) async throws -> Response {
        var headers = headers
        headers[.contentLength] = String(range.count)
        if call.request.method == .head { return Response(status: status, headers: headers) }
        let next = try await pieces(of: export, range)
        return Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: range.count) { [blocking] writer in
                var left = range.count
                while let piece = try await blocking.runIfActive({ try next() }) {
                    left -= piece.count
                    try await writer.write(ByteBuffer(bytes: piece))
                }
                // A connection that is cut shows the client that bytes are missing; a proper end would hide it.
                guard left == 0 else { throw StorageError.io(operation: "export", code: EIO) }
                try await writer.finish(nil)
            })
    }

    /// Gives out the bytes of a range one piece after the other: of the stored ZIP, or made anew from its plan.
    private func pieces(of export: BatchExport, _ range: Range<Int64>) async throws -> @Sendable () throws -> [UInt8]? {
        let key = try StorageKey(export.key)
        return try await blocking.runIfActive { [store] in
            do {
                return try Self.pieces(of: try store.open(key), range)
            } catch StorageError.notFound {
                guard let plan = try export.plan?.decode(as: ExportPlan.self) else { throw StorageError.notFound(key) }
                let reader = ExportReader(plan, from: store, range: range)
                return { try reader.next(maxBytes: Self.pieceBytes) }
            }
        }
    }

    private static func pieces(of object: ObjectReader, _ range: Range<Int64>) throws -> @Sendable () throws -> [UInt8]?
    {
        guard range.upperBound <= object.size else { throw StorageError.badRange(object.key, size: object.size) }
        object.adviseSequential()
        let position = Position(range.lowerBound)
        return {
            guard let part = position.advance(by: Int64(pieceBytes), to: range.upperBound) else { return nil }
            return try object.read(part)
        }
    }
}

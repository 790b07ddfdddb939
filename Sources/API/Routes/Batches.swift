import Catalog
import CrashPoints
import Foundation
import HTTPTypes
import Hummingbird
import Model
import Pipeline
import Recipes
import Settings

extension APIServices {
    var batchRoutes: [Route] {
        [
            Route(.post, "/v1/batches", scope: .write, createBatch),
            Route(.get, "/v1/batches", scope: .read, listBatches),
            Route(.get, "/v1/batches/{id}", scope: .read) { call in
                try .json(.ok, try await catalog.batch(call.uuid(), tenant: call.tenant).json)
            },
            Route(.post, "/v1/batches/{id}/start", scope: .write) { call in
                let id = try call.uuid()
                try await watermark.check()
                _ = try Fields(try await call.optionalJSON(maxBytes: settings.maxJSONBytes), known: [])
                return try .json(.accepted, try await batches.start(id, tenant: call.tenant).json)
            },
            Route(.delete, "/v1/batches/{id}", scope: .write) { call in
                try await batches.delete(call.uuid(), tenant: call.tenant)
                return Response(status: .noContent)
            },
        ]
    }

    /// The same `Idempotency-Key` with the same body gives the same batch; `Idempotency-Replayed: true` tells.
    private func createBatch(_ call: Call) async throws -> Response {
        CrashPoint.begin("create")
        let key = try call.idempotencyKey()
        let body = try await call.json(maxBytes: settings.maxJSONBytes).value
        let fields = try Fields(body, known: ["recipe", "keywords", "options", "callback_url"])
        let recipe = try fields.requiredText("recipe", bytes: 1...64)
        guard recipes[recipe] != nil else {
            throw fields.wrong(
                "recipe", "names no recipe of this fleet", allowed: recipes.recipes.map(\.name).joined(separator: ", "))
        }
        let keywords = try fields.texts("keywords", count: 32, bytes: 1...64) ?? []
        let options = fields["options"] ?? .object([:])
        guard options.object != nil else { throw fields.wrong("options", "must be a JSON object") }
        var new = NewBatch(
            recipe: recipe, keywords: keywords, options: options, callbackURL: try callbackURL(fields))
        if let key {
            // Of the values, not of the text: a client that writes its JSON in another order means the same.
            new.idempotency = NewBatch.Idempotency(key: key, requestHash: SHA256.hash(try JSON.encode(body)))
        }
        let (batch, isNew) = try await catalog.createBatch(new, tenant: call.tenant)
        var headers: HTTPFields = [.location: "/v1/batches/\(batch.id.uuidString.lowercased())"]
        if !isNew { headers[.idempotencyReplayed] = "true" }
        return try .json(.created, batch.json, headers: headers)
    }

    private func callbackURL(_ fields: Fields) throws -> String? {
        guard let text = try fields.text("callback_url", bytes: 1...2048) else { return nil }
        guard let url = URL(string: text), url.scheme?.lowercased() == "https", let host = url.host(), !host.isEmpty,
            url.user() == nil, url.password() == nil, url.fragment() == nil
        else { throw fields.wrong("callback_url", "cannot be used", allowed: "an https URL without user or fragment") }
        return text
    }

    private func listBatches(_ call: Call) async throws -> Response {
        let query = try Query(call, known: ["limit", "cursor", "status"])
        let page = try await catalog.batches(
            tenant: call.tenant, status: try query.choice("status", of: BatchStatus.self), limit: try query.limit(),
            after: try query.cursor())
        return try .json(.ok, page.json { $0.json })
    }
}

extension Batch {
    var json: JSONValue {
        .object([
            "id": .string(id.uuidString.lowercased()), "recipe": .string(recipe), "status": .string(status.rawValue),
            "total": .int(Int64(total)), "processed": .int(Int64(processed)), "failed": .int(Int64(failed)),
            "infected": .int(Int64(infected)), "percent": .double(percent), "total_bytes": .int(totalBytes),
            "keywords": .array(keywords.map { .string($0) }), "options": options,
            "callback_url": callbackURL.map { .string($0) } ?? .null, "error": error?.json ?? .null,
            "export": export.map { ["bytes": .int($0.bytes)] } ?? .null, "created_at": createdAt.json,
            "started_at": startedAt?.json ?? .null, "completed_at": completedAt?.json ?? .null,
        ])
    }
}

extension RecordedError {
    var json: JSONValue { ["code": .string(code), "message": .string(message)] }
}

extension Date {
    /// RFC 3339 in UTC with milliseconds.
    var json: JSONValue { .string(RFC3339.format(self)) }
}

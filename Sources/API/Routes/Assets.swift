import Catalog
import Foundation
import HTTPTypes
import Hummingbird
import Model
import Settings

extension APIServices {
    var assetRoutes: [Route] {
        [
            Route(.get, "/v1/batches/{id}/assets", scope: .read) { call in
                let query = try Query(call, known: ["limit", "cursor", "status"])
                let page = try await catalog.assets(
                    ofBatch: call.uuid(), tenant: call.tenant, status: try query.choice("status", of: AssetStatus.self),
                    limit: try query.limit(), after: try query.cursor())
                return try .json(.ok, page.json { try $0.json() })
            },
            Route(.get, "/v1/assets/{id}", scope: .read) { call in
                try .json(.ok, try await catalog.asset(call.uuid(), tenant: call.tenant).json())
            },
            Route(.patch, "/v1/assets/{id}", scope: .write, renameAsset),
        ]
    }

    private func renameAsset(_ call: Call) async throws -> Response {
        let id = try call.uuid()
        let fields = try Fields(try await call.json(maxBytes: settings.maxJSONBytes).value, known: ["proposed_name"])
        let text = try fields.requiredText("proposed_name", bytes: 1...1024)
        let name = try FileNames.checked(text, field: fields.place("proposed_name"))
        return try .json(.ok, try await catalog.renameAsset(id, to: name, tenant: call.tenant).json())
    }
}

extension Asset {
    func json() throws -> JSONValue {
        var members: [String: JSONValue] = [:]
        members["id"] = .string(id.uuidString.lowercased())
        members["batch"] = .string(batch.uuidString.lowercased())
        members["original_name"] = .string(originalName)
        members["proposed_name"] = .orNull(proposedName)
        members["name_source"] = .orNull(nameSource?.rawValue)
        members["status"] = .string(status.rawValue)
        members["step"] = .orNull(step)
        members["mime_type"] = .string(mimeType)
        members["bytes"] = .int(bytes)
        members["sha256"] = .string(sha256)
        members["scan"] = try scan.map { try Self.members(of: $0, or: ["signature"]) } ?? .null
        members["analysis"] =
            try analysis.map { try Self.members(of: $0, or: ["text", "caption", "alt_text", "camera"]) } ?? .null
        members["variants"] = .array(variants.map(\.json))
        members["error"] = error?.json ?? .null
        members["created_at"] = createdAt.json
        members["processed_at"] = processedAt?.json ?? .null
        return .object(members)
    }

    /// A report's members; those that it leaves out when they are unknown are null.
    private static func members<T: Encodable>(of report: T, or optional: [String]) throws -> JSONValue {
        var members = try JSONValue(encoding: report).object ?? [:]
        for name in optional where members[name] == nil { members[name] = .null }
        return .object(members)
    }
}

extension StoredVariant {
    var json: JSONValue {
        .object([
            "name": .string(facts.name), "format": .string(facts.format), "mime_type": .string(facts.mimeType),
            "width": .int(Int64(facts.width)), "height": .int(Int64(facts.height)), "bytes": .int(facts.bytes),
            "sha256": .string(facts.sha256), "kept_original": .bool(facts.keptOriginal), "key": .string(key),
        ])
    }
}

import Catalog
import Foundation
import HTTPTypes
import Hummingbird
import JobQueue
import Model
import Settings

/// For operators: the queues of the whole fleet.
extension APIServices {
    /// Dead jobs that one call runs again; the answer tells how many are left.
    private static let retriedAtOnce = 1_000

    var queueRoutes: [Route] {
        [
            Route(.get, "/v1/queues", scope: .operate) { _ in
                let stats = try await queue.queues()
                return try .json(.ok, ["items": .array(stats.map(\.json))])
            },
            Route(.post, "/v1/queues/{queue}/pause", scope: .operate) { call in
                let name = try call.queue()
                try await queue.pause(name)
                return try .json(.ok, ["queue": .string(name.rawValue), "paused": true])
            },
            Route(.post, "/v1/queues/{queue}/resume", scope: .operate) { call in
                let name = try call.queue()
                try await queue.resume(name)
                return try .json(.ok, ["queue": .string(name.rawValue), "paused": false])
            },
            Route(.get, "/v1/queues/{queue}/dead", scope: .operate, listDead),
            Route(.post, "/v1/queues/{queue}/dead/retry", scope: .operate, retryDead),
        ]
    }

    private func listDead(_ call: Call) async throws -> Response {
        let name = try call.queue()
        let query = try Query(call, known: ["limit", "cursor"])
        var cursor: String?
        if let text = query["cursor"] {
            guard let plain = OpaqueText.decode(text) else { throw Query.badCursor }
            cursor = plain
        }
        do {
            let page = try await queue.dead(name, limit: try query.limit(), cursor: cursor)
            return try .json(
                .ok,
                [
                    "items": .array(try page.items.map { try $0.json() }),
                    "next_cursor": page.nextCursor.map { .string(OpaqueText.encode($0)) } ?? .null,
                ])
        } catch JobQueueError.invalid where cursor != nil {
            throw Query.badCursor
        }
    }

    /// `{}` retries all, `{"ids":[…]}` those, `{"code":"…"}` those with this reason.
    private func retryDead(_ call: Call) async throws -> Response {
        let name = try call.queue()
        let fields = try Fields(try await call.optionalJSON(maxBytes: settings.maxJSONBytes), known: ["ids", "code"])
        let code = try fields.text("code", bytes: 1...64)
        let texts = try fields.texts("ids", count: Self.retriedAtOnce, bytes: 1...128)
        let given = try texts?.enumerated().map { index, text in
            guard let id = JobID(text) else { throw fields.wrong("ids[\(index)]", "is no job id") }
            return id
        }
        if given != nil && code != nil { throw fields.wrong("code", "cannot be given together with “ids”") }
        var ids = given ?? []
        var isMore = false
        if given == nil { (ids, isMore) = try await deadIDs(of: name, code: code) }
        var retried = 0
        for id in ids {
            guard try await reopen(id) else { continue }
            retried += try await queue.retryDead(name, ids: [id])
        }
        return try .json(.ok, ["retried": .int(Int64(retried)), "more": .bool(isMore)])
    }

    private func deadIDs(of name: QueueName, code: String?) async throws -> (ids: [JobID], isMore: Bool) {
        var ids: [JobID] = []
        var cursor: String?
        repeat {
            let page = try await queue.dead(name, limit: 200, cursor: cursor)
            ids += page.items.filter { code == nil || $0.code == code }.map(\.id)
            cursor = page.nextCursor
        } while cursor != nil && ids.count < Self.retriedAtOnce
        return (Array(ids.prefix(Self.retriedAtOnce)), cursor != nil || ids.count > Self.retriedAtOnce)
    }

    /// Opens a job's record, so that what it does counts again. False: its batch or its state does not allow that.
    private func reopen(_ id: JobID) async throws -> Bool {
        do {
            _ = try await catalog.retryJob(id, tenant: nil)
            return true
        } catch CatalogError.notFound {
            // Put on the queue without a record: the queue alone has it.
            return true
        } catch CatalogError.notRetryable, CatalogError.wrongStatus {
            return false
        }
    }
}

extension QueueStats {
    var json: JSONValue {
        .object([
            "queue": .string(queue.rawValue), "waiting": .int(Int64(waiting)), "running": .int(Int64(running)),
            "delayed": .int(Int64(delayed)), "dead": .int(Int64(dead)), "parked": .int(Int64(parked)),
            "waiting_for_others": .int(Int64(awaiting)), "paused": .bool(isPaused), "workers": .int(Int64(workers)),
            "slots": .int(Int64(slots)),
            "processed_total": .int(Int64(processed)), "failed_total": .int(Int64(failed)),
            "dead_total": .int(Int64(buried)),
        ])
    }
}

extension DeadJob {
    func json() throws -> JSONValue {
        var members = try JSONValue(encoding: self).object ?? [:]
        for name in ["stderr_tail", "envelope", "raw_base64"] where members[name] == nil { members[name] = .null }
        return .object(members)
    }
}

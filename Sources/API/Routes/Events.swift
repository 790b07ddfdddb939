import Catalog
import Foundation
import HTTPTypes
import Hummingbird
import JobQueue
import Model
import Observability

extension APIServices {
    var eventRoutes: [Route] {
        [
            Route(.get, "/v1/batches/{id}/events", scope: .read, answersHead: false) { call in
                let id = try call.uuid()
                _ = try await catalog.batch(id, tenant: call.tenant)
                return try await stream(call, subject: id.uuidString.lowercased()) { live in
                    do {
                        let batch = try await catalog.batch(id, tenant: call.tenant)
                        return EventFeed.State(json: batch.json.adding(live), isFinal: batch.status.isFinal)
                    } catch CatalogError.notFound {
                        return nil
                    }
                }
            },
            Route(.get, "/v1/jobs/{id}/events", scope: .read, answersHead: false) { call in
                let id = try call.jobID()
                _ = try await jobState(id, call)
                return try await stream(call, subject: id.rawValue) { live in
                    do {
                        let job = try await jobState(id, call)
                        return EventFeed.State(json: job.json.adding(live), isFinal: job.state.isFinal)
                    } catch let problem as Problem where problem.status == .notFound {
                        return nil
                    }
                }
            },
        ]
    }

    private func stream(
        _ call: Call, subject: String, state: @escaping @Sendable (ProgressSnapshot?) async throws -> EventFeed.State?
    ) async throws -> Response {
        _ = try Query(call, known: [])
        let last = try lastEventID(call)
        if let last, let live = try? await queue.snapshot(subject), live.isFinal, live.seq == last {
            // A browser comes back after every end; this status tells it that there is nothing more.
            return Response(status: .noContent)
        }
        let feed = EventFeed(subject: subject, queue: queue, subscriber: subscriber, state: state)
        let headers: HTTPFields = [
            .contentType: ServerSentEvent.contentType, .cacheControl: "no-store", .xAccelBuffering: "no",
        ]
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { [figures] writer in
                figures.streams.add(amount: 1)
                defer { figures.streams.add(amount: -1) }
                try await feed.run(after: last) { try await writer.write($0) }
                try await writer.finish(nil)
            })
    }

    private func lastEventID(_ call: Call) throws -> Int64? {
        guard let text = call.headers[.lastEventID], !text.isEmpty else { return nil }
        guard let id = Int64(text), id >= 0 else {
            throw Problem.malformed(
                "The Last-Event-ID was not given out here.", field: "Last-Event-ID",
                allowed: "the id of an event of this stream")
        }
        return id
    }
}

extension JSONValue {
    /// An object with what the live snapshot knows beside it: `seq`, the last event, and what is being done.
    fileprivate func adding(_ live: ProgressSnapshot?) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members["v"] = 1
        members["seq"] = .int(live?.seq ?? 0)
        members["last_event"] = live.map { .string($0.event) } ?? .null
        for name in ["asset", "queue", "stage", "at"] where members[name] == nil {
            members[name] = live?.fields[name].flatMap { $0.isEmpty ? nil : .string($0) } ?? .null
        }
        return .object(members)
    }
}

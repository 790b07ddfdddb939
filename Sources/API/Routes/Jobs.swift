import Catalog
import CrashPoints
import Foundation
import HTTPTypes
import Hummingbird
import JobQueue
import Model
import Pipeline
import Settings

extension APIServices {
    static let maxBulkJobs = 1_000

    var jobRoutes: [Route] {
        [
            Route(.post, "/v1/jobs", scope: .write) { call in
                try await watermark.check()
                let key = try call.idempotencyKey()
                let body = try await call.json(maxBytes: settings.maxJSONBytes).value
                let jobs = try JobRequest.resolve([try JobRequest(body, at: "", call, key: key)])
                return try Self.reply(try await acceptance(call).accept(jobs), body: { $0[0] })
            },
            Route(.post, "/v1/jobs/bulk", scope: .write) { call in
                try await watermark.check()
                let key = try call.idempotencyKey()
                let body = try await call.json(maxBytes: settings.maxJSONBytes).value
                let fields = try Fields(body, known: ["jobs"])
                guard let jobs = try fields.required("jobs").array, (1...Self.maxBulkJobs).contains(jobs.count) else {
                    throw fields.wrong("jobs", "must be an array of jobs", allowed: "1 to \(Self.maxBulkJobs) jobs")
                }
                let all = try jobs.enumerated().map { index, job in
                    try JobRequest(
                        job, at: "jobs[\(index)]", call, key: key.map { "\($0)#\(index)" }, of: jobs.count)
                }
                return try Self.reply(
                    try await acceptance(call).accept(try JobRequest.resolve(all)), body: { ["items": .array($0)] })
            },
            Route(.get, "/v1/jobs/{id}", scope: .read) { call in
                _ = try Query(call, known: [])
                return try .json(.ok, try await jobState(call.jobID(), call).json)
            },
            Route(.get, "/v1/jobs/{id}/log", scope: .read) { call in
                _ = try Query(call, known: [])
                let id = try call.jobID()
                _ = try await jobState(id, call)  // 404 for those it does not concern
                let items = try await queue.log(of: id).map { line -> JSONValue in
                    ["at": .string(line.at), "line": .string(line.line), "attempt": .int(Int64(line.attempt))]
                }
                return try .json(.ok, ["items": .array(items)])
            },
            Route(.delete, "/v1/jobs/{id}", scope: .write, cancelJob),
            Route(.post, "/v1/jobs/{id}/retry", scope: .write, retryJob),
        ]
    }

    private func acceptance(_ call: Call) -> JobAcceptance {
        JobAcceptance(catalog: catalog, queue: queue, logger: call.logger)
    }

    private static func reply(
        _ accepted: [JobAcceptance.Accepted], body: ([JSONValue]) -> JSONValue
    ) throws -> Response {
        var headers = HTTPFields()
        if accepted.contains(where: \.isReplay) { headers[.idempotencyReplayed] = "true" }
        if accepted.count == 1 { headers[.location] = "/v1/jobs/\(accepted[0].id)" }
        let items = accepted.map { one -> JSONValue in
            ["id": .string(one.id.rawValue), "duplicate": .bool(one.isDuplicate)]
        }
        return try .json(.accepted, body(items), headers: headers)
    }

    /// A job of the tenant from the record and the queue together. Jobs without a record, put on the queue by other
    /// programs, belong to no tenant: operators see them.
    func jobState(_ id: JobID, _ call: Call) async throws -> JobView {
        do {
            let record = try await catalog.job(id, tenant: call.tenant)
            // Steps of a batch tell about themselves in the record and under the batch's id.
            guard !record.state.isFinal, record.batch == nil else { return JobView(record, live: nil) }
            return JobView(record, live: try? await queue.state(of: id))
        } catch CatalogError.notFound {
            guard call.principal.has(.operate), let live = try await queue.state(of: id) else {
                throw Problem.notFound("There is no such job.")
            }
            return JobView(live)
        }
    }

    private func cancelJob(_ call: Call) async throws -> Response {
        CrashPoint.begin("cancel-job")
        let id = try call.jobID()
        let job = try await jobState(id, call)
        guard !job.state.isFinal || job.state == .cancelled else {
            var problem = Problem.conflict("job_is_over", "The job is \(job.state.rawValue) and cannot be cancelled.")
            problem.members["state"] = .string(job.state.rawValue)
            throw problem
        }
        try await queue.cancel([id])
        // A step of a batch ends through its worker, which settles the asset with it.
        if job.isRecorded && job.batch == nil {
            try await catalog.jobEnded(
                id, claim: nil, state: .cancelled,
                error: RecordedError(code: "cancelled", message: "The job was cancelled."))
        }
        return try .json(.accepted, ["id": .string(id.rawValue), "state": "cancelled"])
    }

    private func retryJob(_ call: Call) async throws -> Response {
        CrashPoint.begin("retry-job")
        let id = try call.jobID()
        _ = try Fields(try await call.optionalJSON(maxBytes: settings.maxJSONBytes), known: [])
        let job = try await jobState(id, call)
        // A cancelled id stays cancelled on the queue: what would be enqueued again would be dropped.
        guard job.state == .dead, let name = job.queue else { throw CatalogError.notRetryable(job.state) }
        let envelope = job.isRecorded ? try await reopened(id, call) : nil
        if let envelope { try await Dependencies(catalog: catalog, queue: queue).restore(for: [envelope]) }
        if try await queue.retryDead(name, ids: [id]) == 0, let envelope {
            _ = try await queue.enqueue([envelope], on: name)
        }
        return try .json(.accepted, ["id": .string(id.rawValue), "state": "queued"])
    }
}

extension APIServices {
    /// A recorded job, ready to run again: by this call, or by one that died before it was queued.
    private func reopened(_ id: JobID, _ call: Call) async throws -> JobEnvelope {
        do {
            return try await catalog.retryJob(id, tenant: call.tenant).envelope
        } catch CatalogError.notRetryable(.queued) {
            return try await catalog.job(id, tenant: call.tenant).job.envelope
        }
    }
}

extension Call {
    /// - Throws: 404: what is no job id names no job.
    func jobID() throws -> JobID {
        guard let id = parameters["id"].flatMap({ JobID(String($0)) }) else {
            throw Problem.notFound("There is no such job.")
        }
        return id
    }
}

import Catalog
import HTTPTypes
import JobQueue
import Model
import ObjectStorage
import Postgres

extension Problem {
    /// What the caller is told about an error from below. Only what the caller can act on is named; for the rest the
    /// caller gets ``unexpected`` and the log gets the error.
    init(cause error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as CatalogError: self = Self.catalog(error)
        case let error as JobQueueError: self = Self.queue(error)
        case let error as PostgresError where error.isTransient:
            self = .unavailable("database_unavailable", "The record cannot be reached at the moment.")
        case let error as StorageError: self = Self.storage(error)
        default: self = .unexpected
        }
    }

    /// Whether the log should have the error as a fault of ours.
    var isFault: Bool { status.code >= 500 }

    private static func catalog(_ error: CatalogError) -> Problem {
        let detail = sentence(error.description)
        switch error {
        case .notFound(.tenant): return .unexpected
        case .notFound: return .notFound(detail)
        case .wrongStatus(let status):
            var problem = Problem.conflict("wrong_status", detail)
            problem.members["batch_status"] = .string(status.rawValue)
            return problem
        case .emptyBatch: return .conflict("empty_batch", detail)
        case .nameTaken: return .conflict("name_taken", detail)
        case .unsafeName: return .invalid("proposed_name", detail)
        case .idempotencyConflict:
            return Problem(
                .unprocessableContent, "idempotency_key_reused", "Idempotency key reused", detail,
                field: "Idempotency-Key",
                allowed: "a new key for each different request")
        case .tooManyAssets(let max):
            var problem = Problem.conflict("too_many_assets", detail)
            problem.members["max_assets"] = .int(Int64(max))
            return problem
        case .batchTooLarge(let max): return .tooLarge(maxBytes: max)
        case .quotaExceeded(let max):
            var problem = Problem(.init(code: 402), "quota_exceeded", "Quota exceeded", detail)
            problem.members["max_bytes"] = .int(max)
            return problem
        case .notRetryable(let state):
            var problem = Problem.conflict("not_retryable", detail)
            problem.members["state"] = .string(state.rawValue)
            return problem
        case .batchIsClosing: return .unavailable("batch_is_closing", detail)
        case .migrationChanged, .unknownMigration: return .unexpected
        }
    }

    private static func queue(_ error: JobQueueError) -> Problem {
        switch error {
        case .queueFull(_, let limit):
            .unavailable("queue_full", sentence(error.description), retryAfter: 5)
                .naming("FLOTILLA_MAX_WAITING", ["max_waiting": .int(Int64(limit))])
        case .redisOutOfMemory:
            .unavailable("queue_out_of_memory", "The queue has no memory left.", retryAfter: 5).naming("maxmemory")
        case .unavailable: .unavailable("queue_unavailable", "The queue cannot be reached at the moment.")
        case .invalid(let reason): .invalid("payload", sentence(reason))
        case .unexpectedReply: .unexpected
        }
    }

    private static func storage(_ error: StorageError) -> Problem {
        switch error {
        case .notFound: .notFound("There is no such stored object.")
        case .noSpace: .unavailable("storage_full", "The storage has no room left.", retryAfter: 60)
        case .io: .unavailable("storage_unavailable", "The storage cannot be used at the moment.")
        default: .unexpected
        }
    }

    private static func sentence(_ text: String) -> String {
        guard let first = text.first else { return text }
        return first.uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
    }
}

extension Problem {
    /// More of Redis' memory is used than may be for new jobs to be accepted.
    static func memoryWatermark(usedPercent: Int, allowedPercent: Int) -> Problem {
        .unavailable(
            "queue_memory_watermark",
            "Redis uses \(usedPercent) % of its memory; jobs are accepted below \(allowedPercent) %.", retryAfter: 5
        ).naming(
            "FLOTILLA_REDIS_MEMORY_PERCENT",
            ["used_percent": .int(Int64(usedPercent)), "allowed_percent": .int(Int64(allowedPercent))])
    }

    /// With the setting that has been reached.
    fileprivate func naming(_ limit: String, _ more: [String: JSONValue] = [:]) -> Problem {
        var problem = self
        problem.members.merge(more) { $1 }
        problem.members["limit"] = .string(limit)
        return problem
    }
}

import Catalog
import HelperProtocol
import JobQueue
import Model
import ObjectStorage
import Postgres

extension JobFailure {
    /// The failure that an error of any room stands for.
    init(explaining error: any Error) {
        switch error {
        case let failure as JobFailure: self = failure
        case let failure as HelperFailure: self = failure.jobFailure
        case let error as PostgresError:
            self.init(.transient, code: "database_unavailable", message: "\(error)")
        case let error as CatalogError:
            self.init(.badInput, code: "record_refused", message: error.description)
        case let error as StorageError:
            self.init(
                error.isTransient ? .transient : .badInput, code: "storage_failed", message: error.description)
        case let error as JobQueueError:
            self.init(.transient, code: "redis_unavailable", message: error.description)
        case is CancellationError:
            self.init(.infrastructure, code: "interrupted", message: "The worker stopped before the job was done.")
        default:
            self.init(.internal, code: OperationFailure.Code.internalError, message: "\(error)")
        }
    }
}

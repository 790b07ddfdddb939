public import Model

/// What the caller of the catalog did wrong or has to decide.
public enum CatalogError: Error, Sendable, Hashable {
    public enum Subject: String, Sendable, Hashable {
        case tenant, batch, asset, job
        case apiKey = "API key"
    }

    /// It does not exist, or belongs to another tenant.
    case notFound(Subject)
    /// The batch's status does not allow this.
    case wrongStatus(BatchStatus)
    /// A batch without assets cannot be started.
    case emptyBatch
    /// Another asset of the batch has this name (upper and lower case count as equal).
    case nameTaken(String)
    /// The name is empty, longer than 255 bytes, `.`, `..`, or has a slash, backslash or control character.
    case unsafeName
    /// The same idempotency key was used for a different request.
    case idempotencyConflict
    case tooManyAssets(max: Int)
    case batchTooLarge(maxBytes: Int64)
    case quotaExceeded(maxBytes: Int64)
    /// The job runs or has not failed, so it cannot be retried.
    case notRetryable(JobState)
    /// The batch's closing step is running; try again when it has ended.
    case batchIsClosing
    /// A migration that was applied to this database reads differently in this release.
    case migrationChanged(String)
    /// The database was migrated by a newer release.
    case unknownMigration(String)
}

extension CatalogError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notFound(let subject): "there is no such \(subject.rawValue)"
        case .wrongStatus(let status): "the batch is \(status.rawValue), which does not allow this"
        case .emptyBatch: "the batch has no assets; add some before starting it"
        case .nameTaken(let name): "another asset of the batch is called “\(name)”"
        case .unsafeName: "a name has 1 to 255 bytes and no slash, backslash or control character"
        case .idempotencyConflict: "this idempotency key was used for a different request"
        case .tooManyAssets(let max): "a batch takes at most \(max) assets"
        case .batchTooLarge(let max): "a batch takes at most \(Bytes(max))"
        case .quotaExceeded(let max): "the tenant's quota of \(Bytes(max)) is used up"
        case .notRetryable(let state): "the job is \(state.rawValue); only dead and cancelled jobs can be retried"
        case .batchIsClosing: "the batch's closing step is running; try again in a moment"
        case .migrationChanged(let name): "migration \(name) was applied with another content; never edit an old one"
        case .unknownMigration(let name): "the database has migration \(name), which only a newer release knows"
        }
    }
}

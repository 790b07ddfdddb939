import Catalog
import FoundationEssentials
import HTTPTypes
import Model
import Synchronization

/// Finds the principal of a request from its `Authorization` header.
///
/// Answers of the record are kept for at most ``keptFor``, the refusals too, so that a revoked key stops working within
/// that time and a wrong one costs the database one look-up in it.
final class Authenticator: Sendable {
    static let keptFor = Duration.seconds(5)
    static let maxKept = 10_000
    static let maxTokenBytes = 512

    private struct Entry {
        var principal: Principal?
        var until: ContinuousClock.Instant
    }

    private let catalog: Catalog
    /// By the SHA-256 of the key, so that no key in clear text stays in memory.
    private let known = Mutex<[[UInt8]: Entry]>([:])

    init(catalog: Catalog) { self.catalog = catalog }

    /// - Throws: ``Problem`` 401 for missing or wrong credentials; trouble with the database.
    func principal(of headers: HTTPFields) async throws -> Principal {
        let values = headers[values: .authorization]
        guard let header = values.first else {
            throw Problem.unauthorized("Send “Authorization: Bearer <API key>”.", error: nil)
        }
        let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard values.count == 1, parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw Problem.unauthorized("The Authorization header must be “Bearer <API key>”.", error: "invalid_request")
        }
        let token = String(parts[1].drop { $0 == " " })
        guard (1...Self.maxTokenBytes).contains(token.utf8.count), token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw Problem.unauthorized("This is no API key.", error: "invalid_token") }
        guard let principal = try await principal(ofKey: token) else {
            throw Problem.unauthorized("The API key is unknown or revoked.", error: "invalid_token")
        }
        return principal
    }

    private func principal(ofKey key: String) async throws -> Principal? {
        let hash = SHA256.hash(Array(key.utf8))
        let now = ContinuousClock.now
        if let entry = known.withLock({ $0[hash] }), entry.until > now { return entry.principal }
        let principal = try await catalog.apiKey(matching: key).map { record in
            Principal(
                tenant: record.tenant, scopes: Set(record.scopes.compactMap { Scope(rawValue: $0) }),
                subject: record.id.uuidString.lowercased())
        }
        known.withLock { known in
            if known.count >= Self.maxKept { known = known.filter { $0.value.until > now } }
            if known.count < Self.maxKept {
                known[hash] = Entry(principal: principal, until: now.advanced(by: Self.keptFor))
            }
        }
        return principal
    }
}

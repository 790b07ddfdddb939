import Glibc

/// PostgreSQL that goes away and comes back.
extension FaultMaker {
    func restartPostgres(_ down: Duration, _ signal: Int32) async throws -> Bool {
        guard let servers else { return false }
        return try await servers.restart(
            ServerFolder.postgres, with: signal, downFor: down, environment: environment)
    }
}

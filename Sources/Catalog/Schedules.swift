public import Foundation
import Postgres

extension Catalog {
    /// Claims one tick of a recipe's schedule: true for exactly one of all who ask.
    public func claimTick(recipe: String, tick: Date) async throws -> Bool {
        try await pool.withConnection { connection in
            try connection.execute(Statement.tickClaim, [.text(recipe), .date(tick)]) == 1
        }
    }

    /// The newest tick that was claimed; nil: none ever.
    public func lastTick(recipe: String) async throws -> Date? {
        try await pool.withConnection { connection in
            try connection.query(Statement.ticksLast, [.text(recipe)]).first?["tick"]
        }
    }
}

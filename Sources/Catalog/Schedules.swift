public import Foundation
import Postgres

extension Catalog {
    /// Claims one tick of a recipe's schedule: true for exactly one of all who ask, until ``tickDone(recipe:tick:)``.
    /// Whoever has not said so within five minutes is taken to be dead, and the next one who asks gets it.
    public func claimTick(recipe: String, tick: Date) async throws -> Bool {
        try await pool.withConnection { connection in
            try connection.execute(Statement.tickClaim, [.text(recipe), .date(tick)]) == 1
        }
    }

    /// Notes that a claimed tick has fired: nobody gets it again.
    public func tickDone(recipe: String, tick: Date) async throws {
        try await pool.withConnection { connection in
            try connection.execute(Statement.tickDone, [.text(recipe), .date(tick)])
            return
        }
    }

    /// Ticks after `time` that were claimed more than five minutes ago and have not fired, oldest first.
    public func undoneTicks(recipe: String, after time: Date) async throws -> [Date] {
        try await pool.withConnection { connection in
            try connection.query(Statement.ticksUndone, [.text(recipe), .date(time)]).map { try $0["tick"] }
        }
    }

    /// The newest tick that was claimed; nil: none ever.
    public func lastTick(recipe: String) async throws -> Date? {
        try await pool.withConnection { connection in
            try connection.query(Statement.ticksLast, [.text(recipe)]).first?["tick"]
        }
    }
}

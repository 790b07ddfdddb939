import Catalog
import CrashPoints
import Foundation
import Logging
import Model
import Recipes

/// Fires the ticks of scheduled recipes. Each tick is claimed in the record first, so that of many schedulers one fires
/// it; another one does where that one died on the way.
struct Scheduler: Sendable {
    /// A tick that was missed by more than this (nobody ran) is let go.
    static let patience: TimeInterval = 3600

    let fleet: Fleet
    let logger: Logger

    /// Fires what is due between two moments, and says when the next tick is.
    func fire(after start: Date, upTo now: Date) async -> Date? {
        var soonest: Date?
        for recipe in fleet.recipes.recipes {
            guard let schedule = recipe.schedule, let cron = try? CronExpression(schedule.cron),
                let zone = TimeZone(identifier: schedule.timeZone)
            else { continue }
            for tick in await undone(recipe, after: now - Self.patience) { await fire(recipe, at: tick) }
            var tick = cron.next(after: start, in: zone)
            while let due = tick, due <= now {
                await fire(recipe, at: due)
                tick = cron.next(after: due, in: zone)
            }
            if let tick { soonest = min(soonest ?? tick, tick) }
        }
        return soonest
    }

    private func undone(_ recipe: Recipe, after time: Date) async -> [Date] {
        do {
            return try await fleet.catalog.undoneTicks(recipe: recipe.name, after: time)
        } catch {
            logger.warning(
                "ticks could not be looked up", metadata: ["recipe": "\(recipe.name)", "reason": "\(error)"])
            return []
        }
    }

    private func fire(_ recipe: Recipe, at tick: Date) async {
        let details: Logger.Metadata = ["recipe": "\(recipe.name)", "tick": "\(RFC3339.format(tick))"]
        do {
            CrashPoint.begin("tick")
            guard try await fleet.catalog.claimTick(recipe: recipe.name, tick: tick) else { return }
            do {
                // The key makes a second run after a crash in between find the same batch.
                let batch = try await RecipeTrigger(fleet).run(
                    recipe.name, source: nil, idempotencyKey: "tick \(recipe.name) \(RFC3339.format(tick))")
                logger.notice("tick fired", metadata: details.merging(["batch": "\(batch.id)"]) { $1 })
            } catch RecipeTrigger.Failure.emptySource {
                logger.info("tick had no files", metadata: details)
            } catch let failure as RecipeTrigger.Failure {
                logger.error("tick failed", metadata: details.merging(["reason": "\(failure)"]) { $1 })
            }
            try await fleet.catalog.tickDone(recipe: recipe.name, tick: tick)
        } catch {
            // It fires again in a while.
            logger.error("tick failed", metadata: details.merging(["reason": "\(error)"]) { $1 })
        }
    }
}

import Catalog
import Foundation
import HelperProtocol
import JobQueue
import Logging
import Model
import Observability
import Postgres
import Recipes
import Redis
import Synchronization
import TestServers
import Testing
import Worker

@testable import Pipeline

/// Contents that crash native code, with a real worker and a helper that really dies.
@Suite struct QuarantineTests {
    /// What a helper does with a content, which engine it says it is, and how often it was asked.
    private final class Native: Sendable {
        struct State {
            var operations: [String: String] = [:]
            var engine = "probe 1"
            var starts: [String: Int] = [:]
        }
        let state = Mutex(State())

        func teach(_ asset: NewAsset, _ operation: String) {
            state.withLock { $0.operations[asset.sha256] = operation }
        }
        func starts(_ asset: NewAsset) -> Int { state.withLock { $0.starts[asset.sha256] ?? 0 } }
        func upgrade(_ engine: String) { state.withLock { $0.engine = engine } }
    }

    private static let recipe = Recipe(
        name: "look", description: "", steps: [Recipe.Step(name: "analyze", action: .analyze(.init()))], whenDone: [])

    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func asset(_ content: String) -> NewAsset {
        NewAsset(
            originalName: "\(content).png", key: "originals/\(UUID().uuidString)", bytes: Int64(content.utf8.count),
            sha256: SHA256.hexadecimal(Array(content.utf8)), crc32: 0, mimeType: "image/png")
    }

    private func withCatalog(_ body: (Catalog) async throws -> Void) async throws {
        let database = try PostgresServer.shared.get().makeDatabase()
        let pool = PostgresPool(PostgresOptions(url: database), connections: 4)
        let catalog = Catalog(pool: pool, logger: Self.logger)
        try await catalog.migrate()
        try await body(catalog)
        await pool.close()
    }

    private func withWorker(
        _ native: Native, _ body: (_ run: ([NewAsset], String) async throws -> [Asset], Catalog) async throws -> Void
    ) async throws {
        let helpers = HelperPool(
            launch: HelperLaunch(executable: try BuiltProducts.path(of: "sandbox-probe"), arguments: ["helper"]),
            recycling: HelperRecycling(maxJobs: 100, maxResidentBytes: 1 << 30), logger: Self.logger)
        let redis = try RedisURL(RedisServer.shared.get().url)
        var settings = QueueSettings()
        settings.namespace = "q\(UInt32.random(in: 0...UInt32.max))"
        settings.backoff = Backoff(base: .milliseconds(10), cap: .milliseconds(40))
        let queue = JobQueue(client: RedisClient(redis, name: "test"), settings: settings)
        try await withCatalog { catalog in
            let step = AssetStep(
                kind: "analyze.asset", catalog: catalog, recipes: RecipeBook([Self.recipe]),
                quarantine: CrashQuarantine(
                    catalog: catalog, maxCrashes: settings.maxCrashes,
                    engine: { _ in native.state.withLock { $0.engine } }, logger: Self.logger),
                perform: { work in
                    let operation = native.state.withLock { state in
                        state.starts[work.asset.sha256, default: 0] += 1
                        return state.operations[work.asset.sha256] ?? "echo"
                    }
                    _ = try await helpers.run(
                        operation, JSONValue.null, returning: JSONValue.self, descriptors: [], timeout: work.timeout
                    ) { _ in }
                    return StepFinding(result: .nothing)
                })
            let runtime = WorkerRuntime(
                WorkerRole(queue: .analyze, handlers: [step]), slots: 2,
                WorkerRuntime.Environment(
                    redisURL: redis, settings: settings, catalog: catalog, metrics: Metrics(), logger: Self.logger,
                    endedUnrun: { _, _, _ in }))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await runtime.run() }
                try await body({ try await finished($0, tenant: $1, catalog, queue) }, catalog)
                await runtime.stop(grace: .zero)
            }
        }
        await helpers.close()
    }

    /// Runs a batch to its end and returns its assets in order.
    private func finished(
        _ assets: [NewAsset], tenant: String, _ catalog: Catalog, _ queue: JobQueue
    ) async throws -> [Asset] {
        let batch = try await catalog.createBatch(NewBatch(recipe: "look"), tenant: tenant).batch
        for asset in assets { _ = try await catalog.addAsset(asset, toBatch: batch.id, tenant: tenant) }
        let started = try await catalog.startBatch(batch.id, tenant: tenant) { asset in
            StepJobs.job(Self.recipe.steps[0], of: Self.recipe, asset: asset.id, in: batch)
        }
        _ = try await queue.enqueue(started.jobs.map(\.envelope), on: .analyze)
        try await eventually("the batch is through", within: .seconds(20)) {
            try await catalog.batch(batch.id, tenant: nil).status == .completed
        }
        return try await catalog.assets(ofBatch: batch.id, tenant: nil, limit: 10, after: nil).items
    }

    @Test("What crashes its helper twice is dead for everybody, until it is released or the engine is another one")
    func quarantined() async throws {
        let native = Native()
        let (bad, good) = (asset("bad"), asset("good"))
        native.teach(bad, "bad-pointer")
        try await withWorker(native) { run, catalog in
            try await catalog.putTenant(id: "other", name: "Other")
            let first = try await run([bad, good], "default")
            #expect(first.map(\.status) == [.failed, .completed])
            #expect(first[0].error?.code == "quarantined" && first[0].error?.message.contains("2 times") == true)
            #expect(native.starts(bad) == 2)
            let held = try #require(try await catalog.crashes(limit: 10).first)
            #expect(held.sha256 == bad.sha256 && held.operation == "analyze")
            #expect(held.crashes == PastCrashes(count: 2, engine: "probe 1") && held.error.code == "decoder_crashed")

            let again = try await run([asset("bad"), good], "other")
            #expect(again.map(\.status) == [.failed, .completed] && again[0].error?.code == "quarantined")
            #expect(native.starts(bad) == 2, "no native code saw it again")

            native.upgrade("probe 2")
            #expect(try await run([bad], "other").map(\.error?.code) == ["quarantined"])
            #expect(native.starts(bad) == 4, "another engine tries for itself")

            #expect(try await catalog.forgetCrashes(of: bad.sha256, in: "analyze") == 1)
            native.teach(bad, "echo")
            #expect(try await run([bad], "default").map(\.status) == [.completed])
        }
    }

    @Test("A crash that does not happen again is forgotten") func forgiven() async throws {
        let native = Native()
        let flaky = asset("flaky")
        native.teach(flaky, "bad-pointer")
        try await withWorker(native) { run, catalog in
            _ = try await catalog.noteCrash(
                of: flaky.sha256, in: "analyze", engine: "probe 1", error: RecordedError(code: "c", message: "m"))
            native.teach(flaky, "echo")
            #expect(try await run([flaky], "default").map(\.status) == [.completed])
            #expect(try await catalog.crashes(limit: 10).isEmpty)
        }
    }

    @Test(
        "Only native code that dies by itself counts",
        arguments: [
            (HelperFailure.crashed(signal: SIGSEGV, stderrTail: ""), 1), (.exited(status: 3, stderrTail: ""), 1),
            (.protocolViolation("lies", stderrTail: ""), 1), (.crashed(signal: SIGKILL, stderrTail: ""), 0),
            (.crashed(signal: SIGTERM, stderrTail: ""), 0), (.outOfMemory(stderrTail: ""), 0),
            (.timedOut(after: .seconds(1)), 0), (.cancelled, 0), (.interrupted, 0),
            (.notStarted("x", stderrTail: ""), 0),
            (.failed(OperationFailure(.input, code: "truncated", message: "m")), 0),
        ])
    func causes(failure: HelperFailure, count: Int) async throws {
        try await withCatalog { catalog in
            let quarantine = CrashQuarantine(
                catalog: catalog, maxCrashes: 2, engine: { _ in "probe 1" }, logger: Self.logger)
            let batch = try await catalog.createBatch(NewBatch(recipe: "look"), tenant: "default").batch
            let asset = try await catalog.addAsset(asset("x"), toBatch: batch.id, tenant: nil).asset
            await #expect(throws: failure) {
                try await quarantine.guarding(asset, in: .analyze, past: nil) { throw failure }
            }
            #expect(try await catalog.crashes(limit: 10).reduce(0) { $0 + $1.crashes.count } == count)
        }
    }
}

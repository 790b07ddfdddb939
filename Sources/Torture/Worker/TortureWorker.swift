import HelperProtocol
import Model
import Pipeline
import Worker

/// The worker of a run: the runtime that all workers have, with jobs that leave bytes in the storage and that ask
/// sandboxed helpers.
public enum TortureWorker {
    /// - Parameters:
    ///   - program: beside this executable; run with `helperArguments` it is ``TortureHelper``.
    /// - Returns: the exit status.
    public static func run(program: String, helperArguments: [String]) async -> Int32 {
        await WorkerProcess.run("flotilla-torture-worker", queue: .export) { process in
            let helpers = HelperPool(
                launch: process.helper(program, helperArguments), recycling: process.recycling, logger: process.logger)
            return WorkerProcess.Crew(
                handlers: [
                    StoringHandler(queue: process.fleet.queue, store: process.fleet.store),
                    HelpedHandler(queue: process.fleet.queue, helpers: helpers),
                ], close: { await helpers.close() })
        }
    }
}

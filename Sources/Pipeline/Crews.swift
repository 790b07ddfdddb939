import Catalog
import Foundation
import HelperProtocol
import JobQueue
import Model
import Observability
import Settings
import Worker

/// The handlers of each worker executable, with the helpers they need.
public enum Crews {
    public static func scan(_ process: WorkerProcess) async throws -> WorkerProcess.Crew {
        let scratch = try ScratchFolder.make(in: process.settings.scratchDirectory, name: "scan")
        let options = ScanHelperOptions(
            signatures: process.media.clamavDirectory, scratch: scratch.path, threads: process.settings.slots)
        let helper = SharedHelper(
            launch: process.helper(
                "flotilla-helper-scan", options.arguments, interruption: .tell(thenKillAfter: .seconds(20))),
            logger: process.logger)
        let step = ScanStep(
            helper: helper, store: process.fleet.store, maxBytes: process.media.scanMaxBytes,
            maxUnpackedBytes: process.media.scanMaxUnpackedBytes)
        return WorkerProcess.Crew(
            handlers: [process.assetStep("scan.asset", { _ in try await helper.engine() }, step.perform)],
            checks: [
                Readiness.Check("engine") {
                    try await explained { () async throws(HelperFailure) in try await helper.ready() }
                    return nil
                }
            ],
            close: {
                await helper.close()
                scratch.remove()
            })
    }

    public static func analyze(_ process: WorkerProcess) async throws -> WorkerProcess.Crew {
        let pool = process.pool(
            "flotilla-helper-image", ["\(process.settings.helperMaxBytes)", process.media.labelModel])
        let step = AnalyzeStep(helpers: pool, store: process.fleet.store, limits: process.media.pixelLimits)
        return WorkerProcess.Crew(
            handlers: [process.assetStep("analyze.asset", { _ in try await pool.engine() }, step.perform)],
            checks: [check("engine", pool)], close: { await pool.close() })
    }

    public static func compress(_ process: WorkerProcess) async throws -> WorkerProcess.Crew {
        let limit = "\(process.settings.helperMaxBytes)"
        let images = process.pool("flotilla-helper-image", [limit])
        let videos = process.pool("flotilla-helper-video", [limit])
        let step = CompressStep(
            imageHelpers: images, videoHelpers: videos, store: process.fleet.store,
            pixelLimits: process.media.pixelLimits, videoLimits: process.media.videoLimits,
            videoThreads: process.media.videoThreads)
        return WorkerProcess.Crew(
            handlers: [
                process.assetStep(
                    "compress.asset",
                    { asset in
                        let isImage = MediaType(rawValue: asset.mimeType)?.family == .image
                        return try await (isImage ? images : videos).engine()
                    }, step.perform)
            ],
            checks: [check("images", images), check("videos", videos)],
            close: {
                await images.close()
                await videos.close()
            })
    }

    public static func export(_ process: WorkerProcess) -> WorkerProcess.Crew {
        WorkerProcess.Crew(handlers: [
            ExportStep(catalog: process.fleet.catalog, recipes: process.fleet.recipes, store: process.fleet.store)
        ])
    }

    private static func check(_ name: String, _ pool: HelperPool) -> Readiness.Check {
        Readiness.Check(name) {
            try await explained { () async throws(HelperFailure) in try await pool.warmUp() }
            return nil
        }
    }

    private static func explained(_ body: () async throws(HelperFailure) -> Void) async throws {
        do { try await body() } catch { throw NotReady(error.description) }
    }
}

extension WorkerProcess {
    fileprivate func assetStep(
        _ kind: String, _ engine: @escaping @Sendable (Asset) async throws -> String,
        _ perform: @escaping @Sendable (AssetWork) async throws -> StepFinding
    ) -> AssetStep {
        AssetStep(
            kind: kind, catalog: fleet.catalog, recipes: fleet.recipes,
            quarantine: CrashQuarantine(
                catalog: fleet.catalog, maxCrashes: fleet.queueSettings.maxCrashes, engine: engine, logger: logger),
            perform: perform)
    }

    fileprivate func pool(_ executable: String, _ arguments: [String]) -> HelperPool {
        HelperPool(launch: helper(executable, arguments), recycling: recycling, logger: logger)
    }
}

extension MediaSettings {
    fileprivate var pixelLimits: PixelLimits {
        PixelLimits(
            maxPixels: maxPixels, maxFramePixels: min(maxPixels, 50_000_000), maxFrames: maxFrames,
            maxTotalPixels: maxPixels * 4)
    }

    fileprivate var videoLimits: VideoLimits {
        VideoLimits(maxDurationMs: maxVideoDuration.components.seconds * 1000)
    }
}

/// A folder of one process below the scratch folder, removed when the process ends in order.
struct ScratchFolder: Sendable {
    let path: String

    static func make(in parent: String, name: String) throws(SettingError) -> ScratchFolder {
        let folder = ScratchFolder(path: "\(parent)/flotilla-\(name)-\(ProcessInfo.processInfo.processIdentifier)")
        do {
            try? FileManager.default.removeItem(atPath: folder.path)
            try FileManager.default.createDirectory(
                atPath: folder.path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw SettingError(
                variable: "FLOTILLA_SCRATCH",
                problem: "no folder can be made in “\(parent)”: it must exist and be writable")
        }
        return folder
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

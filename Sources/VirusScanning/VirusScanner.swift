public import ClamAV
public import Foundation
internal import Glibc
public import Model
internal import Synchronization

/// Gives a verdict on any open file: *a descriptor in, facts out*. Knows no queue, no database and no network.
///
/// Several threads may scan at a time. New signatures are taken in while scans go on; each scan ends with the engine it
/// began with.
public final class VirusScanner: Sendable {
    private let folder: String
    private let settings: EngineSettings
    private let current: Mutex<ClamEngine>
    private let reloading: Mutex<DatabaseWatch>

    /// Loads the signatures and proves with the EICAR test file that they work.
    ///
    /// - Throws: ``ClamAVError``; its text says what to do.
    public init(signatures folder: String, settings: EngineSettings) throws(ClamAVError) {
        // First, since its errors say what to do.
        _ = try SignatureDatabase.inspect(folder: folder)
        // Before loading: a change in between is then seen as one.
        let watch = try DatabaseWatch.start(folder: folder)
        self.folder = folder
        self.settings = settings
        current = Mutex(try Self.provenEngine(folder, settings))
        reloading = Mutex(watch)
    }

    /// What the scanner is made of, for readiness and for people.
    public struct Facts: Sendable, Hashable, Codable {
        public var engine: String
        public var databaseVersion: String
        public var databaseDate: Date?
        public var signatures: Int

        private enum CodingKeys: String, CodingKey {
            case engine, signatures
            case databaseVersion = "database_version"
            case databaseDate = "database_date"
        }
    }

    public var facts: Facts {
        let engine = current.withLock { $0 }
        return Facts(
            engine: ClamLibrary.version, databaseVersion: engine.database.version,
            databaseDate: engine.database.date, signatures: engine.signatureCount)
    }

    /// Scans a whole file.
    ///
    /// - Parameters:
    ///   - descriptor: readable; read from its beginning whatever its offset.
    ///   - request: limits; the engine's own hold as well.
    ///   - isCancelled: asked at each member of an archive.
    /// - Throws: ``OperationFailure`` when no verdict could be reached and the file is not to blame: memory, scratch
    ///   space, an unreadable descriptor. Never means clean.
    public func scan(
        descriptor: Int32, _ request: ScanRequest, isCancelled: @escaping () -> Bool = { false }
    ) throws(OperationFailure) -> ScanReport {
        let engine = current.withLock { $0 }
        let started = ContinuousClock.now
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else {
            throw OperationFailure(
                .internal, code: OperationFailure.Code.internalError, message: "The file cannot be read.",
                detail: String(cString: strerror(errno)))
        }
        let limits = ScanLimits(
            maxFileBytes: UInt64(clamping: request.maxBytes),
            maxUnpackedBytes: UInt64(clamping: request.maxUnpackedBytes),
            maxTime: .milliseconds(max(request.timeoutMs, 1)))
        let outcome: ScanOutcome
        do {
            outcome = try engine.scan(descriptor: descriptor, limits: limits, isCancelled: isCancelled)
        } catch {
            throw Self.failure(error)
        }
        let (verdict, signature) = Self.verdict(outcome)
        return ScanReport(
            verdict: verdict, signature: signature, engine: ClamLibrary.version,
            databaseVersion: engine.database.version, databaseDate: engine.database.date, bytes: Int64(facts.st_size),
            elapsedMs: (ContinuousClock.now - started) / .milliseconds(1))
    }

    /// Takes in new signatures if the folder has changed, beside the engine that goes on scanning. Blocks for as long
    /// as loading takes, and needs the memory of both engines.
    ///
    /// - Returns: whether new signatures are in use.
    /// - Throws: ``ClamAVError``: they do not load, or fail the EICAR test; the old ones stay in use and the next call
    ///   tries again.
    public func reloadIfChanged() throws(ClamAVError) -> Bool {
        try reloading.withLock { watch throws(ClamAVError) in
            guard watch.hasChanged else { return false }
            let next = try DatabaseWatch.start(folder: folder)
            let engine = try Self.provenEngine(folder, settings)
            current.withLock { $0 = engine }
            watch = next
            return true
        }
    }

    private static func provenEngine(_ folder: String, _ settings: EngineSettings) throws(ClamAVError) -> ClamEngine {
        let engine = try ClamEngine.load(folder: folder, settings: settings)
        try SelfTest.run(engine, folder: folder)
        return engine
    }

    private static func verdict(_ outcome: ScanOutcome) -> (Verdict, String?) {
        switch outcome {
        case .clean: (.clean, nil)
        case .infected(let signature): (.infected, signature)
        case .encrypted(let what): (.encrypted, what)
        case .tooLarge(let limit): (.tooLarge, limit)
        case .unscannable(let reason): (.unscannable, reason)
        }
    }

    private static func failure(_ error: ClamAVError) -> OperationFailure {
        switch error.kind {
        case .outOfMemory:
            OperationFailure(
                .resource, code: OperationFailure.Code.outOfMemory, message: "The virus scan ran out of memory.",
                detail: error.description)
        case .scratch:
            OperationFailure(
                .resource, code: OperationFailure.Code.noSpace,
                message: "The virus scan has no room to unpack archives.", detail: error.description)
        case .cancelled:
            OperationFailure(.resource, code: "cancelled", message: "The scan was cancelled.")
        case .noSignatures, .badSignatures, .input, .library:
            OperationFailure(
                .internal, code: OperationFailure.Code.internalError, message: "The virus scan failed.",
                detail: error.description)
        }
    }
}

internal import CClamAV
internal import Foundation
internal import Synchronization

/// A compiled engine: immutable, shared by any number of threads, freed with its last user.
///
/// To take in new signatures, load another engine and let this one go: scans under way keep it alive.
public final class ClamEngine: @unchecked Sendable {  // a compiled engine is only read; libclamav allows parallel scans
    private let engine: OpaquePointer
    public let settings: EngineSettings
    public let database: SignatureDatabase
    public let signatureCount: Int

    private init(
        adopting engine: OpaquePointer, settings: EngineSettings, database: SignatureDatabase, signatureCount: Int
    ) {
        self.engine = engine
        self.settings = settings
        self.database = database
        self.signatureCount = signatureCount
    }

    deinit { cl_engine_free(engine) }

    /// Loads and compiles all signatures of a folder: 6–14 s and 1.2 GiB for ClamAV's own database.
    ///
    /// Only signed bytecode is run.
    public static func load(folder: String, settings: EngineSettings) throws(ClamAVError) -> ClamEngine {
        try ClamLibrary.initialize()
        let database = try SignatureDatabase.inspect(folder: folder)
        guard let engine = cl_engine_new() else { throw ClamAVError(.outOfMemory, "no memory for an engine") }
        do throws(ClamAVError) {
            try configure(engine, settings)
            var count: UInt32 = 0
            ClamLibrary.lastError.withLock { $0 = "" }
            let loaded = cl_load(folder, engine, &count, ccl_db_options())
            guard loaded == CL_SUCCESS else { throw failure(loaded, "loading the virus signatures in \(folder)") }
            guard count > 0 else {
                throw ClamAVError(.badSignatures, "the files in \(folder) hold no virus signature: run `freshclam`")
            }
            let compiled = cl_engine_compile(engine)
            guard compiled == CL_SUCCESS else { throw failure(compiled, "compiling the signatures in \(folder)") }
            return ClamEngine(
                adopting: engine, settings: settings, database: database, signatureCount: Int(count))
        } catch {
            cl_engine_free(engine)
            throw error
        }
    }

    private static func failure(_ code: cl_error_t, _ what: String) -> ClamAVError {
        let said = ClamLibrary.lastError.withLock { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        return ClamAVError(code, doing: said.isEmpty ? what : "\(what) (\(said))")
    }

    private static func configure(_ engine: OpaquePointer, _ settings: EngineSettings) throws(ClamAVError) {
        let numbers: [(cl_engine_field, Int64)] = [
            (CL_ENGINE_MAX_FILESIZE, Int64(settings.maxScanBytes)),
            (CL_ENGINE_MAX_SCANSIZE, Int64(settings.maxScanBytes)),
            (CL_ENGINE_MAX_RECURSION, Int64(settings.maxRecursion)),
            (CL_ENGINE_MAX_FILES, Int64(settings.maxMembers)),
            (CL_ENGINE_MAX_SCANTIME, Int64(settings.maxScanTime / .milliseconds(1))),
            // The cache of clean files is keyed by MD5, for which collisions can be made.
            (CL_ENGINE_DISABLE_CACHE, 1),
            (CL_ENGINE_BYTECODE_TIMEOUT, 10_000),
        ]
        for (field, value) in numbers {
            let code = cl_engine_set_num(engine, field, value)
            guard code == CL_SUCCESS else { throw ClamAVError(code, doing: "setting engine option \(field.rawValue)") }
        }
        let code = cl_engine_set_str(engine, CL_ENGINE_TMPDIR, settings.scratch)
        guard code == CL_SUCCESS else { throw ClamAVError(code, doing: "setting the scratch folder") }
        ScanWitness.install(in: engine)
    }

    /// Scans an open file from its beginning to its end; blocks. Its offset does not matter and may change.
    ///
    /// - Parameter isCancelled: asked at each member of an archive; true ends the scan with `.cancelled`.
    /// - Throws: ``ClamAVError``: the file was not looked at, and this is not its fault.
    public func scan(
        descriptor: Int32, limits: ScanLimits = ScanLimits(), isCancelled: @escaping () -> Bool = { false }
    ) throws(ClamAVError) -> ScanOutcome {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw ClamAVError(CL_ESTAT, doing: "reading the input's size") }
        return try scan(bytes: UInt64(max(facts.st_size, 0)), limits, isCancelled) { virus, options, context in
            var scanned: UInt = 0
            return cl_scandesc_callback(descriptor, nil, &virus, &scanned, engine, &options, context)
        }
    }

    /// Scans bytes that are the whole of a file.
    public func scan(
        _ bytes: UnsafeRawBufferPointer, limits: ScanLimits = ScanLimits(),
        isCancelled: @escaping () -> Bool = { false }
    ) throws(ClamAVError) -> ScanOutcome {
        try scan(bytes: UInt64(bytes.count), limits, isCancelled) { virus, options, context in
            guard let map = cl_fmap_open_memory(bytes.baseAddress, bytes.count) else { return CL_EMAP }
            defer { cl_fmap_close(map) }
            var scanned: UInt = 0
            return cl_scanmap_callback(map, nil, &virus, &scanned, engine, &options, context)
        }
    }

    private typealias Call = (
        inout UnsafePointer<CChar>?, inout cl_scan_options, UnsafeMutableRawPointer
    ) -> cl_error_t

    private func scan(
        bytes: UInt64, _ limits: ScanLimits, _ isCancelled: @escaping () -> Bool, _ call: Call
    ) throws(ClamAVError) -> ScanOutcome {
        // The library calls files of five bytes and less clean without looking at them.
        guard bytes > 5 else { return .unscannable(reason: "Shorter than six bytes") }
        let largest = min(limits.maxFileBytes, settings.maxScanBytes)
        guard bytes <= largest else { return .tooLarge(limit: "Larger than \(largest) bytes") }
        let witness = ScanWitness(limits: limits, isCancelled: isCancelled)
        var options = scanOptions
        var virus: UnsafePointer<CChar>?
        let code = witness.watch { context in call(&virus, &options, context) }
        // The name points into the engine; it is copied before the engine can go.
        let name = virus.map { String(cString: $0) }
        return try witness.outcome(code, lastAlert: name)
    }

    private var scanOptions: cl_scan_options {
        var options = cl_scan_options()
        options.general = UInt32(CL_SCAN_GENERAL_HEURISTICS)
        // Everything but the fuzzy hash of pictures: it decodes each one (155 ms for 12 megapixels instead of 8).
        options.parse = ~UInt32(CL_SCAN_PARSE_IMAGE_FUZZY_HASH)
        options.heuristic =
            UInt32(CL_SCAN_HEURISTIC_EXCEEDS_MAX) | UInt32(CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE)
            | UInt32(CL_SCAN_HEURISTIC_ENCRYPTED_DOC)
        if settings.alertsOnBrokenMedia { options.heuristic |= UInt32(CL_SCAN_HEURISTIC_BROKEN_MEDIA) }
        return options
    }
}

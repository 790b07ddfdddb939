import Catalog
import Foundation
import HelperProtocol
import Model
import ObjectStorage
import Worker

/// Has a file looked at by the virus scanner, and takes what is not clean out of the way.
struct ScanStep: Sendable {
    let helper: SharedHelper
    let store: DirectoryStore
    let maxBytes: Int64
    let maxUnpackedBytes: Int64

    func perform(_ work: AssetWork) async throws -> StepFinding {
        let reader = try open(StorageKey(work.asset.key))
        let report = try await helper.run(
            ScanRequest.operation,
            ScanRequest(
                maxBytes: maxBytes, maxUnpackedBytes: maxUnpackedBytes, timeoutMs: work.job.envelope.timeoutMs),
            returning: ScanReport.self, descriptors: [LentDescriptor("input", reader.descriptor)],
            timeout: work.timeout
        ) { work.announce(stage: $0.stage, percent: $0.percent) }
        var finding = StepFinding(
            result: .scan(report),
            receipt: Receipt(
                inputSHA256: work.asset.sha256,
                engine: ["scanner": report.engine, "signatures": report.databaseVersion]),
            facts: [
                "verdict": .string(report.verdict.rawValue), "signature": report.signature.map { .string($0) } ?? nil,
            ])
        switch report.verdict {
        case .clean: break
        case .infected:
            let key = try store.quarantine(StorageKey(work.asset.key))
            let error = RecordedError(
                code: "infected", message: "The virus scanner found \(report.signature ?? "malware") in this file.")
            finding.end = .stops(.infected, error, movedTo: key.text)
        case .encrypted, .tooLarge, .unscannable:
            finding.end = .stops(
                .held, RecordedError(code: report.verdict.rawValue, message: Self.sentence(report.verdict)),
                movedTo: nil)
        }
        return finding
    }

    /// The bytes, also where an attempt that died after its verdict left them in quarantine.
    private func open(_ key: StorageKey) throws -> ObjectReader {
        do {
            return try store.open(key)
        } catch StorageError.notFound {
            return try store.open(try key.quarantined)
        }
    }

    private static func sentence(_ verdict: Verdict) -> String {
        switch verdict {
        case .encrypted: "The file is protected by a password, so it cannot be scanned for viruses."
        case .tooLarge: "The file is too large to be scanned for viruses."
        default: "The file could not be scanned completely, so it is held back."
        }
    }
}

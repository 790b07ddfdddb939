import Catalog
import Foundation
import HelperProtocol
import Model
import ObjectStorage
import Worker

/// Has a picture looked at, and proposes a name for any media file.
struct AnalyzeStep: Sendable {
    let helpers: HelperPool
    let store: DirectoryStore
    let limits: PixelLimits

    func perform(_ work: AssetWork) async throws -> StepFinding {
        guard case .analyze(let options) = work.action else {
            throw JobFailure(.badInput, code: "unknown_step", message: "The step is not an analysis.")
        }
        let type = try MediaType.processable(work.asset)
        guard type.family == .image else {
            let name = options.renames ? proposal(for: work, type, report: nil, options) : nil
            return StepFinding(result: name.map { .name($0) } ?? .nothing, receipt: receipt(work, engine: nil))
        }
        let reader = try store.open(StorageKey(work.asset.key))
        let report = try await helpers.run(
            AnalyzeRequest.operation,
            AnalyzeRequest(limits: limits, includesLocation: options.includesLocation),
            returning: AnalysisReport.self, descriptors: [LentDescriptor("input", reader.descriptor)],
            timeout: work.timeout
        ) { work.announce(stage: $0.stage, percent: $0.percent) }
        let name = options.renames ? proposal(for: work, type, report: report, options) : nil
        return StepFinding(
            result: .analysis(report, name: name), receipt: receipt(work, engine: report.provider),
            facts: ["labels": .array(report.labels.prefix(3).map { .string($0.name) })])
    }

    private func receipt(_ work: AssetWork, engine: String?) -> Receipt {
        Receipt(inputSHA256: work.asset.sha256, engine: engine.map { ["analysis": $0] } ?? [:])
    }

    private func proposal(
        for work: AssetWork, _ type: MediaType, report: AnalysisReport?, _ options: Recipe.AnalyzeOptions
    ) -> NameStem {
        let proposal = NameProposal(
            keywords: work.batch.keywords, labels: report?.labels ?? [], takenAt: report?.camera?.takenAt,
            colorName: report?.colors.first?.name, originalName: work.asset.originalName, family: type.family)
        let rules = NameRules(maxWords: options.maxWords, minLabelScore: options.minLabelScore)
        return NameStem(stem: proposal.baseName(rules: rules), fileExtension: type.fileExtension)
    }
}

extension MediaType {
    /// The asset's type, when the helpers can read it.
    ///
    /// - Throws: ``JobFailure`` `unsupported_format`, in words for whoever uploaded it.
    static func processable(_ asset: Asset) throws -> MediaType {
        let type = MediaType(rawValue: asset.mimeType) ?? .binary
        guard type.isDecodableImage || type.isDecodableVideo else {
            throw JobFailure(
                .badInput, code: OperationFailure.Code.unsupported,
                message: "This is a file of type \(type.rawValue), not a picture, video or sound that can be processed."
            )
        }
        return type
    }
}

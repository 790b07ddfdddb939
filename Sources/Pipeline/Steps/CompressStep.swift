import Catalog
import Foundation
import HelperProtocol
import Model
import ObjectStorage
import Worker

/// Has a file's smaller variants made, and stores them once they are what the helper says they are.
struct CompressStep: Sendable {
    let imageHelpers: HelperPool
    let videoHelpers: HelperPool
    let store: DirectoryStore
    let pixelLimits: PixelLimits
    let videoLimits: VideoLimits
    let videoThreads: Int

    func perform(_ work: AssetWork) async throws -> StepFinding {
        guard case .compress(let options) = work.action else {
            throw JobFailure(.badInput, code: "unknown_step", message: "The step is not a compression.")
        }
        let type = try MediaType.processable(work.asset)
        if type.family == .image {
            return try await images(work, options.images)
        }
        guard let spec = options.video else { return StepFinding(result: .variants([])) }
        return try await video(work, spec)
    }

    private func images(_ work: AssetWork, _ specs: [ImageVariantSpec]) async throws -> StepFinding {
        guard !specs.isEmpty else { return StepFinding(result: .variants([])) }
        let reader = try store.open(StorageKey(work.asset.key))
        let outputs = try specs.map { _ in try store.beginPut() }
        let result = try await imageHelpers.run(
            ImageVariantsRequest.operation, ImageVariantsRequest(variants: specs, limits: pixelLimits),
            returning: ImageVariantsResult.self, descriptors: lent(reader, outputs), timeout: work.timeout
        ) { work.announce(stage: $0.stage, percent: $0.percent) }
        work.job.log(
            specs.map { "\($0.name): \($0.format.rawValue), quality \($0.quality), effort \($0.effort)" }
                .joined(separator: "; "))
        return try keep(result.variants, outputs, work)
    }

    private func video(_ work: AssetWork, _ spec: VideoSpec) async throws -> StepFinding {
        let reader = try store.open(StorageKey(work.asset.key))
        let outputs = try (0..<(spec.posterLongSide == nil ? 1 : 2)).map { _ in try store.beginPut() }
        let result = try await videoHelpers.run(
            VideoRequest.operation, VideoRequest(spec: spec, limits: videoLimits, threads: videoThreads),
            returning: VideoResult.self, descriptors: lent(reader, outputs), timeout: work.timeout
        ) { work.announce(stage: $0.stage, percent: $0.percent) }
        work.job.log(Self.summary(result, spec))
        return try keep(result.variants, outputs, work)
    }

    private static func summary(_ result: VideoResult, _ spec: VideoSpec) -> String {
        let input = "\(result.videoCodec ?? "no picture") \(result.width)x\(result.height), \(result.frames) frames"
        let encoding =
            "\(spec.codec.rawValue) crf \(spec.crf), preset \(spec.preset), sound \(spec.audioBitrate) bit/s"
        let way = result.remuxed ? "streams copied" : encoding
        return ([input, way] + result.warnings.map(\.rawValue)).joined(separator: "; ")
    }

    private func lent(_ reader: ObjectReader, _ outputs: [PutSession]) -> [LentDescriptor] {
        [LentDescriptor("input", reader.descriptor)]
            + outputs.enumerated().map { LentDescriptor("output.\($0)", $1.descriptor) }
    }

    /// Commits the outputs under keys of this attempt. Sessions that are not committed remove their bytes.
    private func keep(_ facts: [VariantFacts], _ outputs: [PutSession], _ work: AssetWork) throws -> StepFinding {
        guard facts.count <= outputs.count else { throw Self.mismatch("more outputs than were asked for") }
        let stored = try zip(facts, outputs).map { facts, output in
            try OutputCheck.check(output.descriptor, against: facts)
            let key = try StorageKey.variant(
                tenant: work.batch.tenant, batch: work.batch.id.uuidString.lowercased(),
                asset: work.asset.id.uuidString.lowercased(), name: facts.name, fence: work.job.fence,
                fileExtension: facts.format)
            try output.commit(as: key, replacing: true)
            return (StoredVariant(facts: facts, key: key.text), key)
        }
        let smallest = facts.map(\.bytes).min() ?? work.asset.bytes
        let sizes = facts.map { "\($0.name) \($0.bytes)\($0.keptOriginal ? " (the original)" : "")" }
        work.job.log("bytes: \(work.asset.bytes) to \(sizes.joined(separator: ", "))")
        return StepFinding(
            result: .variants(stored.map(\.0)),
            receipt: Receipt(
                inputSHA256: work.asset.sha256, outputSHA256: facts.map(\.sha256),
                engine: ["flotilla": Release.version]),
            facts: ["variants": .int(Int64(facts.count)), "smallest_bytes": .int(smallest)],
            discard: { [store] in for (_, key) in stored { _ = try? store.delete(key) } })
    }

    private static func mismatch(_ reason: String) -> JobFailure {
        JobFailure(.crash, code: "helper_protocol", message: "The helper's outputs are not what it says: \(reason).")
    }
}

/// Reads an output back: a helper that was taken over by a hostile file may say anything.
enum OutputCheck {
    /// - Throws: ``JobFailure`` when size, SHA-256 or CRC-32 are not as the facts say.
    static func check(_ descriptor: Int32, against facts: VariantFacts) throws {
        var sha = SHA256()
        var crc = CRC32()
        var offset: Int64 = 0
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, Int(offset)) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw JobFailure(.transient, code: "storage_failed", message: "An output could not be read back.")
            }
            if count == 0 { break }
            buffer.withUnsafeBytes {
                let piece = UnsafeRawBufferPointer(rebasing: $0[..<count])
                sha.update(piece)
                crc.update(piece)
            }
            offset += Int64(count)
        }
        guard offset == facts.bytes, SHA256.hexadecimal(digest: sha.finalize()) == facts.sha256,
            crc.finalize() == facts.crc32
        else {
            throw JobFailure(
                .crash, code: "helper_protocol", message: "The helper's output “\(facts.name)” is not what it says.")
        }
    }
}

internal import ImageDecoding
internal import Model
internal import Vips

/// Chooses the bytes of one variant so that it is not larger than the original.
///
/// The wanted quality comes first. If that is not smaller than the original, quality goes down by 10, twice at most; then
/// the original itself, freed of its metadata, is the output where a client that can show the wanted format can show it
/// and it has the wanted size. Where it cannot stand in (a smaller size, a turned picture, CMYK), quality goes down
/// further, to 30, and the smallest result is taken.
///
/// HEIC, TIFF and AVIF originals are no measure for JPEG and PNG: those are made so that more clients can show the
/// picture, and are larger by nature.
struct SizeGate {
    enum Choice {
        case encoded([UInt8])
        case original(KeptOriginal)
    }

    let original: Original
    let plan: VariantPlan
    let kind: OutputKind

    private static let qualityStep = 10
    private static let lowestQuality = 30

    func choose(_ image: borrowing VipsImage) throws(OperationFailure) -> Choice {
        let mayKeep = original.canStand(for: kind, plan)
        var best: [UInt8]?
        for encoding in encodings(mayKeep: mayKeep) {
            let file = try encode(image, encoding)
            if let best, best.count <= file.count { continue }
            best = file
            if file.count < original.bytes || !isMeasured { return .encoded(file) }
            // So far off that a little less quality will not do: the encoder's time is better spent elsewhere.
            if mayKeep, file.count > 2 * original.bytes { break }
        }
        guard let best else { throw ownFault("no encoding for \(kind)") }
        if mayKeep, let kept = try original.withoutMetadata(), kept.bytes.count < best.count { return .original(kept) }
        return .encoded(best)
    }

    private var isMeasured: Bool {
        switch original.header.format {
        case .jpeg, .png, .webp, .gif: true
        case .tiff, .heif, .avif: kind.rank > 0
        }
    }

    private func encode(_ image: borrowing VipsImage, _ encoding: Encoding) throws(OperationFailure) -> [UInt8] {
        let rights = original.rights
        var file: [UInt8]
        do throws(VipsError) {
            // libvips can write EXIF, but adds nine tags of its own: only where our containers cannot do it alone.
            let own = kind == .avif || kind == .webp ? rights : ImageRights()
            let encoded =
                kind == .jpeg && image.hasAlpha
                ? try image.flattened().encoded(as: encoding, rights: own)
                : try image.encoded(as: encoding, rights: own)
            file = encoded.withBytes { Array($0) }
        } catch {
            throw OperationFailure(error)
        }
        switch kind {
        case .avif: return file
        // libvips writes EXIF into WebP even when told not to.
        case .webp: file = WebPContainer.withoutMetadata(file, rights) ?? []
        case .jpeg where !rights.isEmpty: file = JPEGContainer.withoutMetadata(file, rights) ?? []
        case .png where !rights.isEmpty: file = PNGContainer.withoutMetadata(file, rights) ?? []
        case .jpeg, .png: break
        }
        guard !file.isEmpty else { throw ownFault("a \(kind) file that cannot be read again") }
        return file
    }

    private func ownFault(_ detail: String) -> OperationFailure {
        OperationFailure(
            .internal, code: OperationFailure.Code.internalError, message: "The variants could not be made.",
            detail: detail)
    }

    /// What to try, the wanted one first.
    private func encodings(mayKeep: Bool) -> [Encoding] {
        let wanted = min(max(plan.spec.quality, 1), 100)
        let floor = min(wanted, mayKeep ? max(1, wanted - 2 * Self.qualityStep) : Self.lowestQuality)
        let qualities = stride(from: wanted, through: floor, by: -Self.qualityStep)
        let effort = plan.spec.effort
        switch kind {
        case .jpeg: return qualities.map { .jpeg(quality: $0) }
        // One retry only: the encoder takes seconds a picture.
        case .avif: return Set([wanted, floor]).sorted(by: >).map { .avif(quality: $0, effort: effort) }
        case .webp: return qualities.map { .webp(quality: $0, effort: min(effort, 6)) }
        case .png:
            let palette = qualities.map { Encoding.palettePNG(quality: $0) }
            return hasFewColors ? palette : [.png(compression: 6)] + palette
        }
    }

    /// A palette that scaling has not blended with other colours fits into a palette again.
    private var hasFewColors: Bool { original.header.paletteBits > 0 && plan.keepsSize }
}

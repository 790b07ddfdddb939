internal import ImageDecoding
public import Model
internal import Vips

/// Makes the wanted variants of one picture: upright, sRGB, without metadata but copyright and artist.
public enum ImageVariants {
    /// Reads the picture, and writes one file a spec.
    ///
    /// The picture is decoded once, no larger than the largest still variant needs, and each smaller one is made from the
    /// one before it; an animated variant takes a second decoding, of all frames. No output is larger than the original
    /// where a smaller one or the original itself can stand for it: see ``SizeGate``.
    ///
    /// - Parameters:
    ///   - input: a seekable descriptor, read from its start.
    ///   - outputs: one writable, seekable descriptor a spec, in the same order; what they held is replaced.
    ///   - progress: 0…100, rising; called after each piece of work.
    /// - Returns: the facts, in the order of the specs. The same input and request give the same bytes.
    /// - Throws: ``OperationFailure``; then the outputs' content means nothing.
    public static func run(
        _ request: ImageVariantsRequest, input: Int32, outputs: [Int32],
        progress: @escaping (Double) -> Void = { _ in }
    ) throws(OperationFailure) -> ImageVariantsResult {
        try check(request, outputs)
        let source = try asOperation { () throws(VipsError) in
            try VipsSource.open(descriptor: input, limits: DecodingLimits(request.limits))
        }
        let original = Original(source, descriptor: input, bytes: try DescriptorIO.size(of: input))
        let plans = request.variants.enumerated().map { VariantPlan($1, index: $0, header: source.header) }
        var work = Work(original: original, outputs: outputs, plans: plans, progress: progress)
        try work.makeStills(source)
        try work.makeAnimations(source)
        return ImageVariantsResult(variants: work.facts.compactMap { $0 })
    }

    private static func check(_ request: ImageVariantsRequest, _ outputs: [Int32]) throws(OperationFailure) {
        let names = Set(request.variants.map(\.name))
        let boxes = request.variants.flatMap { [$0.maxWidth, $0.maxHeight] }.compactMap { $0 }
        guard !request.variants.isEmpty, request.variants.count == outputs.count, names.count == outputs.count,
            boxes.allSatisfy({ $0 > 0 })
        else {
            throw OperationFailure(
                .internal, code: OperationFailure.Code.internalError,
                message: "The variants could not be made.",
                detail: "\(request.variants.count) variants, \(names.count) names, \(outputs.count) outputs, \(boxes)")
        }
    }
}

/// One run: which variants are done.
private struct Work {
    let original: Original
    let outputs: [Int32]
    let plans: [VariantPlan]
    let progress: (Double) -> Void
    var facts: [VariantFacts?]
    private var doneSteps = 0
    private let steps: Int

    init(original: Original, outputs: [Int32], plans: [VariantPlan], progress: @escaping (Double) -> Void) {
        self.original = original
        self.outputs = outputs
        self.plans = plans
        self.progress = progress
        facts = Array(repeating: nil, count: plans.count)
        let kinds = Set(plans.map(\.isAnimated)).count
        steps = plans.count + kinds
    }

    mutating func makeStills(_ source: borrowing VipsSource) throws(OperationFailure) {
        try make(plans.filter { !$0.isAnimated }, source)
    }

    mutating func makeAnimations(_ source: borrowing VipsSource) throws(OperationFailure) {
        try make(plans.filter(\.isAnimated), source)
    }

    /// Largest first, each from the one before.
    private mutating func make(
        _ plans: [VariantPlan], _ source: borrowing VipsSource
    ) throws(OperationFailure) {
        let ordered = plans.sorted { ($1.scale, $0.index) < ($0.scale, $1.index) }
        guard let largest = ordered.first else { return }
        var image = try decode(source, for: largest)
        step()
        for plan in ordered {
            if plan.isSmaller(thanWidth: image.width, height: image.height) {
                image = try asOperation { [size = plan.size] () throws(VipsError) in
                    try image.stretched(width: size.width, height: size.height)
                }
            }
            facts[plan.index] = try write(image, plan)
            step()
        }
    }

    private func decode(
        _ source: borrowing VipsSource, for plan: VariantPlan
    ) throws(OperationFailure) -> VipsImage {
        do throws(VipsError) {
            let image = try source.decode(
                maxWidth: plan.box.width, maxHeight: plan.box.height, allFrames: plan.isAnimated)
            guard image.hasAlpha, try image.isOpaque() else { return image }
            return try image.withoutAlpha()
        } catch {
            throw OperationFailure(error)
        }
    }

    private func write(
        _ image: borrowing VipsImage, _ plan: VariantPlan
    ) throws(OperationFailure) -> VariantFacts {
        let kind = plan.outputKind(hasAlpha: image.hasAlpha)
        var facts: VariantFacts
        let bytes: [UInt8]
        switch try SizeGate(original: original, plan: plan, kind: kind).choose(image) {
        case .encoded(let file):
            bytes = file
            facts = VariantFacts(plan.spec.name, kind.rawValue, kind.mediaType, image.width, image.height, of: file)
        case .original(let kept):
            bytes = kept.bytes
            facts = VariantFacts(plan.spec.name, kept.format, kept.mediaType, image.width, image.height, of: bytes)
            facts.keptOriginal = true
        }
        try DescriptorIO.write(bytes, to: outputs[plan.index])
        return facts
    }

    private mutating func step() {
        doneSteps += 1
        progress(100 * Double(doneSteps) / Double(steps))
    }
}

extension VariantFacts {
    fileprivate init(
        _ name: String, _ format: String, _ type: MediaType, _ width: Int, _ height: Int, of bytes: [UInt8]
    ) {
        self.init(
            name: name, format: format, mimeType: type.rawValue, width: width, height: height,
            bytes: Int64(bytes.count), sha256: SHA256.hexadecimal(bytes), crc32: CRC32.checksum(bytes))
    }
}

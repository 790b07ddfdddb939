import Foundation
import Model
import ObjectStorage
import ZipExport

/// A store with the objects of one batch.
final class ExportBatchFixture {
    let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-export-\(UUID().uuidString)")
    let store: DirectoryStore
    let batch = ExportBatch(
        id: "b1", recipe: "bulk-rename", keywords: ["red", "shoes"],
        createdAt: Date(timeIntervalSince1970: 1_767_225_600))
    private(set) var files: [ExportFile] = []

    init() throws {
        store = try DirectoryStore(location: "file://\(folder.path)", reservedBytes: 0)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Stores a file, with variants by name and format.
    @discardableResult
    func add(
        _ newName: String, original: String = "IMG_0001.JPG", content: [UInt8], status: AssetStatus = .completed,
        mimeType: String = "image/jpeg", verdict: Verdict? = .clean, signature: String? = nil,
        problem: ExportFile.Problem? = nil, variants: [(name: String, format: String, content: [UInt8])] = []
    ) throws -> ExportFile {
        let id = "a\(files.count)"
        let key = try StorageKey.original(tenant: "t", batch: "b1", asset: id)
        try store.put(content, as: key)
        let stored = try variants.map { variant in
            let key = try StorageKey.variant(
                tenant: "t", batch: "b1", asset: id, name: variant.name, fence: 1, fileExtension: variant.format)
            try store.put(variant.content, as: key)
            let facts = VariantFacts(
                name: variant.name, format: variant.format, mimeType: "image/\(variant.format)", width: 4, height: 3,
                bytes: Int64(variant.content.count), sha256: SHA256.hexadecimal(variant.content),
                crc32: CRC32.checksum(variant.content))
            return ExportFile.Variant(facts: facts, key: key)
        }
        let file = ExportFile(
            id: id, originalName: original, newName: newName, mimeType: mimeType, bytes: Int64(content.count),
            sha256: SHA256.hexadecimal(content), crc32: CRC32.checksum(content), key: key, status: status,
            verdict: verdict, signature: signature, problem: problem, variants: stored)
        files.append(file)
        return file
    }

    func plan(_ options: Recipe.ExportOptions = Recipe.ExportOptions()) throws -> ExportPlan {
        try ExportPlan(batch: batch, files: files, options: options)
    }

    func read(_ plan: ExportPlan, _ range: Range<Int64>? = nil, maxBytes: Int = 262_144) throws -> [UInt8] {
        let reader = ExportReader(plan, from: store, range: range)
        var bytes: [UInt8] = []
        while let piece = try reader.next(maxBytes: maxBytes) { bytes += piece }
        return bytes
    }

    /// A batch with a bit of everything.
    static func mixed() throws -> ExportBatchFixture {
        let fixture = try ExportBatchFixture()
        let picture = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try fixture.add("red-shoes-2.jpg", content: picture, variants: [("webp", "webp", Array("small".utf8))])
        try fixture.add("red-shoes-1.png", content: [], mimeType: "image/png", variants: [("webp", "webp", [1, 2])])
        try fixture.add("größe-赤.jpg", content: [9])
        try fixture.add(
            "virus.jpg", original: "eicar.jpg", content: [0], status: .infected, verdict: .infected, signature: "Eicar")
        try fixture.add(
            "broken.jpg", original: "truncated.jpg", content: [0], status: .failed,
            problem: .init(code: "truncated", message: "The file ends early."))
        return fixture
    }
}

import Foundation
import Model
import ObjectStorage

/// Decides which bytes of each asset go into the archive, and under which path.
struct ExportLayout {
    private static let variantFolder = "variants"

    let options: Recipe.ExportOptions
    private(set) var entries: [StoredEntry] = []
    private var names = ArchiveNames(reserved: [ExportManifest.path, variantFolder])

    init(options: Recipe.ExportOptions) {
        self.options = options
    }

    /// Adds the entries of all files.
    ///
    /// - Returns: the files as the manifest lists them: those in the archive by path, then the others by original name.
    mutating func place(_ files: [ExportFile]) throws(ExportError) -> [ExportManifest.File] {
        for file in files where file.bytes < 0 || file.variants.contains(where: { $0.facts.bytes < 0 }) {
            throw .facts(file: file.originalName, reason: "a size below 0")
        }
        let packed = files.filter { $0.status == .completed }.sorted { Self.isBefore($0, $1, by: \.newName) }
        let chosen = packed.map(content)
        let wanted = zip(packed, chosen).map { file, content in
            let name = ArchiveNames.safe(file.newName, fallback: "file-" + file.id.filter(\.isASCII).prefix(12))
            guard let format = content?.facts.format else { return name }
            return ArchiveNames.replacingExtension(of: name, with: Self.fileExtension(format))
        }
        let paths = names.claim(wanted)
        var listed = packed.indices.map { index in
            list(packed[index], path: paths[index], content: chosen[index])
        }
        for index in packed.indices {
            let file = packed[index]
            let facts = chosen[index]?.facts
            entries.append(
                StoredEntry(
                    path: paths[index], bytes: UInt64(facts?.bytes ?? file.bytes), crc32: facts?.crc32 ?? file.crc32,
                    key: chosen[index]?.key ?? file.key))
        }
        for variant in options.extraVariants { addFolder(of: variant, packed, paths, &listed) }
        entries.sort { Self.order($0.path) < Self.order($1.path) }
        let left = files.filter { $0.status != .completed }.sorted { Self.isBefore($0, $1, by: \.originalName) }
        return listed.sorted { Self.order($0.newName ?? "") < Self.order($1.newName ?? "") }
            + left.map { list($0, path: nil, content: nil) }
    }

    /// The variant that stands under the new name; nil: the original. A file without the wanted variant, as a video in
    /// a recipe that asks for `webp`, goes in with its `video` variant, or else as it came.
    private func content(of file: ExportFile) -> ExportFile.Variant? {
        guard case .variant(let wanted) = options.content else { return nil }
        let isVideo = file.mimeType.hasPrefix("video/")
        return file.variants.first { $0.facts.name == wanted }
            ?? file.variants.first { isVideo && $0.facts.name == "video" }
    }

    private mutating func addFolder(
        of variant: String, _ packed: [ExportFile], _ paths: [String], _ listed: inout [ExportManifest.File]
    ) {
        let folder = Self.variantFolder + "/" + ArchiveNames.safe(variant, fallback: "variant")
        let having = packed.indices.compactMap { index in
            packed[index].variants.first { $0.facts.name == variant }.map { (index, $0) }
        }
        let wanted = having.map { index, found in
            ArchiveNames.replacingExtension(of: paths[index], with: Self.fileExtension(found.facts.format))
        }
        for ((index, found), path) in zip(having, names.claim(wanted, in: folder + "/")) {
            entries.append(
                StoredEntry(path: path, bytes: UInt64(found.facts.bytes), crc32: found.facts.crc32, key: found.key))
            for place in listed[index].variants.indices where listed[index].variants[place].name == variant {
                listed[index].variants[place].path = path
            }
        }
    }

    private func list(_ file: ExportFile, path: String?, content: ExportFile.Variant?) -> ExportManifest.File {
        let variants = file.variants.map { variant in
            ExportManifest.Variant(
                name: variant.facts.name, path: variant == content ? path : nil, format: variant.facts.format,
                mimeType: variant.facts.mimeType, width: variant.facts.width, height: variant.facts.height,
                bytes: variant.facts.bytes, sha256: variant.facts.sha256)
        }
        return ExportManifest.File(
            id: file.id, originalName: file.originalName, newName: path,
            content: path.map { _ in content?.facts.name ?? "original" }, status: file.status, mimeType: file.mimeType,
            bytes: file.bytes, sha256: file.sha256, verdict: file.verdict, signature: file.signature,
            variants: variants.sorted { $0.name < $1.name },
            error: file.problem.map { ExportManifest.Problem(code: $0.code, message: $0.message) })
    }

    private static func isBefore(_ a: ExportFile, _ b: ExportFile, by name: KeyPath<ExportFile, String>) -> Bool {
        (order(a[keyPath: name]), order(a.originalName), a.id) < (order(b[keyPath: name]), order(b.originalName), b.id)
    }

    /// Names by their bytes: the same everywhere, whatever the language of the machine.
    private static func order(_ name: String) -> ByteOrder { ByteOrder(bytes: Array(name.utf8)) }

    private static func fileExtension(_ format: String) -> String {
        let clean = format.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return clean == "jpeg" ? "jpg" : clean.isEmpty ? "bin" : String(clean.prefix(8))
    }
}

private struct ByteOrder: Comparable {
    let bytes: [UInt8]
    static func < (a: ByteOrder, b: ByteOrder) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

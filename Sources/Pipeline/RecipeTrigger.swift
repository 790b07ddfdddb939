public import Catalog
import Foundation
import Model
import ObjectStorage
import Recipes

/// Makes a batch of the files in a folder and starts it: what a schedule, or `flotilla recipe run`, does.
public struct RecipeTrigger: Sendable {
    private let fleet: Fleet
    private let control: BatchControl

    public init(_ fleet: Fleet) {
        self.fleet = fleet
        control = BatchControl(
            catalog: fleet.catalog, queue: fleet.queue, store: fleet.store, recipes: fleet.recipes)
    }

    public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        case unknownRecipe(String)
        case noSource(recipe: String)
        case badSource(String)
        /// Nothing to do: no batch was made.
        case emptySource(String)

        public var description: String {
            switch self {
            case .unknownRecipe(let name): "there is no recipe “\(name)”"
            case .noSource(let recipe): "the recipe “\(recipe)” names no source; give one with --source"
            case .badSource(let source): "“\(source)” is not a folder that can be read; allowed: file:///absolute/path"
            case .emptySource(let source): "“\(source)” holds no files"
            }
        }
    }

    /// - Parameters:
    ///   - source: `file:///folder`; nil: the recipe's own. Its plain files (no folders, links or dot files) are taken
    ///     in order of name.
    ///   - idempotencyKey: the same key makes one batch only, however often it is used.
    /// - Returns: the started batch.
    public func run(_ name: String, source: String?, keywords: [String] = [], idempotencyKey: String? = nil)
        async throws
        -> Batch
    {
        guard let recipe = fleet.recipes[name] else { throw Failure.unknownRecipe(name) }
        guard let source = source ?? recipe.schedule?.source else { throw Failure.noSource(recipe: name) }
        let files = try Self.files(in: source)
        guard !files.isEmpty else { throw Failure.emptySource(source) }
        let (batch, _) = try await fleet.catalog.createBatch(
            NewBatch(
                recipe: name, keywords: keywords,
                idempotency: idempotencyKey.map {
                    NewBatch.Idempotency(key: $0, requestHash: SHA256.hash(Array("\(name) \(source)".utf8)))
                }), tenant: JobEnvelope.defaultTenant)
        if batch.status == .pending {
            for file in files { try await add(file, to: batch) }
        }
        return try await control.start(batch.id, tenant: batch.tenant)
    }

    private func add(_ path: String, to batch: Batch) async throws {
        let store = fleet.store
        let asset = try await onBlockingThread { try Self.ingest(path, batch, store) }
        let added = try await fleet.catalog.addAsset(asset, toBatch: batch.id, tenant: batch.tenant)
        if let key = added.obsoleteKey { try await onBlockingThread { _ = try store.delete(StorageKey(key)) } }
    }

    private static func ingest(_ path: String, _ batch: Batch, _ store: DirectoryStore) throws -> NewAsset {
        guard let file = FileHandle(forReadingAtPath: path) else { throw Failure.badSource(path) }
        defer { try? file.close() }
        let session = try store.beginPut()
        var sha = SHA256()
        var crc = CRC32()
        var head: [UInt8] = []
        while let piece = try file.read(upToCount: 256 << 10), !piece.isEmpty {
            let bytes = [UInt8](piece)
            if head.count < MediaType.sniffLength { head += bytes.prefix(MediaType.sniffLength - head.count) }
            sha.update(bytes)
            crc.update(bytes)
            try session.write(bytes)
        }
        let key = try StorageKey.original(
            tenant: batch.tenant, batch: batch.id.uuidString.lowercased(), asset: UUID().uuidString.lowercased())
        let bytes = try session.commit(as: key)
        return NewAsset(
            originalName: FileName.cleaned((path as NSString).lastPathComponent).value, key: key.text, bytes: bytes,
            sha256: SHA256.hexadecimal(digest: sha.finalize()), crc32: crc.finalize(),
            mimeType: MediaType.sniff(head).rawValue)
    }

    private static func files(in source: String) throws -> [String] {
        guard let url = URL(string: source), url.isFileURL,
            let names = try? FileManager.default.contentsOfDirectory(atPath: url.path)
        else { throw Failure.badSource(source) }
        return names.sorted().filter { !$0.hasPrefix(".") }.map { url.path + "/" + $0 }.filter { path in
            var facts = stat()
            return lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG && facts.st_size > 0
        }
    }
}

public import ObjectStorage
internal import Synchronization
internal import ZIP

/// Gives out an archive, or a range of it, piece by piece, read from the store as it is asked for.
///
/// ``next(maxBytes:)`` blocks on the disk: call it on a thread that may wait. One call at a time makes sense, from any
/// thread. One object at most is open.
public final class ExportReader: Sendable {
    private let state: Mutex<State>
    private let plan: ExportPlan
    private let store: DirectoryStore

    private struct State: Sendable {
        var segments: ZipSegments<ExportSource>
        var current: Current?
    }

    private struct Current: Sendable {
        var index: Int
        var position: UInt64
        var end: UInt64
        var object: ObjectReader?
        var bytes: [UInt8]
        /// Only for content that is read from its beginning to its end.
        var checksum: ZipChecksum?
    }

    /// - Parameter range: within `0..<plan.bytes`; the whole archive by default.
    public init(_ plan: ExportPlan, from store: DirectoryStore, range: Range<Int64>? = nil) {
        self.plan = plan
        self.store = store
        let bytes = range.map { UInt64(max($0.lowerBound, 0))..<UInt64(max($0.upperBound, 0)) } ?? 0..<plan.zip.length
        state = Mutex(State(segments: plan.zip.bytes(in: bytes)))
    }

    /// The next bytes, at most about `maxBytes` of them, or nil at the end.
    ///
    /// - Throws: ``ExportError`` `.storage`, `.content`; what was given out before is worthless then. The length that
    ///   was announced is not reached, so a client notices.
    public func next(maxBytes: Int = 262_144) throws(ExportError) -> [UInt8]? {
        try state.withLock { state throws(ExportError) in
            if state.current == nil {
                switch state.segments.next() {
                case nil: return nil
                case .literal(let bytes): return bytes
                case .entry(let index, let source, let range):
                    state.current = try open(index, source, range)
                }
            }
            guard var current = state.current else { return nil }
            let count = Int(min(UInt64(max(maxBytes, 1)), current.end - current.position))
            let piece = try read(current, count)
            piece.withUnsafeBytes { current.checksum?.update($0) }
            current.position += UInt64(count)
            if current.position < current.end {
                state.current = current
                return piece
            }
            state.current = nil
            if let checksum = current.checksum { try plan.check(current.index, found: checksum.value) }
            return piece
        }
    }

    private func open(_ index: Int, _ source: ExportSource, _ range: Range<UInt64>) throws(ExportError) -> Current {
        let entry = plan.zip.entries[index]
        let checksum = range == 0..<entry.size ? ZipChecksum() : nil
        var current = Current(
            index: index, position: range.lowerBound, end: range.upperBound, bytes: [], checksum: checksum)
        switch source {
        case .bytes(let bytes): current.bytes = bytes
        case .object(let key):
            let object = try plan.open(key, entry: index, in: store)
            object.adviseSequential()
            current.object = object
        }
        return current
    }

    private func read(_ current: Current, _ count: Int) throws(ExportError) -> [UInt8] {
        guard let object = current.object else {
            return Array(current.bytes[Int(current.position)..<Int(current.position) + count])
        }
        do throws(StorageError) {
            return try object.read(Int64(current.position)..<Int64(current.position) + Int64(count))
        } catch {
            throw .storage(entry: plan.zip.entries[current.index].name, error)
        }
    }
}

extension ExportPlan {
    /// Opens the object of an entry, and refuses one that has another size than the plan says.
    func open(_ key: StorageKey, entry index: Int, in store: DirectoryStore) throws(ExportError) -> ObjectReader {
        let entry = zip.entries[index]
        let object: ObjectReader
        do throws(StorageError) {
            object = try store.open(key)
        } catch {
            throw .storage(entry: entry.name, error)
        }
        guard UInt64(object.size) == entry.size else {
            throw .content(.short(entry: entry.name, expected: entry.size, found: UInt64(object.size)))
        }
        return object
    }

    /// Refuses content that is not what the plan says.
    func check(_ index: Int, found: UInt32) throws(ExportError) {
        do throws(ZipContentError) {
            try zip.check(index, found: found)
        } catch {
            throw .content(error)
        }
    }
}

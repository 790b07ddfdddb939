/// The layout of a ZIP archive, worked out before its first byte: exact length, and any range of it on demand.
///
/// All entries are *stored*: media do not get smaller, and only so is the length known. The same entries in the same
/// order always give the same bytes. Zip64 records appear only where a number needs them.
public struct ZipPlan<Source: Sendable>: Sendable {
    public let entries: [ZipEntry<Source>]
    /// Bytes of the whole archive: its `Content-Length`.
    public let length: UInt64
    /// Where the central directory stands. Its bytes name every entry with size, checksum and place: a hash of them
    /// identifies the archive as far as CRC-32 does.
    public let directoryRange: Range<UInt64>

    /// Where each entry's local header begins, and last the central directory.
    let offsets: [UInt64]
    /// Where each entry's record in the central directory begins, and last the end records.
    let directoryOffsets: [UInt64]

    /// - Throws: ``ZipPlanError`` for a name that is unsafe, there twice, or both file and folder.
    /// - Complexity: O(n) time, about 100 bytes an entry besides the entries themselves.
    public init(_ entries: [ZipEntry<Source>]) throws(ZipPlanError) {
        try Self.checkNames(entries)
        var offsets: [UInt64] = []
        offsets.reserveCapacity(entries.count + 1)
        var end: UInt64 = 0
        for entry in entries {
            offsets.append(end)
            let header = ZipRecords.localHeaderLength(nameBytes: entry.name.utf8.count, size: entry.size)
            end = try Self.sum(try Self.sum(end, header), entry.size)
        }
        offsets.append(end)
        let directoryStart = end
        var directoryOffsets: [UInt64] = []
        directoryOffsets.reserveCapacity(entries.count + 1)
        for (entry, offset) in zip(entries, offsets) {
            directoryOffsets.append(end)
            let header = ZipRecords.directoryHeaderLength(
                nameBytes: entry.name.utf8.count, size: entry.size, offset: offset)
            end = try Self.sum(end, header)
        }
        directoryOffsets.append(end)
        self.entries = entries
        self.offsets = offsets
        self.directoryOffsets = directoryOffsets
        directoryRange = directoryStart..<end
        length = try Self.sum(end, ZipRecords.endLength(entries: entries.count, directory: directoryStart..<end))
    }

    /// Where an entry's content stands in the archive.
    ///
    /// - Parameter index: of ``entries``.
    public func contentRange(of index: Int) -> Range<UInt64> {
        (offsets[index + 1] - entries[index].size)..<offsets[index + 1]
    }

    private static func sum(_ a: UInt64, _ b: UInt64) throws(ZipPlanError) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        guard !overflow, sum <= UInt64(Int64.max) else { throw .tooLarge }
        return sum
    }

    private static func checkNames(_ entries: [ZipEntry<Source>]) throws(ZipPlanError) {
        // Compared as bytes: String's == takes canonically equivalent names for one, and readers do not.
        var files = Set<[UInt8]>(minimumCapacity: entries.count)
        for entry in entries {
            if let fault = ZipName.fault(in: entry.name) { throw .name(entry.name, fault) }
            guard files.insert(Array(entry.name.utf8)).inserted else { throw .duplicate(entry.name) }
        }
        for entry in entries {
            for folder in ZipName.folders(of: Array(entry.name.utf8)) where files.contains(Array(folder)) {
                throw .clash(file: String(decoding: folder, as: UTF8.self), folderOf: entry.name)
            }
        }
    }
}

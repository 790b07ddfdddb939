/// A piece of an archive: bytes of the format itself, or a stretch of one entry's content.
public enum ZipSegment<Source: Sendable>: Sendable {
    /// Headers and directory, at most 64 KiB (more only by one record).
    case literal([UInt8])
    /// Bytes `range` of the content of `entries[index]`, never empty; `source` is that entry's.
    case entry(index: Int, source: Source, range: Range<UInt64>)
}

extension ZipPlan {
    /// The whole archive, piece by piece.
    public var segments: ZipSegments<Source> { bytes(in: 0..<length) }

    /// The pieces that make up a range of the archive, for an HTTP Range or a resumed download.
    ///
    /// - Parameter range: within `0..<length`; what lies outside is left out.
    /// - Complexity: O(log n) to the first piece; each is made when it is asked for.
    public func bytes(in range: Range<UInt64>) -> ZipSegments<Source> {
        ZipSegments(plan: self, range: range.clamped(to: 0..<length))
    }
}

/// The pieces of a range of an archive, in order, none of them empty.
public struct ZipSegments<Source: Sendable>: Sequence, IteratorProtocol, Sendable {
    private let plan: ZipPlan<Source>
    private var position: UInt64
    private let end: UInt64
    /// The entry whose header, content or directory record `position` lies in or follows.
    private var index: Int

    private static var literalBytes: Int { 65_536 }

    init(plan: ZipPlan<Source>, range: Range<UInt64>) {
        self.plan = plan
        position = range.lowerBound
        end = range.upperBound
        let inDirectory = range.lowerBound >= plan.directoryRange.lowerBound
        index = Self.last(of: inDirectory ? plan.directoryOffsets : plan.offsets, notAfter: range.lowerBound)
    }

    public mutating func next() -> ZipSegment<Source>? {
        var literal: [UInt8] = []
        while position < end, literal.count < Self.literalBytes {
            let before = literal.count
            if position >= plan.directoryRange.lowerBound {
                let start = appendDirectoryRecord(to: &literal)
                trim(&literal, to: before, start: start)
                continue
            }
            let content = plan.contentRange(of: index)
            if position < content.lowerBound {
                ZipRecords.appendLocalHeader(ZipFacts(plan.entries[index]), to: &literal)
                trim(&literal, to: before, start: plan.offsets[index])
            }
            if position == content.upperBound {
                advance()
            } else if position >= content.lowerBound {
                if literal.isEmpty { return takeContent(content) }
                break
            }
        }
        return literal.isEmpty ? nil : .literal(literal)
    }

    /// Appends the directory's record of the entry at `index`, or the end records behind the last one.
    ///
    /// - Returns: where in the archive the record begins.
    private mutating func appendDirectoryRecord(to literal: inout [UInt8]) -> UInt64 {
        guard index < plan.entries.count else {
            ZipRecords.appendEnd(entries: plan.entries.count, directory: plan.directoryRange, to: &literal)
            return plan.directoryRange.upperBound
        }
        ZipRecords.appendDirectoryHeader(
            ZipFacts(plan.entries[index]), offset: plan.offsets[index], to: &literal)
        defer { index += 1 }
        return plan.directoryOffsets[index]
    }

    /// Cuts the record behind `before` to what of it lies in the range, and moves on past it.
    private mutating func trim(_ literal: inout [UInt8], to before: Int, start: UInt64) {
        let recordEnd = start + UInt64(literal.count - before)
        if recordEnd > end { literal.removeLast(Int(recordEnd - end)) }
        if position > start { literal.removeSubrange(before..<before + Int(position - start)) }
        position = Swift.min(recordEnd, end)
    }

    /// On to the next entry; behind the last one comes the first one's directory record.
    private mutating func advance() {
        index += 1
        if index == plan.entries.count { index = 0 }
    }

    private mutating func takeContent(_ content: Range<UInt64>) -> ZipSegment<Source> {
        let upper = Swift.min(content.upperBound, end)
        let range = (position - content.lowerBound)..<(upper - content.lowerBound)
        let found = index
        position = upper
        if upper == content.upperBound { advance() }
        return .entry(index: found, source: plan.entries[found].source, range: range)
    }

    /// Index of the last offset that is not after `position`; the offsets begin at or before it.
    private static func last(of offsets: [UInt64], notAfter position: UInt64) -> Int {
        var low = 0
        var high = offsets.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if offsets[middle] <= position { low = middle } else { high = middle }
        }
        return low
    }
}

import Glibc

/// Finds `INCR <prefix><number>` in what one connection sends to Redis, however it is cut into pieces.
struct IncrementSpotter: Sendable {
    private let prefix: [UInt8]
    private var rest: [UInt8] = []
    private static let mark = Array("\r\nINCR\r\n$".utf8)

    init(prefix: String) { self.prefix = Array(prefix.utf8) }

    /// - Returns: the numbers of the commands that these bytes complete.
    mutating func read(_ bytes: ArraySlice<UInt8>) -> [Int] {
        let all = rest + bytes
        var numbers: [Int] = []
        var start = 0
        while let found = Self.position(of: Self.mark, in: all, from: start) {
            var key = found + Self.mark.count
            while key < all.count, all[key] != UInt8(ascii: "\n") { key += 1 }
            guard let end = all[min(key + 1, all.count)...].firstIndex(of: UInt8(ascii: "\r")) else {
                // The key is still to come; something longer than any key of ours is none.
                rest = all.count - found <= 512 ? Array(all[found...]) : []
                return numbers
            }
            let name = all[(key + 1)..<end]
            if name.starts(with: prefix),
                let number = Int(String(decoding: name.dropFirst(prefix.count), as: UTF8.self))
            {
                numbers.append(number)
            }
            start = end
        }
        rest = Array(all[start...].suffix(Self.mark.count - 1))
        return numbers
    }

    private static func position(of needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { all in
            guard let base = all.baseAddress else { return nil }
            var at = start
            while at + needle.count <= all.count {
                guard let found = memchr(base + at, Int32(needle[0]), all.count - at) else { return nil }
                at = UnsafeRawPointer(found) - base
                if at + needle.count <= all.count, memcmp(found, needle, needle.count) == 0 { return at }
                at += 1
            }
            return nil
        }
    }
}

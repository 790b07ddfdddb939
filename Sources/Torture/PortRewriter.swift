/// Puts other ports in place of those that a sentinel names, so that who asks comes by way of a proxy.
struct PortRewriter: Sendable {
    struct Pair: Sendable, Hashable {
        var from: UInt16
        var to: UInt16
    }

    private let pairs: [(from: [UInt8], to: [UInt8])]

    init(_ pairs: [Pair]) {
        func text(_ port: UInt16) -> [UInt8] { Array("$\("\(port)".utf8.count)\r\n\(port)\r\n".utf8) }
        self.pairs = pairs.map { (text($0.from), text($0.to)) }
    }

    /// - Parameter bytes: whole replies; answers of sentinels are so short that they arrive in one piece.
    func rewritten(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var result: [UInt8] = []
        var rest = bytes
        while let first = rest.first {
            if first == UInt8(ascii: "$"), let pair = pairs.first(where: { rest.starts(with: $0.from) }) {
                result += pair.to
                rest = rest.dropFirst(pair.from.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result[...]
    }
}

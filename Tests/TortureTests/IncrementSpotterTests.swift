import Testing

@testable import Torture

@Suite struct IncrementSpotterTests {
    private static let stream = Array(
        ("*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$1\r\nx\r\n*2\r\n$4\r\nINCR\r\n$6\r\nt:r:12\r\n"
            + "*2\r\n$4\r\nINCR\r\n$5\r\nother\r\n*2\r\n$4\r\nINCR\r\n$7\r\nt:r:345\r\n"
            + "*2\r\n$4\r\nECHO\r\n$16\r\n{\"incr\":\"t:r:9\"}\r\n*2\r\n$4\r\nINCR\r\n$5\r\nt:r:6\r\n").utf8)

    @Test("Counters are found however the stream is cut", arguments: 1...40) func pieces(size: Int) {
        var spotter = IncrementSpotter(prefix: "t:r:")
        var found: [Int] = []
        for start in stride(from: 0, to: Self.stream.count, by: size) {
            found += spotter.read(Self.stream[start..<min(start + size, Self.stream.count)])
        }
        #expect(found == [12, 345, 6])
    }

    @Test("Nothing is kept of what cannot become a counter") func endless() {
        var spotter = IncrementSpotter(prefix: "t:r:")
        #expect(spotter.read(Array("\r\nINCR\r\n$900\r\n".utf8)[...]) == [])
        for _ in 0..<100 { #expect(spotter.read([UInt8](repeating: 65, count: 100)[...]) == []) }
        #expect(spotter.read(Self.stream[...]) == [12, 345, 6])
    }
}

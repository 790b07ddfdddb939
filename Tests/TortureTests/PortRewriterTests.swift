import Testing

@testable import Torture

@Suite struct PortRewriterTests {
    private static let rewriter = PortRewriter([.init(from: 6379, to: 40_001), .init(from: 26_379, to: 7)])

    @Test(
        "Ports that are whole strings of a reply are replaced, with their lengths",
        arguments: [
            ("*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n", "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n40001\r\n"),
            ("$5\r\n26379\r\n$4\r\n6379\r\n", "$1\r\n7\r\n$5\r\n40001\r\n"), ("+6379\r\n", "+6379\r\n"),
            ("$5\r\n63790\r\n", "$5\r\n63790\r\n"), ("", ""),
        ])
    func replies(reply: String, expected: String) {
        #expect(String(decoding: Self.rewriter.rewritten(Array(reply.utf8)[...]), as: UTF8.self) == expected)
    }
}

import Foundation
import Model
import TestServers
import Testing

/// The examples of docs/queue-protocol.md are run as they stand.
@Suite(.serialized) struct ProtocolPageTests {
    @Test("The shell and Python examples work as printed") func examples() throws {
        let fleet = try Fleet()
        let worker = try fleet.worker(.scan)
        defer { worker.stop() }
        let shell = try ChildServer.output(of: ["sh", "-ec", try example("sh")], environment: fleet.environment)
        #expect(shell.contains(#"{"hello":"shell"}"#), "\(shell)")
        let python = try ChildServer.output(
            of: [Tool.python, "-c", try example("python")], environment: fleet.environment)
        #expect(python.contains(#"done {"hello":"python"}"#), "\(python)")
    }

    private func example(_ language: String) throws -> String {
        let page = try String(contentsOfFile: Fleet.root + "/docs/queue-protocol.md", encoding: .utf8)
        let parts = page.components(separatedBy: "```\(language)\n")
        let text = try required(parts.count > 1 ? parts[1].components(separatedBy: "\n```").first : nil, language)
        return text
    }
}

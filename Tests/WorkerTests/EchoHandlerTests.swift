import JobQueue
import Model
import Redis
import Testing
import Worker

@Suite struct EchoHandlerTests {
    // Port 9 is never talked to: looking at an envelope needs no server.
    private let handler = EchoHandler(
        queue: JobQueue(client: RedisClient(RedisURL(host: "127.0.0.1", port: 9), name: "t")))

    @Test(
        "A payload that asks for something is run",
        arguments: [["sleep_ms": 1], ["fail": "x"], ["incr": "key"], ["fail": nil, "hello": 1]] as [JSONValue])
    func run(payload: JSONValue) {
        let result: JSONValue? = handler.immediateResult(of: JobEnvelope(kind: "echo", payload: payload))
        #expect(result == Optional<JSONValue>.none)
    }

    @Test("Any other payload comes back at once", arguments: [["hello": 1], [1, 2], "text", nil, [:]] as [JSONValue])
    func immediate(payload: JSONValue) {
        #expect(handler.immediateResult(of: JobEnvelope(kind: "echo", payload: payload)) == .some(payload))
    }
}

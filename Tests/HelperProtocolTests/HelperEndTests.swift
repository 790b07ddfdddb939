import Glibc
import Model
import Testing

@testable import HelperProtocol

@Suite("Whose fault a helper's death is")
struct HelperEndTests {
    private func end(_ status: Int32, _ blame: Blame? = nil, _ tail: String = "", kernel: Bool = false) -> HelperEnd {
        HelperEnd(status: status, blame: blame, stderrTail: tail, outOfMemoryKill: kernel)
    }

    @Test("One request: it is its own fault")
    func single() {
        #expect(end(SIGSEGV).failure(for: 1, among: [1]) == .crashed(signal: SIGSEGV, stderrTail: ""))
        #expect(end(3 << 8, nil, "bye").failure(for: 1, among: [1]) == .exited(status: 3, stderrTail: "bye"))
        #expect(end(SIGKILL, kernel: true).failure(for: 1, among: [1]) == .outOfMemory(stderrTail: ""))
        #expect(end(SIGKILL).failure(for: 1, among: [1]).jobFailure.cause == .infrastructure)
        let tail = "GLib-ERROR **: failed to allocate 17179869184 bytes"
        #expect(end(SIGTRAP, nil, tail).failure(for: 1, among: [1]) == .outOfMemory(stderrTail: tail))
    }

    @Test("Several requests: the crash note names the guilty one, the others run again")
    func noted() {
        let death = end(SIGSEGV, nil, "noise\nrequest 2: signal 11\n")
        #expect(death.failure(for: 1, among: [1, 2]) == .interrupted)
        #expect(death.failure(for: 2, among: [1, 2]).jobFailure.cause == .crash)
        // A note about a request that does not exist clears nobody.
        let liar = end(SIGSEGV, nil, "request 9: signal 11")
        #expect(liar.failure(for: 1, among: [1, 2]).jobFailure.cause == .crash)
    }

    @Test("Killed for one request: the others run again")
    func blamed() {
        let late = end(SIGKILL, .timedOut(4, after: .seconds(1)))
        #expect(late.failure(for: 4, among: [4, 5]) == .timedOut(after: .seconds(1)))
        #expect(late.failure(for: 5, among: [4, 5]) == .interrupted)
        #expect(end(SIGKILL, .cancelled(4)).failure(for: 4, among: [4]) == .cancelled)
        #expect(end(SIGKILL, .stopped).failure(for: 4, among: [4]) == .interrupted)
    }

    @Test("Every failure has a cause and a stable code")
    func causes() {
        let failures: [(HelperFailure, FailureCause, String)] = [
            (.failed(OperationFailure(.input, code: "truncated", message: "m")), .badInput, "truncated"),
            (.failed(OperationFailure(.resource, code: "out_of_memory", message: "m")), .outOfMemory, "out_of_memory"),
            (.failed(OperationFailure(.resource, code: "no_space", message: "m")), .transient, "no_space"),
            (.failed(OperationFailure(.internal, code: "internal_error", message: "m")), .internal, "internal_error"),
            (.crashed(signal: SIGABRT, stderrTail: "t"), .crash, "decoder_crashed"),
            (.outOfMemory(stderrTail: ""), .outOfMemory, "out_of_memory"),
            (.timedOut(after: .seconds(2)), .timeout, "timed_out"), (.cancelled, .cancelled, "cancelled"),
            (.interrupted, .infrastructure, "helper_interrupted"),
            (.protocolViolation("x", stderrTail: ""), .crash, "helper_protocol"),
            (.notStarted("x", stderrTail: ""), .transient, "helper_not_started"),
            (.badRequest("x"), .internal, "internal_error"),
        ]
        for (failure, cause, code) in failures {
            #expect(failure.jobFailure.cause == cause, "\(failure)")
            #expect(failure.jobFailure.code == code, "\(failure)")
        }
    }
}

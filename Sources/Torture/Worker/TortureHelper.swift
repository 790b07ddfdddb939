import Glibc
import HelperProtocol
import Model
import Sandbox

/// The helper of a run, as confined as those that read pictures: takes memory, gives a number back, and runs out of
/// memory or crashes where a job asks for it.
public enum TortureHelper {
    static let operation = "torture.help"
    static let addressSpaceBytes: UInt64 = 1 << 30

    /// How a request is to end.
    enum End: String, Sendable { case works, needsTooMuch = "needs-too-much", throwsBadAlloc = "bad-alloc", crashes }

    /// Serves until the worker closes its end.
    public static func run() throws {
        let server = try HelperServer.attach()
        try Sandbox.apply(
            .image(limits: ResourceLimits(addressSpaceBytes: addressSpaceBytes)), parent: server.coordinator)
        try server.greet(JSONValue.object(["engine": "torture"]))
        try server.serve { request in try perform(try request.parameters()) }
    }

    /// What a request with this number returns.
    static func sum(_ number: Int64) -> Int64 {
        var random = SplitMix64(seed: UInt64(bitPattern: number))
        return Int64(random.next() >> 12)
    }

    private static func perform(_ parameters: JSONValue) throws -> Int64 {
        switch parameters["end"]?.string.flatMap(End.init) {
        case .needsTooMuch: try take(megabytes: 4_096)
        case .throwsBadAlloc:
            // What a C++ library leaves behind when it finds no memory.
            let text = "terminate called after throwing an instance of 'std::bad_alloc'\n"
            _ = write(2, text, text.utf8.count)
            abort()
        case .crashes: Glibc.kill(getpid(), SIGSEGV)
        default: try take(megabytes: Int(parameters["mb"]?.int ?? 0))
        }
        return sum(parameters["n"]?.int ?? 0)
    }

    /// Takes memory piece by piece, and gives it back.
    private static func take(megabytes: Int) throws {
        var pieces: [UnsafeMutableRawPointer] = []
        let size = 2 << 20
        defer { for piece in pieces { munmap(piece, size) } }
        for _ in 0..<max(0, megabytes / 2) {
            guard let piece = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                piece != MAP_FAILED
            else {
                throw OperationFailure(
                    .resource, code: OperationFailure.Code.outOfMemory,
                    message: "The job needs more memory than it may have.")
            }
            pieces.append(piece)
            // Too much is refused by the address space, not by filling the machine.
            if megabytes < 256 {
                memset(piece, 1, size)
                usleep(2_000)
            }
        }
    }
}

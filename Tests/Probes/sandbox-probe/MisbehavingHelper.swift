import Foundation
import Glibc
import HelperProtocol
import Model
import Sandbox

/// `helper [THREADS|- [CPU_SECONDS]]`: a confined helper whose operations do what is asked of them, however bad.
enum MisbehavingHelper {
    static func run(_ arguments: [String]) throws {
        let server = try HelperServer.attach()
        let limits = ResourceLimits(
            addressSpaceBytes: 1 << 30, cpuSeconds: arguments.dropFirst().first.flatMap { UInt64($0) },
            fileSizeBytes: 8 << 20)
        try Sandbox.apply(.image(limits: limits), parent: server.coordinator)
        try server.greet(["probe": true])
        try server.serve(threads: arguments.first.flatMap { Int($0) }) { request in try perform(request) }
    }

    private static func perform(_ request: HelperRequest) throws -> any Encodable {
        let parameters: JSONValue = try request.parameters()
        switch request.operation {
        case "echo": return parameters
        case "sleep": usleep(UInt32(parameters["ms"]?.int ?? 0) * 1_000)
        case "spin": while true { spin() }
        case "segfault": _ = kill(getpid(), SIGSEGV)
        case "bad-pointer": UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1
        case "overflow": return deep(1)
        case "abort": abort()
        case "bad-alloc":
            complain("terminate called after throwing an instance of 'std::bad_alloc'\n")
            abort()
        case "exit":
            complain("good-bye\n")
            exit(Int32(parameters["code"]?.int ?? 0))
        case "allocate": return try allocate(megabytes: Int(parameters["mb"]?.int ?? 0))
        case "copy": return try copy(request)
        case "fail": throw OperationFailure(.input, code: "truncated", message: "The file ends too early.", detail: "x")
        case "progress":
            for step in 0..<Int(parameters["steps"]?.int ?? 0) {
                request.report(percent: Double(step), stage: "decode")
                usleep(1_000)
            }
            request.report(percent: 100, stage: "encode")
        case "until-cancelled":
            while !request.isCancelled { usleep(1_000) }
        case "surroundings": return surroundings()
        case "stderr": complain(String(repeating: "x", count: 20_000) + "the end\n")
        case "large": return String(repeating: "y", count: Int(parameters["bytes"]?.int ?? 0))
        case "raw":
            SandboxProbe.send(raw: parameters["text"]?.string ?? "")
            sleep(60)
        case "frame": lie(kind: UInt8(parameters["kind"]?.int ?? 0), parameters["json"]?.string ?? "", request.id)
        case "flood": while true { lie(kind: 2, #"{"percent":1,"stage":"s"}"#, request.id) }
        case "descriptors": sendDescriptorLookalike()
        default: throw OperationFailure(.internal, code: "unknown_operation", message: request.operation)
        }
        return true
    }

    @inline(never) private static func spin() { _ = getppid() }

    @inline(never) private static func deep(_ depth: Int) -> Int {
        var page = [depth, depth + 1]
        withUnsafeMutableBytes(of: &page) { _ in }
        return deep(depth + 1) + page[0]
    }

    private static func complain(_ text: String) { _ = write(2, text, text.utf8.count) }

    private static func allocate(megabytes: Int) throws -> Int {
        guard let memory = mmap(nil, megabytes << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else {
            throw OperationFailure(
                .resource, code: OperationFailure.Code.outOfMemory, message: "More memory than a job may have.")
        }
        memset(memory, 1, megabytes << 20)
        munmap(memory, megabytes << 20)
        return megabytes
    }

    private static func copy(_ request: HelperRequest) throws -> Int {
        let (input, output) = (try request.descriptor("input"), try request.descriptor("output"))
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var offset = 0
        while case let count = pread(input, &buffer, buffer.count, off_t(offset)), count > 0 {
            guard pwrite(output, buffer, count, off_t(offset)) == count else {
                throw OperationFailure(.resource, code: "file_size", message: String(cString: strerror(errno)))
            }
            offset += count
        }
        return offset
    }

    private static func surroundings() -> JSONValue {
        let open = (0..<256).filter { fcntl(Int32($0), F_GETFD) >= 0 }.map { JSONValue.int(Int64($0)) }
        return .object([
            "environment": .object(ProcessInfo.processInfo.environment.mapValues { .string($0) }),
            "open": .array(open),
        ])
    }

    /// A frame as the protocol has it, with a body of our choosing.
    private static func lie(kind: UInt8, _ json: String, _ id: UInt64) {
        var bytes: [UInt8] = []
        withUnsafeBytes(of: UInt32(json.utf8.count).bigEndian) { bytes += $0 }
        bytes += [kind, 0, 0, 0]
        withUnsafeBytes(of: id.bigEndian) { bytes += $0 }
        bytes += json.utf8
        _ = write(HelperServer.descriptor, bytes, bytes.count)
    }

    private static func sendDescriptorLookalike() {
        var bytes = [UInt8](repeating: 0, count: 16)
        (bytes[4], bytes[5]) = (3, 4)
        _ = write(HelperServer.descriptor, bytes, bytes.count)
        sleep(60)
    }
}

internal import CClamAV
internal import Foundation
internal import Glibc

/// Sees one scan through the library's callbacks: keeps the alerts, and stops it at limits of our own.
///
/// Lives on the stack of the scanning thread; the library calls back on that thread only.
final class ScanWitness {
    private enum Stop { case cancelled, unpacked, time }

    private let limits: ScanLimits
    private let isCancelled: () -> Bool
    private let deadline: ContinuousClock.Instant
    private var unpacked: UInt64 = 0
    private var alerts: [String] = []
    private var stop: Stop?
    private var complaint: String?

    /// The scan that runs on the calling thread. Messages carry no context that could be relied on: some are written
    /// before the library has noted it.
    static var ofThisThread: ScanWitness? {
        pthread_getspecific(slot).map { Unmanaged<ScanWitness>.fromOpaque($0).takeUnretainedValue() }
    }

    private static let slot: pthread_key_t = {
        var key = pthread_key_t()
        precondition(pthread_key_create(&key, nil) == 0, "no room for a thread's own value")
        return key
    }()

    /// Lends the pointer that the library hands back to its callbacks while `body` scans on this thread.
    func watch<T>(_ body: (UnsafeMutableRawPointer) -> T) -> T {
        withExtendedLifetime(self) {
            let pointer = Unmanaged.passUnretained(self).toOpaque()
            pthread_setspecific(Self.slot, pointer)
            defer { pthread_setspecific(Self.slot, nil) }
            return body(pointer)
        }
    }

    init(limits: ScanLimits, isCancelled: @escaping () -> Bool) {
        self.limits = limits
        self.isCancelled = isCancelled
        deadline = .now + limits.maxTime
    }

    static func install(in engine: OpaquePointer) {
        // Without this callback the name of a top-level limit is never told.
        cl_engine_set_clcb_virus_found(engine) { _, name, context in
            guard let name, let context else { return }
            Unmanaged<ScanWitness>.fromOpaque(context).takeUnretainedValue().alert(String(cString: name))
        }
        cl_engine_set_clcb_file_inspection(engine) { _, _, _, _, _, size, _, level, attributes, context in
            guard let context else { return CL_CLEAN }
            let witness = Unmanaged<ScanWitness>.fromOpaque(context).takeUnretainedValue()
            let isMember = level > 0 && attributes & ccl_layer_normalized() == 0
            return witness.inspect(memberBytes: isMember ? UInt64(size) : 0)
        }
    }

    private func alert(_ name: String) {
        // Our own stop comes back as an alert.
        if !name.hasPrefix("Detected.By.Callback"), alerts.count < 100 { alerts.append(name) }
    }

    /// An error message of the library: after a full disk, say, it may still go on and call the file clean.
    func complain(_ text: String) {
        if complaint == nil { complaint = text.filter { !$0.isNewline } }
    }

    private func inspect(memberBytes: UInt64) -> cl_error_t {
        unpacked += memberBytes
        if stop == nil {
            if isCancelled() {
                stop = .cancelled
            } else if unpacked > limits.maxUnpackedBytes {
                stop = .unpacked
            } else if ContinuousClock.now > deadline {
                stop = .time
            }
        }
        // “Virus” ends the whole scan; “break” would only skip this member and call it clean.
        return stop == nil ? CL_CLEAN : CL_VIRUS
    }

    func outcome(_ code: cl_error_t, lastAlert: String?) throws(ClamAVError) -> ScanOutcome {
        if let lastAlert, !alerts.contains(lastAlert) { alert(lastAlert) }
        let found = ScanOutcome(alerts: alerts)
        if case .infected = found { return found }
        switch stop {
        case .cancelled: throw ClamAVError(.cancelled, "the scan was cancelled")
        case .unpacked: return .tooLarge(limit: "Unpacks to more than \(limits.maxUnpackedBytes) bytes")
        case .time: return .unscannable(reason: "Longer than \(limits.maxTime)")
        case nil: break
        }
        switch code {
        case CL_CLEAN where alerts.isEmpty: return try cleanUnlessComplained()
        // A virus without a name is one all the same.
        case CL_VIRUS: return alerts.isEmpty ? .infected(signature: "Unnamed") : found
        case CL_CLEAN: return found
        case CL_EMEM, CL_ECREAT, CL_EWRITE, CL_ETMPFILE, CL_ETMPDIR, CL_EUNLINK, CL_EREAD, CL_ESEEK, CL_ESTAT,
            CL_EMAP, CL_EDUP, CL_EOPEN, CL_EACCES, CL_ENULLARG, CL_EARG, CL_ELOCK, CL_EBUSY, CL_ESTATE:
            throw ClamAVError(code, doing: "scanning")
        default: return found == .clean ? .unscannable(reason: String(cString: cl_strerror(code))) : found
        }
    }

    private func cleanUnlessComplained() throws(ClamAVError) -> ScanOutcome {
        guard let complaint else { return .clean }
        let signs = ["temporary", "tempf", "create", "write", "space left", "too large"]
        guard signs.contains(where: { complaint.localizedStandardContains($0) }) else {
            return .unscannable(reason: complaint)
        }
        throw ClamAVError(.scratch, "scanning: \(complaint)")
    }
}

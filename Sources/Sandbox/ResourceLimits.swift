/// Upper bounds the kernel enforces on a helper. `nil` leaves the bound as it was inherited; a bound can only fall.
public struct ResourceLimits: Sendable, Hashable {
    /// Address space: mappings beyond it fail with ENOMEM, which the media libraries report as "out of memory".
    public var addressSpaceBytes: UInt64?
    /// CPU time of the whole process life, all threads together: SIGXCPU there, SIGKILL a second later. What bounds a
    /// single job is the coordinator's wall clock.
    public var cpuSeconds: UInt64?
    /// Size of any file written: `write` fails with EFBIG (SIGXFSZ is ignored).
    public var fileSizeBytes: UInt64?
    public var openFiles: UInt64?

    public init(
        addressSpaceBytes: UInt64? = nil, cpuSeconds: UInt64? = nil, fileSizeBytes: UInt64? = 4 << 30,
        openFiles: UInt64? = 256
    ) {
        self.addressSpaceBytes = addressSpaceBytes
        self.cpuSeconds = cpuSeconds
        self.fileSizeBytes = fileSizeBytes
        self.openFiles = openFiles
    }
}

/// What a helper may still do once ``Sandbox/apply(_:parent:)`` has run. A pure value.
public struct SandboxProfile: Sendable, Hashable {
    /// A path that stays reachable, with everything below it.
    public struct Path: Sendable, Hashable {
        public var path: String
        public var isWritable: Bool

        public init(_ path: String, isWritable: Bool) {
            self.path = path
            self.isWritable = isWritable
        }
    }

    /// The only paths that can be opened. Empty: no file system at all.
    public var paths: [Path]
    public var limits: ResourceLimits
    /// The allow-list of system calls; every other call answers EPERM.
    var calls: [SystemCall]

    /// Pictures: descriptors in, descriptors out, no path, no network, no process.
    public static func image(limits: ResourceLimits = ResourceLimits()) -> SandboxProfile {
        SandboxProfile(paths: [], limits: limits, calls: SystemCall.common)
    }

    /// Video and audio: like pictures.
    public static func video(limits: ResourceLimits = ResourceLimits()) -> SandboxProfile {
        SandboxProfile(paths: [], limits: limits, calls: SystemCall.common)
    }

    /// The virus engine: unpacks into `scratch` and reads new signatures from `signatures`; both must exist.
    public static func scan(
        scratch: String, signatures: String, limits: ResourceLimits = ResourceLimits(openFiles: 1_024)
    ) -> SandboxProfile {
        SandboxProfile(
            paths: [Path(scratch, isWritable: true), Path(signatures, isWritable: false)], limits: limits,
            calls: SystemCall.common.filter { $0.rule != .emptyPath } + SystemCall.files)
    }
}

/// A Lua script, addressed by its content: releases with different scripts never overwrite each other.
///
/// Make one constant a script; connections know it by identity.
public final class Script: Sendable {
    /// For error messages.
    public let name: String
    public let source: [UInt8]

    public init(name: String, source: [UInt8]) {
        self.name = name
        self.source = source
    }
}

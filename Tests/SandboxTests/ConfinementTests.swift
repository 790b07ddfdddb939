import Glibc
import TestServers
import Testing

@testable import Sandbox

@Suite("Confinement of a helper, tried from inside a child process")
struct ConfinementTests {
    /// What the probe could do, as errno values; 0: it worked.
    private func attempts(_ profile: String) throws -> [String: Int32] {
        let folder = try ChildServer.temporaryFolder()
        defer { _ = try? ChildServer.output(of: ["rm", "-rf", "--", folder]) }
        let (scratch, signatures) = (folder + "/scratch", folder + "/signatures")
        mkdir(scratch, 0o700)
        mkdir(signatures, 0o700)
        close(open(signatures + "/known", O_CREAT | O_WRONLY, 0o600))
        let probe = try BuiltProducts.path(of: "sandbox-probe")
        let text = try ChildServer.output(of: [probe, "confine", profile, scratch, signatures])
        let pairs = text.split(separator: "\n").compactMap { line -> (String, Int32)? in
            let parts = line.split(separator: "=")
            return parts.count == 2 ? Int32(parts[1]).map { (String(parts[0]), $0) } : nil
        }
        return Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }

    private let everywhere: [(String, Int32)] = [
        ("socket", EPERM), ("unix-socket", EPERM), ("connect", EPERM), ("exec", EPERM), ("spawn", EPERM),
        ("signal-parent", EPERM), ("raise-limit", EPERM), ("chdir", EPERM), ("chmod", EPERM),
        ("address-space", ENOMEM), ("file-size", EFBIG), ("open-files", EMFILE), ("signal-self", 0), ("work", 0),
    ]

    @Test("Pictures and video: no path, no network, no program; normal work goes on", arguments: ["image", "video"])
    func descriptorsOnly(profile: String) throws {
        let found = try attempts(profile)
        for (name, code) in everywhere { #expect(found[name] == code, "\(name)") }
        for name in [
            "open", "open-folder", "create-outside", "open-scratch", "create-scratch", "read-signatures",
            "write-signatures", "climb-out",
        ] {
            #expect(found[name] == EPERM, "\(name)")
        }
    }

    @Test("Scan: one folder to write, one to read, nothing else")
    func scan() throws {
        let found = try attempts("scan")
        for (name, code) in everywhere { #expect(found[name] == code, "\(name)") }
        for name in ["open-scratch", "create-scratch", "read-signatures"] { #expect(found[name] == 0, "\(name)") }
        if found["landlock"] == 0 { return }  // this kernel cannot confine paths
        for name in ["open", "open-folder", "create-outside", "write-signatures", "climb-out"] {
            #expect(found[name] == EACCES, "\(name)")
        }
    }

    @Test("A folder of the profile that does not exist is an error, not a wider sandbox")
    func missingFolder() throws {
        let folder = try ChildServer.temporaryFolder()
        defer { _ = try? ChildServer.output(of: ["rm", "-rf", "--", folder]) }
        let probe = try BuiltProducts.path(of: "sandbox-probe")
        let text = try ChildServer.output(of: [probe, "confine", "scan", folder, folder + "/nowhere"])
        #expect(text.isEmpty || text.contains("Landlock") || text.contains("landlock=0"))
        #expect(!text.contains("work=0") || text.contains("landlock=0"))
    }

    @Test("Profiles are values: the same arguments give equal profiles")
    func values() {
        #expect(SandboxProfile.image() == SandboxProfile.image())
        #expect(SandboxProfile.image().paths.isEmpty)
        #expect(
            SandboxProfile.scan(scratch: "/s", signatures: "/d").paths == [
                .init("/s", isWritable: true), .init("/d", isWritable: false),
            ])
    }

    @Test("An error names the step and the system's reason")
    func errorText() {
        #expect(SandboxError(step: .seccomp, code: EINVAL).description.contains("Invalid argument"))
    }
}

import Foundation
import Glibc

/// A small file system of its own for the storage of a run, in memory, that can be full. Mounting takes privileges.
final class StorageDisk: Sendable {
    let path: String
    private let bytes: Int

    /// - Throws: ``TortureError`` when it may not be mounted.
    init(at path: String, bytes: Int) throws(TortureError) {
        self.path = path
        self.bytes = bytes
        guard Self.mount(path, bytes: bytes, flags: 0) else {
            throw TortureError("no file system for the storage: errno \(errno)")
        }
    }

    /// Takes all free room away; what is stored stays.
    func fill() async -> Bool {
        // Somebody may have stored something since the look at what is used.
        for _ in 0..<20 {
            if let used = used(), Self.mount(path, bytes: max(used, 4_096), flags: UInt(MS_REMOUNT)) { return true }
            await pause(.milliseconds(10))
        }
        return false
    }

    func empty() { _ = Self.mount(path, bytes: bytes, flags: UInt(MS_REMOUNT)) }

    /// Whether a write finds no room.
    func isFull() -> Bool {
        let probe = path + "/.probe"
        let file = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return errno == ENOSPC }
        defer {
            close(file)
            unlink(probe)
        }
        let page = [UInt8](repeating: 0, count: 65_536)
        return write(file, page, page.count) != page.count
    }

    func unmount() { umount2(path, Int32(MNT_DETACH)) }

    private func used() -> Int? {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return nil }
        return Int(facts.f_blocks - facts.f_bfree) * Int(facts.f_frsize)
    }

    private static func mount(_ path: String, bytes: Int, flags: UInt) -> Bool {
        let always = UInt(MS_NOSUID) | UInt(MS_NODEV)
        return Glibc.mount("flotilla-torture", path, "tmpfs", flags | always, "size=\(bytes),mode=700") == 0
    }
}

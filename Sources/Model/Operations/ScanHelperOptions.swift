/// What the scan helper is told when it is started; the coordinator writes it as arguments, the helper reads them.
public struct ScanHelperOptions: Sendable, Hashable {
    /// Folder with the virus signatures.
    public var signatures: String
    /// A folder of this helper alone; the engine unpacks archives in it.
    public var scratch: String
    /// Files scanned at a time, in 1...64.
    public var threads: Int
    /// How often the folder of signatures is looked at for new ones.
    public var reloadSeconds: Int
    /// The engine needs about 1.2 GiB with the whole database, and twice that while it takes in a new one.
    public var addressSpaceBytes: Int64
    /// Whether pictures that break their format's rules are `unscannable`.
    public var alertsOnBrokenMedia: Bool

    public init(
        signatures: String, scratch: String, threads: Int = 2, reloadSeconds: Int = 600,
        addressSpaceBytes: Int64 = 8 << 30, alertsOnBrokenMedia: Bool = false
    ) {
        self.signatures = signatures
        self.scratch = scratch
        self.threads = threads
        self.reloadSeconds = reloadSeconds
        self.addressSpaceBytes = addressSpaceBytes
        self.alertsOnBrokenMedia = alertsOnBrokenMedia
    }

    public var arguments: [String] {
        [
            "--signatures", signatures, "--scratch", scratch, "--threads", "\(threads)",
            "--reload-seconds", "\(reloadSeconds)", "--address-space", "\(addressSpaceBytes)",
            "--broken-media", alertsOnBrokenMedia ? "alert" : "ignore",
        ]
    }

    /// Reads what ``arguments`` wrote.
    ///
    /// - Parameter arguments: without the program's name.
    /// - Returns: nil when a name is unknown, a value is missing or out of range, or a folder is not named.
    public init?(arguments: [String]) {
        self.init(signatures: "", scratch: "")
        guard arguments.count.isMultiple(of: 2) else { return nil }
        for index in stride(from: 0, to: arguments.count, by: 2) {
            let value = arguments[index + 1]
            switch arguments[index] {
            case "--signatures": signatures = value
            case "--scratch": scratch = value
            case "--threads": threads = Int(value) ?? 0
            case "--reload-seconds": reloadSeconds = Int(value) ?? 0
            case "--address-space": addressSpaceBytes = Int64(value) ?? 0
            case "--broken-media": alertsOnBrokenMedia = value == "alert"
            default: return nil
            }
        }
        guard !signatures.isEmpty, !scratch.isEmpty, (1...64).contains(threads), reloadSeconds > 0,
            addressSpaceBytes > 0
        else { return nil }
    }
}

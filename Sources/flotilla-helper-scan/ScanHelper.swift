import ClamAV
import Foundation
import Glibc
import HelperProtocol
import Model
import Sandbox
import VirusScanning

/// The process that holds the virus engine: one engine, many threads, and this project's only use of libclamav.
@main
enum ScanHelper {
    static func main() {
        do {
            let server = try HelperServer.attach()
            guard let options = ScanHelperOptions(arguments: Array(CommandLine.arguments.dropFirst())) else {
                return server.refuse("flotilla-helper-scan was started with arguments that it does not know")
            }
            do {
                try serve(server, options)
            } catch let error as OperationFailure {
                throw error
            } catch {
                server.refuse(String(describing: error))
                exit(EX_CONFIG)
            }
        } catch {
            report(String(describing: error))
            exit(EX_UNAVAILABLE)
        }
    }

    private static func serve(_ server: HelperServer, _ options: ScanHelperOptions) throws {
        let scratch = try emptyFolder(in: options.scratch)
        // Looks for the signatures before the sandbox does, since its error says what to do.
        _ = try SignatureDatabase.inspect(folder: options.signatures)
        try ClamLibrary.initialize()
        try Sandbox.apply(
            .scan(
                scratch: scratch, signatures: options.signatures,
                limits: ResourceLimits(
                    addressSpaceBytes: UInt64(options.addressSpaceBytes), fileSizeBytes: 2 << 30, openFiles: 1_024)),
            parent: server.coordinator)
        // Inside the sandbox, as every reload will be.
        let scanner = try VirusScanner(
            signatures: options.signatures,
            settings: EngineSettings(scratch: scratch, alertsOnBrokenMedia: options.alertsOnBrokenMedia))
        try server.greet(scanner.facts)
        watch(scanner, every: options.reloadSeconds)
        try server.serve(threads: options.threads) { request in
            switch request.operation {
            case ScanRequest.operation:
                return try scanner.scan(
                    descriptor: try request.descriptor("input"), try request.parameters(as: ScanRequest.self),
                    isCancelled: { request.isCancelled })
            case "facts":
                return scanner.facts
            default:
                throw OperationFailure(
                    .internal, code: OperationFailure.Code.internalError,
                    message: "The scan helper knows no operation “\(request.operation)”.")
            }
        }
    }

    /// A folder for unpacked members, without what a killed helper may have left there.
    private static func emptyFolder(in folder: String) throws -> String {
        let path = folder + "/clamav"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return path
    }

    private static func watch(_ scanner: VirusScanner, every seconds: Int) {
        let thread = Thread {
            while true {
                sleep(UInt32(clamping: seconds))
                do {
                    if try scanner.reloadIfChanged() {
                        report("took in new virus signatures: \(scanner.facts.databaseVersion)")
                    }
                } catch {
                    report("the old virus signatures stay in use: \(error)")
                }
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    private static func report(_ text: String) {
        let line = "flotilla-helper-scan: \(text)\n"
        _ = write(2, line, line.utf8.count)
    }
}

import Glibc
import HelperProtocol
import Model
import Sandbox

// A program that only the tests start: it confines itself like a helper and then tries what a helper must not do, or
// serves as a helper that crashes, hangs, lies and eats memory on request.

@main
enum SandboxProbe {
    static func main() {
        let arguments = CommandLine.arguments
        do {
            switch arguments.dropFirst().first {
            case "confine": try Confinement.run(Array(arguments.dropFirst(2)))
            case "helper": try MisbehavingHelper.run(Array(arguments.dropFirst(2)))
            case "refuse": try HelperServer.attach().refuse("the probe was told to refuse")
            case "silent": pause()
            case "garbage": send(raw: "this is no frame at all, and it is longer than a header")
            case "die":
                write(2, "the probe dies\n", 15)
                exit(7)
            default: exit(64)
            }
        } catch {
            let text = "\(error)\n"
            _ = write(2, text, text.utf8.count)
            exit(70)
        }
    }

    static func send(raw text: String) { _ = write(HelperServer.descriptor, text, text.utf8.count) }
}

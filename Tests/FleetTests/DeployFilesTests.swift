import Foundation
import Testing

/// deploy/ stays in step with the package: no container engine is needed to see that.
@Suite struct DeployFilesTests {
    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: Fleet.root + "/" + path, encoding: .utf8)
    }

    @Test("The image has every executable of the package") func executables() throws {
        let dockerfile = try text("deploy/Dockerfile")
        let package = try text("Package.swift")
        let doors = package.matches(of: /door\("(flotilla[a-z-]*)"/).map { String($0.1) }
        let helpers = package.matches(of: /name: "(flotilla-helper-[a-z]+)"/).map { String($0.1) }
        #expect(doors.count >= 7 && helpers.count == 3)
        for name in doors + helpers {
            #expect(dockerfile.contains(try Regex("\\b\(name)\\b")), "deploy/Dockerfile does not install \(name)")
        }
    }

    @Test("The image is built with the packages that set-up installs") func packages() throws {
        let wanted = try text("scripts/setup.sh").matches(of: /lib[a-z0-9-]+-dev/).map { String($0.0) }
        let dockerfile = try text("deploy/Dockerfile")
        #expect(wanted.count > 10)
        for name in Set(wanted) { #expect(dockerfile.contains(name), "deploy/Dockerfile lacks \(name)") }
    }

    @Test("The compose file names only settings and programs that exist") func compose() throws {
        let compose = try text("deploy/compose.yaml")
        let configuration = try text("docs/configuration.md")
        for match in compose.matches(of: /FLOTILLA_[A-Z_]+/) where match.0 != "FLOTILLA_DB_PASSWORD" {
            #expect(configuration.contains("`\(match.0)`"), "\(match.0) is no setting")
        }
        let package = try text("Package.swift")
        for match in compose.matches(of: /command: \[(flotilla[a-z-]*)\]/) {
            #expect(package.contains("door(\"\(match.1)\""), "\(match.1) is no executable")
        }
    }
}

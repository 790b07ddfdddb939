import Foundation
import Model
import TestServers
import Testing

/// Upload → scan → analyse and rename → compress → ZIP, on real parts.
@Suite(.serialized) struct MainJobTests {
    @Test("A mixed batch goes all the way, and each file comes to the end it deserves") func mixedBatch() throws {
        let fleet = try Fleet()
        let workers = try fleet.workers()
        defer { workers.values.forEach { $0.stop() } }
        let samples = try ScanSamples()
        let eicar = try samples.write("eicar", SignatureFolder.eicar)
        let batch = try fleet.batch(
            of: [
                ("IMG_0001.jpg", Fleet.media("photo/cyclamen.jpg")),
                ("IMG_0002.jpg", Fleet.media("photo/prairie_falcon.jpg")),
                ("turned.jpg", Fleet.media("orientation/landscape_6.jpg")),
                ("see-through.webp", Fleet.media("image/alpha-lossy.webp")),
                ("moving.gif", Fleet.media("image/animated-loop-3.gif")),
                ("phone.heic", Fleet.media("image/iphone-600x800.heic")),
                ("film.webm", Fleet.media("video/rabbit320.webm")),
                ("cut.jpg", Fleet.media("bad/truncated.jpg")),
                ("bomb.png", Fleet.media("bomb/60000x60000.png")),
                ("text.jpg", Fleet.media("bad/text-named.jpg")),
                ("invoice.pdf", eicar),
            ], keywords: ["red", "shoes"])
        try fleet.start(batch)
        let ended = try fleet.finished(batch)
        #expect(ended["status"] == "completed")
        #expect(ended["total"] == 11)
        #expect(ended["processed"] == 7)
        #expect(ended["infected"] == 1)
        #expect(ended["failed"] == 3)
        #expect(ended["percent"]?.double == 100)

        let assets = try fleet.assets(batch)
        for name in ["IMG_0001.jpg", "IMG_0002.jpg", "turned.jpg", "see-through.webp", "moving.gif", "phone.heic"] {
            let asset = try required(assets[name], name)
            #expect(asset["status"] == "completed", "\(name): \(asset)")
            #expect(asset["proposed_name"]?.string?.hasPrefix("red-shoes") == true, "\(name): \(asset)")
            #expect(asset["scan"]?["verdict"] == "clean")
            #expect(asset["analysis"]?["phash"]?.string?.count == 16)
            #expect((asset["variants"]?.array?.count ?? 0) == 3, "\(name): \(asset)")
        }
        #expect(Set(assets.values.compactMap { $0["proposed_name"]?.string }).count >= 7)
        #expect(
            assets["turned.jpg"]?["analysis"]?["width"]?.int ?? 0 > assets["turned.jpg"]?["analysis"]?["height"]?.int
                ?? 0)
        #expect(assets["film.webm"]?["variants"]?.array?.contains { $0["format"] == "mp4" } == true)
        #expect(assets["invoice.pdf"]?["status"] == "infected")
        #expect(assets["invoice.pdf"]?["scan"]?["signature"]?.string?.contains("Eicar") == true)
        for name in ["cut.jpg", "bomb.png", "text.jpg"] {
            #expect(assets[name]?["status"] == "failed", "\(name): \(String(describing: assets[name]))")
            #expect(assets[name]?["error"]?["message"]?.string?.isEmpty == false)
        }

        let zip = samples["export.zip"]
        try fleet.download(batch, to: zip)
        _ = try ChildServer.output(of: ["unzip", "-tq", zip])
        let names = try ChildServer.output(of: ["unzip", "-Z1", zip]).split(separator: "\n").map(String.init)
        #expect(names.contains("manifest.json"))
        #expect(names.count { $0.hasPrefix("red-shoes") } == 7, "\(names)")
        #expect(!names.contains { $0.contains("invoice") })
    }

    @Test("Names that attack come out harmless") func hostileNames() throws {
        let fleet = try Fleet()
        let workers = try fleet.workers()
        defer { workers.values.forEach { $0.stop() } }
        let flower = Fleet.media("photo/cyclamen.jpg")
        let made = try fleet.call("POST", "/v1/batches", json: #"{"recipe":"bulk-rename"}"#)
        let batch = try required(made["id"]?.string, "\(made)")
        for name in [
            "..%2F..%2Fetc%2Fpasswd", "%00", "CON.jpg", "%E2%80%AEgpj.exe", String(repeating: "a", count: 300),
        ] {
            try fleet.call("PUT", "/v1/batches/\(batch)/assets/\(name)", file: flower)
        }
        try fleet.call("PUT", "/v1/batches/\(batch)/assets/ok.jpg", file: flower)
        try fleet.start(batch)
        #expect(try fleet.finished(batch)["status"] == "completed")
        for asset in try fleet.assets(batch).values {
            let name = try required(asset["proposed_name"]?.string, "\(asset)")
            #expect(name.utf8.count <= 255 && !name.contains("/") && !name.contains("..") && !name.hasPrefix("CON."))
            #expect(name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .format })
        }
    }
}

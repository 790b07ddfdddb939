import Catalog
import Foundation
import Model
import Testing

@Suite struct BatchTests {
    @Test func createdAsAskedFor() async throws {
        let fleet = try await LiveFleet.shared.value
        let body =
            #"{"recipe":"bulk-rename","keywords":["red","shoes"],"options":{"a":[1,null]},"callback_url":"https://example.com/x"}"#
        let made = try await fleet.api.request("POST", "/v1/batches", key: fleet.key, json: body)
        #expect(made.status == 201)
        #expect(made.headers["location"] == "/v1/batches/\(made.id)")
        #expect(made.json["status"] == "pending" && made.json["total"] == 0 && made.json["percent"] == 0)
        #expect(made.json["keywords"] == ["red", "shoes"])
        #expect(made.json["options"] == ["a": [1, nil]])
        let read = try await fleet.api.request("GET", "/v1/batches/\(made.id)", key: fleet.key)
        #expect(read.json == made.json)
        let upper = try await fleet.api.request("GET", "/v1/batches/\(made.id.uppercased())", key: fleet.key)
        #expect(upper.json == made.json)
    }

    @Test(
        "Bad input names the member",
        arguments: [
            (#"{}"#, "recipe", 422), (#"{"recipe":"no-such"}"#, "recipe", 422), (#"{"recipe":7}"#, "recipe", 422),
            (#"{"recipe":"bulk-rename","recip":1}"#, "recip", 422),
            (#"{"recipe":"bulk-rename","keywords":"red"}"#, "keywords", 422),
            (#"{"recipe":"bulk-rename","keywords":["a",1]}"#, "keywords[1]", 422),
            (#"{"recipe":"bulk-rename","keywords":["a\u0000"]}"#, "keywords[0]", 422),
            (#"{"recipe":"bulk-rename","options":[]}"#, "options", 422),
            (#"{"recipe":"bulk-rename","callback_url":"http://example.com"}"#, "callback_url", 422),
            (#"{"recipe":"bulk-rename","callback_url":"https://u:p@example.com"}"#, "callback_url", 422),
            (#"{"recipe":"bulk-rename","callback_url":"file:///etc/passwd"}"#, "callback_url", 422),
            (#"[]"#, nil, 400), (#"{"recipe":"#, nil, 400), (#""text""#, nil, 400),
            (String(repeating: "[", count: 100_000), nil, 400),
        ] as [(String, String?, Int)])
    func badInput(body: String, field: String?, status: Int) async throws {
        let fleet = try await LiveFleet.shared.value
        let answer = try await fleet.api.request("POST", "/v1/batches", key: fleet.key, json: body)
        #expect(answer.status == status, "\(answer.text)")
        #expect(answer.json["field"]?.string == field)
        #expect(answer.json["detail"]?.string?.isEmpty == false)
    }

    @Test func bodiesAreLimited() async throws {
        let fleet = try await LiveFleet.shared.value
        let long = #"{"recipe":"\#(String(repeating: "x", count: 1_100_000))"}"#
        let announced = try await fleet.api.request("POST", "/v1/batches", key: fleet.key, json: long)
        #expect(announced.status == 413 && announced.problem == "too_large")
        let streamed = try await fleet.api.request(
            "POST", "/v1/batches", key: fleet.key, json: long, headers: ["Transfer-Encoding: chunked"])
        #expect(streamed.status == 413)
        let form = try await fleet.api.request(
            "POST", "/v1/batches", key: fleet.key, json: "{}", headers: ["Content-Type: multipart/form-data"],
            curl: ["-H", "Content-Type: text/html"])
        #expect(form.status == 415 || form.status == 422)
        let none = try await fleet.api.request("POST", "/v1/batches", key: fleet.key)
        #expect(none.status == 400)
    }

    @Test func pagesCoverEverythingOnce() async throws {
        let fleet = try await LiveFleet.shared.value
        let key = try await fleet.makeTenant().key
        var made: [String] = []
        for _ in 0..<7 { made.append(try await fleet.makeBatch(key: key)) }
        var seen: [String] = []
        var cursor: String? = ""
        var pages = 0
        while let next = cursor {
            let answer = try await fleet.api.request(
                "GET", "/v1/batches?limit=3&cursor=\(next)".replacing("&cursor=", with: next.isEmpty ? "" : "&cursor="),
                key: key)
            #expect(answer.status == 200)
            seen += answer.json["items"]?.array?.compactMap { $0["id"]?.string } ?? []
            cursor = answer.json["next_cursor"]?.string
            pages += 1
        }
        #expect(pages == 3)
        #expect(seen == made.reversed())
        let none = try await fleet.api.request("GET", "/v1/batches?status=completed", key: key)
        #expect(none.json == ["items": [], "next_cursor": nil])
        let pending = try await fleet.api.request("GET", "/v1/batches?status=pending&limit=200", key: key)
        #expect(pending.json["items"]?.array?.count == 7)
    }

    @Test(
        "Bad queries name the parameter",
        arguments: [
            ("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("limit=1&limit=2", "limit"),
            ("status=done", "status"), ("cursor=abc", "cursor"), ("cursor=%00", "cursor"),
            ("cursor=MTIzLicgT1IgMT0xIC0t", "cursor"), ("page=2", "page"), ("%ff=1", nil),
        ] as [(String, String?)])
    func badQuery(query: String, field: String?) async throws {
        let fleet = try await LiveFleet.shared.value
        let answer = try await fleet.api.request("GET", "/v1/batches?\(query)", key: fleet.key)
        #expect(answer.status == 422 || answer.status == 400, "\(answer.text)")
        if answer.status == 422 { #expect(answer.json["field"]?.string == field) }
    }

    @Test(
        "What names no batch is 404",
        arguments: [
            "00000000-0000-4000-8000-000000000000", "1", "'; DROP TABLE batches; --", "%27%20OR%201=1", "..%2f..",
            "%00", "{id}", String(repeating: "a", count: 3000),
        ])
    func unknown(id: String) async throws {
        let fleet = try await LiveFleet.shared.value
        let path = "/v1/batches/\(id.replacing(" ", with: "%20"))"
        for (method, path) in [("GET", path), ("DELETE", path), ("POST", path + "/start"), ("GET", path + "/export")] {
            let answer = try await fleet.api.request(method, path, key: fleet.key)
            #expect(answer.status == 404, "\(method) \(path): \(answer.text)")
        }
        #expect(try await fleet.api.request("GET", "/health", key: nil).status == 200)
    }

    @Test func anotherTenantSeesNothing() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("hello".utf8)], key: fleet.key)
        let other = try await fleet.makeTenant(scopes: ["read", "write"]).key
        for (method, path) in [
            ("GET", ""), ("GET", "/assets"), ("GET", "/events"), ("GET", "/export"), ("POST", "/start"), ("DELETE", ""),
        ] {
            let answer = try await fleet.api.request(method, "/v1/batches/\(batch)\(path)", key: other)
            #expect(answer.status == 404, "\(method) \(path)")
        }
        #expect(try await fleet.upload(Data("x".utf8), as: "b.txt", to: batch, key: other).status == 404)
        #expect(
            try await fleet.api.request("GET", "/v1/batches/\(batch)", key: fleet.key).json["status"] == "processing")
    }

    @Test func startingTwiceIsStartingOnce() async throws {
        let fleet = try await LiveFleet.shared.value
        let empty = try await fleet.makeBatch(key: fleet.key)
        let refused = try await fleet.api.request("POST", "/v1/batches/\(empty)/start", key: fleet.key)
        #expect(refused.status == 409 && refused.problem == "empty_batch")
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8), "b.txt": Data("b".utf8)], key: fleet.key)
        let again = try await fleet.api.request("POST", "/v1/batches/\(batch)/start", key: fleet.key)
        #expect(again.status == 202 && again.json["status"] == "processing" && again.json["total"] == 2)
        #expect(try fleet.psql("SELECT count(*) FROM job_runs WHERE batch_id = '\(batch)'") == "2")
    }

    @Test func deletingRemovesTheBytes() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("secret".utf8)], key: fleet.key)
        #expect(try fleet.stored(batch).count == 1)
        #expect(try await fleet.api.request("DELETE", "/v1/batches/\(batch)", key: fleet.key).status == 204)
        #expect(try fleet.stored(batch).isEmpty)
        let gone = try await fleet.api.request("GET", "/v1/batches/\(batch)", key: fleet.key)
        #expect(gone.json["status"] == "cancelled")
        #expect(try await fleet.api.request("DELETE", "/v1/batches/\(batch)", key: fleet.key).status == 204)
        let late = try await fleet.upload(Data("late".utf8), as: "b.txt", to: batch, key: fleet.key)
        #expect(late.status == 409 && late.json["batch_status"] == "cancelled")
    }
}

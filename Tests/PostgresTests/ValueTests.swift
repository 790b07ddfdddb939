import Foundation
import Postgres
import Testing

@Suite("Values")
struct ValueTests {
    @Test(
        "Text comes back as it went in",
        arguments: [
            "", "plain", "Robert'); DROP TABLE people;--", "\" ' \\ % _ $1 {a,b}", "línea\nnext\ttab", "日本語 👩‍👩‍👧",
            "\u{1}\u{7f}",
        ])
    func text(_ value: String) async throws {
        try await withDatabase { pool in
            let back: (String, [String]) = try await pool.withConnection { connection in
                let row = try #require(
                    try connection.query(
                        "SELECT $1::text AS one, $2::text[] AS many", [.text(value), .textArray([value, "b", value])]
                    ).first)
                return (try row["one"], try row["many"])
            }
            #expect(back.0 == value)
            #expect(back.1 == [value, "b", value])
        }
    }

    @Test("A megabyte of text is not cut")
    func longText() async throws {
        try await withDatabase { pool in
            let length: Int = try await pool.withConnection { connection in
                let row = try #require(
                    try connection.query("SELECT $1::text AS t", [.text(String(repeating: "é", count: 500_000))]).first)
                let text: String = try row["t"]
                return text.utf8.count
            }
            #expect(length == 1_000_000)
        }
    }

    @Test("Typed values keep their value, nulls are Optionals")
    func typed() async throws {
        try await withDatabase { pool in
            try await pool.withConnection { connection in
                let id = UUID()
                let row = try #require(
                    try connection.query(
                        """
                        SELECT $1::bigint AS i, $2::boolean AS b, $3::double precision AS d, $4::uuid AS u,
                               $5::jsonb AS j, $6::bytea AS y, $7::text AS n, $8::uuid = ANY($9::uuid[]) AS found,
                               $10::text[] AS none
                        """,
                        [
                            .int(Int64.min), true, .double(1.0 / 3), .uuid(id), .json(#"{"a": [1, "\\u0000"]}"#),
                            .bytes([0, 255, 16]), nil, .uuid(id), .uuidArray([UUID(), id]), .textArray([]),
                        ]
                    ).first)
                #expect(try row["i"] == Int64.min)
                #expect(try row["b"] == true)
                #expect(try row["d"] == 1.0 / 3)
                #expect(try row["u"] == id)
                #expect(try row["j"] == #"{"a": [1, "\\u0000"]}"#)
                #expect(try row["y"] == [0, 255, 16] as [UInt8])
                #expect(try (row["n"] as String?) == nil)
                #expect(try row["found"] == true)
                #expect(try row["none"] == [] as [String])
            }
        }
    }

    @Test(
        "Times keep their microseconds",
        arguments: [
            "1970-01-01 00:00:00+00", "2000-02-29 23:59:59.999999+00", "2026-11-21 11:13:37.000001+00",
            "1899-12-31 01:02:03.5+00", "9999-12-31 23:59:59+00", "0099-03-01 00:00:00+00",
        ])
    func times(_ text: String) async throws {
        try await withDatabase { pool in
            try await pool.withConnection { connection in
                let row = try #require(
                    try connection.query("SELECT $1::text::timestamptz AS t", [.text(text)]).first)
                let date: Date = try row["t"]
                let same = try #require(
                    try connection.query("SELECT $1::timestamptz::text AS t", [.date(date)]).first)
                #expect(try same["t"] == text)
            }
        }
    }

    @Test("A NUL is refused with the parameter's number, before anything is sent")
    func nul() async throws {
        try await withDatabase { pool in
            for value in [PostgresValue.text("a\0b"), .textArray(["ok", "\0"]), .json(#"{"a":"\u0000"}"#)] {
                let kind = await kindOfFailure {
                    try await pool.withConnection { connection in
                        try connection.query("SELECT $1::text, $2::text", ["fine", value])
                        return
                    }
                }
                #expect(kind == .unstorableValue(position: 2))
            }
        }
    }

    @Test("A getter names the column it could not read")
    func columns() async throws {
        try await withDatabase { pool in
            try await pool.withConnection { connection in
                let row = try #require(try connection.query("SELECT 'x' AS word, NULL::int AS hole").first)
                for (column, part) in [("word", "cannot be read as Int"), ("hole", "null"), ("gone", "no column")] {
                    do throws(PostgresError) {
                        let _: Int = try row[column]
                        Issue.record("\(column) was read")
                    } catch {
                        #expect(error.kind == .column(column))
                        #expect(error.message.contains(column) && error.message.contains(part))
                    }
                }
            }
        }
    }
}

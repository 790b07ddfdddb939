import Foundation
import Model
import Testing

@Suite struct JSONReaderTests {
    @Test(
        "Reads what Foundation reads, alike",
        arguments: [
            "null", "true", " false ", "0", "-0", "12", "-7", "9223372036854775807", "9223372036854775808", "1.5",
            "-2.25e3", "1E2", "1e-7", "42.0", #""""#, #""plain""#, #""äöü 🎈""#, #""a\"b\\c\/d\b\f\n\r\t""#,
            #""\u00e4\u20AC\ud83c\udf88""#, "[]", "[1,[2,[3]],{}]", "{}",
            #"{"a":1,"b":[true,null,"x"],"ü":{"c":-1.5}}"#,
            "\t{\r\n \"a\" : [ 1 , 2 ] }\n",
        ])
    func agrees(text: String) throws {
        let bytes = Array(text.utf8)
        #expect(JSONValue(parsing: bytes) == (try JSON.decode(JSONValue.self, from: bytes)))
    }

    @Test(
        "Writes what Foundation writes, alike",
        arguments: [
            "null", "[true,false]", "[0,-7,9223372036854775807,1.5,-0.25,1e-07,1e+22,1e300]",
            #"["\u0001\u001f\u007f"]"#,
            #"{"b":{"é":1,"z":[],"a":{}},"B":"a\"b\\c/d\b\f\n\r\t","10":1,"9":"🎈ü"}"#,
        ])
    func writes(text: String) throws {
        let value = try #require(JSONValue(parsing: Array(text.utf8)))
        #expect(String(decoding: value.text, as: UTF8.self) == String(decoding: try JSON.encode(value), as: UTF8.self))
        #expect(JSONValue(parsing: value.text) == value)
    }

    @Test(
        "Refuses what is not JSON",
        arguments: [
            "", " ", "nul", "tru", "truex", "01", "-", "1.", ".5", "1e", "+1", "0x1", "NaN", "Infinity", "1e999", "'a'",
            #"""#, #""\x""#, #""\u12""#, #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, "\"\u{1}\"", "\"\n\"", "[",
            "[1",
            "[1,]", "[,1]", "[1 2]", "{", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{a:1}", "{1:1}", "1 2", "[]]", "{}{}",
            "// c\n1",
        ])
    func refuses(text: String) {
        #expect(JSONValue(parsing: Array(text.utf8)) == nil)
    }

    @Test func refusesBytesThatAreNotUTF8() {
        #expect(JSONValue(parsing: [0x22, 0xFF, 0x22]) == nil)
        #expect(JSONValue(parsing: [0x22, 0x5C, 0x6E, 0xC3, 0x22]) == nil)
    }

    @Test func nestingIsLimited() {
        func nested(_ depth: Int) -> [UInt8] {
            [UInt8](repeating: UInt8(ascii: "["), count: depth) + [UInt8](repeating: UInt8(ascii: "]"), count: depth)
        }
        #expect(JSONValue(parsing: nested(128)) != nil)
        #expect(JSONValue(parsing: nested(129)) == nil)
        #expect(JSONValue(parsing: [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)) == nil)
    }

    @Test func survivesRandomDamage() {
        let whole = Array(#"{"a":[1,2.5e3,"x\u00e4\n"],"b":{"c":null,"d":true}}"#.utf8)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            var text = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                text[Int.random(in: 0..<text.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if let value = JSONValue(parsing: text) {
                #expect(throws: Never.self) { try JSON.encode(value) }
            }
        }
    }
}

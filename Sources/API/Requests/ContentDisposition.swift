/// `Content-Disposition: attachment` with a name that every client reads (RFC 6266, RFC 8187).
enum ContentDisposition {
    static func attachment(_ name: String) -> String {
        let plain = String(
            name.unicodeScalars.map { scalar in
                let isPlain = scalar.isASCII && scalar.value >= 0x20 && scalar.value != 0x7F
                return isPlain && !"\"\\/%".unicodeScalars.contains(scalar) ? Character(scalar) : "_"
            })
        let head = "attachment; filename=\"\(plain)\""
        return plain == name ? head : head + "; filename*=UTF-8''" + encode(name)
    }

    /// Percent-encodes all but the `attr-char` of RFC 8187 §3.2.1.
    private static func encode(_ text: String) -> String {
        let marks = Set("!#$&+-.^_`|~".utf8)
        return text.utf8.map { byte in
            if byte.isLetterOrDigit || marks.contains(byte) { return String(UnicodeScalar(byte)) }
            let hex = String(byte, radix: 16, uppercase: true)
            return byte < 16 ? "%0" + hex : "%" + hex
        }.joined()
    }
}

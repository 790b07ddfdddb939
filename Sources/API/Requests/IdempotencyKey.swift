import HTTPTypes

extension Call {
    /// The client's `Idempotency-Key`: the same key makes the same thing once.
    ///
    /// - Throws: 400 unless it is 1 to 255 visible ASCII characters, sent once.
    func idempotencyKey() throws -> String? {
        let values = headers[values: .idempotencyKey]
        guard let key = values.first else { return nil }
        guard values.count == 1, (1...255).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Problem.malformed(
                "The Idempotency-Key cannot be used.", field: "Idempotency-Key",
                allowed: "1 to 255 visible ASCII characters, once")
        }
        return key
    }
}

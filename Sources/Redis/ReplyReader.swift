internal import CHiredis

/// hiredis' incremental parser: bytes in, replies out, in whatever pieces they arrive.
struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>

    private init(adopting reader: UnsafeMutablePointer<redisReader>) { self.reader = reader }

    deinit { redisReaderFree(reader) }

    static func make() throws(RedisError) -> ReplyReader {
        guard let reader = redisReaderCreate() else { throw RedisError(.io, "no memory for a reply reader") }
        reader.pointee.maxbuf = 1 << 20
        return ReplyReader(adopting: reader)
    }

    func feed(_ bytes: [UInt8], count: Int) throws(RedisError) {
        let status = bytes.withUnsafeBytes { raw in
            redisReaderFeed(reader, raw.baseAddress?.assumingMemoryBound(to: CChar.self), count)
        }
        guard status == REDIS_OK else { throw failure() }
    }

    /// The next complete reply, or nil when more bytes are needed.
    func next() throws(RedisError) -> RedisValue? {
        var raw: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &raw) == REDIS_OK else { throw failure() }
        guard let raw else { return nil }
        defer { freeReplyObject(raw) }
        return RedisValue(copying: raw.assumingMemoryBound(to: redisReply.self))
    }

    private func failure() -> RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { raw in
            String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisError(.badReply, "unreadable reply: \(text)")
    }
}

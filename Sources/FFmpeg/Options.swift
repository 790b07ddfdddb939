internal import CFFmpeg

/// Lends an `AVDictionary` filled from `pairs`; FFmpeg takes out what it understood.
///
/// - Throws: ``FFmpegError`` with `.setting` when an option was not understood, as that is a mistake of ours.
@discardableResult
func withOptions<T>(
    _ pairs: [(String, String)], _ operation: String,
    _ body: (inout OpaquePointer?) throws(FFmpegError) -> T
) throws(FFmpegError) -> T {
    var dictionary: OpaquePointer?
    defer { av_dict_free(&dictionary) }
    for (key, value) in pairs {
        try check(av_dict_set(&dictionary, key, value, 0), "\(operation): option \(key)")
    }
    let result = try body(&dictionary)
    if let left = av_dict_get(dictionary, "", nil, AV_DICT_IGNORE_SUFFIX) {
        throw FFmpegError(.setting, operation, "unknown option \(String(cString: left.pointee.key))")
    }
    return result
}

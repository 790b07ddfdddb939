internal import CVipsShim

/// One reference to a libvips image.
struct ImageHandle: ~Copyable {
    let pointer: OpaquePointer

    /// - Parameter make: an operation of libvips, which answers nil when it fails.
    init(_ phase: VipsError.Phase, _ make: () -> OpaquePointer?) throws(VipsError) {
        pointer = try VipsLibrary.call(phase, make)
    }

    deinit { cvips_image_unref(pointer) }

    var fieldNames: [String] {
        guard let list = cvips_image_fields(pointer) else { return [] }
        defer { cvips_fields_free(list) }
        var names: [String] = []
        while let name = list[names.count] { names.append(String(cString: name)) }
        return names
    }

    /// A field of any type as text.
    func string(_ field: String) -> String? {
        guard let text = cvips_image_string(pointer, field) else { return nil }
        defer { cvips_free(text) }
        return String(cString: text)
    }

    func integer(_ field: String) -> Int? {
        var value: Int32 = 0
        return cvips_image_int(pointer, field, &value) == 0 ? Int(value) : nil
    }

    func integers(_ field: String) -> [Int] {
        var count: Int32 = 0
        guard let values = cvips_image_ints(pointer, field, &count) else { return [] }
        return UnsafeBufferPointer(start: values, count: Int(count)).map(Int.init)
    }

    func blob(_ field: String) -> [UInt8]? {
        var length = 0
        guard let bytes = cvips_image_blob(pointer, field, &length) else { return nil }
        return Array(UnsafeRawBufferPointer(start: bytes, count: length))
    }
}

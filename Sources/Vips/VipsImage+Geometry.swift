internal import CVipsShim

extension VipsImage {
    /// Scales down to fit a box, keeping the aspect ratio; never enlarges. Each frame of an animation is fitted.
    public func fitted(maxWidth: Int, maxHeight: Int) throws(VipsError) -> VipsImage {
        let made = cvips_image_fit(handle.pointer, Int32(clamping: maxWidth), Int32(clamping: maxHeight))
        return VipsImage(try ImageHandle(made, .process))
    }

    /// Scales a still to exactly this size, up or down, whatever its aspect ratio.
    public func stretched(width: Int, height: Int) throws(VipsError) -> VipsImage {
        let made = cvips_image_stretch(handle.pointer, Int32(clamping: width), Int32(clamping: height))
        return VipsImage(try ImageHandle(made, .process))
    }

    /// A rectangle of a still; it must lie inside.
    public func cropped(left: Int, top: Int, width: Int, height: Int) throws(VipsError) -> VipsImage {
        let made = cvips_image_crop(
            handle.pointer, Int32(clamping: left), Int32(clamping: top), Int32(clamping: width),
            Int32(clamping: height))
        return VipsImage(try ImageHandle(made, .process))
    }

    /// Lays the picture on a plain colour; without alpha it is the same picture.
    public func flattened(red: UInt8 = 255, green: UInt8 = 255, blue: UInt8 = 255) throws(VipsError) -> VipsImage {
        let made =
            hasAlpha
            ? cvips_image_flatten(handle.pointer, Int32(red), Int32(green), Int32(blue))
            : cvips_image_crop(handle.pointer, 0, 0, facts.width, facts.height)
        return VipsImage(try ImageHandle(made, .process))
    }

    /// Leaves alpha out without laying the picture on anything: for alpha that is 255 everywhere.
    public func withoutAlpha() throws(VipsError) -> VipsImage {
        let made =
            hasAlpha
            ? cvips_image_without_alpha(handle.pointer)
            : cvips_image_crop(handle.pointer, 0, 0, facts.width, facts.height)
        return VipsImage(try ImageHandle(made, .process))
    }
}

internal import CVipsShim

extension VipsImage {
    /// Scales down to fit a box, keeping the aspect ratio; never enlarges. Each frame of an animation is fitted.
    public func fitted(maxWidth: Int, maxHeight: Int) throws(VipsError) -> VipsImage {
        let pointer = handle.pointer
        return VipsImage(
            try ImageHandle(.process) {
                cvips_image_fit(pointer, Int32(clamping: maxWidth), Int32(clamping: maxHeight))
            })
    }

    /// Scales to exactly this size, up or down, whatever the aspect ratio. Each frame of an animation is scaled.
    public func stretched(width: Int, height: Int) throws(VipsError) -> VipsImage {
        let pointer = handle.pointer
        return VipsImage(
            try ImageHandle(.process) {
                cvips_image_stretch(pointer, Int32(clamping: width), Int32(clamping: height))
            })
    }

    /// A rectangle of a still; it must lie inside.
    public func cropped(left: Int, top: Int, width: Int, height: Int) throws(VipsError) -> VipsImage {
        let pointer = handle.pointer
        return VipsImage(
            try ImageHandle(.process) {
                cvips_image_crop(
                    pointer, Int32(clamping: left), Int32(clamping: top), Int32(clamping: width),
                    Int32(clamping: height))
            })
    }

    /// Lays the picture on a plain colour; without alpha it is the same picture.
    public func flattened(red: UInt8 = 255, green: UInt8 = 255, blue: UInt8 = 255) throws(VipsError) -> VipsImage {
        let (pointer, facts) = (handle.pointer, facts)
        return VipsImage(
            try ImageHandle(.process) {
                facts.has_alpha != 0
                    ? cvips_image_flatten(pointer, Int32(red), Int32(green), Int32(blue))
                    : cvips_image_crop(pointer, 0, 0, facts.width, facts.height)
            })
    }

    /// Leaves alpha out without laying the picture on anything: for alpha that is 255 everywhere.
    public func withoutAlpha() throws(VipsError) -> VipsImage {
        let (pointer, facts) = (handle.pointer, facts)
        return VipsImage(
            try ImageHandle(.process) {
                facts.has_alpha != 0
                    ? cvips_image_without_alpha(pointer) : cvips_image_crop(pointer, 0, 0, facts.width, facts.height)
            })
    }
}

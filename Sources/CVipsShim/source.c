#include "CVipsShim.h"

#include <unistd.h>
#include <vips/vips.h>

// Truncated input is an error. `vips_thumbnail_source` of libvips 8.14 takes `fail_on` only in its option string.
#define STRICT "fail_on=truncated"

cvips_source *cvips_source_open(int descriptor) {
    // libvips duplicates the descriptor, and a duplicate shares the file position.
    lseek(descriptor, 0, SEEK_SET);
    return (cvips_source *)vips_source_new_from_descriptor(descriptor);
}

void cvips_source_close(cvips_source *source) {
    g_object_unref(source);
}

cvips_image *cvips_source_header(cvips_source *source) {
    return (cvips_image *)vips_image_new_from_source(
        (VipsSource *)source, STRICT, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
}

// 8 bits a band in sRGB or grey, in memory.
static cvips_image *finish(VipsImage *decoded) {
    VipsImage *eight = NULL;
    VipsImage *done = NULL;
    VipsInterpretation space =
        decoded->Bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    if (decoded->Type == space && decoded->BandFmt == VIPS_FORMAT_UCHAR) {
        g_object_ref(decoded);
        eight = decoded;
    } else {
        VipsImage *converted = NULL;
        if (vips_colourspace(decoded, &converted, space, NULL))
            return NULL;
        int failed = vips_cast_uchar(converted, &eight, NULL);
        g_object_unref(converted);
        if (failed)
            return NULL;
    }
    done = vips_image_copy_memory(eight);
    g_object_unref(eight);
    return (cvips_image *)done;
}

// Fits a sequential image into the box; takes the reference to it.
static VipsImage *fit(VipsImage *whole, int max_width, int max_height, const char *profile) {
    VipsImage *out = NULL;
    vips_thumbnail_image(whole, &out, max_width, "height", max_height, "size", VIPS_SIZE_DOWN,
                         profile ? "export_profile" : NULL, profile, NULL);
    g_object_unref(whole);
    return out;
}

// `vips_thumbnail` of libvips 8.14 converts CMYK with its own profile before it looks for the embedded one.
static VipsImage *from_cmyk(VipsImage *cmyk) {
    VipsImage *rgb = NULL;
    vips_icc_transform(cmyk, &rgb, "srgb", "embedded", TRUE, "input_profile", "cmyk", "depth", 8, NULL);
    g_object_unref(cmyk);
    return rgb;
}

// Only JPEG and WebP really decode less for a small result. The others go without `vips_thumbnail_source`, because it
// would take a HEIF file's embedded thumbnail or a smaller TIFF page, and those may show another picture.
static VipsImage *thumbnail(
    VipsSource *source, int max_width, int max_height, const char *options, int is_cmyk, const char *profile) {
    const char *loader = vips_foreign_find_load_source(source);
    if (!loader)
        return NULL;
    int shrinks = vips_isprefix("VipsForeignLoadJpeg", loader) || vips_isprefix("VipsForeignLoadWebp", loader);
    if (shrinks && !is_cmyk) {
        VipsImage *out = NULL;
        vips_thumbnail_source(source, &out, max_width, "height", max_height, "size", VIPS_SIZE_DOWN, "option_string",
                              options, profile ? "export_profile" : NULL, profile, NULL);
        return out;
    }
    VipsImage *whole = vips_image_new_from_source(source, options, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
    if (whole && is_cmyk)
        whole = from_cmyk(whole);
    return whole ? fit(whole, max_width, max_height, is_cmyk ? NULL : profile) : NULL;
}

cvips_image *cvips_source_decode(
    cvips_source *source, int max_width, int max_height, int all_frames, int is_cmyk, int has_profile) {
    // With a profile to export to but none to import from, libvips 8.14 would go through LAB and back.
    VipsImage *decoded = thumbnail((VipsSource *)source, max_width, max_height,
                                   all_frames ? STRICT ",n=-1" : STRICT, is_cmyk, has_profile ? "srgb" : NULL);
    if (!decoded)
        return NULL;
    cvips_image *result = finish(decoded);
    g_object_unref(decoded);
    return result;
}

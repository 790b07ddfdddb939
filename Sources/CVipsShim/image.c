#include "CVipsShim.h"

#include <string.h>
#include <vips/vips.h>

void cvips_image_unref(cvips_image *image) {
    g_object_unref(image);
}

// Takes the reference to `lazy`, and gives its pixels in memory.
static cvips_image *in_memory(VipsImage *lazy) {
    VipsImage *done = vips_image_copy_memory(lazy);
    g_object_unref(lazy);
    return (cvips_image *)done;
}

cvips_image *cvips_image_from_pixels(const void *pixels, int width, int height, int bands) {
    VipsImage *image = vips_image_new_from_memory_copy(
        pixels, (size_t)width * height * bands, width, height, bands, VIPS_FORMAT_UCHAR);
    if (image)
        image->Type = bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    return (cvips_image *)image;
}

cvips_image *cvips_image_fit(cvips_image *image, int max_width, int max_height) {
    VipsImage *out = NULL;
    if (vips_thumbnail_image((VipsImage *)image, &out, max_width, "height", max_height, "size", VIPS_SIZE_DOWN,
                             "no_rotate", TRUE, NULL))
        return NULL;
    return in_memory(out);
}

cvips_image *cvips_image_stretch(cvips_image *image, int width, int height) {
    VipsImage *out = NULL;
    if (vips_thumbnail_image((VipsImage *)image, &out, width, "height", height, "size", VIPS_SIZE_FORCE,
                             "no_rotate", TRUE, NULL))
        return NULL;
    return in_memory(out);
}

cvips_image *cvips_image_crop(cvips_image *image, int left, int top, int width, int height) {
    VipsImage *out = NULL;
    if (vips_extract_area((VipsImage *)image, &out, left, top, width, height, NULL))
        return NULL;
    return in_memory(out);
}

cvips_image *cvips_image_flatten(cvips_image *image, int red, int green, int blue) {
    VipsImage *out = NULL;
    int grey = ((VipsImage *)image)->Bands < 3;
    double color[] = {grey ? (red + green + blue) / 3.0 : red, green, blue};
    VipsArrayDouble *background = vips_array_double_new(color, grey ? 1 : 3);
    int failed = vips_flatten((VipsImage *)image, &out, "background", background, NULL);
    vips_area_unref(VIPS_AREA(background));
    return failed ? NULL : in_memory(out);
}

cvips_image *cvips_image_without_alpha(cvips_image *image) {
    VipsImage *out = NULL;
    if (vips_extract_band((VipsImage *)image, &out, 0, "n", ((VipsImage *)image)->Bands - 1, NULL))
        return NULL;
    return in_memory(out);
}

cvips_image *cvips_image_rgb(cvips_image *image) {
    VipsImage *out = NULL;
    if (vips_colourspace((VipsImage *)image, &out, VIPS_INTERPRETATION_sRGB, NULL))
        return NULL;
    return in_memory(out);
}

int cvips_image_is_opaque(cvips_image *handle, int *opaque) {
    VipsImage *image = (VipsImage *)handle;
    VipsImage *alpha = NULL;
    double least = 0;
    *opaque = 1;
    if (!vips_image_hasalpha(image))
        return 0;
    if (vips_extract_band(image, &alpha, image->Bands - 1, NULL))
        return -1;
    int failed = vips_min(alpha, &least, NULL);
    g_object_unref(alpha);
    *opaque = least >= 255;
    return failed;
}

int cvips_image_laplacian_variance(cvips_image *handle, double *variance) {
    VipsObject *scope = VIPS_OBJECT(vips_image_new());
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 4);
    VipsImage *luma = (VipsImage *)handle;
    double deviation = 0;
    int failed = 0;
    if (luma->Type != VIPS_INTERPRETATION_B_W) {
        failed = vips_colourspace(luma, &t[0], VIPS_INTERPRETATION_B_W, NULL);
        luma = t[0];
    }
    if (!failed)
        failed = vips_extract_band(luma, &t[1], 0, NULL);
    t[3] = vips_image_new_matrixv(3, 3, 0.0, 1.0, 0.0, 1.0, -4.0, 1.0, 0.0, 1.0, 0.0);
    if (!failed)
        failed = vips_conv(t[1], &t[2], t[3], "precision", VIPS_PRECISION_FLOAT, NULL);
    // One pixel has no deviation: libvips divides by n - 1.
    if (!failed && (luma->Xsize > 1 || luma->Ysize > 1))
        failed = vips_deviate(t[2], &deviation, NULL);
    *variance = deviation * deviation;
    g_object_unref(scope);
    return failed;
}

const void *cvips_image_pixels(cvips_image *handle, size_t *length) {
    VipsImage *image = (VipsImage *)handle;
    *length = (size_t)VIPS_IMAGE_SIZEOF_IMAGE(image);
    return vips_image_get_data(image);
}

// Fields that describe the pixels and not where they come from.
static int describes_pixels(const char *field) {
    static const char *const kept[] = {"delay", "loop", "page-height", "n-pages", "background"};
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
        if (!strcmp(field, kept[i]))
            return 1;
    return 0;
}

cvips_image *cvips_image_with_rights(
    cvips_image *handle, const char *copyright, const char *artist, const void *exif, size_t exif_length) {
    VipsImage *image = NULL;
    // A copy shares the pixels; metadata of the original must not be written, as it may be in use.
    if (vips_copy((VipsImage *)handle, &image, "xres", 72 / 25.4, "yres", 72 / 25.4, NULL))
        return NULL;
    char **fields = vips_image_get_fields(image);
    for (char **field = fields; field && *field; field++)
        if (!describes_pixels(*field))
            vips_image_remove(image, *field);
    g_strfreev(fields);
    if (exif_length > 0)
        vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, exif, exif_length);
    if (copyright)
        vips_image_set_string(image, "exif-ifd0-Copyright", copyright);
    if (artist)
        vips_image_set_string(image, "exif-ifd0-Artist", artist);
    return in_memory(image);
}

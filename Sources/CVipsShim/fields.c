#include "CVipsShim.h"

#include <string.h>
#include <vips/vips.h>

int cvips_image_int(cvips_image *image, const char *field, int *value) {
    if (vips_image_get_typeof((VipsImage *)image, field) != G_TYPE_INT)
        return -1;
    return vips_image_get_int((VipsImage *)image, field, value);
}

void cvips_image_facts(cvips_image *handle, cvips_facts *facts) {
    VipsImage *image = (VipsImage *)handle;
    int flag = 0;
    memset(facts, 0, sizeof *facts);
    facts->width = image->Xsize;
    facts->height = image->Ysize;
    facts->page_height = vips_image_get_page_height(image);
    facts->pages = vips_image_get_n_pages(image);
    facts->bands = image->Bands;
    facts->has_alpha = vips_image_hasalpha(image);
    facts->orientation = vips_image_get_orientation(image);
    facts->has_profile = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
    facts->bits = (int)(8 * vips_format_sizeof(image->BandFmt));
    if (!cvips_image_int(handle, "interlaced", &flag) && flag)
        facts->interlaced = 1;
    if (!cvips_image_int(handle, "jpeg-multiscan", &flag) && flag)
        facts->interlaced = 1;
    if (!cvips_image_int(handle, "palette-bit-depth", &flag))
        facts->palette_bits = flag;
}

const char *cvips_image_interpretation(cvips_image *image) {
    return vips_enum_nick(VIPS_TYPE_INTERPRETATION, ((VipsImage *)image)->Type);
}

char *cvips_image_string(cvips_image *image, const char *field) {
    char *text = NULL;
    if (!vips_image_get_typeof((VipsImage *)image, field))
        return NULL;
    return vips_image_get_as_string((VipsImage *)image, field, &text) ? NULL : text;
}

const void *cvips_image_blob(cvips_image *image, const char *field, size_t *length) {
    const void *bytes = NULL;
    if (vips_image_get_typeof((VipsImage *)image, field) != VIPS_TYPE_BLOB)
        return NULL;
    return vips_image_get_blob((VipsImage *)image, field, &bytes, length) ? NULL : bytes;
}

const int *cvips_image_ints(cvips_image *image, const char *field, int *count) {
    int *values = NULL;
    if (vips_image_get_typeof((VipsImage *)image, field) != VIPS_TYPE_ARRAY_INT)
        return NULL;
    return vips_image_get_array_int((VipsImage *)image, field, &values, count) ? NULL : values;
}

char **cvips_image_fields(cvips_image *image) {
    return vips_image_get_fields((VipsImage *)image);
}

void cvips_fields_free(char **fields) {
    g_strfreev(fields);
}

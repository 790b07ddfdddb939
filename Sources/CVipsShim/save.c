#include "CVipsShim.h"

#include <vips/vips.h>

int cvips_save_jpeg(cvips_image *image, int quality, int progressive, int strip, void **bytes, size_t *length) {
    return vips_jpegsave_buffer((VipsImage *)image, bytes, length, "Q", quality, "optimize_coding", TRUE, "interlace",
                                progressive, "strip", strip, NULL);
}

int cvips_save_png(
    cvips_image *image, int compression, int palette, int quality, int effort, int strip, void **bytes,
    size_t *length) {
    VipsForeignPngFilter filter = palette ? VIPS_FOREIGN_PNG_FILTER_NONE : VIPS_FOREIGN_PNG_FILTER_ALL;
    return vips_pngsave_buffer((VipsImage *)image, bytes, length, "compression", compression, "palette", palette, "Q",
                               quality, "effort", effort, "filter", filter, "strip", strip, NULL);
}

int cvips_save_webp(
    cvips_image *image, int quality, int effort, int lossless, int near_lossless, int strip, void **bytes,
    size_t *length) {
    int animated = vips_image_get_n_pages((VipsImage *)image) > 1 &&
        vips_image_get_page_height((VipsImage *)image) < ((VipsImage *)image)->Ysize;
    return vips_webpsave_buffer((VipsImage *)image, bytes, length, "Q", quality, "effort", effort, "lossless", lossless,
                                "near_lossless", near_lossless, "mixed", animated && !lossless, "strip", strip, NULL);
}

int cvips_save_avif(
    cvips_image *image, int quality, int effort, int lossless, int strip, void **bytes, size_t *length) {
    return vips_heifsave_buffer((VipsImage *)image, bytes, length, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1,
                                "Q", quality, "effort", effort, "lossless", lossless, "strip", strip, NULL);
}

int cvips_save_gif(cvips_image *image, int effort, double dither, int strip, void **bytes, size_t *length) {
    return vips_gifsave_buffer((VipsImage *)image, bytes, length, "effort", effort, "dither", dither, "strip", strip,
                               NULL);
}

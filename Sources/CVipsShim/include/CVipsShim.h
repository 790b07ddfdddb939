// libvips' operations are variadic, and its headers bring all of GLib: this header has neither.
// Functions that make something return NULL on failure, the others non-zero; the reason is in cvips_take_error.
#ifndef CVIPSSHIM_H
#define CVIPSSHIM_H

#include <stddef.h>
#include <stdint.h>

typedef struct cvips_source cvips_source;
typedef struct cvips_image cvips_image;

// start.c: the library
int cvips_start(void);
void cvips_thread_shutdown(void);
void cvips_clear_error(void);
void cvips_take_error(char *text, size_t capacity);
const char *cvips_version(void);
int64_t cvips_tracked_bytes_peak(void);
void cvips_free(void *memory);

// source.c: files, before their pixels are decoded
cvips_source *cvips_source_open(int descriptor);
void cvips_source_close(cvips_source *source);
cvips_image *cvips_source_header(cvips_source *source);
cvips_image *cvips_source_decode(
    cvips_source *source, int max_width, int max_height, int all_frames, int is_cmyk, int has_profile);

// fields.c: what a header says
typedef struct {
    int width, height, page_height, pages, bands;
    int has_alpha, interlaced, orientation, has_profile;
    int bits, palette_bits;
} cvips_facts;
void cvips_image_facts(cvips_image *image, cvips_facts *facts);
const char *cvips_image_interpretation(cvips_image *image);
char *cvips_image_string(cvips_image *image, const char *field);
const void *cvips_image_blob(cvips_image *image, const char *field, size_t *length);
int cvips_image_int(cvips_image *image, const char *field, int *value);
const int *cvips_image_ints(cvips_image *image, const char *field, int *count);
char **cvips_image_fields(cvips_image *image);
void cvips_fields_free(char **fields);

// image.c: decoded pixels; every result has its pixels in memory
void cvips_image_unref(cvips_image *image);
cvips_image *cvips_image_from_pixels(const void *pixels, int width, int height, int bands);
cvips_image *cvips_image_fit(cvips_image *image, int max_width, int max_height);
cvips_image *cvips_image_stretch(cvips_image *image, int width, int height);
cvips_image *cvips_image_crop(cvips_image *image, int left, int top, int width, int height);
cvips_image *cvips_image_flatten(cvips_image *image, int red, int green, int blue);
cvips_image *cvips_image_without_alpha(cvips_image *image);
cvips_image *cvips_image_rgb(cvips_image *image);
int cvips_image_is_opaque(cvips_image *image, int *opaque);
int cvips_image_laplacian_variance(cvips_image *image, double *variance);
const void *cvips_image_pixels(cvips_image *image, size_t *length);
cvips_image *cvips_image_with_rights(
    cvips_image *image, const char *copyright, const char *artist, const void *exif, size_t exif_length);

// save.c: encoders; the bytes are freed with cvips_free
int cvips_save_jpeg(cvips_image *image, int quality, int progressive, int strip, void **bytes, size_t *length);
int cvips_save_png(
    cvips_image *image, int compression, int palette, int quality, int effort, int strip, void **bytes,
    size_t *length);
int cvips_save_webp(
    cvips_image *image, int quality, int effort, int lossless, int near_lossless, int strip, void **bytes,
    size_t *length);
int cvips_save_avif(
    cvips_image *image, int quality, int effort, int lossless, int strip, void **bytes, size_t *length);
int cvips_save_gif(cvips_image *image, int effort, double dither, int strip, void **bytes, size_t *length);

#endif

// OpenCV's network module is C++ with exceptions: this header has neither.
// On failure a function returns non-zero and leaves a NUL-terminated reason in `reason`.
#ifndef CCLASSIFIER_H
#define CCLASSIFIER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cclassifier cclassifier;

// Codes of failure.
enum { CCLASSIFIER_BAD_MODEL = 1, CCLASSIFIER_OUT_OF_MEMORY = 2, CCLASSIFIER_FAILED = 3 };

// Reads an ONNX model of one 1 × 3 × side × side input and runs it once, so that everything lazy is done.
// The bytes are not needed afterwards. `classes` is the length of the output.
int cclassifier_load(
    const void *onnx, size_t length, int side, cclassifier **made, size_t *classes, char *reason, size_t capacity);
void cclassifier_free(cclassifier *classifier);

// `rgb` has side * side * 3 bytes, rows without padding; `logits` has room for one number a class.
int cclassifier_run(cclassifier *classifier, const uint8_t *rgb, float *logits, char *reason, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif

#include "CVipsShim.h"

#include <string.h>
#include <vips/vips.h>

static void discard(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
}

int cvips_start(void) {
    static const char *const allowed[] = {
        "VipsForeignLoadJpeg", "VipsForeignLoadPng",  "VipsForeignLoadWebp",
        "VipsForeignLoadNsgif", "VipsForeignLoadTiff", "VipsForeignLoadHeif",
    };
    if (vips_init("flotilla"))
        return -1;
    // Warnings quote the file at length, and everything that matters also comes back as an error.
    g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG,
                      discard, NULL);
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_cache_set_max_mem(0);
    vips_cache_set_max_files(0);
    vips_operation_block_set("VipsForeignLoad", TRUE);
    for (size_t i = 0; i < G_N_ELEMENTS(allowed); i++)
        vips_operation_block_set(allowed[i], FALSE);
    return 0;
}

void cvips_thread_shutdown(void) {
    vips_thread_shutdown();
}

void cvips_clear_error(void) {
    vips_error_clear();
}

void cvips_take_error(char *text, size_t capacity) {
    char *copy = vips_error_buffer_copy();
    g_strlcpy(text, copy ? copy : "", capacity);
    g_free(copy);
}

const char *cvips_version(void) {
    return vips_version_string();
}

int64_t cvips_tracked_bytes_peak(void) {
    return (int64_t)vips_tracked_get_mem_highwater();
}

void cvips_free(void *memory) {
    g_free(memory);
}

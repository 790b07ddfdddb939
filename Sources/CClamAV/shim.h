#include <clamav.h>

// Macros that Swift does not import.
static inline unsigned ccl_db_options(void) { return CL_DB_STDOPT; }
static inline unsigned ccl_layer_normalized(void) { return LAYER_ATTRIBUTES_NORMALIZED; }

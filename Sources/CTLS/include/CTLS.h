// A TLS client session over a socket that is connected already: OpenSSL, with verification always on. Its functions
// read and write by `recv` and `send` without SIGPIPE, and heed the socket's own deadlines (SO_RCVTIMEO, SO_SNDTIMEO).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct ctls_session ctls_session;

enum ctls_status {
    CTLS_OK = 0,
    CTLS_TIMEOUT = -1, // the socket's deadline passed; for a read that does not wait: nothing is there
    CTLS_CLOSED = -2,  // by the other side
    CTLS_FAILED = -3,  // see ctls_problem
};

struct ctls_options {
    const char *host;        // a name or an address, as the server's certificate must show it
    const char *authorities; // a PEM file of trusted certificates; NULL: the system's
    const char *certificate; // a PEM file with our own certificate and its chain, or NULL
    const char *key;         // a PEM file with its key, or NULL
};

// Shakes hands. The descriptor stays the caller's and must outlive the session. NULL: `*status` and `problem` say why.
ctls_session *ctls_connect(int descriptor, const struct ctls_options *options, int *status, char *problem,
                           size_t capacity);

// Says no goodbye to the other side: closing the socket does.
void ctls_free(ctls_session *session);

// The bytes read, at least one, or a ctls_status.
ssize_t ctls_read(ctls_session *session, void *bytes, size_t capacity, bool wait);

// Writes all bytes; a ctls_status.
int ctls_write(ctls_session *session, const void *bytes, size_t count);

// Whether a read may have something without the socket being readable.
bool ctls_has_pending(const ctls_session *session);

// Why the last call answered CTLS_FAILED.
const char *ctls_problem(const ctls_session *session);

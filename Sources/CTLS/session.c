#define _GNU_SOURCE
#include "CTLS.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct ctls_session {
    SSL_CTX *context;
    SSL *ssl;
    int descriptor;
    int receive_flags;
    int code; // errno of the last recv or send that failed
    bool ended;
    char problem[256];
};

// OpenSSL's own socket BIO writes with write(), which raises SIGPIPE.
static int socket_write(BIO *bio, const char *bytes, int count) {
    ctls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent;
    do sent = send(session->descriptor, bytes, (size_t)count, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent > 0) return (int)sent;
    session->code = errno;
    if (errno == EAGAIN || errno == EWOULDBLOCK) BIO_set_retry_write(bio);
    return -1;
}

static int socket_read(BIO *bio, char *bytes, int capacity) {
    ctls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t count;
    do count = recv(session->descriptor, bytes, (size_t)capacity, session->receive_flags);
    while (count < 0 && errno == EINTR);
    if (count > 0) return (int)count;
    if (count == 0) {
        session->ended = true;
        return 0;
    }
    session->code = errno;
    if (errno == EAGAIN || errno == EWOULDBLOCK) BIO_set_retry_read(bio);
    return -1;
}

static long socket_control(BIO *bio, int command, long number, void *pointer) {
    (void)number;
    (void)pointer;
    ctls_session *session = BIO_get_data(bio);
    switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return session->ended;
    default: return 0;
    }
}

static BIO_METHOD *socket_method;

static void make_method(void) {
    socket_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    if (!socket_method) return;
    BIO_meth_set_write(socket_method, socket_write);
    BIO_meth_set_read(socket_method, socket_read);
    BIO_meth_set_ctrl(socket_method, socket_control);
}

static void explain(ctls_session *session, const char *what) {
    long verdict = session->ssl ? SSL_get_verify_result(session->ssl) : X509_V_OK;
    unsigned long code = ERR_peek_last_error();
    const char *reason = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : ERR_reason_error_string(code);
    snprintf(session->problem, sizeof session->problem, "%s: %s", what, reason ? reason : "OpenSSL gives no reason");
    ERR_clear_error();
}

// What an SSL function that did not succeed means.
static int status_of(ctls_session *session, int result, const char *what) {
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return CTLS_TIMEOUT;
    case SSL_ERROR_ZERO_RETURN: return CTLS_CLOSED;
    case SSL_ERROR_SYSCALL:
        if (session->code == 0) return CTLS_CLOSED;
        snprintf(session->problem, sizeof session->problem, "%s: %s", what, strerrordesc_np(session->code));
        return CTLS_FAILED;
    default: explain(session, what); return CTLS_FAILED;
    }
}

static bool prepare_context(ctls_session *session, const struct ctls_options *options) {
    session->context = SSL_CTX_new(TLS_client_method());
    if (!session->context) return explain(session, "no TLS"), false;
    SSL_CTX_set_min_proto_version(session->context, TLS1_2_VERSION);
    SSL_CTX_set_verify(session->context, SSL_VERIFY_PEER, NULL);
    // Replies carry their own lengths, so an end without goodbye cuts nothing off unnoticed.
    SSL_CTX_set_options(session->context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_read_ahead(session->context, 1);
    bool trusted = options->authorities ? SSL_CTX_load_verify_file(session->context, options->authorities) == 1
                                        : SSL_CTX_set_default_verify_paths(session->context) == 1;
    if (!trusted) return explain(session, "cannot read the trusted certificates (ca)"), false;
    if (options->certificate && SSL_CTX_use_certificate_chain_file(session->context, options->certificate) != 1)
        return explain(session, "cannot read the certificate (cert)"), false;
    if (options->key && SSL_CTX_use_PrivateKey_file(session->context, options->key, SSL_FILETYPE_PEM) != 1)
        return explain(session, "cannot read the certificate's key (key)"), false;
    return true;
}

static bool prepare_session(ctls_session *session, const char *host) {
    session->ssl = SSL_new(session->context);
    if (!session->ssl) return explain(session, "no TLS session"), false;
    bool named;
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session->ssl), host) == 1) {
        named = true;
    } else {
        SSL_set_hostflags(session->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        named = SSL_set1_host(session->ssl, host) == 1 && SSL_set_tlsext_host_name(session->ssl, host) == 1;
    }
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *bio = named && socket_method ? BIO_new(socket_method) : NULL;
    if (!bio) return explain(session, "no TLS session"), false;
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    SSL_set_bio(session->ssl, bio, bio);
    return true;
}

ctls_session *ctls_connect(int descriptor, const struct ctls_options *options, int *status, char *problem,
                           size_t capacity) {
    ctls_session *session = calloc(1, sizeof *session);
    *status = CTLS_FAILED;
    if (!session) return snprintf(problem, capacity, "no memory"), NULL;
    session->descriptor = descriptor;
    ERR_clear_error();
    if (prepare_context(session, options) && prepare_session(session, options->host)) {
        int result = SSL_connect(session->ssl);
        *status = result == 1 ? CTLS_OK : status_of(session, result, "TLS handshake");
    }
    if (*status == CTLS_OK) return session;
    snprintf(problem, capacity, "%s", session->problem);
    ctls_free(session);
    return NULL;
}

void ctls_free(ctls_session *session) {
    SSL_free(session->ssl);
    SSL_CTX_free(session->context);
    free(session);
}

ssize_t ctls_read(ctls_session *session, void *bytes, size_t capacity, bool wait) {
    ERR_clear_error();
    session->code = 0;
    session->receive_flags = wait ? 0 : MSG_DONTWAIT;
    size_t count = 0;
    int result = SSL_read_ex(session->ssl, bytes, capacity, &count);
    return result == 1 ? (ssize_t)count : status_of(session, result, "TLS read");
}

int ctls_write(ctls_session *session, const void *bytes, size_t count) {
    ERR_clear_error();
    session->code = 0;
    session->receive_flags = 0;
    size_t written = 0;
    int result = SSL_write_ex(session->ssl, bytes, count, &written);
    return result == 1 ? CTLS_OK : status_of(session, result, "TLS write");
}

bool ctls_has_pending(const ctls_session *session) { return SSL_has_pending(session->ssl) == 1; }

const char *ctls_problem(const ctls_session *session) { return session->problem; }
